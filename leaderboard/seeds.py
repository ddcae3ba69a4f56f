"""What training seeds tell: how far two learners are apart, and how many more seeds would show it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from .stats import LEVEL, Interval

POWER = 0.8
"""Probability with which a difference of the size seen is to be found."""

MOST_SEEDS = 10_000


def seed_difference(ours: ArrayLike, theirs: ArrayLike) -> Interval:
    """Difference of the means of two solvers over their training seeds, with its 95 % interval by Welch's t.

    For few seeds, of which a bootstrap would be too narrow.

    Args:
        ours: Scores, shape ``[seeds, n]``.
        theirs: Scores, shape ``[other seeds, n]``.

    Returns:
        Ours minus theirs; no interval if one of them has a single seed.
    """
    one, other = (np.asarray(scores, dtype=float).mean(axis=1) for scores in (ours, theirs))
    value = float(one.mean() - other.mean())
    if min(one.size, other.size) < 2:
        return Interval(value, np.nan, np.nan)
    if np.ptp(one) == np.ptp(other) == 0:
        return Interval(value, value, value)
    ends = stats.ttest_ind(one, other, equal_var=False).confidence_interval(LEVEL)
    return Interval(value, float(ends.low), float(ends.high))


def more_seeds_needed(ours: ArrayLike, theirs: ArrayLike) -> int | None:
    """How many more training seeds of each solver would separate the means of two, at 95 % and a power of 80 %.

    By Welch's t test on the means of the seeds, were the true means and variances those seen here.

    Args:
        ours: Scores, shape ``[seeds, n]``, at least two seeds.
        theirs: Scores, shape ``[other seeds, n]``; a solver without seeds has one row, and no variance.

    Returns:
        0 if the seeds there are enough; None if there is no difference, or no finite number would do.
    """
    one, other = (np.asarray(scores, dtype=float).mean(axis=1) for scores in (ours, theirs))
    difference = abs(float(one.mean() - other.mean()))
    have = max(len(one), len(other))
    if difference == 0.0 or have < 2:
        return None
    variances = np.array([np.var(means, ddof=1) if len(means) > 1 else 0.0 for means in (one, other)])
    total = float(variances.sum())
    if np.sqrt(total) <= 1e-9 * difference:
        return 0

    def lacking(seeds: float) -> float:
        spread = np.sqrt(total / seeds)
        freedom = (seeds - 1) * total**2 / (variances**2).sum()
        critical = stats.t.ppf(0.5 + LEVEL / 2, freedom)
        return float(POWER - stats.nct.sf(critical, freedom, difference / spread))

    if lacking(have) <= 0:
        return 0
    if lacking(MOST_SEEDS) > 0:
        return None
    return int(np.ceil(optimize.brentq(lacking, have, MOST_SEEDS))) - have
