"""Curves of a view: how soon a gap is reached, how much slower than the fastest, the best answer so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .aggregates import REFUTED, answered, gap_interval, gap_table, instance_gaps, places
from .stats import GAP_TOLERANCE

TARGETS = (0.1, 0.01, 0.001, 1e-6)
"""Gaps to reach, for the curves of the time to a target."""

PROFILE_TARGET = 0.01
"""Gap of an answer that counts in a performance profile."""

POINTS = 32
"""Points of a curve: as many as keep the curves of 23 solvers within 12 kB."""

_SHORTEST_S = 1e-7
"""Shorter times are no times, and a logarithmic axis has no zero."""

_DIGITS = 3

Floats = NDArray[np.float64]


def curves(rows: pd.DataFrame) -> dict[str, Any]:
    """How the solvers of a view do over time.

    The runs are those on instances that have a bound and are not refuted; a skipped run is in no share and no
    mean. A run without a feasible answer never reaches a target, whatever it found on its way: its gap is 1
    throughout. An incumbent that is better than the answer returned in the end counts as that answer, and one
    reported after the measured time of its run as reported at its end, so that every curve ends at the gap of the
    answers. A solver that reports no incumbents has its answer when it returns; an answer of which no time is
    known never counts.

    Args:
        rows: The rows of one view; the columns ``trace_seconds`` and ``trace_rde`` may be missing.

    Returns:
        What JSON can hold: ``instances``, how many of the instances have a bound, ``unbounded``, how many have
        none, and the three figures, each with its grid and a list on it for each solver that skipped nothing:

        - ``runtime``: ``seconds``, and ``shares`` of the pairs of a run and one of :data:`TARGETS` in which the
          gap was reached until then;
        - ``profile`` (Dolan and Moré): ``ratios``, and ``shares`` of the runs that returned an answer within
          :data:`PROFILE_TARGET` in at most so many times the time of the fastest solver that did;
        - ``anytime``: ``seconds``, and ``gaps``: the mean gap of the best answer so far, 1 before the first.

        Grids are logarithmic, and empty where there is nothing to draw. Numbers have three significant digits.
    """
    solvable = rows[~rows["reference_status"].isin(REFUTED)]
    solvable = solvable[_complete(solvable)]
    gaps = instance_gaps(solvable)
    of = _Runs.read(solvable[gaps.notna()], gaps.dropna().to_numpy())
    bounded, instances = (places(some).nunique() for some in (solvable[gaps.notna()], solvable))
    found: dict[str, Any] = {"instances": int(bounded), "unbounded": int(instances - bounded)}
    seconds = _grid(of.event_seconds)
    return found | {
        "runtime": {"seconds": seconds.tolist(), "shares": of.runtime(seconds)},
        "profile": of.profile(),
        "anytime": {"seconds": seconds.tolist(), "gaps": of.anytime(seconds)},
    }


def _complete(rows: pd.DataFrame) -> pd.Series:
    """Rows of solvers that skipped nothing: a curve over the easy half of the instances would lie above all others."""
    skipped = rows.loc[rows["status"].eq("skipped"), "solver"].unique()
    return ~rows["solver"].isin(skipped)


def by_facet(rows: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """The mean gap of each solver for each value of a column, such as ``users``.

    Args:
        rows: The rows of one view.
        column: The column; numbers come in their order, words in that of the rows.

    Returns:
        One entry for each value and solver with a gap: ``value``, ``solver``, ``gap`` (mean, a violated or failed
        run counting as 1), ``low`` and ``high`` (95 % interval of the mean, None for a single instance), all as the
        table of just these rows has them, and ``n`` instances.
    """
    solvable = rows[~rows["reference_status"].isin(REFUTED)]
    found = []
    ordered = pd.api.types.is_numeric_dtype(solvable[column])
    runs = pd.DataFrame(
        {
            "value": solvable[column],
            "solver": solvable["solver"],
            "scenario": solvable["suite"].astype(str) + "/" + solvable["scenario"].astype(str),
            "place": places(solvable),
            "gap": instance_gaps(solvable),
        }
    ).dropna(subset=["gap"])
    for (value, solver), some in runs.groupby(["value", "solver"], sort=False):
        own = some.sort_values(["scenario", "place"], kind="stable")
        gaps = gap_table(own)
        mean = gap_interval(gaps, own.drop_duplicates("place")["scenario"].to_numpy())
        ends = {
            name: _rounded(end) if math.isfinite(end) else None
            for name, end in (("low", mean.low), ("high", mean.high))
        }
        found.append(
            {"value": value, "solver": solver, "gap": _rounded(mean.value), **ends, "n": gaps.shape[1]}
        )
    return sorted(found, key=lambda entry: entry["value"]) if ordered else found


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs with a gap, and the events in which their gap fell.

    Attributes:
        solvers: Names.
        solver: Which of them each run is of, ``[R]``.
        instance: Number of the instance of each run, ``[R]``.
        seconds: When each run returned its answer, infinite without one, ``[R]``.
        gap: Gap of each run, ``[R]``.
        run: Run of each event, never falling, ``[E]``.
        event_seconds: When it was, never falling within a run, ``[E]``.
        event_gap: Gap of the best answer from then on, never rising within a run, ``[E]``.
    """

    solvers: list[str]
    solver: NDArray[np.intp]
    instance: NDArray[np.intp]
    seconds: Floats
    gap: Floats
    run: NDArray[np.intp]
    event_seconds: Floats
    event_gap: Floats

    @classmethod
    def read(cls, rows: pd.DataFrame, gap: Floats) -> _Runs:
        solved = answered(rows)
        traces = _traces(rows, solved)
        took = rows["solve_seconds"].astype(float).to_numpy()
        # Where the time of the run is not known, that of its last incumbent is all that is.
        took = np.where(np.isnan(took), [times[-1] if times.size else np.inf for times, _ in traces], took)
        seconds = np.where(solved, np.maximum(took, _SHORTEST_S), np.inf)
        bound = rows["bound"].astype(float).to_numpy()
        finite = np.flatnonzero(np.isfinite(seconds))
        counts = np.array([traces[n][0].size for n in finite], dtype=np.intp)
        traced = np.repeat(finite, counts)
        empty = np.empty(0)
        reported = np.concatenate([empty, *(traces[n][0] for n in finite)])
        with np.errstate(divide="ignore", invalid="ignore"):
            below = 1.0 - np.concatenate([empty, *(traces[n][1] for n in finite)]) / bound[traced]
        below = np.clip(np.nan_to_num(below), gap[traced], 1.0)
        run = np.concatenate([traced, finite])
        order = np.argsort(run, kind="stable")  # the answer of a run comes after its incumbents
        times = np.concatenate([np.clip(reported, _SHORTEST_S, seconds[traced]), seconds[finite]])
        solver, names = pd.factorize(rows["solver"])
        return cls(
            [str(name) for name in names],
            solver,
            pd.factorize(places(rows))[0],
            seconds,
            gap,
            run[order],
            times[order],
            np.concatenate([below, gap[finite]])[order],
        )

    def runtime(self, grid: Floats) -> dict[str, list[float]]:
        """Shares of the pairs of run and target that were reached, for each solver."""
        reached = np.full((len(TARGETS), self.gap.size), np.inf)
        for first, target in zip(reached, TARGETS, strict=True):
            there = self.event_gap <= target
            np.minimum.at(first, self.run[there], self.event_seconds[there])
        pairs = np.isfinite(reached)
        solver = np.broadcast_to(self.solver, reached.shape)[pairs]
        return self._lists(self._reached(solver, reached[pairs], grid) / (len(TARGETS) * self._runs()))

    def profile(self) -> dict[str, Any]:
        """Shares of the runs that were within so many times the fastest, for each solver."""
        seconds = np.where(self.gap <= PROFILE_TARGET, self.seconds, np.inf)
        fastest = np.full(self.instance.max(initial=-1) + 1, np.inf)
        np.minimum.at(fastest, self.instance, seconds)
        solved = np.isfinite(seconds)
        ratios = seconds[solved] / fastest[self.instance[solved]]
        grid = _grid(ratios)
        return {
            "ratios": grid.tolist(),
            "shares": self._lists(self._reached(self.solver[solved], ratios, grid) / self._runs()),
        }

    def anytime(self, grid: Floats) -> dict[str, list[float]]:
        """Mean gap of the best answers so far, for each solver."""
        first = np.diff(self.run, prepend=-1) > 0
        before = np.where(first, 1.0, np.roll(self.event_gap, 1))
        fell = self._reached(self.solver[self.run], self.event_seconds, grid, before - self.event_gap)
        return self._lists(1.0 - fell / self._runs())

    def _runs(self) -> Floats:
        """How many runs each solver has, as a column."""
        return np.bincount(self.solver, minlength=len(self.solvers)).astype(float)[:, None]

    def _reached(
        self, solver: NDArray[np.intp], values: Floats, grid: Floats, weights: Floats | None = None
    ) -> Floats:
        """For each solver and point of a grid the number (or weight) of the values up to it, ``[solvers, points]``."""
        shape = (len(self.solvers), grid.size)
        cell = np.searchsorted(grid, values).clip(max=grid.size - 1) + solver * grid.size
        counts = np.bincount(cell, weights, minlength=math.prod(shape))
        return np.asarray(counts.reshape(shape).cumsum(axis=1), dtype=np.float64)

    def _lists(self, values: Floats) -> dict[str, list[float]]:
        """Each solver's values as short numbers: what is as good as none is 0, and whole numbers have no point."""
        kept = np.where(values <= GAP_TOLERANCE, 0.0, values.clip(max=1.0))
        short = [[int(value) if value in (0.0, 1.0) else _rounded(value) for value in line] for line in kept]
        return dict(zip(self.solvers, short, strict=True))


