"""What the paper's baselines have in common: choose an SCM for each user, then share power and bandwidth."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import numpy as np

from ..problems import Allocation, RDEProblem
from ..problems.rde import FloatArray, IntArray
from .allocation import FEASIBLE, InnerSolver
from .base import Budget, Solution, Solver

PowerShare = Literal["remaining", "budget"]


class SelectThenShare(Solver):
    """Chooses SCMs by :meth:`select` and shares by :meth:`shares`.

    Args:
        power_share: What is shared out: ``remaining`` is the power that the models leave over, ``budget`` the
            whole budget, which then breaks (7b) by the models' power (the literal reading of the paper).
    """

    def __init__(self, power_share: PowerShare = "remaining") -> None:
        self.power_share = power_share

    @abstractmethod
    def select(self, problem: RDEProblem, rng: np.random.Generator) -> IntArray:
        """An SCM for each user, shape ``[M]``."""

    def shares(self, users: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Shares of power and of bandwidth, each ``[M]`` with sum 1: equal parts."""
        return np.full(users, 1.0 / users), np.full(users, 1.0 / users)

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Select, then share; nothing is repaired."""
        scm = self.select(problem, rng)
        power_share, bandwidth_share = self.shares(problem.users, rng)
        budget.spend()
        return Solution(scm, *self._shared(problem, scm, power_share, bandwidth_share))

    def _shared(
        self, problem: RDEProblem, scm: IntArray, power_share: FloatArray, bandwidth_share: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        compute = (
            problem.scm_power[np.arange(problem.users), scm].sum() if self.power_share == "remaining" else 0.0
        )
        left = max(0.0, problem.power_budget - compute)
        spare = max(0.0, problem.bandwidth_budget - problem.users * problem.min_bandwidth)
        floor = (problem.bandwidth_budget - spare) / problem.users
        return power_share * left, floor + bandwidth_share * spare


class ExactSharing(SelectThenShare):
    """The same selection with the exact inner allocation: what sharing well is worth.

    A selection that no allocation makes feasible is answered by the plain shares, and so is violated.
    """

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Select, then allocate exactly."""
        scm = self.select(problem, rng)
        inner = InnerSolver(problem).allocate(scm[None])
        budget.spend()
        if inner.status[0] != FEASIBLE:
            shares = self.shares(problem.users, rng)
            return Solution(scm, *self._shared(problem, scm, *shares))
        allocation: Allocation = inner.allocation
        return Solution(scm, allocation.power[0], allocation.bandwidth[0])
