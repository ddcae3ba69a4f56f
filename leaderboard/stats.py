"""Aggregates of result rows: what the leaderboard states about each solver.

Every function takes the rows as a DataFrame with one row per suite, scenario, instance and solver. Instances
proved infeasible or unbounded ("refuted") have no optimum, so they are never averaged with the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

BADGES = ("claimed", "re-scored", "re-run")
"""How far a run was checked where the page is made, from least to most."""

ALL = "all"
"""Stands for every scenario of a suite together; scenario ids end in a version, so none is called this."""

ANSWERED = ("optimal", "feasible")
FAILED = ("time_limit", "memory_limit", "invalid", "error")
REFUTED = ("infeasible", "unbounded")
VIOLATIONS = ("power", "bandwidth", "min_bandwidth", "latency", "sign")

GAP_TOLERANCE = 1e-6
"""Gaps up to this count as none; values are only compared at this precision."""

RESAMPLES = 2000


def summarise(rows: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Aggregate each solver over the instances that are not proved infeasible or unbounded.

    Skipped runs are counted and enter no average; failed runs enter every average that has a value for them.

    Args:
        rows: The result rows.
        seed: Seed of the bootstrap, so that equal rows give equal intervals.

    Returns:
        One row per (``suite``, ``scenario`` or :data:`ALL`, ``solver``), with

        - ``badge``: the least of :data:`BADGES` among its runs, empty if the rows have none;
        - ``total``: instances of this suite and scenario; ``ran``: of these, those the solver ran on;
          ``skipped``, ``failed``, ``violated``: runs with such a status, but for those that had a feasible answer
          when the time limit struck;
        - ``feasible_share``, ``optimal_share``: share of ``ran`` with a feasible, a proved optimal answer;
        - ``gap``, ``gap_low``, ``gap_high``: mean of 1 - RDE / bound over ``bounded`` instances that have a
          bound, a violated or failed run counting as 1, and the 95 % interval of that mean;
        - ``rde``: mean RDE, bit/s (bit/s/Hz under the spectral rate), a violated or failed run counting as 0;
          NaN where rates of both kinds meet;
        - ``reward``: mean over the runs that returned an allocation; NaN where rates of both kinds meet;
        - ``seconds``, ``seconds_p99``: median and 99th percentile of the time for one instance, s;
        - ``policies``, ``training``: how many policies a solver that learns used, and what their training took
          together, s; 0 and NaN without any.
    """
    solvable = rows[~rows["reference_status"].isin(REFUTED)]
    return pd.DataFrame(
        [{**key, **_solvable(group, instances, seed)} for key, group, instances in _groups(solvable)],
        columns=[*_KEYS, *_COUNTS, *_SOLVABLE],
    )


def summarise_refuted(rows: pd.DataFrame) -> pd.DataFrame:
    """Aggregate each solver over the instances proved infeasible or unbounded.

    Args:
        rows: The result rows.

    Returns:
        One row per (``suite``, ``scenario`` or :data:`ALL`, ``solver``), with the counts of
        :func:`summarise`, ``right_share`` (share of ``ran`` whose status is the proved one), ``reward``, ``seconds``,
        ``seconds_p99``, and for each constraint ``violation_*``: the median over the allocations returned of
        how far it is exceeded, relative to its limit.
    """
    refuted = rows[rows["reference_status"].isin(REFUTED)]
    return pd.DataFrame(
        [{**key, **_refuted(group, instances)} for key, group, instances in _groups(refuted)],
        columns=[*_KEYS, *_COUNTS, *_REFUTED],
    )


def instance_gaps(rows: pd.DataFrame) -> pd.Series:
    """Gap of each run: 1 where it failed but a bound is known, NaN where it was skipped or none is known."""
    gap = rows["gap"].astype(float)
    lost = gap.isna() & rows["bound"].astype(float).notna()
    return gap.mask(lost, 1.0).mask(rows["status"] == "skipped")


