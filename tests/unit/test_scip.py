"""SCIP on the problem as stated: small spectral instances are proved, and no bound is below the optimum."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Allocation
from rdebench.solvers import Budget, make_solver

from ..instances import random_problem


def solved(name, problem, **budget):
    found = make_solver(name).solve(problem, rng=np.random.default_rng(0), budget=Budget(**budget))
    rde = float(problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).rde)
    return rde, found.bound


def test_small_spectral_instances_are_proved():
    pytest.importorskip("pyscipopt")
    for number in range(5):
        rng = np.random.default_rng(number)
        problem = random_problem(rng, 3 + number % 2, 3, "spectral", min_share=0.5, demand=0.4)
        best, _ = solved("certified", problem)
        rde, bound = solved("scip", problem, evaluations=2000)
        assert rde == pytest.approx(best, rel=1e-6)
        assert best * (1 - 1e-9) <= bound <= best * (1 + 1e-4)


@pytest.mark.parametrize("min_share", [0.0, 0.4])
def test_bounds_hold_when_cut_short(min_share):
    pytest.importorskip("pyscipopt")
    for number in range(3):
        problem = random_problem(np.random.default_rng(number), 4, 3, min_share=min_share, demand=0.5)
        best, _ = solved("certified", problem)
        _, bound = solved("scip", problem, evaluations=40)
        assert bound is None or bound >= best * (1 - 1e-9)


def test_a_node_is_an_evaluation():
    pytest.importorskip("pyscipopt")
    problem = random_problem(np.random.default_rng(0), 5, 3)
    budget = Budget(evaluations=30)
    make_solver("scip").solve(problem, rng=np.random.default_rng(0), budget=budget)
    assert budget.used <= 30


def test_too_many_users_and_the_unbounded_reading_are_refused():
    pytest.importorskip("pyscipopt")
    rng = np.random.default_rng(0)
    assert "at most 12 users" in make_solver("scip").supports(random_problem(rng, 13, 2))
    assert "least bandwidth" in make_solver("scip").supports(random_problem(rng, 3, 2, "spectral"))


def test_without_pyscipopt_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("rdebench.solvers.extras.find_spec", lambda name: None)
    reason = make_solver("scip").supports(random_problem(np.random.default_rng(0), 3, 2))
    assert "pyscipopt" in reason
    assert "rdebench[scip]" in reason
