"""Aggregates of result rows: what the leaderboard states about each solver.

Every function takes the rows as a DataFrame with a row for each run of a solver on an instance of a scenario of a
suite. Instances proved infeasible or unbounded ("refuted") have no optimum, so they are never averaged with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .stats import (
    GAP_TOLERANCE,
    FloatArray,
    Interval,
    bootstrap,
    crossed_interval,
    mean_interval,
    shifted_geometric_mean,
    trimmed_mean,
)

BADGES = ("claimed", "re-scored", "re-run")
"""How far a run was checked where the page is made, from least to most."""

ALL = "all"
"""Stands for every scenario of a suite together; scenario ids end in a version, so none is called this."""

ANSWERED = ("optimal", "feasible")
FAILED = ("time_limit", "memory_limit", "invalid", "error")
REFUTED = ("infeasible", "unbounded")
VIOLATIONS = ("power", "bandwidth", "min_bandwidth", "latency", "sign")

SHIFT_S = 1e-3
"""Shift of the geometric mean of times, s: what is faster than this is fast."""


def summarise_view(rows: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Aggregate each solver over exactly these rows, without the instances proved infeasible or unbounded.

    Skipped runs are counted and enter no average; failed runs enter every average.

    Args:
        rows: The result rows, of one suite or any part of it.
        seed: Seed of the bootstrap, so that equal rows give equal intervals.

    Returns:
        One row per ``solver``, in the order of the rows, with

        - ``badge``: the least of :data:`BADGES` among its runs, empty if the rows have none;
        - ``total``: instances of these rows; ``ran``: of these, those the solver ran on;
        - ``skipped``, ``failed``, ``violated``: runs (with several seeds, more than instances) with such a status,
          but for those that had a feasible answer when the time limit struck; ``failed_*``: the failed ones by status;
        - ``feasible_share``, ``optimal_share``: share of the runs with a feasible, a proved optimal answer;
        - ``gap``, ``gap_low``, ``gap_high``: mean of 1 - RDE / bound over ``bounded`` instances that have a
          bound, a violated or failed run counting as 1, and the 95 % interval of that mean;
        - ``gap_iqm``, ``gap_iqm_low``, ``gap_iqm_high``: the interquartile mean of the same gaps;
        - ``rde``: mean RDE, bit/s (bit/s/Hz under the spectral rate), a violated or failed run counting as 0;
          NaN where rates of both kinds meet;
        - ``reward``: mean reward, a run without an allocation counting as the least reward of any solver on that
          instance, at most 0; NaN if the solver never returned one, and where rates of both kinds meet;
        - ``seconds``, ``seconds_p95``, ``seconds_p99``, ``seconds_mean``,
          ``seconds_sgm``: median, percentiles, mean and shifted
          geometric mean of the time for one instance, s;
        - ``memory``: median of the peak memory, bytes; NaN where it was not measured;
        - ``policies``, ``training``: how many policies a solver that learns used, and what their training took
          together, s; 0 and NaN without any;
        - ``pays_after``: see :func:`pays_after`.
    """
    solvable = rows[~rows["reference_status"].isin(REFUTED)]
    if solvable.empty:
        return pd.DataFrame(columns=["solver", *_COUNTS, *_SOLVABLE])
    ran = _measured(solvable)
    solvers = ran.groupby("solver", sort=False)
    summary = _counts(solvable).join(
        solvers.agg(feasible_share=("answered", "mean"), optimal_share=("optimal", "mean"))
    )
    summary = summary.join(_gaps(ran, seed)).join(solvers.agg(rde=("rde", "mean"), reward=("reward", "mean")))
    summary["reward"] = summary["reward"].where(solvers["rewarded"].any())
    if solvable["rate"].nunique() > 1:
        summary[["rde", "reward"]] = np.nan
    summary = summary.join(_times(ran)).join(_training(ran))
    summary["policies"] = summary["policies"].fillna(0).astype(int)
    summary["bounded"] = summary["bounded"].fillna(0).astype(int)
    summary["pays_after"] = pays_after(summary)
    return summary.reset_index()[["solver", *_COUNTS, *_SOLVABLE]]


