"""Comparisons of the solvers of a view, instance by instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .aggregates import REFUTED, gap_table, instance_gaps, places
from .stats import (
    GAP_TOLERANCE,
    LEVEL,
    FloatArray,
    Interval,
    crossed_difference,
    exchange_p_value,
    improvement_interval,
    paired,
)

MOST_COMPARED = 12
"""So many solvers, the best ones, are compared with each other."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Gaps of the solvers that ran on every instance with a bound, best mean first.

    Attributes:
        gaps: For each solver ``[seeds, n]``, the instances in the same order.
        strata: Scenario of each instance, shape ``[n]``.
    """

    gaps: Mapping[str, FloatArray]
    strata: NDArray[np.str_]

    def difference(self, ours: str, theirs: str) -> Interval:
        """Mean gap of one solver minus that of another, with its paired 95 % interval.

        By the bootstrap over instances; where a solver has several seeds, by Student's t over seeds and instances.
        """
        one, other = self.gaps[ours], self.gaps[theirs]
        if len(one) == len(other) == 1:
            return paired(one, other, self.strata)
        return crossed_difference(one, other, self.strata)

    def settled(self, ours: str, theirs: str) -> bool:
        """Whether it is clear which of two solvers has the smaller mean gap.

        The interval of their difference must leave nought out, and so large a difference must be no chance by the
        permutation test, because the interval alone is too narrow where instances are few.
        """
        lead = self.difference(ours, theirs)
        if lead.low <= GAP_TOLERANCE and lead.high >= -GAP_TOLERANCE:
            return False
        p_value = exchange_p_value(self.gaps[ours], self.gaps[theirs], tolerance=GAP_TOLERANCE)
        return bool(np.isfinite(lead.low)) and p_value <= 1 - LEVEL


def scores(rows: pd.DataFrame) -> Scores:
    """The scores of a view.

    Args:
        rows: The result rows of the view.
    """
    frame = pd.DataFrame(
        {
            "solver": rows["solver"],
            "scenario": rows["suite"].astype(str) + "/" + rows["scenario"].astype(str),
            "place": places(rows),
            "gap": instance_gaps(rows),
        }
    )
    frame = frame[frame["gap"].notna() & ~rows["reference_status"].isin(REFUTED)]
    frame = frame.sort_values(["scenario", "place"], kind="stable")
    instances = frame.drop_duplicates("place")
    if frame.duplicated(["solver", "place"]).any():
        gaps = {
            str(solver): gap_table(own)
            for solver, own in frame.groupby("solver", sort=False)
            if own["place"].nunique() == len(instances)
        }
    else:
        table = frame.pivot(index="solver", columns="place", values="gap").dropna()
        gaps = {
            str(solver): own[None, :]
            for solver, own in zip(table.index, table[instances["place"]].to_numpy(), strict=True)
        }
    ordered = sorted(gaps, key=lambda solver: float(gaps[solver].mean()))
    return Scores({solver: gaps[solver] for solver in ordered}, instances["scenario"].to_numpy(dtype=str))


def improvement(found: Scores) -> dict[str, Any] | None:
    """How probable it is that one solver's answer is better than another's, for each two of the best solvers.

    Args:
        found: The scores of the view.

    Returns:
        ``solvers``, best first, at most :data:`MOST_COMPARED`; ``probability``, ``low`` and ``high``, a list for each
        of them with an entry for each other: the probability that on a random instance the one has the smaller gap,
        gaps that differ by at most :data:`~.stats.GAP_TOLERANCE` counting half, and its 95 % interval by
        :func:`~.stats.improvement_interval`. An entry that does not exist is None. None if there are not two solvers
        to compare.
    """
    solvers = list(found.gaps)[:MOST_COMPARED]
    if len(solvers) < 2:
        return None
    tables = np.full((3, len(solvers), len(solvers)), np.nan)
    for i, one in enumerate(solvers):
        for j, other in list(enumerate(solvers))[i + 1 :]:
            odds = improvement_interval(found.gaps[one], found.gaps[other], tolerance=GAP_TOLERANCE)
            tables[:, i, j] = odds.value, odds.low, odds.high
            tables[:, j, i] = 1 - odds.value, 1 - odds.high, 1 - odds.low
    probability, low, high = (
        [[None if np.isnan(share) else round(float(share), 3) for share in line] for line in table]
        for table in tables
    )
    return {"solvers": solvers, "probability": probability, "low": low, "high": high}
