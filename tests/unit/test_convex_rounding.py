"""The convex relaxation and its rounding: a valid bound, equal to the root bound, at every SNR."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Allocation
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.bounds import PricedProblem

from ..instances import random_problem

pytest.importorskip("cvxpy")


def instances(count, **changes):
    for number in range(count):
        rng = np.random.default_rng([number, 5])
        rate = ("shannon", "spectral")[number % 2]
        floored = rate == "spectral" or number % 4 == 0
        demand = float(rng.choice([0.3, 0.6, 0.9]))
        options = {"min_share": 0.6 if floored else 0.0, "demand": demand, "snr_decades": (0.0, 7.0)}
        yield random_problem(rng, int(rng.integers(2, 8)), 3, rate, **(options | changes))


@pytest.mark.parametrize("name", ["convex-rounding", "convex-rounding+flips"])
def test_bound_is_valid_and_answers_are_feasible(name):
    proved = feasible = 0
    for problem in instances(40):
        rng = np.random.default_rng(0)
        best = make_solver("certified", tol=1e-9).solve(problem, rng=rng, budget=Budget())
        found = make_solver(name).solve(problem, rng=rng, budget=Budget())
        if best.status == "infeasible":
            proved += found.status == "infeasible"
            continue
        assert found.status is None
        optimum = float(problem.evaluate(Allocation(best.scm, best.power, best.bandwidth)).rde)
        assert found.bound >= optimum * (1 - 1e-9)
        evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
        feasible += bool(evaluation.feasible)
        assert not evaluation.feasible or evaluation.rde <= found.bound * (1 + 1e-9)
        assert not evaluation.feasible or evaluation.rde >= 0.9 * optimum
    assert feasible >= 25


def test_relaxation_equals_the_root_bound():
    from rdebench.solvers.convex_relaxation import relax
    from rdebench.solvers.convex_rounding import price_bound

    compared = 0
    for problem in instances(40, demand=0.5):
        inner = InnerSolver(problem)
        priced = PricedProblem(inner, np.isfinite(inner.nats))
        root = priced.root()[0]
        relaxed = relax(inner)
        if root < 0.0 or relaxed is None:
            continue
        compared += 1
        assert relaxed.value == pytest.approx(root, rel=1e-5)
        mu = max(relaxed.mu, priced.least_price(relaxed.theta))
        assert price_bound(priced, relaxed.theta, mu) == pytest.approx(root, rel=1e-5)
    assert compared >= 35


def test_splitting_by_scm_is_not_tighter_without_a_least_bandwidth():
    from rdebench.solvers.convex_relaxation import relax

    for number in range(5):
        inner = InnerSolver(random_problem(np.random.default_rng(number), 5, 3, demand=0.5))
        split, together = relax(inner, per_scm=True), relax(inner, per_scm=False)
        assert split.value == pytest.approx(together.value, rel=1e-5)


def test_roundings_hold_the_largest_share_first_and_only_positive_shares():
    from rdebench.solvers.convex_rounding import roundings

    choice = np.array([[0.0, 0.7, 0.3], [1.0, 0.0, 0.0]])
    scm = roundings(choice, 200, np.random.default_rng(0))
    assert scm.tolist() == [[1, 0], [2, 0]]


def test_a_forbidden_user_proves_infeasibility():
    problem = random_problem(np.random.default_rng(0), 3, 2)
    late = problem.replace(max_latency=np.array([0.01, 10.0, 10.0]))
    found = make_solver("convex-rounding").solve(late, rng=np.random.default_rng(0), budget=Budget())
    assert found.status == "infeasible"


def test_without_cvxpy_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("rdebench.solvers.extras.find_spec", lambda name: None)
    problem = random_problem(np.random.default_rng(0), 3, 2)
    reason = make_solver("convex-rounding").supports(problem)
    assert "cvxpy" in reason
    assert "pip install 'rdebench[cvx]'" in reason
