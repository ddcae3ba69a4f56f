"""Every registered solver passes every conformance check; those that learn with a policy."""

from __future__ import annotations

import functools
import tempfile

import numpy as np
import pytest

from rdebench.bench import policies
from rdebench.problems import Scenario
from rdebench.solvers import Budget, find_solver, make_solver, solver_names
from rdebench.solvers.checks import (
    all_checks,
    invariance,
    learning,
    loading,
    name_of,
    purity,
    run_check,
    small_problems,
)

from ..instances import random_problem
from ..tiny import barely_trained, few_instances

USERS = 4
"""Of the small instances that a learner with one number of users is checked on."""

SOLVED_OFTEN = (purity.__name__, invariance.__name__)
"""Checks that take the slowest solver most of a minute; they are made by ``make test-all``."""

OPTIONS = {"scip": {"nodes": 5}}
"""A quick set-up of the slowest solver."""

TRAINED_EACH_TIME = "ppo-maskable"
"""The training of the other learners takes longer and is checked by ``make test-all``."""


@functools.cache
def maker(name):
    """Makes a solver, with its shipped policy if it learns; with one that was hardly trained if there is none."""

    def make():
        return make_solver(name, **OPTIONS.get(name, {}))

    if not make().learns:
        return make
    pytest.importorskip("sb3_contrib")
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as nowhere:
        patch.setenv(policies.VARIABLE, nowhere)
        shipped = policies.find(make(), Scenario.load("small-v1"))
    return loading(make, shipped or barely_trained(name, USERS))


def cases():
    """Every solver and every check; some are slow."""
    for name in solver_names():
        for check in all_checks():
            fits = find_solver(name).learns and check.__module__ == learning.__name__
            slow = (fits and name != TRAINED_EACH_TIME) or (
                name == "scip" and check.__module__ in SOLVED_OFTEN
            )
            marks = [pytest.mark.slow] if slow else []
            yield pytest.param(name, check, id=f"{name}-{name_of(check)}", marks=marks)


@pytest.mark.parametrize(("name", "check"), list(cases()))
def test_conformance(name, check, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if check.__module__ == learning.__name__ and find_solver(name).learns:
        few_instances(monkeypatch, 32, 2)
    outcome = run_check(check, maker(name))
    assert outcome.status != "failed", outcome.message


@pytest.mark.parametrize("name", [name for name in solver_names() if find_solver(name).learns])
def test_learners_are_checked_on_something(name):
    assert small_problems(maker(name)())


def test_known_failures_are_few():
    """The paper's average takes the first model, and its network has places for users and models."""
    known = {name: set(find_solver(name).known_failures) for name in solver_names()}
    numbering = {"users_may_be_renumbered", "models_may_be_renumbered"}
    assert {name for name, checks in known.items() if checks} <= {
        "average",
        "average+exact",
        "ppo",
        "ppo-paper",
    }
    assert set().union(*known.values()) <= numbering


@pytest.mark.parametrize("name", solver_names())
def test_registered_under_its_own_name(name):
    assert find_solver(name).name == name


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
