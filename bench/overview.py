"""What a results folder says, as text and numbers: the sentences and tables of the page without the page."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..leaderboard.advice import advice
from ..leaderboard.aggregates import summarise_refuted_view, summarise_view
from ..leaderboard.headline import headline
from ..leaderboard.suite_view import BUDGETS, FIRST_BUDGET
from ..leaderboard.tables import Table, refuted_table, solvable_table
from ..leaderboard.views import choose
from ..leaderboard.wording import plural
from .export import as_text
from .grid import Column
from .store import Results

OTHER = "other"
"""The family of a solver that states none."""

DROPPED = (
    *("memory", "rde", "reward", "gap_iqm", "training", "optimal_share", "failed"),
    *("violation_sign", "violation_min_bandwidth", "violation_bandwidth", "violation_latency"),
    *("violation_power", "seconds_p99", "feasible_share"),
)
"""What is left out of a table that is too wide, the first ones first; the solver, its gap and its time stay."""

_PLAIN = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})


@dataclass(frozen=True, eq=False)
class Part:
    """The solvers on the instances of a suite that can be solved, or on those proved infeasible or unbounded.

    Attributes:
        kind: ``solvable`` or ``refuted``.
        title: How many instances it is of.
        table: The table of the page.
        summary: Its numbers, one row per solver in its order, see :mod:`rdebench.leaderboard.aggregates`.
    """

    kind: str
    title: str
    table: Table
    summary: pd.DataFrame

    @classmethod
    def of(cls, kind: str, title: str, table: Table, summary: pd.DataFrame) -> Part:
        """With the summary in the order of the table."""
        order = [row.solver for row in table.rows]
        return cls(kind, title, table, summary.set_index("solver").loc[order].reset_index())


@dataclass(frozen=True, eq=False)
class Overview:
    """A suite, or a cut of it.

    Attributes:
        suite: Its name.
        title: Its title.
        advice: Which solver to use.
        headline: What its results say.
        families: Family of each solver.
        parts: The tables; none without such instances.
    """

    suite: str
    title: str
    advice: str
    headline: str
    families: Mapping[str, str]
    parts: tuple[Part, ...]


def overview(
    results: Results,
    suite: str,
    chosen: Mapping[str, str] | None = None,
    families: Collection[str] = (),
    budget: float | None = None,
) -> Overview | None:
    """A suite of a results folder, or a cut of it.

    Args:
        results: What the folder holds.
        suite: Name of the suite.
        chosen: A value as text of ``users``, ``class`` or ``rate``; what is not given is any.
        families: Families of solvers to show; empty for all. Neither sentences nor numbers depend on it.
        budget: Seconds that an instance may take, for the advice; None for what the page opens with.

    Returns:
        The overview; None if nothing is left.
    """
    rows = choose(results.rows[results.rows["suite"] == suite], dict(chosen or {}))
    if rows.empty:
        return None
    described = results.manifest["suites"].get(suite, {})
    known = families_of(results.manifest, suite)
    solvable, refuted = summarise_view(rows), summarise_refuted_view(rows)
    advised = advice(rows, known, budget or BUDGETS[FIRST_BUDGET], solvable)
    said = headline(rows, solvable, refuted)
    rates = rows["rate"].unique()
    alone, rate = solvable.empty, str(rates[0]) if len(rates) == 1 else None
    parts = []
    if len(some := _of_families(solvable, known, families)):
        parts.append(Part.of("solvable", _instances(some), solvable_table(some, rate), some))
    if len(some := _of_families(refuted, known, families)):
        title = f"{_instances(some)} proved infeasible or unbounded"
        parts.append(Part.of("refuted", title, refuted_table(some, alone=alone), some))
    title = str(described.get("title") or suite)
    return Overview(suite, title, plain(advised), plain(said), known, tuple(parts))


def _of_families(summary: pd.DataFrame, known: Mapping[str, str], families: Collection[str]) -> pd.DataFrame:
    kept = [not families or known.get(solver, OTHER) in families for solver in summary["solver"]]
    return summary[kept]


def families_of(manifest: Mapping[str, Any], suite: str) -> dict[str, str]:
    """The family of each solver of a suite."""
    solvers = manifest["suites"].get(suite, {}).get("solvers", ())
    return {solver["name"]: solver.get("family", OTHER) for solver in solvers}


def columns(table: Table, *, notes: bool) -> list[Column]:
    """A table of the page as columns of the terminal, a line for each solver.

    Args:
        table: The table.
        notes: Whether to have units and the smaller notes of cells; those of the mean gap, and on runs that are
            missing or failed, are always there.
    """
    found = []
    for place, column in enumerate(table.columns):
        cells = []
        for row in table.rows:
            cell = row.cells[place]
            note = cell.note.replace("\n", ", ") if notes or column.key in ("gap", "failed") else ""
            more = ", ".join(part for part in (note, *(text for _, text in cell.badges)) if part)
            cells.append(plain(f"{cell.text} ({more})" if cell.text and more else cell.text or more))
        unit = f"\n{column.unit}" if notes and column.unit else ""
        found.append(Column(column.key, plain(f"{column.title}{unit}"), tuple(cells), column.key == "solver"))
    return found


def plain(text: str) -> str:
    """Text of the page with the spaces, minus signs and dashes of a keyboard."""
    return text.translate(_PLAIN)


def as_json(overviews: Sequence[Overview]) -> list[dict[str, Any]]:
    """Overviews as what JSON can hold; numbers that are not there, or infinite, are None."""
    return [
        {
            "suite": one.suite,
            "title": one.title,
            "advice": one.advice,
            "headline": one.headline,
            "solvable": [],
            "refuted": [],
        }
        | {part.kind: _table(one, part).map(_number).to_dict("records") for part in one.parts}
        for one in overviews
    ]


def as_csv(overviews: Sequence[Overview]) -> str:
    """The tables of overviews as one CSV: a line per suite, kind of instances and solver."""
    parts = [
        _table(one, part).assign(suite=one.suite, instances=part.kind)
        for one in overviews
        for part in one.parts
    ]
    first = ["suite", "instances", "solver", "family"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=first)
    table = table[[*first, *(name for name in table.columns if name not in first)]]
    for name in ("solver", "family"):
        table[name] = [as_text(str(value)) for value in table[name]]
    return str(table.to_csv(index=False, lineterminator="\n"))


def _table(one: Overview, part: Part) -> pd.DataFrame:
    families = [one.families.get(solver, OTHER) for solver in part.summary["solver"]]
    # As objects: a whole number beside a missing one must not become a fraction.
    summary = part.summary.astype(object)
    summary.insert(1, "family", families)
    return summary


def _number(value: Any) -> Any:
    """A value as JSON has it: numbers of Python, and none that is not finite."""
    plain_value = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain_value, float) and not math.isfinite(plain_value) else plain_value


def _instances(summary: pd.DataFrame) -> str:
    return plural(int(summary["total"].iloc[0]), "instance")
