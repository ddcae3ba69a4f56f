"""No solver ever beats the proved bound, on the instances of every suite."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from rdebench.bench import policies
from rdebench.bench.suite import Suite, suite_names
from rdebench.problems import Allocation, Scenario
from rdebench.solvers import Budget, make_solver, solver_names
from rdebench.solvers.certified import Certified

SCENARIOS = sorted({scenario for name in suite_names() for scenario in Suite.load(name).scenarios})


SIZES = {name: max(Scenario.load(name).users) for name in SCENARIOS}
SMALL = [name for name in SCENARIOS if SIZES[name] <= 100]


@pytest.mark.parametrize("name", SMALL)
def test_no_answer_is_better_than_the_bound(name):
    nobody_beats_the_bound(name, instances=1, evaluations=30, seconds=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_answer_is_better_than_the_bound_with_time(name):
    instances = 5 if SIZES[name] <= 100 else 1
    nobody_beats_the_bound(name, instances, evaluations=500 if SIZES[name] <= 1000 else 20, seconds=5.0)


@functools.cache
def entrants(name):
    """Every solver; those that learn with the policy that ships for the scenario, if there is one."""
    scenario, found = Scenario.load(name), []
    for solver in map(make_solver, solver_names()):
        policy = policies.find(solver, scenario) if solver.learns else None
        if policy is not None:
            policies.load(solver, policy)
        if policy is not None or not solver.learns:
            found.append(solver)
    return found


def nobody_beats_the_bound(name, instances, evaluations, seconds):
    rng = np.random.default_rng(0)
    for problem in Scenario.load(name).sample(instances, 11):
        answer = Certified().solve(problem, rng=rng, budget=Budget())
        for solver in entrants(name):
            if solver.supports(problem) is not None:
                continue
            found = solver.solve(problem, rng=rng, budget=Budget(evaluations=evaluations, seconds=seconds))
            if found.scm is None:
                assert found.status == answer.status
                continue
            evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
            if evaluation.feasible:
                assert answer.status is None, f"{solver.name} solves what is proved infeasible"
                # A feasible answer may use the tolerance of 1e-9 on each constraint.
                assert evaluation.rde <= answer.bound * (1 + 1e-6), solver.name
            if found.bound is not None and answer.scm is not None:
                best = problem.evaluate(Allocation(answer.scm, answer.power, answer.bandwidth)).rde
                assert found.bound >= best * (1 - 1e-9), f"{solver.name} claims a false bound"
