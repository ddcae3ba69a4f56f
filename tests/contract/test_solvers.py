"""Every registered solver passes every conformance check; those that learn with a policy."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.bench import policies
from rdebench.problems import Scenario
from rdebench.solvers import Budget, find_solver, make_solver, solver_names
from rdebench.solvers.checks import ConformanceError, all_checks, small_problems

from ..instances import random_problem
from ..tiny import barely_trained

USERS = 4
"""Of the small instances that a learner with one number of users is checked on."""


@pytest.fixture
def ready(monkeypatch, tmp_path):
    """Makes a solver, with its shipped policy if it learns; with one that was hardly trained if there is none."""
    monkeypatch.setenv(policies.VARIABLE, str(tmp_path))

    def make(name):
        solver = make_solver(name)
        if solver.learns:
            pytest.importorskip("sb3_contrib")
            shipped = policies.find(solver, Scenario.load("small-v1"))
            solver.load(shipped or barely_trained(name, USERS))
        return solver

    return make


@pytest.mark.parametrize("check", list(all_checks()), ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("name", solver_names())
def test_conformance(ready, name, check):
    check(lambda: ready(name))


@pytest.mark.parametrize("name", [name for name in solver_names() if find_solver(name).learns])
def test_learners_are_checked_on_something(ready, name):
    assert small_problems(ready(name))


@pytest.mark.parametrize("name", solver_names())
def test_registered_under_its_own_name(name):
    assert find_solver(name).name == name


def test_a_dozen_checks_at_least():
    assert len(list(all_checks())) >= 12


def test_a_false_bound_is_caught():
    class Liar(find_solver("average+exact")):
        """Claims that nothing is better."""

        def solve(self, problem, *, rng, budget):
            found = super().solve(problem, rng=rng, budget=budget)
            return type(found)(found.scm, found.power, found.bandwidth, bound=1.0)

    check = next(check for check in all_checks() if check.__name__ == "check_bounds_are_valid")
    with pytest.raises(ConformanceError, match="claims the bound 1"):
        check(Liar)


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
@pytest.mark.parametrize("identical", [False, True])
def test_exhaustive_equals_all_assignments(rate, identical):
    """The collapse of identical users loses nothing: compared with all S^M assignments, ties and all."""
    from rdebench.solvers.allocation import InnerSolver
    from rdebench.solvers.checks import optimum
    from rdebench.solvers.enumeration import Enumeration

    rng = np.random.default_rng([identical, rate == "shannon"])
    infeasible = 0
    for _ in range(40):
        min_share = float(rng.uniform(0.1, 1.0)) if rate == "spectral" or rng.random() < 0.5 else 0.0
        problem = random_problem(
            rng, 5, 3, rate, min_share=min_share, demand=float(rng.choice([0.5, 0.9, 1.4]))
        )
        if identical:
            tables = ("scm_power", "scm_latency", "distortion", "payload")
            rows = {name: np.repeat(getattr(problem, name)[[0, 3]], [3, 2], axis=0) for name in tables}
            problem = problem.replace(**rows)
            assert Enumeration(problem).size == 10 * 6
        found = make_solver("exhaustive").solve(problem, rng=rng, budget=Budget())
        best = optimum(problem)
        if found.status == "infeasible":
            infeasible += 1
            assert best == -np.inf
        else:
            assert found.bound == pytest.approx(best, rel=1e-12)
            assert InnerSolver(problem).values(found.scm[None])[0] == pytest.approx(best, rel=1e-12)
    assert infeasible < 30
