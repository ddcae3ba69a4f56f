"""Exhaustive search over SCM assignments with the exact inner allocation."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from ..problems import RDEProblem
from .allocation import UNBOUNDED, InnerSolver, equal_shares
from .base import Budget, Solution, Solver
from .enumeration import Enumeration
from .incumbent import report

_BATCH = 16_384


class Exhaustive(Solver):
    """Every SCM assignment, each with its exact allocation: the optimum on small cases.

    All S^M assignments, or one for each count of SCMs where users are identical. Proves infeasibility and
    unboundedness too. Cut short by a budget it returns the best found so far, or an equal split, without a bound.

    Args:
        limit: Largest number of assignments it takes on.
    """

    name: ClassVar[str] = "exhaustive"
    family: ClassVar[str] = "exact"
    exact: ClassVar[bool] = True

    def __init__(self, limit: int = 1_000_000) -> None:
        self.limit = limit

    def supports(self, problem: RDEProblem) -> str | None:
        """Refuses more assignments than ``limit``."""
        size = Enumeration(problem).size
        if size > self.limit:
            count = f"{size:,}" if size < 10**12 else f"more than 10^{int(math.log10(size))}"
            return f"exhaustive tries at most {self.limit:,} assignments; this instance has {count}"
        return super().supports(problem)

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Try every assignment; ties go to the first."""
        inner, best, best_rde, complete = InnerSolver(problem), None, -np.inf, True
        for batch in Enumeration(problem).batches(_BATCH):
            if budget.exhausted:
                complete = False
                break
            scm = batch[: int(min(len(batch), budget.remaining))]
            complete = len(scm) == len(batch)
            values = inner.values(scm)
            budget.spend(len(scm))
            if values.max() > best_rde:
                best, best_rde = scm[values.argmax()], float(values.max())
                report(budget, inner, best)
        if best is None and complete:
            return Solution(None, None, None, status="infeasible")
        if best is None:
            first = np.zeros(problem.users, dtype=np.int64)
            return Solution(first, *equal_shares(problem, first))
        found = inner.allocate(best[None])
        if found.status[0] == UNBOUNDED:
            return Solution(None, None, None, status="unbounded")
        allocation = found.allocation
        bound = best_rde if complete else None
        return Solution(allocation.scm[0], allocation.power[0], allocation.bandwidth[0], bound=bound)
