"""The genetic algorithms and the Bayesian search: what keys mean, and that they get somewhere."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Allocation, Scenario
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.checks import optimum
from rdebench.solvers.incumbent import Allowance

from ..instances import random_problem

pytest.importorskip("pymoo")


def test_every_key_is_an_allocation_within_both_budgets():
    from rdebench.solvers.genetic import _Shared

    rng = np.random.default_rng(0)
    problem = random_problem(rng, 6, 3, min_share=0.5)
    scored = _Shared(problem, Allowance(Budget(), 100), decades=3.0)
    keys = rng.random((50, scored.keys))
    keys[0], keys[1] = 0.0, 1.0
    found = problem.evaluate(scored.decode(keys))
    for violation in (found.violations.power, found.violations.bandwidth, found.violations.min_bandwidth):
        assert (violation <= 1e-9).all()
    assert (found.violations.sign == 0.0).all()


def test_violations_are_told_to_the_algorithm():
    from rdebench.solvers.genetic import _Shared

    rng = np.random.default_rng(0)
    problem = random_problem(rng, 6, 3, demand=2.0)
    scored = _Shared(problem, Allowance(Budget(), 100), decades=3.0)
    keys = rng.random((50, scored.keys))
    feasible = problem.evaluate(scored.decode(keys)).feasible
    _, violations = scored.score(keys)
    assert ((violations == 0.0).all(axis=1) == feasible).all()
    assert np.isfinite(violations).all()


@pytest.mark.parametrize(
    ("name", "share"), [("genetic", 0.5), ("genetic+exact", 0.999), ("optuna-search", 0.97)]
)
def test_gets_near_the_optimum_of_small_instances(name, share):
    pytest.importorskip("optuna")
    for number, problem in enumerate(Scenario.load("small-v1").sample(4, 0, split="train")):
        rng = np.random.default_rng(number)
        budget = Budget(evaluations=100 if name == "optuna-search" else 1500)
        found = make_solver(name).solve(problem, rng=rng, budget=budget)
        evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
        assert evaluation.feasible
        assert evaluation.rde >= share * optimum(problem)


def test_beats_its_own_first_generation():
    problem = random_problem(np.random.default_rng(1), 8, 4, demand=0.3)

    def rde(evaluations):
        rng = np.random.default_rng(0)
        found = make_solver("genetic").solve(problem, rng=rng, budget=Budget(evaluations=evaluations))
        evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
        return float(evaluation.rde) if evaluation.feasible else 0.0

    assert rde(3000) > rde(100)


@pytest.mark.parametrize(("name", "package"), [("genetic", "pymoo"), ("optuna-search", "optuna")])
def test_without_its_package_it_says_what_to_install(name, package, monkeypatch):
    monkeypatch.setattr("rdebench.solvers.extras.find_spec", lambda name: None)
    reason = make_solver(name).supports(random_problem(np.random.default_rng(0), 3, 2))
    assert package in reason
    assert "rdebench[search]" in reason
