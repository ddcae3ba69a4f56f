"""The certified solver against exhaustive search, enumeration, SCIP-free brute force and the edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdebench.bench.verifier import _Rows, verify
from rdebench.problems import Scenario
from rdebench.problems.scenario import scenario_ids
from rdebench.solvers import Budget
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.bounds import PricedProblem
from rdebench.solvers.certificate import certify
from rdebench.solvers.certified import Certified
from rdebench.solvers.checks import optimum
from rdebench.solvers.exhaustive import Exhaustive

from ..instances import random_problem

TABLES = ("scm_power", "scm_latency", "distortion", "payload")


def agrees(problem, best, tol=1e-10):
    """Whether the proof's status, value and bound are right, given the true optimum."""
    proof = Certified(tol).prove(problem, Budget(seconds=60))
    unit = InnerSolver(problem).rate_unit
    if best == -np.inf:
        return proof.status == "infeasible"
    if best == np.inf:
        return proof.status == "unbounded"
    value, bound = proof.value * unit, proof.target * unit
    return proof.status == "optimal" and abs(value - best) <= 1e-9 * best and bound >= best * (1 - 1e-14)


def varied(rng, users):
    """Random problems over rates, least bandwidths, gains, demands; some with identical users or equal gains."""
    rate = "shannon" if rng.random() < 0.65 else "spectral"
    min_share = 0.0 if rng.random() < 0.4 else float(rng.uniform(0.05, 1.0))
    decades = (1.0, 6.0) if rng.random() < 0.6 else tuple(sorted(rng.uniform(-6, 16, 2)))
    problem = random_problem(
        rng, users, int(rng.integers(1, 5)), rate, min_share=min_share, snr_decades=decades,
        demand=float(rng.choice([0.0, 0.3, 0.8, 1.1, 1.4, 2.0])), compute=float(rng.choice([0.0, 0.4, 0.9, 1.3])),
    )  # fmt: skip
    if rng.random() < 0.3:
        problem = problem.replace(
            **{name: np.repeat(getattr(problem, name)[:1], users, 0) for name in TABLES}
        )
    if rng.random() < 0.2:
        problem = problem.replace(gain=np.full(users, problem.gain[0]))
    if rng.random() < 0.2:
        problem = problem.replace(payload=problem.payload * (rng.random(problem.payload.shape) < 0.5))
    return problem


def test_equals_all_assignments_on_600_instances():
    rng = np.random.default_rng(2024)
    outcomes = set()
    for _ in range(600):
        problem = varied(rng, int(rng.integers(2, 7)))
        best = optimum(problem)
        outcomes.add(best if np.isinf(best) else 0.0)
        assert agrees(problem, best)
    assert outcomes == {-np.inf, np.inf, 0.0}


@pytest.mark.parametrize("name", [name for name in scenario_ids() if name != "class-many-users-v1"])
def test_every_class_at_small_size(name):
    scenario = Scenario.load(name)
    if not name.startswith("small"):
        users = [2, 3, 4] if scenario.models.measured else [2, 3, 4, 5, 6]  # ten models instead of four
        scenario = scenario.model_copy(update={"users": users})
    for problem in scenario.sample(10, 7):
        assert agrees(problem, optimum(problem))


def test_eight_users_by_full_enumeration():
    scenario = Scenario.load("class-heterogeneous-v1").model_copy(update={"users": [8]})
    for problem in scenario.sample(3, 1):
        found = Exhaustive().solve(problem, rng=np.random.default_rng(0), budget=Budget())
        assert agrees(problem, found.bound)


