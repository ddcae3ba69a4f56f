"""The masks are sound, and as exact as an exhaustive search, at sizes where that is possible."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rdebench.problems import Allocation, Scenario
from rdebench.problems.feasibility_kernel import complete, first_witnesses, mask, masks
from rdebench.problems.least_power_kernel import least_power
from rdebench.problems.normalised import normalise
from rdebench.problems.sampling import draw, stream
from rdebench.problems.sequential import least_power_allocation
from rdebench.problems.stack import ProblemStack
from rdebench.solvers.allocation import FEASIBLE, InnerSolver

from ..instances import random_problem


def all_feasible(problem):
    """Every assignment, and whether the exact allocation of it is feasible."""
    scms = np.array(list(itertools.product(range(problem.models), repeat=problem.users)))
    return scms, InnerSolver(problem).allocate(scms).status == FEASIBLE


def compare(problem, rng):
    """Walk through the users in random order; count what is truly allowed, wrongly allowed and missed."""
    data = normalise(ProblemStack.of([problem]))
    one = (data.is_shannon, data.k[0], data.nats[0], data.compute[0], data.floor[0])
    scms, feasible = all_feasible(problem)
    witness, fixed = np.zeros(problem.users, np.int64), np.zeros(problem.users, bool)
    found = complete(*one, witness, fixed)
    assert found == feasible.any()
    counts = np.zeros(3, int)
    if not found:
        return counts
    for user in rng.permutation(problem.users):
        allowed = np.zeros(problem.models, bool)
        witnesses = np.zeros((problem.models, problem.users), np.int64)
        mask(*one, witness, fixed, user, allowed, witnesses)
        prefix = (scms[:, fixed] == witness[fixed]).all(axis=1) & feasible
        truth = np.array([(prefix & (scms[:, user] == s)).any() for s in range(problem.models)])
        counts += truth.sum(), (allowed & ~truth).sum(), (truth & ~allowed).sum()
        for s in np.flatnonzero(allowed):
            assert witnesses[s, user] == s
            assert (witnesses[s, fixed] == witness[fixed]).all()
            assert feasible[(scms == witnesses[s]).all(axis=1)].all()
        witness = witnesses[rng.choice(np.flatnonzero(allowed))].copy()
        fixed[user] = True
    return counts


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_masks_equal_exhaustive_search_on_random_problems(rate):
    counts = np.zeros(3, int)
    for seed in range(150):
        rng = np.random.default_rng(seed)
        counts += compare(
            random_problem(
                rng,
                int(rng.integers(1, 6)),
                int(rng.integers(1, 5)),
                rate,
                min_share=float(rng.choice([0.0, 0.3, 0.9])) if rate == "shannon" else 0.5,
                demand=float(rng.choice([0.3, 0.6, 0.9])),
                compute=float(rng.choice([0.1, 0.4, 0.9, 1.3])),
                snr_decades=[(1.0, 6.0), (-1.0, 1.0), (3.0, 3.01)][seed % 3],
            ),
            rng,
        )
    assert counts[0] > 500
    assert counts[1] == 0
    assert counts[2] == 0


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("small-v1", None),
        ("class-tight-power-v1", None),
        ("class-near-infeasible-v1", None),
        ("class-near-infeasible-v1", 1.02),
        ("class-near-infeasible-v1", 1.1),
    ],
)
def test_masks_equal_exhaustive_search_on_scenarios(name, factor):
    scenario = Scenario.load(name)
    if factor is not None:
        limits = scenario.limits.model_copy(update={"least_power_factor": factor})
        scenario = scenario.model_copy(update={"limits": limits})
    counts = np.zeros(3, int)
    for users in (2, 4, 5):
        for n in range(8):
            problem = draw(scenario, users, stream("masks", name, users, n))
            counts += compare(problem, np.random.default_rng(n))
    assert counts[0] >= 88
    assert counts[1] == 0
    assert counts[2] == 0


def test_the_least_power_is_what_the_exact_allocation_needs():
    """Just above it the exact allocation exists, just below it does not."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rate = ("shannon", "spectral")[seed % 2]
        problem = random_problem(rng, int(rng.integers(1, 7)), 2, rate, min_share=0.4, demand=0.6)
        scm = rng.integers(2, size=problem.users)
        data, users = normalise(ProblemStack.of([problem])), np.arange(problem.users)
        rho, floor = data.nats[0, users, scm], data.floor[0]
        need = data.compute[0, users, scm].sum() + least_power(data.is_shannon, data.k[0], rho, floor)
        for factor, feasible in ((1.0 + 1e-9, True), (1.0 - 1e-9, False)):
            changed = problem.replace(power_budget=float(need * factor))
            assert (InnerSolver(changed).allocate(scm[None]).status[0] == FEASIBLE) == feasible


