"""Greedy search: one change at a time, always the one that raises RDE most, feasible throughout."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import IntArray
from .allocation import InnerSolver
from .base import Budget, Solution, Solver
from .incumbent import Allowance, Incumbent
from .least_power_start import cheapest_assignments


class Greedy(Solver):
    """Best marginal RDE: from the assignment of least power, one SCM change after the other.

    Begins at the assignment that asks for the least power, then makes the single change of an SCM that raises RDE most
    among those that stay feasible, until none does. Power and bandwidth are exact throughout.
    """

    name: ClassVar[str] = "greedy"
    family: ClassVar[str] = "search"
    max_users: ClassVar[int | None] = 10_000  # beyond it, one round of flips no longer fits into memory

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Climb; draws nothing from ``rng``."""
        incumbent = Incumbent(InnerSolver(problem), Allowance(budget))
        begin(incumbent)
        climb(incumbent)
        return incumbent.answer()


def begin(incumbent: Incumbent) -> None:
    """Try the assignments of least power, up to the first that is feasible."""
    for scm in cheapest_assignments(incumbent.inner):
        if incumbent.values(scm[None])[:1].max(initial=-np.inf) > -np.inf:
            return


def climb(incumbent: Incumbent) -> None:
    """Best single changes from the incumbent, until none helps or nothing is left to spend."""
    while incumbent.scm is not None and np.isfinite(incumbent.rde) and not incumbent.allowance.exhausted:
        before = incumbent.rde
        incumbent.values(single_changes(incumbent.inner, incumbent.scm))
        if not incumbent.rde > before:
            return


def single_changes(inner: InnerSolver, scm: IntArray) -> IntArray:
    """All assignments that differ from one ``[M]`` in one user's SCM, none of them forbidden, ``[N, M]``."""
    permitted = np.isfinite(inner.nats)
    permitted[np.arange(len(scm)), scm] = False
    users, models = np.nonzero(permitted)
    changed = np.repeat(scm[None], len(users), axis=0)
    changed[np.arange(len(users)), users] = models
    return changed
