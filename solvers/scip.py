"""SCIP, a general global solver, on the mixed-integer nonlinear program as it is stated."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import IntArray
from .allocation import InnerSolver
from .base import Budget, Solution, Solver
from .extras import missing
from .incumbent import Allowance, Incumbent

_SAFETY = 1e-6
"""SCIP's feasibility tolerance, by which its bound is widened."""

_MANY = 1_000_000_000


class Scip(Solver):
    """Spatial branch and bound by SCIP on the whole problem, with its dual bound as a claim.

    One node counts as one evaluation, so that a budget of evaluations is reproducible. SCIP meets constraints to 1e-6
    only: its SCMs are kept, and power and bandwidth shared exactly.

    Args:
        seconds: Time limit where the budget has none; rows are reproducible as long as it is not reached.
        nodes: Limit on nodes where the budget has no seconds; a lower limit on evaluations holds too.
    """

    name: ClassVar[str] = "scip"
    family: ClassVar[str] = "exact"
    packages: ClassVar[tuple[str, ...]] = ("pyscipopt",)
    deterministic: ClassVar[bool] = False
    max_users: ClassVar[int | None] = 12

    def __init__(self, seconds: float = 30.0, nodes: int = 500) -> None:
        self.seconds = seconds
        self.nodes = nodes

    def supports(self, problem: RDEProblem) -> str | None:
        """Refuses large problems, the unbounded reading of the rate, and every problem where pyscipopt is missing."""
        if absent := missing(("pyscipopt",), "scip"):
            return f"{self.name} {absent}"
        if problem.rate == "spectral" and problem.min_bandwidth == 0.0:
            return f"{self.name} needs a least bandwidth under the spectral rate; this instance has none"
        return super().supports(problem)

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Hand the program to SCIP; draws nothing from ``rng``."""
        inner = InnerSolver(problem)
        allowance = Allowance(budget, self.nodes + 1)
        if not np.isfinite(inner.nats).any(axis=1).all() or inner.floor * problem.users > 1.0 + 1e-12:
            return Solution(None, None, None, status="infeasible")
        program = _Program(inner)
        # One evaluation is kept for the exact allocation of what SCIP finds.
        nodes, seconds = (self.nodes, self.seconds) if budget.seconds is None else (_MANY, budget.seconds)
        scm, bound = program.solve(int(max(min(nodes, allowance.remaining - 1), 1)), seconds)
        incumbent = Incumbent(inner, allowance)
        if scm is not None:
            incumbent.values(scm[None])
        allowance.spend(int(min(program.nodes, allowance.remaining)))
        if bound is None:
            return incumbent.answer()
        return incumbent.answer(bound * (1.0 + _SAFETY) * inner.rate_unit)


class _Program:
    """Problem (7) in normalised units, with v = ln(1 + SNR) as a variable, so that nothing divides by a bandwidth.

    Attributes:
        nodes: Nodes that SCIP used.
    """

    def __init__(self, inner: InnerSolver) -> None:
        self.inner = inner
        self.nodes = 0

    def solve(self, nodes: int, seconds: float) -> tuple[IntArray | None, float | None]:
        """The SCMs of SCIP's best solution ``[M]`` and its dual bound in nats over the denominator, or None each."""
        from pyscipopt import Model, exp, log, quicksum

        inner, problem = self.inner, self.inner.problem
        users, models = inner.nats.shape
        scale = float(inner.distortion.min(axis=1).sum() + problem.epsilon)
        model: Any = Model()
        model.hideOutput()
        for name, value in (
            ("limits/totalnodes", nodes),
            ("limits/time", seconds),
            ("lp/threads", 1),
            ("parallel/maxnthreads", 1),
        ):
            model.setParam(name, value)
        choice = [
            [model.addVar(vtype="B", ub=float(np.isfinite(inner.nats[m, s]))) for s in range(models)]
            for m in range(users)
        ]
        power = [model.addVar(lb=0.0, ub=1.0) for _ in range(users)]
        rate = [model.addVar(lb=0.0, ub=math.log1p(k)) for k in inner.snr]
        share = [
            model.addVar(lb=inner.floor, ub=1.0) for _ in range(users if problem.rate == "shannon" else 0)
        ]
        for m, k in enumerate(inner.snr):
            if k <= 0.0:
                model.addCons(rate[m] <= 0.0)
            elif problem.rate == "spectral":
                model.addCons(rate[m] <= math.log(k) + log(1.0 / k + power[m]))
            else:
                exponent = model.addVar(lb=0.0, ub=_largest_exponent(inner, m))
                model.addCons(rate[m] <= share[m] * exponent)
                model.addCons(power[m] >= share[m] * exp(exponent - math.log(k)) - share[m] / float(k))
        for m in range(users):
            model.addCons(quicksum(choice[m]) == 1)
            least = quicksum(
                float(inner.nats[m, s]) * choice[m][s] for s in range(models) if np.isfinite(inner.nats[m, s])
            )
            model.addCons(rate[m] >= least)
        pairs = [(m, s) for m in range(users) for s in range(models)]
        spent = quicksum(float(inner.compute[m, s]) * choice[m][s] for m, s in pairs)
        model.addCons(spent + quicksum(power) <= 1.0)
        if problem.rate == "shannon":
            model.addCons(quicksum(share) <= 1.0)
        denominator = quicksum(float(inner.distortion[m, s] / scale) * choice[m][s] for m, s in pairs)
        total = quicksum(rate)
        if problem.rate == "shannon":
            # The rate is concave and homogeneous: together no more than the best user with both budgets.
            most = math.log1p(float(inner.snr.max()))
            model.addCons(total <= most)
        else:
            most = sum(math.log1p(float(k)) for k in inner.snr)
        value = model.addVar(lb=0.0, ub=most)
        model.addCons(value * (denominator + problem.epsilon / scale) <= total)
        model.setObjective(value, "maximize")
        try:
            model.optimize()
        except Exception:  # what SCIP raises when its linear programs break down numerically
            return None, None
        self.nodes = int(model.getNTotalNodes())
        bound = min(float(model.getDualbound()), most) / scale
        if model.getNSols() == 0:
            return None, bound if bound > 0.0 else None
        best = model.getBestSol()
        found = np.array([[model.getSolVal(best, variable) for variable in row] for row in choice])
        return found.argmax(axis=1), bound


def _largest_exponent(inner: InnerSolver, user: int) -> float:
    """The most v = ln(1 + SNR) that a user can use with the whole power and the rate it must reach.

    A user that need not send anything loses a part of e^-20 by the limit, far less than what widens the bound.
    """
    k = float(inner.snr[user])
    if inner.floor > 0.0:
        return math.log1p(k / inner.floor)
    least = float(inner.nats[user].min())
    low, high = math.log1p(k), math.log1p(k) + 20.0
    if least <= 0.0:
        return high
    for _ in range(60):
        # The power b (e^v - 1) / k of the bandwidth b = least / v that carries the least rate.
        middle = 0.5 * (low + high)
        low, high = (middle, high) if least * math.expm1(middle) <= k * middle else (low, middle)
    return high
