"""The convex relaxation, rounded: relax the SCM choice, round it, share exactly."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import FloatArray, IntArray
from .allocation import InnerSolver
from .base import Budget, Solution, Solver
from .bounds import PricedProblem
from .convex_relaxation import relax
from .extras import missing
from .incumbent import Allowance, Incumbent
from .least_power_start import without_floor
from .primal import improve


class ConvexRounding(Solver):
    """Exponential-cone relaxation of the SCM choice, rounded, with exact allocations and a valid bound.

    Tries the largest share of each user and then random choices by those shares. The bound does not rest on the cone
    solver's accuracy: only its prices are taken, and every pair of prices proves a bound of its own.

    Args:
        samples: How many random roundings are tried.
    """

    name: ClassVar[str] = "convex-rounding"
    family: ClassVar[str] = "relaxation"
    max_users: ClassVar[int | None] = 10_000  # beyond it, the cone program takes minutes
    deterministic: ClassVar[bool] = False

    def __init__(self, samples: int = 64) -> None:
        self.samples = samples

    def supports(self, problem: RDEProblem) -> str | None:
        """Refuses every problem where cvxpy or Clarabel is missing."""
        absent = missing(("cvxpy", "clarabel"), "cvx")
        return f"{self.name} {absent}" if absent else super().supports(problem)

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Relax, round, allocate; the bound is recomputed from the prices."""
        inner = InnerSolver(problem)
        permitted = np.isfinite(inner.nats)
        if not permitted.any(axis=1).all() or inner.floor * problem.users > 1.0 + 1e-12:
            return Solution(None, None, None, status="infeasible")
        incumbent = Incumbent(inner, Allowance(budget, 1 + self.samples))
        if without_floor(inner) or problem.gain.max() == 0.0:
            # Nothing to relax: every rate is zero, or as large as one likes with the power that is left over.
            incumbent.values(np.where(permitted, inner.compute, np.inf).argmin(axis=1)[None])
            return incumbent.answer()
        priced = PricedProblem(inner, permitted)
        relaxed = relax(inner)
        if relaxed is None:  # infeasible, or beyond the cone solver's accuracy: prices of our own decide
            value, theta, mu = priced.root()
            choice = np.eye(problem.models)[priced.favourites(theta, mu, max(value, 0.0))]
        else:
            theta, mu, choice = relaxed.theta, relaxed.mu, relaxed.choice
            mu = max(mu, priced.least_price(theta))
            value = price_bound(priced, theta, mu)
        if value < 0.0:
            return Solution(None, None, None, status="infeasible")
        incumbent.values(roundings(choice, self.samples, rng))
        self._improve(incumbent, priced, theta, mu, budget)
        return incumbent.answer(bound=value * inner.rate_unit if math.isfinite(value) else None)

    def _improve(
        self, incumbent: Incumbent, priced: PricedProblem, theta: float, mu: float, budget: Budget
    ) -> None:
        """What follows the rounding: nothing here."""


class ConvexRoundingFlips(ConvexRounding):
    """The rounded convex relaxation, improved by changes of one and two users' SCMs that its prices allow."""

    name: ClassVar[str] = "convex-rounding+flips"

    def _improve(
        self, incumbent: Incumbent, priced: PricedProblem, theta: float, mu: float, budget: Budget
    ) -> None:
        inner = incumbent.inner
        if incumbent.scm is not None and math.isfinite(theta):
            scm, value = improve(
                inner, priced, theta, mu, incumbent.scm, incumbent.rde / inner.rate_unit, budget
            )
            incumbent.scm, incumbent.rde = scm, value * inner.rate_unit


def price_bound(priced: PricedProblem, theta: float, mu: float) -> float:
    """Upper bound on all assignments by one pair of prices, nats over the denominator; negative: infeasible."""
    from .price_kernel import row_bound

    constant, row = priced.row(theta, mu)
    return row_bound(constant, row, priced.weight, priced.epsilon, 0.0)


def roundings(choice: FloatArray, samples: int, rng: np.random.Generator) -> IntArray:
    """The largest share of each user, then random choices by the shares ``[M, S]``, each once, ``[N, M]``."""
    edges = choice.cumsum(axis=1)
    drawn = (rng.random((samples, len(choice), 1)) * edges[:, -1:] > edges).sum(axis=2)
    scm = np.concatenate([choice.argmax(axis=1)[None], drawn])
    _, first = np.unique(scm, axis=0, return_index=True)
    return np.asarray(scm[np.sort(first)])
