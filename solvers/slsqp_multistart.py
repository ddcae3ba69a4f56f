"""What one reaches for first: scipy's SLSQP on the relaxed problem from many random points, rounded, and repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import FloatArray, IntArray
from .allocation import InnerSolver
from .base import Budget, Solution, Solver
from .incumbent import Allowance, last_resort
from .smooth_model import SmoothModel

Function = Callable[[FloatArray], Any]

_MARGIN = 1e-8
"""Relative margin on least rates: SLSQP meets constraints to about its own tolerance, the referee asks for 1e-9."""


class SlsqpMultistart(Solver):
    """SLSQP on relaxed SCMs, power and bandwidth from random points; SCMs rounded, then SLSQP again on the rest.

    No exact allocation anywhere: what a general-purpose local solver gives with scaled variables and derivatives.

    Args:
        iterations: Most iterations of each run of SLSQP.
        concentration: Of the flat (1) or peaked (below 1) Dirichlet distribution of the random points.
        evaluations: Objective values looked at under a budget without limits.
    """

    name: ClassVar[str] = "slsqp-multistart"
    family: ClassVar[str] = "relaxation"
    max_users: ClassVar[int | None] = 50  # its time grows with the cube of the variables
    deterministic: ClassVar[bool] = False
    tunable: ClassVar[dict[str, tuple[Any, ...]]] = {
        "iterations": ("int", 20, 200),
        "concentration": ("float", 0.2, 5.0, True),
    }

    def __init__(self, iterations: int = 138, concentration: float = 0.43, evaluations: int = 2_000) -> None:
        self.iterations = iterations
        self.concentration = concentration
        self.evaluations = evaluations

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Start again and again until the budget is used up."""
        allowance = Allowance(budget, self.evaluations)
        model = SmoothModel(InnerSolver(problem))
        best, rank = last_resort(problem), (np.inf, np.inf)
        while not allowance.exhausted:
            choice, power, share = model.random_point(rng, self.concentration)
            choice, power, share = _relaxed(model, choice, power, share, self.iterations, allowance)
            scm = choice.argmax(axis=1)
            power, share = _shared(model, scm, power, share, self.iterations, allowance)
            allocation = model.allocation(scm, power, share)
            found = problem.evaluate(allocation)
            broken = 0.0 if found.feasible else sum(float(part) for part in vars(found.violations).values())
            if (broken, -float(found.rde)) < rank:
                rank = (broken, -float(found.rde))
                best = Solution(allocation.scm, allocation.power, allocation.bandwidth)
                budget.report(allocation.scm, allocation.power, allocation.bandwidth)
        return best


