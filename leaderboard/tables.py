"""The tables of the page: which columns, in which order, and what each cell says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from .stats import FAILED, GAP_TOLERANCE, VIOLATIONS
from .wording import NONE, SPACE, TIMES, duration, interval, number, percent, plural, whole_percent

RATES = {"shannon": ("Mbit/s", 1e6), "spectral": ("bit/s/Hz", 1.0)}
"""Unit of RDE on the page, and what the rows' unit is divided by."""


@dataclass(frozen=True)
class Column:
    """A column: its key, its heading and unit, and whether small or large values come first."""

    key: str
    title: str
    unit: str = ""
    first: str = "ascending"


@dataclass(frozen=True)
class Cell:
    """A cell: its text, a smaller note under it, the value it sorts by, (kind, text) badges, and how dark it is."""

    text: str
    sort: float | str | None
    note: str = ""
    badges: tuple[tuple[str, str], ...] = ()
    shade: int = 0


@dataclass(frozen=True)
class Row:
    """A solver's cells; ``partial`` if it did not run on every instance."""

    solver: str
    partial: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table in its first order, sorted by the column ``sorted_by``."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sorted_by: str


def solvable_table(summary: pd.DataFrame, rate: str | None) -> Table:
    """Solvers by gap, then time; those that skipped instances after those that did not.

    Args:
        summary: One scenario's part of :func:`~.stats.summarise`.
        rate: The rate of its instances, or None where both kinds meet.
    """
    unit, size = RATES.get(rate or "", ("", 1.0))
    learners = bool(summary["training"].notna().any())
    columns = (
        Column("solver", "Solver"),
        Column("feasible_share", "Feasible", first="descending"),
        Column("gap", "Gap to bound", "mean, 95 % interval"),
        Column("rde", "RDE", f"mean, {unit}" if unit else "mean", "descending"),
        Column("reward", "Reward", "mean", "descending"),
        Column("seconds", "Time", "median, 99th percentile"),
        *([Column("training", "Training", "in total")] if learners else []),
        Column("optimal_share", "Proved optimal", first="descending"),
        Column("failed", "Failures"),
    )
    gap = summary["gap"].where(summary["gap"] > GAP_TOLERANCE, summary["gap"].clip(upper=0.0))
    order = pd.DataFrame(
        {
            "partial": summary["ran"] < summary["total"],
            "gap": gap,
            "rde": -summary["rde"].where(gap.isna(), 0.0),
        }
    ).assign(seconds=summary["seconds"])
    index = order.sort_values(list(order.columns), kind="stable").index
    rows = tuple(_solvable_row(row, size, learners) for _, row in summary.loc[index].iterrows())
    return Table(columns, rows, "gap" if summary["gap"].notna().any() else "rde")


def refuted_table(summary: pd.DataFrame, *, alone: bool) -> Table:
    """Solvers on instances proved infeasible or unbounded.

    Args:
        summary: One scenario's part of :func:`~.stats.summarise_refuted`.
        alone: Whether there are no other instances: then the order is by reward, else by right answers.
    """
    violated = [f"violation_{name}" for name in VIOLATIONS if (summary[f"violation_{name}"] > 0).any()]
    columns = (
        Column("solver", "Solver"),
        Column("right_share", "Right answer", first="descending"),
        Column("reward", "Reward", "mean", "descending"),
        *(
            Column(key, key.removeprefix("violation_").replace("_", " ").capitalize(), "median excess")
            for key in violated
        ),
        Column("seconds", "Time", "median, 99th percentile"),
        Column("failed", "Failures"),
    )
    by = "reward" if alone else "right_share"
    order = pd.DataFrame({"partial": summary["ran"] < summary["total"], by: -summary[by]}).assign(
        seconds=summary["seconds"]
    )
    index = order.sort_values(list(order.columns), kind="stable").index
    rows = tuple(_refuted_row(row, violated) for _, row in summary.loc[index].iterrows())
    return Table(columns, rows, by)


def _solvable_row(row: pd.Series, size: float, learners: bool) -> Row:
    spread = interval(row["gap_low"], row["gap_high"]) if row["gap_low"] < row["gap_high"] else ""
    spread = "" if spread == percent(row["gap"]) else spread
    if 0 < row["bounded"] < row["ran"]:
        spread = f"{spread}\n{row['bounded']} with a bound".strip()
    return Row(
        row["solver"],
        bool(row["ran"] < row["total"]),
        (
            _solver(row),
            Cell(whole_percent(row["feasible_share"]), _sortable(row["feasible_share"])),
            Cell(percent(row["gap"]), _sortable(row["gap"]), spread),
            Cell(number(row["rde"] / size), _sortable(row["rde"])),
            Cell(number(row["reward"]), _sortable(row["reward"])),
            _time(row),
            *([_training(row)] if learners else []),
            Cell(whole_percent(row["optimal_share"]), _sortable(row["optimal_share"])),
            _failures(row),
        ),
    )


def _refuted_row(row: pd.Series, violated: list[str]) -> Row:
    return Row(
        row["solver"],
        bool(row["ran"] < row["total"]),
        (
            _solver(row),
            Cell(whole_percent(row["right_share"]), _sortable(row["right_share"])),
            Cell(number(row["reward"]), _sortable(row["reward"])),
            *(Cell(_excess(row[key]), _sortable(row[key])) for key in violated),
            _time(row),
            _failures(row),
        ),
    )


def _solver(row: pd.Series) -> Cell:
    if row["ran"] == row["total"]:
        return Cell(row["solver"], row["solver"], row["badge"])
    ran = (("skipped", f"ran on {row['ran']} of {row['total']}"),)
    return Cell(row["solver"], row["solver"], row["badge"], ran)


def _time(row: pd.Series) -> Cell:
    note = "" if math.isnan(row["seconds_p99"]) else duration(row["seconds_p99"])
    return Cell(duration(row["seconds"]), _sortable(row["seconds"]), note)


def _training(row: pd.Series) -> Cell:
    if math.isnan(row["training"]):
        return Cell(NONE, None)
    note = plural(row["policies"], "policy") if row["policies"] == 1 else f"{row['policies']} policies"
    return Cell(duration(row["training"]), _sortable(row["training"]), note)


def _failures(row: pd.Series) -> Cell:
    badges = [("failed", f"{row[f'failed_{name}']} {name.replace('_', ' ')}") for name in FAILED]
    return Cell(
        "" if row["failed"] or row["violated"] else NONE,
        int(row["failed"]),
        badges=tuple(badge for badge, name in zip(badges, FAILED, strict=True) if row[f"failed_{name}"]),
        note=plural(row["violated"], "violation") if row["violated"] else "",
    )


def _excess(violation: float) -> str:
    """How far over its limit: a factor reads better than a large percentage."""
    if not math.isfinite(violation) or violation < 10:
        return percent(violation)
    return f"{violation + 1:,.0f}{SPACE}{TIMES}"


def _sortable(value: float) -> float | None:
    """A number JavaScript can sort by: infinities become the largest number, NaN becomes nothing."""
    return None if math.isnan(value) else float(min(value, 1e308))
