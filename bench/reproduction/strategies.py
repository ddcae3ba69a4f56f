"""The strategies of the paper's Fig. 5, with what it leaves open about them as options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ...problems import RDEProblem
from ...problems.action import shares as softmax_shares
from ...problems.rde import FloatArray, IntArray
from ...solvers.average import Average
from ...solvers.base import Solver
from ...solvers.heuristic_rde import HeuristicRDE
from ...solvers.random_allocation import RandomAllocation
from ...solvers.select_then_share import PowerShare

POWER_SHARES: Mapping[str, PowerShare] = {"main": "remaining", "literal": "budget"}
"""Which power the strategies share out, by preset."""

Rule = Literal["dirichlet", "uniform", "action", "equal"]


class RandomByRule(RandomAllocation):
    """Random SCMs and shares, with the way of drawing shares as an option.

    Args:
        power_share: As in :class:`~rdebench.solvers.select_then_share.SelectThenShare`.
        rule: ``dirichlet`` draws all ways to share alike, as the solver ``random``; ``uniform`` divides uniform
            numbers by their sum; ``action`` is what uniform actions of ``rdebench/RDE-v0`` do; ``equal`` draws none.
    """

    def __init__(self, power_share: PowerShare = "remaining", rule: Rule = "dirichlet") -> None:
        super().__init__(power_share)
        self.rule = rule

    def shares(self, users: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Shares of power and of bandwidth, each ``[M]`` with sum 1."""
        if self.rule == "dirichlet":
            return super().shares(users, rng)
        if self.rule == "equal":
            return np.full(users, 1.0 / users), np.full(users, 1.0 / users)
        drawn = rng.random((2, users))
        power, bandwidth = (
            softmax_shares(2.0 * drawn - 1.0)
            if self.rule == "action"
            else drawn / drawn.sum(axis=1, keepdims=True)
        )
        return power, bandwidth


class HeuristicByComparison(HeuristicRDE):
    """The heuristic, with what it compares apart from what it shares.

    Args:
        power_share: What is shared out.
        compares: Power at which a user compares models: its part of the budget, less the model's own
            (``remaining``) or not (``budget``); None for that of ``power_share``.
    """

    def __init__(self, power_share: PowerShare = "remaining", compares: PowerShare | None = None) -> None:
        super().__init__(power_share)
        self.compares = compares

    def select(self, problem: RDEProblem, rng: np.random.Generator) -> IntArray:
        """Each user's best SCM by its own rate-distortion efficiency."""
        if self.compares is None:
            return super().select(problem, rng)
        return HeuristicRDE(self.compares).select(problem, rng)


def baselines(preset: str, options: Mapping[str, Mapping[str, Any]]) -> dict[str, Solver]:
    """The strategies (b), (c) and (d) of the paper, by their names.

    Args:
        preset: Key of :data:`POWER_SHARES`.
        options: Other arguments, by the name of the strategy.
    """
    classes = {"average": Average, "random": RandomByRule, "heuristic-rde": HeuristicByComparison}
    own = {"power_share": POWER_SHARES[preset]}
    return {name: make(**(own | dict(options.get(name, {})))) for name, make in classes.items()}
