"""Iterated local search over SCM assignments, without bounds, prices of the optimum or any other dual information."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import IntArray
from .allocation import InnerSolver
from .base import Budget, Solution, Solver
from .greedy import begin, climb, single_changes
from .incumbent import Allowance, Incumbent


class LocalSearch(Solver):
    """Multi-start search over changes of one and two users' SCMs, each with the exact allocation.

    The first start is the assignment of least power, as in ``greedy``; each later one redraws some users of the best
    assignment at random. From a start it takes the best single changes, then the best of a sample of double changes,
    until neither helps.

    Args:
        redrawn: Share of the users that a new start redraws; 1 makes it wholly random.
        pairs: How many double changes are tried each time.
        evaluations: Assignments tried under a budget without limits.
    """

    name: ClassVar[str] = "local-search"
    family: ClassVar[str] = "search"
    max_users: ClassVar[int | None] = 10_000  # beyond it, one round of flips no longer fits into memory
    deterministic: ClassVar[bool] = False
    tunable: ClassVar[dict[str, tuple[Any, ...]]] = {
        "redrawn": ("float", 0.1, 1.0, False),
        "pairs": ("int", 0, 600),
    }

    def __init__(self, redrawn: float = 0.4, pairs: int = 200, evaluations: int = 2_000) -> None:
        self.redrawn = redrawn
        self.pairs = pairs
        self.evaluations = evaluations

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Search until the budget is used up, or every assignment could have been tried."""
        inner, allowance = InnerSolver(problem), Allowance(budget, self.evaluations)
        best = Incumbent(inner, allowance)
        begin(best)
        self._descend(best, rng)
        worth = allowance.budget.used + problem.models ** min(problem.users, 20)
        while best.rde < np.inf and not allowance.exhausted and allowance.budget.used < worth:
            start = Incumbent(inner, allowance, reported=best.rde)
            start.values(self._redraw(best.scm, inner, rng)[None])
            self._descend(start, rng)
            if start.rde > best.rde:
                best = start
        return best.answer()

    def _descend(self, incumbent: Incumbent, rng: np.random.Generator) -> None:
        """Single changes to a local optimum, then double changes, until neither helps."""
        climb(incumbent)
        while incumbent.scm is not None and self.pairs > 0 and not incumbent.allowance.exhausted:
            before = incumbent.rde
            incumbent.values(_double_changes(incumbent.inner, incumbent.scm, self.pairs, rng))
            if not incumbent.rde > before:
                return
            climb(incumbent)

    def _redraw(self, scm: IntArray | None, inner: InnerSolver, rng: np.random.Generator) -> IntArray:
        """The best assignment with some users' SCMs drawn anew, or all of them where there is no best one."""
        drawn = _random_assignment(inner, rng)
        if scm is None:
            return drawn
        users = len(scm)
        count = int(np.clip(round(self.redrawn * users), 1, users))
        changed = scm.copy()
        chosen = rng.choice(users, count, replace=False)
        changed[chosen] = drawn[chosen]
        return changed


def _random_assignment(inner: InnerSolver, rng: np.random.Generator) -> IntArray:
    """A permitted SCM for each user, uniformly."""
    keys = rng.random(inner.nats.shape)
    return np.asarray(np.where(np.isfinite(inner.nats), keys, -1.0).argmax(axis=1))


def _double_changes(inner: InnerSolver, scm: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """A sample of the assignments that differ from one ``[M]`` in two users' SCMs, ``[N, M]``."""
    singles = single_changes(inner, scm)
    if len(singles) < 2:
        return singles[:0]
    who, what = np.nonzero(singles != scm)[1], singles[singles != scm]
    first, second = rng.integers(len(singles), size=(2, count))
    first, second = first[who[first] != who[second]], second[who[first] != who[second]]
    changed = np.repeat(scm[None], len(first), axis=0)
    changed[np.arange(len(first)), who[first]] = what[first]
    changed[np.arange(len(second)), who[second]] = what[second]
    return changed
