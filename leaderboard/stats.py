"""Statistics that compare solvers: robust means, paired intervals, how many seeds. Failures count in all of them.

Scores are losses, such as gaps or times: smaller is better. A solver with several training seeds has a row of
scores for each seed, any other solver a single row: shape ``[seeds, instances]``. Instances are the same for all
solvers, in the same order, and belong to strata, their scenarios.

Intervals of solvers of a single seed come from the bootstrap: instances are drawn anew within each stratum. Equal
strata get equal draws, whoever the solver is; that makes comparisons paired. Seeds are wholes, because one training
answers every instance, and few; with several of them, intervals of means are Student's t over seeds and instances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from .resampling import MOST_DRAWN, RESAMPLES, drawn_cells, drawn_instances, groups_of

FloatArray = NDArray[np.float64]
Statistic = Callable[[FloatArray, NDArray[np.floating]], FloatArray]
"""Of values, shape ``[c]``, and how often each was drawn, shape ``[draws, c]``: one number a draw."""

GAP_TOLERANCE = 1e-6
"""Gaps up to this count as none; values are only compared at this precision."""

LEVEL = 0.95

CUT = 0.25
"""Share that the interquartile mean leaves out at each end."""


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

    With few seeds it is too narrow; :func:`crossed_interval` is not.

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


def improvement_interval(ours: ArrayLike, theirs: ArrayLike, *, tolerance: float = 0.0) -> Interval:
    """:func:`probability_of_improvement` with a 95 % interval that holds for few instances too.

    It joins the exact (Clopper-Pearson) intervals of two shares: of the instances that are no ties, and of those that
    we win among them. So it leaves 1/2 out only if the sign test, with ties dropped, rejects at 5 %; being made of two
    intervals it is rather too wide. Where solvers have several seeds, it reaches at least as far as the same interval
    of as few comparisons as there are seeds. Strata do not narrow it.

    Args:
        ours: Scores, shape ``[seeds, n]``.
        theirs: Scores, shape ``[other seeds, n]``.
        tolerance: Scores that differ by no more than this are equal.

    Returns:
        The probability and its interval; no interval of a single instance.

    Raises:
        ValueError: If the shapes do not fit.
    """
    one, other = (_checked(scores, np.zeros(np.shape(scores)[-1:])) for scores in (ours, theirs))
    wins = _wins(one, other, tolerance)
    value, size = float(wins.mean()), wins.shape[2]
    if size < 2:
        return Interval(value, np.nan, np.nan)
    decided, won = float((wins != 0.5).mean()), float((wins == 1.0).mean())
    trials = [size, *(len(table) for table in (one, other) if len(table) > 1)]
    ends = np.array([_improvement_ends(won * count, decided * count, count) for count in trials])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    return Interval(value, low, high)


def exchange_p_value(ours: ArrayLike, theirs: ArrayLike, *, tolerance: float = 0.0, seed: int = 0) -> float:
    """Probability of so large a difference of means if on each instance it were chance which solver is which.

    The paired permutation test of the mean. Where two solvers are equally good it is below 5 % in at most 5 % of all
    cases, however few instances there are: up to five never. A bootstrap promises that only for many.

    Args:
        ours: Scores, shape ``[seeds, n]``; of several seeds their means are compared.
        theirs: Scores on the same instances, shape ``[other seeds, n]``.
        tolerance: Scores that differ by no more than this are equal.
        seed: Seed of the draws, where there are too many exchanges to try all.
    """
    one, other = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    difference = one.mean(axis=0) - other.mean(axis=0)
    differing = difference[np.abs(difference) > tolerance]
    if differing.size < 2:
        return 1.0
    test = stats.permutation_test(
        (differing,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, MOST_DRAWN // differing.size),
        rng=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def crossed_interval(scores: ArrayLike, strata: ArrayLike | None = None) -> Interval:
    """Mean of scores with its 95 % interval by Student's t, over seeds and instances together.

    For few seeds, of which a bootstrap would be too narrow. Every seed meets every instance, so the variances that the
    two give to the mean add up; the degrees of freedom are those of Welch and Satterthwaite. Of one seed it is the
    usual t interval over the instances.

    Args:
        scores: Shape ``[seeds, n]``, finite.
        strata: Stratum of each instance, shape ``[n]``, whose differences are no uncertainty; without, they are of one.

    Returns:
        The mean and its interval: no interval of fewer than two instances, and both ends the mean if nothing varies.

    Raises:
        ValueError: If the shapes do not fit.
    """
    table = np.asarray(scores, dtype=float)
    if table.ndim == 2 and table.size == 0:
        return Interval(np.nan, np.nan, np.nan)
    table = _checked(table, np.zeros(table.shape[-1:]) if strata is None else strata)
    return _crossed(table.mean(axis=0), [table.mean(axis=1)], strata)


def crossed_difference(ours: ArrayLike, theirs: ArrayLike, strata: ArrayLike | None = None) -> Interval:
    """Difference of the means of two solvers on the same instances, as :func:`crossed_interval` has that of one.

    Args:
        ours: Scores, shape ``[seeds, n]``.
        theirs: Scores, shape ``[other seeds, n]``.
        strata: As :func:`crossed_interval` takes it.

    Returns:
        Ours minus theirs, negative where ours is better, and its 95 % interval.

    Raises:
        ValueError: If the shapes do not fit.
    """
    labels = np.zeros(np.shape(ours)[-1:]) if strata is None else strata
    one, other = _checked(ours, labels), _checked(theirs, labels)
    return _crossed(one.mean(axis=0) - other.mean(axis=0), [one.mean(axis=1), other.mean(axis=1)], strata)


def _checked(scores: ArrayLike, strata: ArrayLike) -> FloatArray:
    table, labels = np.asarray(scores, dtype=float), np.asarray(strata)
    if table.ndim != 2 or labels.shape != table.shape[1:] or table.size == 0:
        raise ValueError(
            f"scores have shape {table.shape} and strata {labels.shape}; they must be [seeds, n] and [n], not empty"
        )
    return table


def _crossed(instances: FloatArray, seeds: Sequence[FloatArray], strata: ArrayLike | None = None) -> Interval:
    """Interval of the mean of ``instances`` by Student's t, adding the variances of the means of several seeds."""
    value, size = float(instances.mean()), instances.size
    if size < 2:
        return Interval(value, np.nan, np.nan)
    groups = groups_of(np.zeros(size) if strata is None else strata)
    samples = [(1.0, means) for means in seeds if means.size > 1]
    for group in range(groups.max() + 1):
        part = instances[groups == group]
        samples += [(part.size / size, part)] if part.size > 1 else []
    parts = np.array([share**2 * part.var(ddof=1) / part.size for share, part in samples])
    freedom = np.array([part.size - 1 for _, part in samples])
    rounding = 1e-12 * max(float(np.abs(part).max()) for _, part in samples)
    if parts.sum() <= rounding**2:
        return Interval(value, value, value)
    critical = stats.t.ppf((1 + LEVEL) / 2, parts.sum() ** 2 / (parts**2 / freedom).sum())
    half = float(critical * np.sqrt(parts.sum()))
    return Interval(value, value - half, value + half)