def summarise_refuted_view(rows: pd.DataFrame) -> pd.DataFrame:
    """Aggregate each solver over those of exactly these rows whose instance is proved infeasible or unbounded.

    Args:
        rows: The result rows, of one suite or any part of it.

    Returns:
        One row per ``solver``, with the counts of :func:`summarise_view`, ``right_share`` (share of the runs whose
        status is the proved one), ``reward`` (over the allocations returned), ``seconds``,
        ``seconds_p95``, ``seconds_p99``, and for
        each constraint ``violation_*``: the median over the allocations returned of how far it is exceeded,
        relative to its limit.
    """
    refuted = rows[rows["reference_status"].isin(REFUTED)]
    if refuted.empty:
        return pd.DataFrame(columns=["solver", *_COUNTS, *_REFUTED])
    violations = [f"violation_{name}" for name in VIOLATIONS]
    ran = _measured(refuted).assign(
        right=lambda frame: frame["status"] == frame["reference_status"],
        reward=lambda frame: frame["reward"].where(frame["rewarded"]),
        **{name: refuted[name].astype(float) for name in violations},
    )
    solvers = ran.groupby("solver", sort=False)
    summary = _counts(refuted).join(solvers.agg(right_share=("right", "mean"), reward=("reward", "mean")))
    if refuted["rate"].nunique() > 1:
        summary["reward"] = np.nan
    summary = summary.join(_times(ran)).join(solvers[violations].agg(_median))
    return summary.reset_index()[["solver", *_COUNTS, *_REFUTED]]


