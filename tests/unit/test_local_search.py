"""Local search: near the optimum, within the budget, and its own number of evaluations without one."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Allocation
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.checks import optimum
from rdebench.solvers.local_search import _double_changes

from ..instances import random_problem


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_finds_the_optimum_of_small_instances(rate):
    for number in range(20):
        rng = np.random.default_rng([number, rate == "shannon"])
        problem = random_problem(rng, 5, 3, rate, min_share=0.5, demand=0.5)
        found = make_solver("local-search").solve(problem, rng=rng, budget=Budget(evaluations=1000))
        best = optimum(problem)
        if best == -np.inf:
            continue
        evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
        assert evaluation.feasible
        assert evaluation.rde >= best * (1 - 1e-3)


def test_its_own_limit_where_the_budget_has_none():
    problem = random_problem(np.random.default_rng(0), 12, 4)
    budget = Budget()
    make_solver("local-search", evaluations=300).solve(problem, rng=np.random.default_rng(0), budget=budget)
    assert budget.used == 300


def test_an_infeasible_problem_ends_and_is_answered():
    problem = random_problem(np.random.default_rng(0), 4, 2).replace(power_budget=1e-6)
    found = make_solver("local-search").solve(
        problem, rng=np.random.default_rng(0), budget=Budget(evaluations=100)
    )
    assert found.scm.shape == (4,)


def test_double_changes_differ_in_two_users():
    inner = InnerSolver(random_problem(np.random.default_rng(0), 5, 3))
    scm = np.array([0, 1, 2, 0, 1])
    changed = _double_changes(inner, scm, 100, np.random.default_rng(0))
    assert len(changed) > 50
    assert ((changed != scm).sum(axis=1) == 2).all()
