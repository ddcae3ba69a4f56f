"""Statistics that compare solvers: robust means, paired intervals, how many seeds. Failures count in all of them.

Scores are losses, such as gaps or times: smaller is better. A solver with several training seeds has a row of
scores for each seed, any other solver a single row: shape ``[seeds, instances]``. Instances are the same for all
solvers, in the same order, and belong to strata, their scenarios.

Intervals come from the bootstrap: instances are drawn anew within each stratum, and seeds are drawn as wholes,
because one training answers every instance. Equal strata get equal draws, whoever the solver is; that makes
comparisons paired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from .resampling import drawn_cells, drawn_instances, drawn_seeds, groups_of

FloatArray = NDArray[np.float64]
Statistic = Callable[[FloatArray, NDArray[np.floating]], FloatArray]
"""Of values, shape ``[c]``, and how often each was drawn, shape ``[draws, c]``: one number a draw."""

GAP_TOLERANCE = 1e-6
"""Gaps up to this count as none; values are only compared at this precision."""

LEVEL = 0.95
POWER = 0.8
"""Probability with which a difference of the size seen is to be found."""

CUT = 0.25
"""Share that the interquartile mean leaves out at each end."""

MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval; NaN where there is too little to say."""

    value: float
    low: float
    high: float


def mean(values: FloatArray, drawn: NDArray[np.floating]) -> FloatArray:
    """The mean of each draw, a :data:`Statistic`."""
    return np.asarray(drawn @ values / drawn.sum(axis=1), dtype=float)


def trimmed_mean(values: FloatArray, drawn: NDArray[np.floating]) -> FloatArray:
    """The interquartile mean of each draw, a :data:`Statistic`: whole values are cut, as scipy's ``trim_mean`` does."""
    order = np.argsort(values, kind="stable")
    counts = drawn[:, order]
    places = np.cumsum(counts, axis=1)
    size = places[:, -1:]
    cut = np.floor(CUT * size)
    # A value drawn at places 3 to 5 of 8 counts as often as those places lie in the middle half.
    kept = np.diff(np.clip(places, cut, size - cut), axis=1, prepend=cut)
    return np.asarray(kept @ values[order] / (size - 2 * cut)[:, 0], dtype=float)


def interquartile_mean(scores: ArrayLike) -> float:
    """Mean of the middle half of all scores, whatever their shape; NaN without any."""
    values = np.asarray(scores, dtype=float)
    return float(stats.trim_mean(values, CUT, axis=None)) if values.size else np.nan


def shifted_geometric_mean(values: ArrayLike, shift: float) -> float:
    """Geometric mean of ``value + shift``, minus the shift: small values do not dominate it.

    Args:
        values: Numbers that are not negative, such as times, s.
        shift: In the same unit.

    Returns:
        The mean; NaN of no values.
    """
    shifted = np.asarray(values, dtype=float) + shift
    return float(stats.gmean(shifted, axis=None) - shift) if shifted.size else np.nan


