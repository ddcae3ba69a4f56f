"""The best assignment that a search has seen, each tried with its exact allocation, within a budget."""

from __future__ import annotations

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import FloatArray, IntArray
from .allocation import FEASIBLE, UNBOUNDED, InnerSolver, equal_shares
from .base import Budget, Solution


class Allowance:
    """What a search may still spend: the budget, or a number of its own where the budget sets no limit.

    Args:
        budget: The budget; everything spent is counted there.
        evaluations: Evaluations under a budget that limits neither evaluations nor seconds; searches that end by
            themselves need no such limit.
    """

    def __init__(self, budget: Budget, evaluations: float = np.inf) -> None:
        self.budget = budget
        unlimited = budget.evaluations is None and budget.seconds is None
        self._most = budget.used + evaluations if unlimited else np.inf

    @property
    def remaining(self) -> float:
        """Evaluations left; infinite under a budget of seconds alone."""
        return max(min(self.budget.remaining, self._most - self.budget.used), 0)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left."""
        return self.budget.exhausted or self.remaining == 0

    def spend(self, evaluations: int = 1) -> None:
        """Count evaluations in the budget."""
        self.budget.spend(evaluations)


class Incumbent:
    """Tries assignments with their exact allocations, remembers the best and reports it.

    Args:
        inner: The problem.
        allowance: What may be spent; every assignment tried is one evaluation.
        reported: RDE of what was reported before; only what is better is reported.

    Attributes:
        scm: The best feasible assignment so far, ``[M]``, or None.
        rde: Its RDE; -inf without one.
    """

    def __init__(self, inner: InnerSolver, allowance: Allowance, reported: float = -np.inf) -> None:
        self.inner = inner
        self.allowance = allowance
        self._reported = reported
        self.scm: IntArray | None = None
        self.rde = -np.inf

    def values(self, scm: IntArray) -> FloatArray:
        """Optimal RDE of assignments ``[N, M]``, -inf if infeasible; only the first ones if the allowance ends."""
        scm = scm[: int(min(len(scm), self.allowance.remaining))]
        if len(scm) == 0:
            return np.empty(0)
        self.allowance.spend(len(scm))
        values = self.inner.values(scm)
        best = int(values.argmax())
        if values[best] > self.rde:
            self.scm, self.rde = scm[best].copy(), float(values[best])
            if self.rde > self._reported:
                self._reported = self.rde
                report(self.allowance.budget, self.inner, self.scm)
        return values

    def answer(self, bound: float | None = None) -> Solution:
        """The best assignment with its exact allocation, or equal shares of the first SCMs if none was feasible."""
        if self.scm is None:
            return last_resort(self.inner.problem, bound)
        found = self.inner.allocate(self.scm[None])
        if found.status[0] == UNBOUNDED:
            return Solution(None, None, None, status="unbounded")
        if found.status[0] != FEASIBLE:
            return last_resort(self.inner.problem, bound)
        allocation = found.allocation
        return Solution(allocation.scm[0], allocation.power[0], allocation.bandwidth[0], bound=bound)


def report(budget: Budget, inner: InnerSolver, scm: IntArray) -> None:
    """Report an assignment ``[M]`` with its exact allocation, if anybody listens."""
    if budget.listener is None:
        return
    found = inner.allocate(scm[None])
    if found.status[0] == FEASIBLE:
        allocation = found.allocation
        budget.report(allocation.scm[0], allocation.power[0], allocation.bandwidth[0])


def last_resort(problem: RDEProblem, bound: float | None = None) -> Solution:
    """Everybody's first SCM with equal shares: an answer where nothing feasible was found."""
    first = np.zeros(problem.users, dtype=np.int64)
    return Solution(first, *equal_shares(problem, first), bound=bound)
