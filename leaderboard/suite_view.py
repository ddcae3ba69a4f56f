"""A suite on the page: each of its views with its sentences, its tables and the data of its plots."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from .advice import advice
from .aggregates import summarise_refuted_view, summarise_view
from .comparison import scores
from .headline import headline
from .plots import plot_data
from .tables import Cell, Table, refuted_table, solvable_table
from .views import Cuts, cuts
from .wording import SPACE, listing, plural

BUDGETS = (0.001, 0.01, 0.1, 1.0, math.inf)
"""Seconds an instance that a reader can ask for."""

BUDGET_NAMES = (f"1{SPACE}ms", f"10{SPACE}ms", f"100{SPACE}ms", f"1{SPACE}s", "any time")
FIRST_BUDGET = 1

FAMILIES = ("exact", "relaxation", "search", "learning", "baseline", "other")
"""Kinds of solvers, in the order of their legend."""


@dataclass(frozen=True)
class View:
    """One cut of a suite: what it says, its tables, and the data of its plots.

    ``note`` tells what the only table holds where no instance has a feasible optimum. ``advice`` has a sentence for
    each of :data:`BUDGETS`.
    """

    scenarios: tuple[str, ...]
    about: str
    note: str
    headline: str
    advice: tuple[str, ...]
    tables: tuple[tuple[str, Table], ...]
    plot: dict[str, Any]


@dataclass(frozen=True)
class Suite:
    """One suite: what it asks, what came out, and how to run it again. The first view is the whole suite."""

    name: str
    slug: str
    title: str
    question: str
    cuts: Cuts
    views: tuple[View, ...]
    families: dict[str, str]
    solvers: tuple[Mapping[str, Any], ...]
    command: str
    allocations: Sequence[Mapping[str, Any]]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The families of the suite's solvers, in the order of the legend."""
        return tuple(name for name in FAMILIES if name in self.families.values())

    def data(self) -> dict[str, Any]:
        """What the page's scripts need, as JSON can hold it.

        The tables of the first view are left out: they are on the page as they are.
        """
        return {
            "facets": [[facet.column, [value for value, _ in facet.values]] for facet in self.cuts.facets],
            "index": self.cuts.index,
            "families": list(self.families.items()),
            "views": [
                {
                    "about": view.about,
                    "scenarios": view.scenarios,
                    "note": view.note,
                    "headline": view.headline,
                    "advice": view.advice,
                    "tables": None if number == 0 else [_table(*table) for table in view.tables],
                    **view.plot,
                }
                for number, view in enumerate(self.views)
            ],
            "allocations": self.allocations,
        }


def suite_view(
    rows: pd.DataFrame,
    name: str,
    slug: str,
    described: Mapping[str, Any],
    command: str,
    allocations: Sequence[Mapping[str, Any]] | None = None,
) -> Suite:
    """What the page shows of a suite.

    Args:
        rows: The suite's rows; see :func:`~.page.render`.
        name: Its name.
        slug: What its section is called in links.
        described: What the manifest says of it.
        command: The command that runs it again.
        allocations: What :func:`~.allocation.allocation_view` makes of some of its instances, or None.
    """
    ran = set(rows["solver"])
    solvers = tuple(solver for solver in described.get("solvers") or [] if solver.get("name") in ran)
    families = dict.fromkeys((str(name) for name in rows["solver"].unique()), "other")
    families |= {str(one["name"]): str(one["family"]) for one in solvers if one.get("family") in FAMILIES}
    scenarios = {entry.get("id"): entry for entry in described.get("scenarios") or []}
    cut = cuts(rows)
    return Suite(
        name=name,
        slug=slug,
        title=described.get("title") or name,
        question=described.get("question") or "",
        cuts=cut,
        views=tuple(_view(part, families, scenarios) for part in cut.rows),
        families=families,
        solvers=solvers,
        command=described.get("command") or command,
        allocations=allocations or [],
    )