def mean_interval(
    values: ArrayLike, *, strata: ArrayLike | None = None, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of a mean by the bias-corrected and accelerated (BCa) bootstrap.

    Args:
        values: The sample, shape ``[n]``, finite.
        strata: Stratum of each value, shape ``[n]``; without, they are of one.
        seed: Seed of the resampling.

    Returns:
        ``(low, high)``: both the common value if all values are equal, both NaN if there are fewer than two.
    """
    sample = np.asarray(values, dtype=float)
    if sample.size < 2:
        return np.nan, np.nan
    if np.ptp(sample) == 0:
        return float(sample[0]), float(sample[0])
    groups = groups_of(np.zeros(sample.size) if strata is None else strata)
    means = mean(sample, drawn_instances(groups, seed))
    deviations = sample - np.bincount(groups, sample)[groups] / np.bincount(groups)[groups]
    spread = (deviations**2).sum()
    above = means - sample.mean()
    rounding = 1e-12 * np.ptp(sample)
    below = (np.mean(above < -rounding) + np.mean(above <= rounding)) / 2
    levels = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    # One outlier among equal values can leave the correction undefined; the percentiles still are.
    if 0 < below < 1 and spread > 0:
        bias, acceleration = special.ndtri(below), (deviations**3).sum() / (6 * spread**1.5)
        wanted = bias + special.ndtri(levels)
        levels = special.ndtr(bias + wanted / (1 - acceleration * wanted))
    low, high = np.quantile(means, levels)
    return float(min(low, sample.mean())), float(max(high, sample.mean()))


def bootstrap(
    scores: ArrayLike, strata: ArrayLike, statistic: Statistic = mean, *, seed: int = 0
) -> Interval:
    """Percentile interval of a statistic by the stratified bootstrap over seeds and instances.

    With few seeds it is too narrow: use Student's t on the means of the seeds where there are fewer than ten.

    Args:
        scores: Shape ``[seeds, n]``.
        strata: Stratum of each instance, shape ``[n]``: instances are drawn anew within each.
        statistic: Of the values and how often each was drawn: :func:`mean` or :func:`trimmed_mean`.
        seed: Seed of the resampling.

    Returns:
        The statistic of the scores, and its 95 % interval; of a single score there is none.

    Raises:
        ValueError: If the shapes do not fit.
    """
    table = _checked(scores, strata)
    value = _of_all(table, statistic)
    if table.size < 2:
        return Interval(value, np.nan, np.nan)
    drawn = drawn_cells(table, drawn_instances(groups_of(strata), seed), seed)
    return _interval(value, statistic(table.ravel(), drawn))


def paired(
    ours: ArrayLike, theirs: ArrayLike, strata: ArrayLike, statistic: Statistic = mean, *, seed: int = 0
) -> Interval:
    """Difference of a statistic of two solvers: both get the same drawn instances, each its own drawn seeds.

    Args:
        ours: Scores of one solver, shape ``[seeds, n]``.
        theirs: Scores of the other on the same instances, shape ``[other seeds, n]``.
        strata: Stratum of each instance, shape ``[n]``.
        statistic: As :func:`bootstrap` takes it.
        seed: Seed of the resampling.

    Returns:
        Ours minus theirs, negative where ours is better, and its 95 % interval.

    Raises:
        ValueError: If the shapes do not fit.
    """
    one, other = _checked(ours, strata), _checked(theirs, strata)
    value = _of_all(one, statistic) - _of_all(other, statistic)
    if one.size < 2 and other.size < 2:
        return Interval(value, np.nan, np.nan)
    instances = drawn_instances(groups_of(strata), seed)
    mine = statistic(one.ravel(), drawn_cells(one, instances, seed))
    yours = statistic(other.ravel(), drawn_cells(other, instances, seed + 1))
    return _interval(value, mine - yours)


def probability_of_improvement(ours: ArrayLike, theirs: ArrayLike, tolerance: float = 0.0) -> float:
    """Probability that a random run of ours has the smaller score on a random instance; a tie counts half.

    Args:
        ours: Scores, shape ``[seeds, n]``.
        theirs: Scores, shape ``[other seeds, n]``.
        tolerance: Scores that differ by no more than this are equal.
    """
    return float(_wins(np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), tolerance).mean())


def improvement_interval(
    ours: ArrayLike, theirs: ArrayLike, strata: ArrayLike, *, tolerance: float = 0.0, seed: int = 0
) -> Interval:
    """:func:`probability_of_improvement` with its 95 % interval, by the bootstrap of :func:`paired`.

    Args:
        ours: Scores, shape ``[seeds, n]``.
        theirs: Scores, shape ``[other seeds, n]``.
        strata: Stratum of each instance, shape ``[n]``.
        tolerance: Scores that differ by no more than this are equal.
        seed: Seed of the resampling.

    Raises:
        ValueError: If the shapes do not fit.
    """
    one, other = _checked(ours, strata), _checked(theirs, strata)
    wins = _wins(one, other, tolerance)
    if one.size < 2 and other.size < 2:
        return Interval(float(wins.mean()), np.nan, np.nan)
    instances = drawn_instances(groups_of(strata), seed)
    if len(one) == len(other) == 1:
        drawn = mean(wins[0, 0], instances)
    else:
        mine, yours = (
            drawn_seeds(len(one), len(instances), seed),
            drawn_seeds(len(other), len(instances), seed + 1),
        )
        drawn = np.einsum("ri,rs,rt,sti->r", instances, mine, yours, wins, optimize=True) / (
            instances.sum(axis=1) * mine.sum(axis=1) * yours.sum(axis=1)
        )
    return _interval(float(wins.mean()), drawn)


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


def _checked(scores: ArrayLike, strata: ArrayLike) -> FloatArray:
    table, labels = np.asarray(scores, dtype=float), np.asarray(strata)
    if table.ndim != 2 or labels.shape != table.shape[1:] or table.size == 0:
        raise ValueError(
            f"scores have shape {table.shape} and strata {labels.shape}; they must be [seeds, n] and [n], not empty"
        )
    return table


def _wins(ours: FloatArray, theirs: FloatArray, tolerance: float) -> FloatArray:
    """1 where a seed of ours beats one of theirs, 1/2 where they tie; shape ``[seeds, other seeds, n]``."""
    difference = ours[:, None, :] - theirs[None, :, :]
    return np.asarray((difference < -tolerance) + 0.5 * (np.abs(difference) <= tolerance), dtype=float)


def _of_all(table: FloatArray, statistic: Statistic) -> float:
    return float(statistic(table.ravel(), np.ones((1, table.size)))[0])


def _interval(value: float, drawn: FloatArray) -> Interval:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