def _relaxed(
    model: SmoothModel,
    choice: FloatArray,
    power: FloatArray,
    share: FloatArray,
    iterations: int,
    allowance: Allowance,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """SLSQP over all three."""
    users, models = choice.shape
    pairs = users * models
    inner = model.inner

    def parts(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        return x[:pairs].reshape(users, models), x[pairs : pairs + users], x[pairs + users :]

    def ratio(x: FloatArray) -> tuple[float, FloatArray]:
        a, p, b = parts(x)
        denominator = float((a * inner.distortion).sum()) + model.problem.epsilon
        value = float(model.rates(p, b).sum()) / denominator
        by_power, by_share = model.slopes(p, b)
        by_choice = -value / denominator * inner.distortion.ravel()
        slope = np.concatenate([by_choice, by_power / denominator, by_share / denominator])
        return -value / model.scale, -slope / model.scale

    def slack(x: FloatArray) -> FloatArray:
        a, p, b = parts(x)
        rates = (model.rates(p, b) - (a * model.least).sum(axis=1)) / model.unit
        budgets = [1.0 - (a * inner.compute).sum() - p.sum(), 1.0 - b.sum()]
        return np.concatenate([budgets, rates])

    def slack_slope(x: FloatArray) -> FloatArray:
        _, p, b = parts(x)
        by_power, by_share = model.slopes(p, b)
        slope = np.zeros((2 + users, len(x)))
        slope[0, :pairs], slope[0, pairs : pairs + users] = -inner.compute.ravel(), -1.0
        slope[1, pairs + users :] = -1.0
        rows = np.arange(users)
        owner = np.repeat(rows, models)
        slope[2 + owner, np.arange(pairs)] = -model.least.ravel() / model.unit
        slope[2 + rows, pairs + rows] = by_power / model.unit
        slope[2 + rows, pairs + users + rows] = by_share / model.unit
        return slope

    one_each = np.zeros((users, pairs + 2 * users))
    one_each[np.repeat(np.arange(users), models), np.arange(pairs)] = 1.0
    constraints = [
        {"type": "eq", "fun": lambda x: one_each @ x - 1.0, "jac": lambda x: one_each},
        {"type": "ineq", "fun": slack, "jac": slack_slope},
    ]
    upper = np.concatenate([model.permitted.ravel().astype(float), np.ones(2 * users)])
    lower = np.concatenate([np.zeros(pairs + users), np.full(users, model.floor)])
    start = np.concatenate([choice.ravel(), power, share])
    return parts(_slsqp(ratio, start, lower, upper, constraints, iterations, allowance))


def _shared(
    model: SmoothModel,
    scm: IntArray,
    power: FloatArray,
    share: FloatArray,
    iterations: int,
    allowance: Allowance,
) -> tuple[FloatArray, FloatArray]:
    """SLSQP over power and bandwidth for fixed SCMs ``[M]``."""
    users = len(scm)
    rows = np.arange(users)
    left = 1.0 - float(model.inner.compute[rows, scm].sum())
    least = model.least[rows, scm] * (1.0 + _MARGIN)

    def total(x: FloatArray) -> tuple[float, FloatArray]:
        by_power, by_share = model.slopes(x[:users], x[users:])
        value = float(model.rates(x[:users], x[users:]).sum())
        scale = users * model.unit
        return -value / scale, -np.concatenate([by_power, by_share]) / scale

    def slack(x: FloatArray) -> FloatArray:
        rates = (model.rates(x[:users], x[users:]) - least) / model.unit
        return np.concatenate([[left - x[:users].sum(), 1.0 - x[users:].sum()], rates])

    def slack_slope(x: FloatArray) -> FloatArray:
        slope = np.zeros((2 + users, 2 * users))
        slope[0, :users], slope[1, users:] = -1.0, -1.0
        slope[2 + rows, rows], slope[2 + rows, users + rows] = model.slopes(x[:users], x[users:])
        slope[2:] /= model.unit
        return slope

    start = np.concatenate([power * max(left, 0.0) / max(float(power.sum()), 1e-12), share])
    lower = np.concatenate([np.zeros(users), np.full(users, model.floor)])
    constraints = [{"type": "ineq", "fun": slack, "jac": slack_slope}]
    x = _slsqp(total, start, lower, np.ones(2 * users), constraints, iterations, allowance)
    return x[:users], x[users:]


class _Spent(Exception):
    """The budget ended in the middle of a run."""


def _slsqp(
    function: Callable[[FloatArray], tuple[float, FloatArray]],
    start: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    constraints: list[dict[str, Any]],
    iterations: int,
    allowance: Allowance,
) -> FloatArray:
    """Where SLSQP ends, or is when the allowance ends; each value of the function is one evaluation."""
    from scipy.optimize import minimize

    last = np.clip(start, lower, upper)

    def counted(x: FloatArray) -> tuple[float, FloatArray]:
        nonlocal last
        if allowance.exhausted:
            raise _Spent
        allowance.spend()
        last = np.clip(x, lower, upper)
        return function(last)

    def inside(part: Function) -> Function:
        return lambda x: part(np.clip(x, lower, upper))

    kept = [{**one, "fun": inside(one["fun"]), "jac": inside(one["jac"])} for one in constraints]
    try:
        found = minimize(
            counted,
            last,
            jac=True,
            method="SLSQP",
            bounds=np.stack([lower, upper], axis=1),
            constraints=kept,
            options={"maxiter": iterations, "ftol": 1e-10},
        )
    except _Spent:
        return last
    return np.asarray(np.clip(np.nan_to_num(found.x), lower, upper))
