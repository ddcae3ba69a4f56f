"""Greedy search: feasible where it can be, locally optimal, deterministic."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Allocation, Scenario
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.checks import optimum
from rdebench.solvers.greedy import single_changes
from rdebench.solvers.least_power_start import cheapest_assignments, power_need

from ..instances import random_problem


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_no_single_change_helps(rate):
    near = 0
    for number in range(20):
        rng = np.random.default_rng([number, rate == "shannon"])
        problem = random_problem(rng, 5, 3, rate, min_share=0.5, demand=0.6)
        best = optimum(problem)
        found = make_solver("greedy").solve(problem, rng=rng, budget=Budget())
        evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
        if not evaluation.feasible:
            continue
        inner = InnerSolver(problem)
        assert inner.values(single_changes(inner, found.scm)).max() <= evaluation.rde * (1 + 1e-9)
        near += evaluation.rde >= 0.95 * best
    assert near >= 15


def test_starts_feasible_where_power_is_barely_enough():
    for problem in Scenario.load("class-near-infeasible-v1").sample(10, 0, split="train"):
        found = make_solver("greedy").solve(problem, rng=np.random.default_rng(0), budget=Budget())
        assert problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).feasible


def test_cheapest_assignments_are_distinct_and_permitted():
    problem = random_problem(np.random.default_rng(0), 6, 4, demand=0.9)
    forbidden = problem.scm_latency.copy()
    forbidden[:, 1] = 99.0
    inner = InnerSolver(problem.replace(scm_latency=forbidden))
    scm = cheapest_assignments(inner)
    assert len(np.unique(scm, axis=0)) == len(scm)
    assert (scm != 1).all()
    assert (power_need(inner)[:, 1] == 1e6).all()


def test_single_changes_are_all_neighbours():
    inner = InnerSolver(random_problem(np.random.default_rng(0), 4, 3))
    scm = np.array([0, 1, 2, 0])
    changed = single_changes(inner, scm)
    assert len(np.unique(changed, axis=0)) == 4 * 2
    assert ((changed != scm).sum(axis=1) == 1).all()


def test_power_left_over_without_a_least_bandwidth_is_unbounded():
    problem = random_problem(np.random.default_rng(0), 3, 2, "spectral")
    found = make_solver("greedy").solve(problem, rng=np.random.default_rng(0), budget=Budget())
    assert found.status == "unbounded"
