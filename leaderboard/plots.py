"""The data of a view's plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .aggregates import REFUTED, instance_gaps
from .comparison import Scores, improvement
from .curves import by_facet, curves
from .wording import percent

TICKS = 100
"""So many gaps of a solver are drawn one by one; of more, as many evenly spaced order statistics."""


def plot_data(rows: pd.DataFrame, summary: pd.DataFrame, compared: Scores) -> dict[str, Any]:
    """What the plots of a view need, as JSON can hold it; without a known bound, nothing.

    Args:
        rows: The rows of the view.
        summary: Its :func:`~.aggregates.summarise_view`.
        compared: Its :func:`~.comparison.scores`.

    Returns:
        ``points``, an entry for each solver in the order of the table, and if there are any ``curves`` (see
        :func:`~.curves.curves`), ``sizes`` and ``classes`` (gap by facet, None for one that has a single value) and
        ``improvement`` (see :func:`~.comparison.improvement`).
    """
    points = _points(rows, summary)
    if not points:
        return {"points": []}
    sizes, classes = (
        _by_facet(rows, column, [point["solver"] for point in points]) for column in ("users", "class")
    )
    return {
        "points": points,
        "curves": curves(rows),
        "sizes": sizes,
        "classes": classes,
        "improvement": improvement(compared),
    }


def thin(values: ArrayLike, limit: int = TICKS) -> list[float]:
    """The values in order or, of more than ``limit``, so many evenly spaced order statistics.

    The smallest and the largest are always kept.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    if ordered.size <= limit:
        return [float(value) for value in ordered]
    return [float(ordered[i]) for i in np.linspace(0, ordered.size - 1, limit).round().astype(int)]


def _points(rows: pd.DataFrame, summary: pd.DataFrame) -> list[dict[str, Any]]:
    """A point for each solver, in the order of the table, and its gaps instance by instance."""
    if summary.empty:
        return []
    summary = summary.assign(partial=summary["ran"] < summary["total"])
    summary = summary[summary["gap"].notna()].sort_values(["partial", "gap", "seconds"], kind="stable")
    solvable = rows[~rows["reference_status"].isin(REFUTED)]
    gaps = dict(list(instance_gaps(solvable).dropna().groupby(solvable["solver"])))
    return [
        {
            "solver": row["solver"],
            **{key: _short(row[key], 4) for key in ("seconds", "gap", "gap_low", "gap_high")},
            "label": percent(row["gap"]),
            "partial": bool(row["partial"]),
            "median": _short(gaps[row["solver"]].median()),
            "gaps": [_short(gap) for gap in thin(gaps[row["solver"]])],
            "instances": int(row["bounded"]),
        }
        for _, row in summary.iterrows()
    ]


def _by_facet(rows: pd.DataFrame, column: str, solvers: Sequence[str]) -> dict[str, Any] | None:
    """Gap of each solver for each value of a column, as lists; None if there are not two values."""
    if column not in rows:
        return None
    entries = by_facet(rows, column)
    values = list(dict.fromkeys(entry["value"] for entry in entries))
    if len(values) < 2:
        return None
    found = {(entry["solver"], entry["value"]): entry for entry in entries}
    return {
        "values": [str(value) for value in values],
        "solvers": [
            [
                solver,
                [
                    [entry["gap"], entry["low"], entry["high"], entry["n"]] if entry else None
                    for entry in (found.get((solver, value)) for value in values)
                ],
            ]
            for solver in solvers
        ],
    }


def _short(value: float, digits: int = 3) -> float | None:
    """Few digits, and no point where there is none to make."""
    if pd.isna(value):
        return None
    number = float(f"{value:.{digits}g}")
    return int(number) if number.is_integer() else number
