"""The exact inner solver: against a conic solver, against its own dual, and at the edges."""

from __future__ import annotations

import math
import warnings

import cvxpy as cp
import numpy as np
import pytest

from rdebench.problems import RDEProblem
from rdebench.problems.exponent_kernel import snr_exponent
from rdebench.solvers.allocation import FEASIBLE, INFEASIBLE, UNBOUNDED, InnerSolver
from rdebench.solvers.allocation_kernel import shannon

from ..instances import random_problem


def conic_nats(k, nats, left, floor, is_shannon):
    """The inner problem as an exponential-cone program; None if infeasible. k is normalised as in the solver."""
    power = cp.Variable(len(k), nonneg=True)
    if is_shannon:
        share = cp.Variable(len(k))
        # b ln(1 + k p / b) = b ln k - rel_entr(b, b / k + p): the shift keeps the cone well scaled at large k.
        rates = cp.multiply(np.log(k), share) - cp.rel_entr(share, cp.multiply(1 / k, share) + power)
        constraints = [cp.sum(share) <= 1, share >= floor]
    else:
        rates = cp.log1p(cp.multiply(k, power))
        constraints = []
    constraints += [rates >= nats, cp.sum(power) <= left]
    problem = cp.Problem(cp.Maximize(cp.sum(rates)), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "may be inaccurate": the comparison below decides
        problem.solve(solver=cp.CLARABEL)
    return None if problem.status.startswith("infeasible") else problem.value


def cases():
    rng = np.random.default_rng(11)
    for number in range(200):
        rate = "shannon" if number % 4 else "spectral"
        min_share = 0.0 if rate == "shannon" and number % 2 else float(rng.uniform(0.1, 1.0))
        demand = float(rng.choice([0.3, 0.8, 1.3, 1.8]))
        if rate == "spectral":
            demand *= 0.9
        yield random_problem(
            rng, int(rng.integers(2, 8)), 3, rate, min_share=min_share, demand=demand, snr_decades=(0.5, 5.0)
        )


def test_agrees_with_a_conic_solver_on_200_instances():
    rng = np.random.default_rng(5)
    outcomes = {FEASIBLE: 0, INFEASIBLE: 0}
    for problem in cases():
        inner = InnerSolver(problem)
        scm = rng.integers(problem.models, size=(1, problem.users))
        found = inner.allocate(scm)
        users = np.arange(problem.users)
        left = 1.0 - inner.compute[users, scm[0]].sum()
        expected = conic_nats(
            inner.snr, inner.nats[users, scm[0]], left, inner.floor, problem.rate == "shannon"
        )
        outcomes[int(found.status[0])] += 1
        if expected is None:
            assert found.status[0] == INFEASIBLE
            continue
        assert found.status[0] == FEASIBLE
        value = found.rde[0] * inner.denominator(scm)[0] / inner.rate_unit
        assert value == pytest.approx(expected, rel=2e-6)
        evaluation = problem.evaluate(found.allocation)
        assert evaluation.feasible[0]
        assert evaluation.rde[0] == pytest.approx(found.rde[0], rel=1e-12)
    assert min(outcomes.values()) > 20, outcomes


def dual_nats(k, rho, left, floor, theta, level):
    """Upper bound on the sum of rates at the prices 1 / level for power and theta / level for bandwidth."""
    mu, bound = 1.0 / level, (left + theta) / level
    for km, rm in zip(k, rho, strict=True):
        v = snr_exponent(theta * km)  # itself tested below
        if rm / v >= floor:
            bound -= (mu * math.exp(v) / km - 1) * rm
        else:
            u = max(math.expm1(rm / floor), km / mu - 1, 0.0)
            bound += floor * math.log1p(u) - mu * floor * (u / km + theta)
    return bound


@pytest.mark.parametrize("min_share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("decades", [(1, 6), (-6, -2), (8, 16), (-6, 16)])
def test_the_dual_proves_optimality_to_1e9(min_share, decades):
    rng = np.random.default_rng([int(10 * min_share), *(d + 10 for d in decades)])
    proved = 0
    for _ in range(300):
        problem = random_problem(
            rng, 6, 2, min_share=min_share, snr_decades=decades, demand=rng.uniform(0, 0.9)
        )
        inner = InnerSolver(problem)
        rho, left = inner.nats[:, 0].copy(), 1.0 - inner.compute[:, 0].sum()
        power, share = np.empty(6), np.empty(6)
        best = int(inner.snr.argmax())
        status, nats, theta, level = shannon(inner.snr, rho, left, inner.floor, best, power, share)
        if status != FEASIBLE:
            continue
        assert power.sum() <= left * (1 + 1e-12)
        assert share.sum() <= 1 + 1e-12
        assert share.min() >= inner.floor * (1 - 1e-12)
        if level > 0:
            bound = dual_nats(inner.snr, rho, left, inner.floor, theta, level)
            assert nats == pytest.approx(bound, rel=1e-9)
            proved += 1
    assert proved > 100


def test_exponent_is_exact_over_forty_decades():
    for y in 10.0 ** np.arange(-18, 22, 0.37):
        v = snr_exponent(y)
        if v > 0.5:
            assert math.exp(v) * (v - 1) + 1 == pytest.approx(y, rel=1e-13)
        else:
            series = sum((n - 1) * v**n / math.factorial(n) for n in range(2, 20))
            assert series == pytest.approx(y, rel=1e-14)


def one_user(**changes) -> RDEProblem:
    fields = {
        "rate": "shannon",
        "scm_names": ("a",),
        "scm_power": [[0.0]],
        "scm_latency": [[0.0]],
        "distortion": [[1.0]],
        "payload": [[1.0]],
        "gain": [3.0],
        "max_latency": [1.0],
        "power_budget": 1.0,
        "bandwidth_budget": 1.0,
        "min_bandwidth": 0.0,
        "noise_psd": 1.0,
        "distortion_weight": 1.0,
        "epsilon": 0.0,
    }
    return RDEProblem(**(fields | changes))


def solve(problem):
    found = InnerSolver(problem).allocate(np.zeros((1, problem.users), int))
    return int(found.status[0]), float(found.rde[0]), found.allocation


def test_one_user_takes_everything():
    status, rde, allocation = solve(one_user())
    assert (status, rde) == (FEASIBLE, pytest.approx(2.0))  # SNR 3: log2(4) = 2 bit/s on 1 Hz
    assert allocation.power[0, 0] == allocation.bandwidth[0, 0] == 1.0


def test_deadline_met_exactly_is_feasible_and_a_hair_more_is_not():
    assert solve(one_user(payload=[[2.0]]))[0] == FEASIBLE
    assert solve(one_user(payload=[[2.0 * (1 + 1e-8)]]))[0] == INFEASIBLE


@pytest.mark.parametrize(
    ("changes", "status", "rde"),
    [
        ({"scm_power": [[1.0]]}, INFEASIBLE, -np.inf),  # no power left, something to send
        ({"scm_power": [[1.0]], "payload": [[0.0]]}, FEASIBLE, 0.0),  # no power left, nothing to send
        ({"scm_power": [[1.1]], "payload": [[0.0]]}, INFEASIBLE, -np.inf),  # models alone exceed the budget
        ({"gain": [0.0]}, INFEASIBLE, -np.inf),
        ({"gain": [0.0], "payload": [[0.0]]}, FEASIBLE, 0.0),
        ({"scm_latency": [[1.0]]}, INFEASIBLE, -np.inf),  # tau = T with something to send
        ({"scm_latency": [[1.0]], "payload": [[0.0]]}, FEASIBLE, 2.0),
        ({"min_bandwidth": 1.0}, FEASIBLE, 2.0),
        ({"min_bandwidth": 1.1}, INFEASIBLE, -np.inf),
        ({"rate": "spectral"}, UNBOUNDED, np.inf),
        ({"rate": "spectral", "scm_power": [[1.0]]}, INFEASIBLE, -np.inf),
        ({"rate": "spectral", "scm_power": [[1.0]], "payload": [[0.0]]}, FEASIBLE, 0.0),
        ({"rate": "spectral", "min_bandwidth": 1.0}, FEASIBLE, 2.0),
        ({"rate": "spectral", "min_bandwidth": 1.0, "payload": [[2.1]]}, INFEASIBLE, -np.inf),
        ({"rate": "spectral", "gain": [0.0], "payload": [[0.0]]}, FEASIBLE, 0.0),
    ],
)
def test_edges(changes, status, rde):
    problem = one_user(**changes)
    found, value, allocation = solve(problem)
    assert (found, value) == (status, pytest.approx(rde))
    if found == FEASIBLE:
        evaluation = problem.evaluate(allocation)
        assert evaluation.feasible[0]
        assert evaluation.rde[0] == pytest.approx(rde)


def test_equal_split_is_optimal_for_equal_users_with_binding_deadlines():
    # Two equal users of SNR 6 at half the power and half the band each carry 0.5 log2(7) bit/s; both need just that.
    need = 0.5 * math.log2(7.0)
    problem = one_user(
        scm_power=[[0.0]] * 2, scm_latency=[[0.0]] * 2, distortion=[[1.0]] * 2, payload=[[need]] * 2,
        gain=[6.0, 6.0], max_latency=[1.0, 1.0],
    )  # fmt: skip
    status, rde, allocation = solve(problem)
    assert (status, rde) == (FEASIBLE, pytest.approx(need))
    np.testing.assert_allclose(allocation.power, 0.5, rtol=1e-6)
    np.testing.assert_allclose(allocation.bandwidth, 0.5, rtol=1e-6)


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_batch_equals_loop(rate):
    rng = np.random.default_rng(2)
    problem = random_problem(rng, 5, 3, rate, min_share=0.4, demand=0.7)
    inner = InnerSolver(problem)
    scm = rng.integers(3, size=(64, 5))
    together = inner.allocate(scm)
    values = inner.values(scm)
    for n in range(64):
        alone = inner.allocate(scm[n : n + 1])
        assert alone.rde[0] == together.rde[n] == values[n]
        np.testing.assert_array_equal(alone.allocation.power[0], together.allocation.power[n])
