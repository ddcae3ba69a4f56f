"""What each ranking hangs on: every reading against the base from which it differs in one decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

from .margins import margin

STRATEGIES = ("ppo-paper", "average", "random", "heuristic-rde")
"""Those of the paper's Fig. 5, in its order."""


def sensitivity(readings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How the ranking of the paper's strategies moves with each decision that the paper leaves open.

    Args:
        readings: Those of a reproduction, bases among them, with ``key``, ``base``, ``decision``, ``title``, ``option``
            and ``strategies``; ``against`` names the reading that one is a step away from, if that is not its base.

    Returns:
        One mapping for each reading with at least two of the strategies, in the order given: ``reading`` (its key),
        ``base``, ``decision``, ``title``, ``option``, ``against`` (None for a base); ``ranking``, names by mean reward,
        highest first; ``ties``, neighbours in it that cannot be told apart; ``swaps``, pairs
        ``{"above", "below", "clear"}`` that stand the other way round in what it is compared with, clear where both
        orders are; ``moves``, by how much the mean reward of each strategy changed. A base has no swaps and no moves.
    """
    keys = {one["key"]: one for one in readings}
    bases = {one["base"]: one for one in reversed(readings) if one.get("decision") is None}
    rows = []
    for reading in readings:
        is_base = reading.get("decision") is None
        other = None if is_base else keys.get(reading.get("against")) or bases.get(reading["base"])
        here, there = reading["strategies"], {} if other is None else other["strategies"]
        ranking = _ranked(here)
        common = [name for name in ranking if name in there]
        if len(ranking) < 2:
            continue
        rows.append(
            {
                "reading": reading["key"],
                "base": reading["base"],
                "decision": reading.get("decision"),
                "title": reading["title"],
                "option": reading["option"],
                "against": None if other is None else other["key"],
                "ranking": ranking,
                "ties": [
                    [one, next_]
                    for one, next_ in pairwise(ranking)
                    if margin(here[one], here[next_]).sign == 0
                ],
                "swaps": _swaps(common, here, there),
                "moves": {name: here[name]["mean"] - there[name]["mean"] for name in common},
            }
        )
    return rows


def _ranked(strategies: Mapping[str, Any]) -> list[str]:
    """The paper's strategies by mean reward, highest first."""
    return sorted(
        (name for name in STRATEGIES if name in strategies), key=lambda name: -strategies[name]["mean"]
    )


def _swaps(ranking: Sequence[str], here: Mapping[str, Any], there: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pairs in the order of this ranking that the other reading has the other way round."""
    swaps = []
    for above, below in combinations(ranking, 2):
        if there[above]["mean"] < there[below]["mean"]:
            clear = (
                margin(here[above], here[below]).sign == 1 and margin(there[below], there[above]).sign == 1
            )
            swaps.append({"above": above, "below": below, "clear": clear})
    return swaps
