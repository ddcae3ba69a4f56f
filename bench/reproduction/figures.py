"""Mean, spread and interval of what a strategy earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...leaderboard.stats import Interval, crossed_interval
from ...problems.rde import FloatArray
from .episodes import Scored

DIGITS = 6
"""Significant digits of numbers in the document; of single rewards two less."""


def of_strategy(scored: Scored, *, keep: bool) -> dict[str, Any]:
    """What is stated of one strategy.

    Args:
        scored: Its answers to N episodes.
        keep: Whether the single rewards are kept.
    """
    earned = scored.rewards[np.isfinite(scored.rewards)]
    gaps = scored.gaps[np.isfinite(scored.gaps)]
    found = _figures(
        scored.rewards[None],
        scored.feasible.mean(),
        gaps,
        crossed_interval(earned[None]),
        crossed_interval(gaps[None]),
    )
    return found | ({"rewards": rounded(scored.rewards, DIGITS - 2)} if keep else {})


def of_policies(scored: Sequence[Scored], seeds: Sequence[int], *, keep: bool) -> dict[str, Any]:
    """The same of a learner with several policies, all of which answer the same episodes.

    The interval is that over seeds and episodes together, by Student's t.
    """
    rewards = np.stack([one.rewards for one in scored])
    feasible = float(np.mean([one.feasible.mean() for one in scored]))
    gaps = np.stack([one.gaps for one in scored])
    gaps = gaps[:, np.isfinite(gaps).all(axis=0)]
    found = _figures(rewards, feasible, gaps, crossed_interval(rewards), crossed_interval(gaps))
    found |= {"seeds": list(seeds), "seed_means": rounded(rewards.mean(axis=1), DIGITS)}
    return found | ({"rewards": [rounded(one, DIGITS - 2) for one in rewards]} if keep else {})


def rounded(values: FloatArray, digits: int) -> list[float | None]:
    """Numbers as JSON has them; None for what is no number."""
    return [number(float(value), digits) for value in values]


def number(value: float, digits: int = DIGITS) -> float | None:
    """A number with so many significant digits, or None."""
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


def _figures(
    rewards: FloatArray,
    feasible: float,
    gaps: FloatArray,
    interval: Interval,
    of_gap: Interval,
) -> dict[str, Any]:
    """Figures of rewards ``[A, N]``; their deviation is that over the episodes of one policy."""
    earned = rewards[:, np.isfinite(rewards).all(axis=0)]
    spread = np.sqrt(earned.var(axis=1, ddof=1).mean()) if earned.shape[1] > 1 else np.nan
    return {
        "n": int(earned.shape[1]),
        "mean": number(float(earned.mean())) if earned.size else None,
        "sd": number(float(spread)),
        "low": number(interval.low),
        "high": number(interval.high),
        "feasible": number(float(feasible)),
        "gap": number(float(gaps.mean())) if gaps.size else None,
        "gap_low": number(max(of_gap.low, 0.0)),
        "gap_high": number(min(of_gap.high, 1.0)),
    }
