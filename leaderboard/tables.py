"""The tables of the page: which columns, in which order, and what each cell says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from .aggregates import FAILED, VIOLATIONS
from .stats import GAP_TOLERANCE
from .wording import NONE, SPACE, TIMES, bytes_of, duration, interval, number, percent, plural, whole_percent

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
    """Solvers by mean gap, then time; those that skipped instances after those that did not.

    Args:
        summary: As :func:`~.aggregates.summarise_view` makes it.
        rate: The rate of its instances, or None where both kinds meet.
    """
    unit, size = RATES.get(rate or "", ("", 1.0))
    optional = [key for key in ("training", "memory") if summary[key].notna().any()]
    columns = (
        Column("solver", "Solver"),
        Column("feasible_share", "Feasible", first="descending"),
        Column("gap_iqm", "Gap (IQM)", "95 % interval"),
        Column("gap", "Mean gap", "95 % interval"),
        Column("optimal_share", "Proved optimal", first="descending"),
        Column("rde", "RDE", f"mean, {unit}" if unit else "mean", "descending"),
        Column("reward", "Reward", "mean", "descending"),
        Column("seconds", "Time", "median, 99th percentile"),
        *(_OPTIONAL[key] for key in optional),
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
    rows = tuple(_solvable_row(row, size, optional) for _, row in summary.loc[index].iterrows())
    return Table(columns, rows, "gap" if summary["gap"].notna().any() else "rde")


def refuted_table(summary: pd.DataFrame, *, alone: bool) -> Table:
    """Solvers on instances proved infeasible or unbounded.

    Args:
        summary: As :func:`~.aggregates.summarise_refuted_view` makes it.
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


_OPTIONAL = {
    "training": Column("training", "Training", "in total, when it pays"),
    "memory": Column("memory", "Memory", "median peak"),
}


def _solvable_row(row: pd.Series, size: float, optional: Sequence[str]) -> Row:
    some = f"{row['bounded']} with a bound" if 0 < row["bounded"] < row["ran"] else ""
    more = {"training": _training(row), "memory": Cell(bytes_of(row["memory"]), _sortable(row["memory"]))}
    return Row(
        row["solver"],
        bool(row["ran"] < row["total"]),
        (
            _solver(row),
            Cell(whole_percent(row["feasible_share"]), _sortable(row["feasible_share"])),
            _gap(row, "gap_iqm", some),
            _gap(row, "gap"),
            Cell(whole_percent(row["optimal_share"]), _sortable(row["optimal_share"])),
            Cell(number(row["rde"] / size), _sortable(row["rde"])),
            Cell(number(row["reward"]), _sortable(row["reward"])),
            _time(row),
            *(more[key] for key in optional),
            _failures(row),
        ),
    )


def _gap(row: pd.Series, key: str, note: str = "") -> Cell:
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    spread = interval(low, high) if low < high else ""
    spread = "" if spread == percent(row[key]) else spread
    return Cell(percent(row[key]), _sortable(row[key]), f"{spread}\n{note}".strip())


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
    policies = "1 policy" if row["policies"] == 1 else f"{row['policies']} policies"
    return Cell(duration(row["training"]), _sortable(row["training"]), f"{policies}\n{_pays(row)}".strip())


def _pays(row: pd.Series) -> str:
    """From when on training pays for itself; nothing if that cannot be told."""
    after = row["pays_after"]
    if math.isnan(after):
        return ""
    if math.isinf(after):
        return "never pays"
    return "pays: no other as good" if after == 0 else f"pays after {after:,.0f}"


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
