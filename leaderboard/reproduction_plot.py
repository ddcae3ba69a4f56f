"""The data of the figures that stand beside the paper's Fig. 4, 5 and 6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from .reproduction_names import STRATEGIES, computed, reading_name, strategy_name

MOST_POINTS = 75
"""Points of a convergence curve; neighbouring roll-outs are averaged."""


def plot(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the page draws of a reproduction, JSON-ready and lean.

    Args:
        document: What ``rdebench reproduce`` writes; every part may be missing.

    Returns:
        ``names``, (key, name) of each strategy in the order of the figures; ``printed``, (mean, standard deviation) by
        strategy; ``readings``, each with ``key``, ``title``, ``base``, ``label`` (in the list of its base), ``bars``
        (by strategy: mean, standard deviation, share of feasible answers) and ``episodes`` (by strategy, which of
        ``series``; empty where rewards are not kept); ``series``, lists of the rewards of all episodes, of several
        trainings the mean; and ``convergence``, see :func:`convergence`.
    """
    readings = [one for one in document.get("readings") or [] if computed(one.get("strategies"))]
    printed = (document.get("printed") or {}).get("fig5") or {}
    names = [name for one in readings for name in computed(one["strategies"])]
    # Strategies that decide the same, and readings that pay the same, share their rewards.
    series: dict[tuple[float | None, ...], int] = {}
    return {
        "names": [
            [name, strategy_name(name)] for name in sorted(dict.fromkeys([*printed, *names]), key=_place)
        ],
        "printed": {name: [float(mean), float(spread)] for name, (mean, spread) in printed.items()},
        "readings": [
            {
                "key": one["key"],
                "title": reading_name(one),
                "base": str(one["base"]),
                "label": _label(one),
                "bars": {
                    name: [_rounded(strategy.get(key)) for key in ("mean", "sd", "feasible")]
                    for name, strategy in computed(one["strategies"]).items()
                },
                "episodes": {
                    name: series.setdefault(_episodes(strategy["rewards"]), len(series))
                    for name, strategy in computed(one["strategies"]).items()
                    if strategy.get("rewards")
                },
            }
            for one in readings
        ],
        "series": [list(values) for values in series],
        "convergence": convergence(document.get("convergence") or [], readings),
    }


def convergence(
    curves: Sequence[Mapping[str, Any]], readings: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Mean reward over training, by reading and number of users.

    Args:
        curves: Mappings with ``base``, ``reading`` (of (12)), ``users``, ``rewards`` (by seed and roll-out) and
            ``steps_per_rollout``.
        readings: Where the levels of the other strategies come from.

    Returns:
        A panel for each reading: ``title``; ``lines``, each with ``users``, ``seeds`` and ``points`` (steps, mean over
        seeds, and its 95 % interval by Student's t, None of one seed); ``levels``, mean rewards of other strategies,
        and ``users``, how many users they are of.
    """
    panels: dict[str, dict[str, Any]] = {}
    bases = {one["base"]: one for one in reversed(readings) if one.get("decision") is None}
    keys = {one["key"]: one for one in readings}
    for curve in curves:
        if not curve.get("rewards"):
            continue
        reading = keys.get(f"{curve['base']}-reward-{curve['reading']}") or bases.get(curve["base"])
        title = f"{curve['base']} base, (12) read as {curve['reading']}"
        panel = panels.setdefault(title, {"title": title, "lines": [], "levels": {}, "users": None})
        points = mean_curve(curve["rewards"], curve["steps_per_rollout"])
        panel["lines"].append({"users": curve["users"], "seeds": len(curve["rewards"]), "points": points})
        if reading is not None and reading.get("users") == curve["users"]:
            panel["users"] = curve["users"]
            panel["levels"] = {
                name: _rounded(one["mean"])
                for name, one in computed(reading["strategies"]).items()
                if not name.startswith("ppo-")
            }
    for panel in panels.values():
        panel["lines"].sort(key=lambda line: line["users"])
    return list(panels.values())


def mean_curve(rewards: ArrayLike, steps: int) -> list[list[float | None]]:
    """Mean over seeds with its interval, in at most :data:`MOST_POINTS` points (steps, mean, low, high).

    Args:
        rewards: Shape ``[seeds, roll-outs]``.
        steps: Decisions in a roll-out.
    """
    matrix = np.asarray(rewards, dtype=float)
    size = -(-matrix.shape[1] // MOST_POINTS)
    points: list[list[float | None]] = []
    for start in range(0, matrix.shape[1], size):
        block = matrix[:, start : start + size]
        seeds = block.mean(axis=1)
        half = np.nan
        if seeds.size > 1:
            half = float(stats.t.ppf(0.975, seeds.size - 1) * seeds.std(ddof=1) / np.sqrt(seeds.size))
        mean = float(seeds.mean())
        ends = [_rounded(mean - half), _rounded(mean + half)]
        points.append([float((start + block.shape[1]) * steps), _rounded(mean), *ends])
    return points


def _episodes(rewards: ArrayLike) -> tuple[float | None, ...]:
    """Reward of each episode, the mean over training seeds where there are several."""
    matrix = np.atleast_2d(np.asarray(rewards, dtype=float))
    return tuple(_rounded(float(reward)) for reward in matrix.mean(axis=0))


def _label(reading: Mapping[str, Any]) -> str:
    """A reading among those of its base."""
    if reading.get("decision") is None:
        return f"the base itself: {reading['title']}"
    return f"{reading['option']} ({reading['title']})"


def _place(name: str) -> int:
    return list(STRATEGIES).index(name) if name in STRATEGIES else len(STRATEGIES)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{value:.4g}")