def best_of_two_halves(problem):
    """All S^M assignments: sums of two halves of a few price rows rule most out, the rest is solved exactly.

    The rows are those of the verifier, which shares no code with the solver.
    """
    inner, rows = InnerSolver(problem), _Rows(problem)
    _, theta, mu = PricedProblem(inner, np.isfinite(problem.min_rate)).root()
    q = Certified(1e-3).prove(problem, Budget(seconds=10)).value * (1 - 1e-9)
    steps = np.exp(np.array([0.0, -0.3, -0.1, 0.1, 0.3]))
    constant, terms = rows.at(theta * steps, mu / steps, q)
    best = terms.max(axis=2, keepdims=True)
    loss, slack = np.moveaxis(best - terms, 0, 2), constant + best.sum(axis=(1, 2)) + 1e-9
    half = problem.users // 2
    scm = np.array(list(itertools.product(range(problem.models), repeat=half)))
    left = sum(loss[m][scm[:, m]] for m in range(half))
    right = sum(loss[half + m][scm[:, m]] for m in range(problem.users - half))
    best = -np.inf
    for n in range(len(scm)):
        fits = (left[n] + right <= slack).all(axis=1)
        if fits.any():
            both = np.concatenate([np.repeat(scm[n][None], fits.sum(), 0), scm[fits]], axis=1)
            best = max(best, float(inner.values(both).max()))
    return best


@pytest.mark.parametrize("name", ["class-heterogeneous-v1", "class-correlated-v1"])
def test_twelve_users_by_enumerating_all_sixteen_million(name):
    problem = Scenario.load(name).instance(3, 0)
    assert agrees(problem, best_of_two_halves(problem))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in scenario_ids() if name.startswith("class-") and "many" not in name]
)
def test_twelve_users_of_every_class_by_enumeration(name):
    for problem in Scenario.load(name).sample(5, 4):
        proof = Certified().prove(problem, Budget(seconds=60))
        if proof.status == "infeasible":
            continue
        assert agrees(problem, best_of_two_halves(problem))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_edges(data):
    """Hypothesis looks for trouble where numbers meet: nothing left, nothing to send, ties, extreme gains."""
    number = st.sampled_from([0.0, 0.5, 1.0])
    users, models = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    table = st.lists(st.lists(number, min_size=models, max_size=models), min_size=users, max_size=users)
    from rdebench.problems import RDEProblem

    problem = RDEProblem(
        rate=data.draw(st.sampled_from(["shannon", "spectral"])),
        scm_names=tuple("abc"[:models]),
        scm_power=np.array(data.draw(table)) / users,
        scm_latency=data.draw(table),
        distortion=data.draw(table),
        payload=data.draw(table),
        gain=data.draw(
            st.lists(st.sampled_from([0.0, 1e-6, 1.0, 3.0, 1e5, 1e14]), min_size=users, max_size=users)
        ),
        max_latency=[1.0] * users,
        power_budget=1.0,
        bandwidth_budget=1.0,
        min_bandwidth=data.draw(st.sampled_from([0.0, 0.1, 1.0])) / users,
        noise_psd=1.0,
        distortion_weight=1.0,
        epsilon=0.1,
    )
    best = optimum(problem)
    assert agrees(problem, best)
    if np.isfinite(best):
        verify(problem, certify(problem))


def test_deterministic():
    problem = Scenario.load("class-near-identical-v1").instance(0, 0)
    first, second = (Certified().prove(problem, Budget(), keep_leaves=True) for _ in range(2))
    assert first.nodes == second.nodes
    np.testing.assert_array_equal(first.scm, second.scm)
    np.testing.assert_array_equal(first.leaf_scm, second.leaf_scm)


def test_stopped_early_it_still_has_a_valid_bound():
    problem = Scenario.load("class-tight-latency-v1").instance(5, 0)
    full = Certified().prove(problem, Budget())
    for evaluations in (1, 3, 10, 30, 100):
        budget = Budget(evaluations=evaluations)
        proof = Certified().prove(problem, budget)
        assert budget.used <= evaluations
        assert proof.target >= full.value * (1 - 1e-12)
        assert proof.value <= full.value * (1 + 1e-6)


def test_a_thousand_users_to_one_in_a_million():
    scenario = Scenario.load("class-heterogeneous-v1").model_copy(update={"users": [1000]})
    proof = Certified().prove(scenario.instance(0, 0), Budget(seconds=60))
    assert proof.status == "optimal"
    assert 1 - proof.value / proof.target <= 1e-6
