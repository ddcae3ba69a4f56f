"""By how much one strategy earns more than another: the mean difference over episodes and seeds, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...leaderboard.stats import crossed_difference, probability_of_improvement

_SAME = 1e-9
"""Rewards that differ by less, relative to their size, differ by rounding."""


@dataclass(frozen=True)
class Margin:
    """What one strategy earns more than another.

    Attributes:
        mean: Difference of the mean rewards.
        low: Lower end of its 95 % interval, NaN where there is none.
        high: Upper end.
        probability: That a random run of the one earns more on a random episode than one of the other, a tie counting
            half; None where rewards by episode are not kept.
    """

    mean: float
    low: float
    high: float
    probability: float | None

    @property
    def sign(self) -> int:
        """1 if the one clearly earns more, -1 if the other does, 0 if the interval holds zero or there is none."""
        return int(self.low > 0) - int(self.high < 0)


def margin(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Margin:
    """The difference of two strategies of one reading.

    With rewards by episode it is paired: both have met the same episodes. Trainings and episodes are crossed, since a
    training answers every episode, so their variances add up, and Student's t takes care of how few trainings there
    are, for which a bootstrap is too narrow. Without rewards the two intervals of the means are joined as if they
    were independent, which is too wide.

    Args:
        ours: Summary of a strategy, with ``mean``, ``low``, ``high`` and perhaps ``rewards``: one for each episode, or
            a list of those for each training seed.
        theirs: The same of another.
    """
    difference = float(ours["mean"] - theirs["mean"])
    if ours.get("rewards") is not None and theirs.get("rewards") is not None:
        one, other = seeds_by_episodes(ours["rewards"]), seeds_by_episodes(theirs["rewards"])
        if one.shape[1] == other.shape[1]:
            tolerance = _SAME * (1 + float(np.abs(one).max()))
            found = crossed_difference(one, other)
            half = (found.high - found.low) / 2
            half = 0.0 if half <= tolerance else half
            if half == 0.0 and abs(difference) < tolerance:
                difference = 0.0
            # Scores of the leaderboard are losses, so rewards change their sign.
            better = probability_of_improvement(-one, -other, tolerance)
            return Margin(difference, difference - half, difference + half, better)
    one_half, other_half = (
        (s["high"] - s["low"]) / 2 if _has_interval(s) else np.nan for s in (ours, theirs)
    )
    half = float(np.hypot(one_half, other_half))
    return Margin(difference, difference - half, difference + half, None)


def seeds_by_episodes(rewards: Any) -> NDArray[np.float64]:
    """Rewards of a summary as a matrix ``[seeds, episodes]``; a strategy without training has one row."""
    return np.atleast_2d(np.asarray(rewards, dtype=float))


def _has_interval(summary: Mapping[str, Any]) -> bool:
    return summary.get("low") is not None and summary.get("high") is not None