def mean_interval(values: ArrayLike, *, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a mean by the bias-corrected and accelerated (BCa) bootstrap.

    Args:
        values: The sample, shape ``[n]``, finite.
        seed: Seed of the resampling.

    Returns:
        ``(low, high)``: both the common value if all values are equal, both NaN if there are fewer than two.
    """
    sample = np.asarray(values, dtype=float)
    if sample.size < 2:
        return np.nan, np.nan
    if np.ptp(sample) == 0:
        return float(sample[0]), float(sample[0])
    interval = _bootstrap(sample, "BCa", seed)
    # One outlier among equal values can leave the acceleration undefined; the percentiles still are.
    return interval if np.isfinite(interval).all() else _bootstrap(sample, "percentile", seed)


def pareto_front(seconds: ArrayLike, gaps: ArrayLike) -> NDArray[np.bool_]:
    """Which solvers no other beats: at most as slow and at most as far off, and better in one of the two.

    Args:
        seconds: Time of each solver, shape ``[n]``; NaN is never on the front.
        gaps: Mean gap of each solver, shape ``[n]``; gaps up to :data:`GAP_TOLERANCE` are equal.

    Returns:
        True on the front, shape ``[n]``.
    """
    time = np.asarray(seconds, dtype=float)
    gap = np.asarray(gaps, dtype=float)
    gap = np.where(gap <= GAP_TOLERANCE, 0.0, gap)
    no_worse = (time[:, None] <= time) & (gap[:, None] <= gap)
    better = (time[:, None] < time) | (gap[:, None] < gap)
    return np.asarray(~(no_worse & better).any(axis=0) & np.isfinite(time) & np.isfinite(gap))


def thin(values: ArrayLike, limit: int = 200) -> list[float]:
    """The values in order or, of more than ``limit``, so many evenly spaced order statistics.

    The smallest and the largest are always kept.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    if ordered.size <= limit:
        return [float(value) for value in ordered]
    return [float(ordered[i]) for i in np.linspace(0, ordered.size - 1, limit).round().astype(int)]


_KEYS = ("suite", "scenario", "solver")
_COUNTS = ("badge", "total", "ran", "skipped", "failed", "violated", *(f"failed_{name}" for name in FAILED))
_SOLVABLE = (
    *("feasible_share", "optimal_share", "bounded", "gap", "gap_low", "gap_high"),
    *("rde", "reward", "seconds", "seconds_p99", "policies", "training"),
)
_REFUTED = ("right_share", "reward", "seconds", "seconds_p99", *(f"violation_{name}" for name in VIOLATIONS))


def _groups(rows: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame, pd.DataFrame]]:
    """Each solver's rows in each suite, over all scenarios and one by one, with every solver's."""
    everything = rows.assign(
        scenario=ALL, instance=rows["scenario"].astype(str) + "/" + rows["instance"].astype(str)
    )
    for frame in (everything, rows):
        for (suite, scenario), instances in frame.groupby(["suite", "scenario"], sort=False):
            for solver, group in instances.groupby("solver", sort=False):
                yield (
                    {"suite": str(suite), "scenario": str(scenario), "solver": str(solver)},
                    group,
                    instances,
                )


def _counts(group: pd.DataFrame, instances: pd.DataFrame) -> dict[str, Any]:
    status = group["status"].mask(_answered(group), "answered")
    return {
        "badge": _least_badge(group),
        "total": int(instances["instance"].nunique()),
        "ran": int((status != "skipped").sum()),
        "skipped": int((status == "skipped").sum()),
        "failed": int(status.isin(FAILED).sum()),
        "violated": int((status == "violated").sum()),
        **{f"failed_{name}": int((status == name).sum()) for name in FAILED},
    }


def _answered(rows: pd.DataFrame) -> pd.Series:
    """Runs with a feasible answer; one that was there when the time limit struck is an answer, and its gap counts."""
    return rows["status"].isin(ANSWERED) | (rows["status"].eq("time_limit") & rows["rde"].notna())


def _least_badge(group: pd.DataFrame) -> str:
    """How far all runs of a solver were checked; empty where the rows do not say."""
    given = set(group["badge"]) if "badge" in group else set()
    return next((badge for badge in BADGES if badge in given), "")


def _solvable(group: pd.DataFrame, instances: pd.DataFrame, seed: int) -> dict[str, Any]:
    ran = group[group["status"] != "skipped"]
    answered = _answered(ran)
    gaps = instance_gaps(ran).dropna().to_numpy()
    low, high = mean_interval(gaps, seed=seed)
    one_rate = instances["rate"].nunique() == 1
    return {
        **_counts(group, instances),
        "feasible_share": _mean(answered),
        "optimal_share": _mean(ran["status"] == "optimal"),
        "bounded": gaps.size,
        "gap": _mean(gaps),
        "gap_low": low,
        "gap_high": high,
        "rde": _mean(ran["rde"].astype(float).where(answered, 0.0)) if one_rate else np.nan,
        "reward": _mean(ran["reward"].astype(float).dropna()) if one_rate else np.nan,
        **_times(ran),
        **_training(ran),
    }


def _refuted(group: pd.DataFrame, instances: pd.DataFrame) -> dict[str, Any]:
    ran = group[group["status"] != "skipped"]
    one_rate = instances["rate"].nunique() == 1
    return {
        **_counts(group, instances),
        "right_share": _mean(ran["status"] == ran["reference_status"]),
        "reward": _mean(ran["reward"].astype(float).dropna()) if one_rate else np.nan,
        **_times(ran),
        **{f"violation_{name}": _median(ran[f"violation_{name}"]) for name in VIOLATIONS},
    }


def _times(ran: pd.DataFrame) -> dict[str, float]:
    seconds = ran["solve_seconds"].astype(float).dropna().to_numpy()
    late = float(np.quantile(seconds, 0.99)) if seconds.size else np.nan
    return {"seconds": _median(ran["solve_seconds"]), "seconds_p99": late}


def _training(ran: pd.DataFrame) -> dict[str, float]:
    """A policy that answers many instances was trained once."""
    took = ran.dropna(subset=["policy", "fit_seconds"]).groupby("policy")["fit_seconds"].first().astype(float)
    return {"policies": len(took), "training": float(took.sum()) if len(took) else np.nan}


def _mean(values: ArrayLike) -> float:
    sample = np.asarray(values, dtype=float)
    return float(sample.mean()) if sample.size else np.nan


def _median(values: pd.Series) -> float:
    sample = values.astype(float).dropna().to_numpy()
    # An infinite excess (a user without any rate) sorts last; averaging two infinities must not warn.
    return float(np.quantile(sample, 0.5, method="inverted_cdf")) if sample.size else np.nan


def _bootstrap(sample: NDArray[np.float64], method: str, seed: int) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = stats.bootstrap(
            (sample,),
            np.mean,
            n_resamples=RESAMPLES,
            batch=200,
            method=method,
            rng=np.random.default_rng(seed),
        )
    interval = result.confidence_interval
    return float(interval.low), float(interval.high)
