"""SLSQP from many points: right derivatives, feasible answers, within the budget."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Allocation
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.checks import optimum
from rdebench.solvers.smooth_model import SmoothModel

from ..instances import random_problem


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_slopes_are_those_of_the_rates(rate):
    rng = np.random.default_rng(0)
    model = SmoothModel(InnerSolver(random_problem(rng, 5, 3, rate, min_share=0.5)))
    power, share = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))
    by_power, by_share = model.slopes(power, share)
    step = 1e-6
    over_power = (model.rates(power + step * power, share) - model.rates(power - step * power, share)) / (
        2 * step * power
    )
    over_share = (model.rates(power, share + step * share) - model.rates(power, share - step * share)) / (
        2 * step * share
    )
    assert by_power == pytest.approx(over_power, rel=1e-6)
    assert by_share == pytest.approx(over_share, rel=1e-5)


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_feasible_and_good_on_small_instances(rate):
    good = feasible = 0
    for number in range(8):
        rng = np.random.default_rng([number, rate == "shannon"])
        problem = random_problem(rng, 4, 3, rate, min_share=0.5, demand=0.4)
        found = make_solver("slsqp-multistart").solve(problem, rng=rng, budget=Budget(evaluations=400))
        evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
        best = optimum(problem)
        assert not evaluation.feasible or evaluation.rde <= best * (1 + 1e-6)
        feasible += bool(evaluation.feasible)
        good += bool(evaluation.feasible) and evaluation.rde >= 0.9 * best
    assert feasible >= 6
    assert good >= 5


def test_stops_in_the_middle_of_a_run():
    problem = random_problem(np.random.default_rng(0), 8, 4)
    budget = Budget(evaluations=13)
    found = make_solver("slsqp-multistart").solve(problem, rng=np.random.default_rng(0), budget=budget)
    assert budget.used == 13
    assert problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).violations.sign == 0.0