def _improvement_ends(won: float, decided: float, count: float) -> tuple[float, float]:
    """Ends of the interval of a probability of improvement, of so many comparisons won, decided, and made."""
    rarely, often = _share_interval(decided, count)
    low, high = (end - 0.5 for end in _share_interval(won, decided))
    return 0.5 + low * (rarely if low > 0 else often), 0.5 + high * (often if high > 0 else rarely)


def _share_interval(count: float, size: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share; of seeds, ``count`` of ``size`` need not be whole numbers."""
    tail = (1 - LEVEL) / 2
    low = float(stats.beta.ppf(tail, count, size - count + 1)) if count > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, count + 1, size - count)) if count < size else 1.0
    return low, high


def _wins(ours: FloatArray, theirs: FloatArray, tolerance: float) -> FloatArray:
    """1 where a seed of ours beats one of theirs, 1/2 where they tie; shape ``[seeds, other seeds, n]``."""
    difference = ours[:, None, :] - theirs[None, :, :]
    return np.asarray((difference < -tolerance) + 0.5 * (np.abs(difference) <= tolerance), dtype=float)


def _of_all(table: FloatArray, statistic: Statistic) -> float:
    return float(statistic(table.ravel(), np.ones((1, table.size)))[0])


def _interval(value: float, drawn: FloatArray) -> Interval:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