def test_nothing_to_send_needs_no_power_and_the_impossible_infinite():
    k = np.array([10.0, 100.0])
    assert least_power(True, k, np.zeros(2), 0.1) == 0.0
    assert least_power(True, k, np.array([0.1, np.inf]), 0.1) == np.inf
    assert least_power(True, k, np.array([0.1, 0.1]), 0.6) == np.inf
    assert least_power(True, np.array([0.0, 1.0]), np.array([0.1, 0.1]), 0.0) == np.inf
    assert least_power(False, k, np.array([0.1, 0.2]), 0.1) == pytest.approx(
        np.expm1(0.1) / 10 + np.expm1(0.2) / 100
    )


def test_models_that_alone_exceed_the_budget_are_no_witness():
    """Without anything to send an assignment still needs its compute power."""
    k, nats = np.ones(2), np.zeros((2, 2))
    compute = np.array([[0.6, 0.3], [0.6, 0.5]])
    scm = np.zeros(2, np.int64)
    assert complete(True, k, nats, compute, 0.0, scm, np.array([True, False])) is False
    assert complete(True, k, nats, compute, 0.0, scm, np.zeros(2, bool)) is True
    assert compute[[0, 1], scm].sum() <= 1.0


def test_rows_of_different_instances_are_masked_as_one_by_one():
    problems = Scenario.load("class-tight-power-v1").sample(6, 3, split="train")
    data = normalise(ProblemStack.of(problems))
    arrays = (data.is_shannon, data.k, data.nats, data.compute, data.floor)
    witness, feasible = np.zeros((6, 12), np.int64), np.zeros(6, bool)
    first_witnesses(*arrays, witness, feasible)
    assert feasible.all()
    rows, user = np.array([4, 0, 4]), np.array([3, 7, 5])
    allowed, witnesses = np.zeros((3, 4), bool), np.zeros((3, 4, 12), np.int64)
    feasible = np.array([True, True, False])
    masks(*arrays, rows, witness[rows], feasible, np.zeros((3, 12), bool), user, allowed, witnesses)
    for row in range(2):
        alone, own = np.zeros(4, bool), np.zeros((4, 12), np.int64)
        n = rows[row]
        one = (data.is_shannon, data.k[n], data.nats[n], data.compute[n], data.floor[n])
        mask(*one, witness[n], np.zeros(12, bool), user[row], alone, own)
        np.testing.assert_array_equal(allowed[row], alone)
        np.testing.assert_array_equal(witnesses[row], own)
    assert allowed[2].all()


@pytest.mark.parametrize("name", ["paper-m12-v1", "class-tight-power-v1", "zoo-m12-v1"])
def test_the_least_power_allocation_of_a_witness_is_feasible_and_spends_everything(name):
    stack = ProblemStack.of(Scenario.load(name).sample(8, 5))
    data = normalise(stack)
    witness, feasible = np.zeros((8, 12), np.int64), np.zeros(8, bool)
    first_witnesses(data.is_shannon, data.k, data.nats, data.compute, data.floor, witness, feasible)
    scored = stack.evaluate(Allocation(witness, *least_power_allocation(stack, witness)))
    assert scored.feasible[feasible].all()
    assert feasible.any()
    np.testing.assert_allclose(scored.total_power, stack.power_budget, rtol=1e-9)
    np.testing.assert_allclose(scored.total_bandwidth, stack.bandwidth_budget, rtol=1e-9)