def _view(
    rows: pd.DataFrame, families: Mapping[str, str], scenarios: Mapping[Any, Mapping[str, Any]]
) -> View:
    solvable, refuted = summarise_view(rows), summarise_refuted_view(rows)
    compared = scores(rows)
    rate = str(rows["rate"].iloc[0]) if rows["rate"].nunique() == 1 else None
    tables = []
    if len(solvable):
        caption = "Solvers on the instances with an answer, best gap first" if len(refuted) else ""
        tables.append((caption or "Solvers, best gap first", solvable_table(solvable, rate)))
    if len(refuted):
        caption = "Solvers on the instances proved infeasible or unbounded: who says so?"
        lone = "Solvers, highest reward first"
        tables.append((caption if tables else lone, refuted_table(refuted, alone=not tables)))
    return View(
        scenarios=tuple(str(name) for name in rows["scenario"].unique()),
        about=_about(rows, solvable, refuted, scenarios),
        note="" if len(solvable) else _NO_OPTIMUM,
        headline=headline(rows, solvable, refuted),
        advice=tuple(advice(rows, families, seconds, solvable, compared) for seconds in BUDGETS),
        tables=tuple((caption, _with_families(table, families)) for caption, table in tables),
        plot=plot_data(rows, solvable, compared),
    )


_NO_OPTIMUM = (
    "No instance here has a feasible optimum. The right answer is to say so; of those that return an allocation all "
    "the same, the table shows what reward it earns and how far it exceeds each limit."
)


def _about(
    rows: pd.DataFrame,
    solvable: pd.DataFrame,
    refuted: pd.DataFrame,
    scenarios: Mapping[Any, Mapping[str, Any]],
) -> str:
    """How many instances of which scenarios: ``15 instances of Paper-like, 6 users, and 3 more ...``."""
    counts = [plural(int(solvable["total"].iloc[0]), "instance")] if len(solvable) else []
    if len(refuted):
        more = int(refuted["total"].iloc[0])
        counts.append(f"{more:,} more" if counts else plural(more, "instance"))
        counts[-1] += " proved infeasible or unbounded"
    present = [str(name) for name in rows["scenario"].unique()]
    ordered = [str(name) for name in scenarios if name in present]
    names = ordered + [name for name in present if name not in ordered]
    titles = [str(scenarios.get(name, {}).get("title") or name) for name in names]
    of = f"“{titles[0]}”" if len(names) == 1 else f"{len(names)} scenarios"
    if 1 < len(names) <= 4:
        of += f": {listing([f'“{title}”' for title in titles])}"
    description = str(scenarios.get(names[0], {}).get("description") or "") if len(names) == 1 else ""
    comma = "," if len(counts) > 1 else ""
    return f"{', and '.join(counts)}{comma} of {of}. {description}".strip()


def _with_families(table: Table, families: Mapping[str, str]) -> Table:
    """The table with each solver's family under its name."""

    def named(cell: Cell, family: str) -> Cell:
        return replace(cell, note=f"{family} · {cell.note}" if cell.note else family)

    rows = tuple(
        replace(row, cells=(named(row.cells[0], families[row.solver]), *row.cells[1:])) for row in table.rows
    )
    return replace(table, rows=rows)


def _table(caption: str, table: Table) -> dict[str, Any]:
    """A table for the page's script, cells as lists without the empty ends that most have."""
    return {
        "caption": caption,
        "sorted": table.sorted_by,
        "columns": [list(asdict(column).values()) for column in table.columns],
        "rows": [[row.solver, int(row.partial), [_cell(cell) for cell in row.cells]] for row in table.rows],
    }


def _cell(cell: Cell) -> list[Any]:
    sort = float(f"{cell.sort:.6g}") if isinstance(cell.sort, float) else cell.sort
    parts = [cell.text, sort, cell.note, cell.badges, cell.shade]
    while parts[-1] in ("", (), 0) and len(parts) > 2:
        parts.pop()
    return parts


def slug_of(name: str) -> str:
    """What a suite's section is called in links."""
    return "suite-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
