"""What the page calls readings and strategies of the paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .wording import MINUS, NONE

STRATEGIES = {
    "ppo-paper": "PPO as in the paper",
    "average": "average",
    "random": "random",
    "heuristic-rde": "heuristic-RDE",
    "ppo": "PPO tuned",
    "ppo-transferred": "PPO trained on the base",
    "optimum": "RDE optimum",
    "best-reward-known": "best reward known",
}
"""In the order of the figures; names that are not here follow as they are."""


def reading_name(reading: Mapping[str, Any]) -> str:
    """A reading in a few words: its base, and what differs from it."""
    base = f"{reading['base']} base"
    return base if reading.get("decision") is None else f"{base}, {reading['option']}"


def strategy_name(name: str) -> str:
    """A strategy as the page calls it."""
    return STRATEGIES.get(name, name)


def computed(strategies: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """The strategies of a reading that have a mean reward, in the order of :data:`STRATEGIES`."""
    found = {
        name: one
        for name, one in (strategies or {}).items()
        if one is not None and one.get("mean") is not None
    }
    order = [*(name for name in STRATEGIES if name in found), *(n for n in found if n not in STRATEGIES)]
    return {name: found[name] for name in order}


def figure(value: float) -> str:
    """A reward or a margin, in three significant digits."""
    if not math.isfinite(value):
        return NONE
    if abs(value) < 5e-7:
        return "0"
    text = f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
    return text.replace("-", MINUS)
