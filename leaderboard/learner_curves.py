"""Convergence curves of policies that differ in their seeds: their mean, and a 95 % interval of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

Curve = Sequence[Sequence[float]]
"""Points (steps, seconds, gap, share of infeasible answers) in the order of the training."""

_TIMES = 40
_UNTRAINED_S = 0.1
"""Points before this are of the policy before its training."""


@dataclass(frozen=True)
class MeanPoint:
    """The mean gap after some seconds of training, with its interval; that of a single seed is NaN."""

    seconds: float
    gap: float
    low: float
    high: float


def student_interval(values: ArrayLike) -> tuple[float, float]:
    """95 % interval of the mean of few values that all lie in [0, 1], by Student's t; NaN of fewer than two.

    A bootstrap of five values is too narrow.
    """
    sample = np.asarray(values, dtype=float)
    if sample.size < 2:
        return np.nan, np.nan
    half = float(stats.t.ppf(0.975, sample.size - 1) * sample.std(ddof=1) / np.sqrt(sample.size))
    return max(0.0, float(sample.mean()) - half), min(1.0, float(sample.mean()) + half)


def mean_curve(curves: Sequence[Curve]) -> list[MeanPoint]:
    """The mean over seeds at common times; between its points a curve is a straight line, after them it is level.

    The untrained policy has no place on a logarithmic axis and is left out.

    Args:
        curves: One curve for each seed.

    Returns:
        The points of the mean; none if a curve has none of a trained policy.
    """
    points = [
        np.array([point for point in curve if point[1] > _UNTRAINED_S], dtype=float) for curve in curves
    ]
    if not points or any(one.size == 0 for one in points):
        return []
    if len(points) == 1:
        return [MeanPoint(float(p[1]), float(p[2]), np.nan, np.nan) for p in points[0]]
    end = max(one[-1, 1] for one in points)
    start = max(one[0, 1] for one in points)
    times = np.unique(np.geomspace(start, end, _TIMES))
    gaps = np.array([np.interp(times, one[:, 1], one[:, 2]) for one in points])
    return [
        MeanPoint(float(time), float(column.mean()), *student_interval(column))
        for time, column in zip(times, gaps.T, strict=True)
    ]
