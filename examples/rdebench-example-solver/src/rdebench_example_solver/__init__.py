"""A solver for rdebench, found by its entry point."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rdebench.problems import RDEProblem
from rdebench.solvers import Budget, Solution, Solver
from rdebench.solvers.allocation import FEASIBLE, InnerSolver, equal_shares

__all__ = ["Frugal"]


class Frugal(Solver):
    """The model that computes with the least power for each user, power and bandwidth exact."""

    name: ClassVar[str] = "frugal"

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Choose, then share."""
        scm = problem.scm_power.argmin(axis=1)
        found = InnerSolver(problem).allocate(scm[None])
        budget.spend()
        if found.status[0] != FEASIBLE:
            return Solution(scm, *equal_shares(problem, scm))
        return Solution(scm, found.allocation.power[0], found.allocation.bandwidth[0])