def summarise(rows: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """:func:`summarise_view` of each suite, over all its scenarios together and one by one.

    Args:
        rows: The result rows.
        seed: Seed of the bootstrap.

    Returns:
        One row per (``suite``, ``scenario`` or :data:`ALL`, ``solver``), with the columns of :func:`summarise_view`.
    """
    return _by_scenario(rows, lambda part: summarise_view(part, seed=seed), (*_COUNTS, *_SOLVABLE))


def summarise_refuted(rows: pd.DataFrame) -> pd.DataFrame:
    """:func:`summarise_refuted_view` of each suite, over all its scenarios together and one by one.

    Args:
        rows: The result rows.

    Returns:
        One row per (``suite``, ``scenario`` or :data:`ALL`, ``solver``).
    """
    return _by_scenario(rows, summarise_refuted_view, (*_COUNTS, *_REFUTED))


def instance_gaps(rows: pd.DataFrame) -> pd.Series:
    """Gap of each run: 1 where it failed but a bound is known, NaN where it was skipped or none is known."""
    gap = rows["gap"].astype(float)
    lost = gap.isna() & rows["bound"].astype(float).notna()
    return gap.mask(lost, 1.0).mask(rows["status"] == "skipped")


def answered(rows: pd.DataFrame) -> pd.Series:
    """Runs with a feasible answer; one that was there when the time limit struck is an answer, and its gap counts."""
    return rows["status"].isin(ANSWERED) | (rows["status"].eq("time_limit") & rows["rde"].notna())


def places(rows: pd.DataFrame) -> pd.Series:
    """Name of each row's instance, over all suites and scenarios."""
    return rows["suite"].astype(str) + "/" + rows["scenario"].astype(str) + "/" + rows["instance"].astype(str)


def gap_table(rows: pd.DataFrame) -> FloatArray:
    """The gaps of one solver's rows as ``[seeds, instances]``, see :mod:`~.stats`.

    Several rows of one instance are seeds. Where their numbers differ, each instance has their mean.

    Args:
        rows: One solver's rows, sorted by instance, with the columns ``place`` and ``gap``.
    """
    runs = rows.groupby("place", sort=False)["gap"]
    if runs.size().nunique() == 1:
        return np.asarray(rows["gap"], dtype=float).reshape(runs.ngroups, -1).T
    return np.asarray(runs.mean(), dtype=float)[None, :]


def gap_interval(gaps: FloatArray, strata: ArrayLike, *, seed: int = 0) -> Interval:
    """The mean gap of a solver with its 95 % interval.

    Args:
        gaps: As :func:`gap_table` makes them, ``[seeds, n]``.
        strata: Scenario of each instance, ``[n]``.
        seed: Seed of the bootstrap.

    Returns:
        The mean; its interval is BCa's of a single seed, and Student's t, kept within 0 and 1, of several.
    """
    if len(gaps) == 1:
        return Interval(float(gaps.mean()), *mean_interval(gaps[0], strata=strata, seed=seed))
    found = crossed_interval(gaps, strata)
    value = found.value
    return Interval(value, min(value, max(found.low, 0.0)), max(value, min(found.high, 1.0)))


def pays_after(summary: pd.DataFrame) -> pd.Series:
    """From how many instances on training has paid for itself, for each solver that was trained.

    Each is compared with the fastest solver without training whose mean gap is as good: training and answering so
    many instances takes no longer than that one needs for them, by the mean times.

    Args:
        summary: As :func:`summarise_view` makes it.

    Returns:
        The number of instances; 0 if no solver without training is as good, infinite if the fastest of those is at
        least as fast. NaN for solvers without training or a gap, and for those that did not run on every instance.
    """
    complete = summary["ran"].eq(summary["total"]) & summary["gap"].notna()
    rivals = summary[complete & summary["training"].isna()]

    def needed(row: pd.Series) -> float:
        as_good = rivals.loc[rivals["gap"] <= row["gap"] + GAP_TOLERANCE, "seconds_mean"]
        if as_good.empty:
            return 0.0
        saved = float(as_good.min() - row["seconds_mean"])
        return float(np.ceil(row["training"] / saved)) if saved > 0 else np.inf

    learners = complete & summary["training"].notna()
    return pd.Series(
        {name: needed(row) for name, row in summary[learners].iterrows()}, index=summary.index, dtype=float
    )


_COUNTS = ("badge", "total", "ran", "skipped", "failed", "violated", *(f"failed_{name}" for name in FAILED))
_SOLVABLE = (
    *("feasible_share", "optimal_share", "bounded", "gap", "gap_low", "gap_high"),
    *("gap_iqm", "gap_iqm_low", "gap_iqm_high", "rde", "reward"),
    *(
        "seconds",
        "seconds_p95",
        "seconds_p99",
        "seconds_mean",
        "seconds_sgm",
        "memory",
        "policies",
        "training",
        "pays_after",
    ),
)
_REFUTED = (
    "right_share",
    "reward",
    "seconds",
    "seconds_p95",
    "seconds_p99",
    *(f"violation_{name}" for name in VIOLATIONS),
)


def _measured(rows: pd.DataFrame) -> pd.DataFrame:
    """What is averaged of the runs that were not skipped, a failed run counting as what its column says."""
    reward = rows["reward"].astype(float)
    place = places(rows)
    frame = pd.DataFrame(
        {
            "solver": rows["solver"],
            "scenario": rows["suite"].astype(str) + "/" + rows["scenario"].astype(str),
            "place": place,
            "status": rows["status"],
            "reference_status": rows["reference_status"],
            "answered": answered(rows),
            "optimal": rows["status"] == "optimal",
            "gap": instance_gaps(rows),
            "rde": rows["rde"].astype(float).where(answered(rows), 0.0),
            "reward": reward.fillna(reward.groupby(place).transform("min").fillna(0.0).clip(upper=0.0)),
            "rewarded": reward.notna(),
            "seconds": rows["solve_seconds"].astype(float),
            "memory": rows["peak_memory_bytes"].astype(float) if "peak_memory_bytes" in rows else np.nan,
            "policy": rows["policy"],
            "training": rows["fit_seconds"].astype(float),
        }
    )
    return frame[rows["status"] != "skipped"]


def _counts(rows: pd.DataFrame) -> pd.DataFrame:
    status = rows["status"].mask(answered(rows), "answered")
    table = pd.crosstab(rows["solver"], status)
    count = {name: table.get(name, 0) for name in ("skipped", "violated", *FAILED)}
    counts = pd.DataFrame(
        {"total": places(rows).nunique()}, index=pd.Index(rows["solver"].unique(), name="solver")
    )
    ran = rows["status"] != "skipped"
    counts = counts.assign(
        badge=_least_badge(rows),
        ran=places(rows)[ran].groupby(rows["solver"]).nunique().reindex(counts.index, fill_value=0),
        skipped=count["skipped"],
        failed=sum(count[name] for name in FAILED),
        violated=count["violated"],
        **{f"failed_{name}": count[name] for name in FAILED},
    )
    return counts[list(_COUNTS)]


def _least_badge(rows: pd.DataFrame) -> pd.Series | str:
    """How far all runs of a solver were checked; empty where the rows do not say."""
    if "badge" not in rows:
        return ""
    least = (
        rows["badge"].map({badge: rank for rank, badge in enumerate(BADGES)}).groupby(rows["solver"]).min()
    )
    return least.map(dict(enumerate(BADGES))).fillna("")


def _gaps(ran: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Means of the gaps with their intervals; equal sets of instances get equal draws, whoever the solver is."""
    bounded = ran[ran["gap"].notna()].sort_values(["scenario", "place"], kind="stable")
    found = {}
    for solver, own in bounded.groupby("solver", sort=False):
        strata = own.groupby("place", sort=False)["scenario"].first().to_numpy()
        gaps = gap_table(own)
        robust = bootstrap(gaps, strata, trimmed_mean, seed=seed)
        around = gap_interval(gaps, strata, seed=seed)
        found[solver] = (
            len(strata),
            *(around.value, around.low, around.high),
            *(robust.value, robust.low, robust.high),
        )
    columns = ["bounded", "gap", "gap_low", "gap_high", "gap_iqm", "gap_iqm_low", "gap_iqm_high"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


def _times(ran: pd.DataFrame) -> pd.DataFrame:
    solvers = ran.groupby("solver", sort=False)
    seconds = solvers["seconds"]
    return pd.DataFrame(
        {
            "seconds": seconds.agg(_median),
            "seconds_p95": seconds.quantile(0.95),
            "seconds_p99": seconds.quantile(0.99),
            "seconds_mean": seconds.mean(),
            "seconds_sgm": seconds.agg(lambda times: shifted_geometric_mean(times.dropna(), SHIFT_S)),
            "memory": solvers["memory"].agg(_median),
        }
    )


def _median(values: pd.Series) -> float:
    """The median of the numbers; infinite ones (a user without any rate exceeds a limit so) sort last, or first."""
    known = np.sort(values.dropna().to_numpy(dtype=float))
    if not known.size:
        return np.nan
    low, high = known[(known.size - 1) // 2], known[known.size // 2]
    return float(low if low == high else (low + high) / 2)


def _training(ran: pd.DataFrame) -> pd.DataFrame:
    """A policy that answers many instances was trained once."""
    trained = ran.dropna(subset=["policy", "training"]).groupby(["solver", "policy"])["training"].first()
    return trained.groupby("solver").agg(policies="count", training="sum")


def _by_scenario(
    rows: pd.DataFrame, summarised: Callable[[pd.DataFrame], pd.DataFrame], columns: tuple[str, ...]
) -> pd.DataFrame:
    parts = []
    for suite, scenario, part in _parts(rows):
        summary = summarised(part)
        summary.insert(0, "suite", suite)
        summary.insert(1, "scenario", scenario)
        parts += [summary] if len(summary) else []
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["suite", "scenario", "solver", *columns])
    )


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each suite as a whole, then each of their scenarios."""
    for suite, part in rows.groupby("suite", sort=False):
        yield str(suite), ALL, part
    for (suite, scenario), part in rows.groupby(["suite", "scenario"], sort=False):
        yield str(suite), str(scenario), part