def _traces(rows: pd.DataFrame, solved: pd.Series) -> list[tuple[Floats, Floats]]:
    """Times and RDE of the incumbents of each row that has an answer."""
    nothing = (np.empty(0), np.empty(0))
    if not {"trace_seconds", "trace_rde"} <= set(rows.columns):
        return [nothing] * len(rows)
    return [
        (np.asarray(seconds, dtype=np.float64), np.asarray(rde, dtype=np.float64))
        if there and isinstance(seconds, list | np.ndarray) and isinstance(rde, list | np.ndarray)
        else nothing
        for seconds, rde, there in zip(rows["trace_seconds"], rows["trace_rde"], solved, strict=True)
    ]


def _grid(values: Floats) -> Floats:
    """At most :data:`POINTS` points in geometric steps, from just under the smallest value to just over the largest."""
    if not values.size:
        return np.empty(0)
    low, high = (_outward(value, to) for value, to in ((values.min(), math.floor), (values.max(), math.ceil)))
    return np.unique([_rounded(value) for value in np.geomspace(low, high, POINTS)])


def _outward(value: float, to: Callable[[float], int]) -> float:
    """Three significant digits, rounded down or up."""
    size = 10.0 ** (math.floor(math.log10(value)) - _DIGITS + 1)
    return float(to(value / size) * size)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
