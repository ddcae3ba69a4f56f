"""Cuts of a suite: by number of users, class and rate, each of them or any."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

FACETS = {"users": "Users", "class": "Class", "rate": "Rate"}
"""What a suite is cut by: columns of :func:`with_class`, and what the page calls them."""

SEPARATOR = "|"
ANY = ""
MOST_VIEWS = 80
"""So many cuts of one suite keep the page small; with more, only one facet at a time is chosen."""


@dataclass(frozen=True)
class Facet:
    """Something a suite is cut by: its column, what the page calls it, and its values as (value, label)."""

    column: str
    title: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cuts:
    """The cuts of a suite.

    ``facets`` are those with more than one value. ``rows`` holds the different cuts, the whole suite first. ``index``
    tells which of them a choice is: its key joins a value, or nothing for any, of each facet with ``|``.
    ``complete`` is False where choices of several facets at once were too many and are left out.
    """

    facets: tuple[Facet, ...]
    rows: tuple[pd.DataFrame, ...]
    index: dict[str, int]
    complete: bool = True


def class_of(scenario: str) -> str:
    """The class in a scenario's id: ``tight-power`` of ``class-tight-power-v1``, ``paper`` of ``paper-m12-v1``."""
    name = re.sub(r"-v\d+$", "", scenario)
    return re.sub(r"-m\d+$", "", name).removeprefix("class-") or scenario


def with_class(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column ``class``, see :func:`class_of`."""
    names = {scenario: class_of(str(scenario)) for scenario in rows["scenario"].unique()}
    return rows.assign(**{"class": rows["scenario"].map(names)})


def choose(rows: pd.DataFrame, chosen: dict[str, str]) -> pd.DataFrame:
    """The rows of a choice.

    Args:
        rows: Rows of one suite or several.
        chosen: A value as text for each facet (``users``, ``class``, ``rate``) that is not any.

    Returns:
        Those rows, with the column ``class``.
    """
    rows = with_class(rows)
    for column, value in chosen.items():
        rows = rows[rows[column].map(_text) == value]
    return rows


def facets(rows: pd.DataFrame) -> tuple[Facet, ...]:
    """What the rows of one suite can be cut by; numbers of users rise, other values keep the order of the rows."""
    rows = with_class(rows)
    found = []
    for column, title in FACETS.items():
        values = list(rows[column].dropna().unique()) if column in rows else []
        if len(values) > 1:
            ordered = sorted(values) if column == "users" else values
            found.append(Facet(column, title, tuple((_text(v), _label(column, v)) for v in ordered)))
    return tuple(found)


def cuts(rows: pd.DataFrame) -> Cuts:
    """Every cut of a suite that has rows; equal ones, such as a class and its only number of users, once.

    Args:
        rows: The rows of one suite.

    Returns:
        The cuts. Their rows have the column ``class``.
    """
    rows = with_class(rows)
    offered = facets(rows)
    columns = [facet.column for facet in offered]
    # Instances have the same facets in all of their rows, so the few groups of them decide.
    groups = rows[columns].map(_text) if columns else pd.DataFrame(index=rows.index)
    present = set(groups.itertuples(index=False, name=None)) if columns else {()}
    places = [
        {value: place for place, value in enumerate([ANY, *(value for value, _ in facet.values)])}
        for facet in offered
    ]
    choices = {
        tuple(value if kept else ANY for value, kept in zip(group, mask, strict=True))
        for group in present
        for mask in itertools.product((False, True), repeat=len(columns))
    }
    known = [choice for choice in choices if all(v in place for v, place in zip(choice, places, strict=True))]
    ordered = sorted(
        known,
        key=lambda choice: (
            sum(value != ANY for value in choice),
            *(place[value] for value, place in zip(choice, places, strict=True)),
        ),
    )
    members = {choice: frozenset(group for group in present if _fits(choice, group)) for choice in ordered}
    complete = len(set(members.values())) <= MOST_VIEWS
    if not complete:
        ordered = [choice for choice in ordered if sum(value != ANY for value in choice) < 2]
    numbers: dict[frozenset[Any], int] = {}
    index = {}
    for choice in ordered:
        index[SEPARATOR.join(choice)] = numbers.setdefault(members[choice], len(numbers))
    keys = pd.Series(list(groups.itertuples(index=False, name=None)), index=rows.index) if columns else None
    parts = [rows if keys is None else rows[keys.isin(member)] for member in numbers]
    return Cuts(offered, tuple(parts), index, complete)


def _fits(choice: tuple[str, ...], group: tuple[str, ...]) -> bool:
    return all(wanted in (ANY, value) for wanted, value in zip(choice, group, strict=True))


def _text(value: Any) -> str:
    """A value as it stands in a link: whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _label(column: str, value: Any) -> str:
    if column == "users":
        return f"{int(value):,}"
    return {"shannon": "Shannon", "spectral": "spectral"}.get(str(value), str(value).replace("-", " "))
