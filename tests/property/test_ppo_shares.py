"""Whatever numbers a policy emits: within budgets and deadlines, wherever anything is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rdebench.problems import Allocation
from rdebench.problems.feasibility_kernel import total_power
from rdebench.solvers.allocation import FEASIBLE, InnerSolver
from rdebench.solvers.ppo.batch_kernel import assignment_value
from rdebench.solvers.ppo.shares_kernel import allocate_shares, share_values

from ..instances import random_problem


@st.composite
def cases(draw):
    """A problem, its units, an assignment of it and two logits a user."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rate = draw(st.sampled_from(["shannon", "spectral"]))
    problem = random_problem(
        rng,
        draw(st.integers(1, 7)),
        draw(st.integers(1, 4)),
        rate,
        min_share=draw(st.sampled_from([0.0, 0.3, 1.0] if rate == "shannon" else [0.1, 0.5, 1.0])),
        demand=draw(st.sampled_from([0.0, 0.3, 0.8, 1.2])),
        compute=draw(st.sampled_from([0.1, 0.6, 1.5])),
        snr_decades=draw(st.sampled_from([(1.0, 6.0), (-1.0, 1.0), (3.0, 3.01)])),
    )
    scm = rng.integers(problem.models, size=problem.users)
    size = draw(st.sampled_from([0.0, 1.0, 10.0, 300.0]))
    wanted, surplus = size * rng.normal(size=(2, problem.users))
    return problem, InnerSolver(problem), scm, wanted, surplus


def allocated(inner, scm, wanted, surplus):
    """(met, power, share, left) in budgets."""
    users = np.arange(len(scm))
    power, share = np.full((2, len(scm)), np.nan)
    left = 1.0 - inner.compute[users, scm].sum()
    shannon = inner.problem.rate == "shannon"
    met = allocate_shares(
        shannon, inner.snr, inner.nats[users, scm], left, inner.floor, wanted, surplus, power, share
    )
    return met, power, share, left


def valued(inner, scm, wanted, surplus):
    """:func:`share_values` of one assignment."""
    value = np.empty(1)
    share_values(
        inner.problem.rate == "shannon", inner.snr[None], inner.nats[None], inner.compute[None],
        np.array([inner.floor]), inner.distortion[None], np.array([inner.problem.epsilon]),
        np.zeros(1, np.int64), scm[None], wanted[None], surplus[None], value,
    )  # fmt: skip
    return value[0]


def in_units(problem, scm, power, share):
    return Allocation(scm, power * problem.power_budget, share * problem.bandwidth_budget)


@settings(deadline=None, max_examples=300)
@given(cases())
def test_feasible_exactly_where_anything_is_and_worth_what_the_referee_says(case):
    problem, inner, scm, wanted, surplus = case
    best = inner.allocate(scm[None])
    met, power, share, left = allocated(inner, scm, wanted, surplus)
    assert met == (best.status[0] == FEASIBLE)
    value = valued(inner, scm, wanted, surplus)
    if not met:
        lacking = total_power(
            problem.rate == "shannon", inner.snr, inner.nats, inner.compute, inner.floor, scm, np.nan
        )
        assert value == -1.0 - min(max(lacking - 1.0, 0.0), 1.0)
        return
    found = problem.evaluate(in_units(problem, scm, power, share))
    assert found.feasible, found.violations
    assert power.sum() == pytest.approx(left, rel=1e-9)
    assert share.sum() == pytest.approx(1.0 if problem.rate == "shannon" else problem.users * inner.floor)
    assert value * inner.rate_unit == pytest.approx(float(found.rde), rel=1e-9)
    assert value * inner.rate_unit <= best.rde[0] * (1.0 + 1e-9)


@settings(deadline=None, max_examples=150)
@given(cases(), st.sampled_from([1e-9, 1e-6, 1e-3, -1e-9, -1e-6]))
def test_at_the_edge_of_feasibility(case, beyond):
    """A power budget that is just above or just below the least that the deadlines take."""
    problem, inner, scm, wanted, surplus = case
    is_shannon = problem.rate == "shannon"
    least = total_power(is_shannon, inner.snr, inner.nats, inner.compute, inner.floor, scm, np.nan)
    transmit = least - inner.compute[np.arange(problem.users), scm].sum()
    assume(np.isfinite(least) and transmit > 0.1 * least)
    problem = problem.replace(power_budget=least * (1.0 + beyond))
    met, power, share, _ = allocated(InnerSolver(problem), scm, wanted, surplus)
    assert met == (beyond > 0.0)
    if met:
        found = problem.evaluate(in_units(problem, scm, power, share))
        assert found.feasible, found.violations


@settings(deadline=None, max_examples=100)
@given(cases(), st.integers(0, 6))
def test_the_surplus_goes_where_it_is_sent(case, receiver):
    """Everybody but the receiver has the least power that meets the deadline with its share."""
    problem, inner, scm, wanted, _ = case
    receiver %= problem.users
    surplus = np.where(np.arange(problem.users) == receiver, 0.0, -1e4)
    met, power, share, _ = allocated(inner, scm, wanted, surplus)
    assume(met)
    found = problem.evaluate(in_units(problem, scm, power, share))
    least = problem.min_rate[np.arange(problem.users), scm]
    others = np.arange(problem.users) != receiver
    np.testing.assert_allclose(found.rate[others], least[others], rtol=1e-6, atol=1e-9 * inner.rate_unit)


def test_without_need_shares_are_the_softmax_of_the_logits():
    """Two users without data: shares (1/4, 3/4) over a floor of 0.1, and power (9/10, 1/10) of what is left."""
    power, share = np.empty(2), np.empty(2)
    met = allocate_shares(
        True,
        np.array([5.0, 1.0]),
        np.zeros(2),
        0.5,
        0.1,
        np.log([1.0, 3.0]),
        np.log([9.0, 1.0]),
        power,
        share,
    )
    assert met
    np.testing.assert_allclose(share, [0.1 + 0.8 / 4, 0.1 + 0.8 * 3 / 4], rtol=1e-15)
    np.testing.assert_allclose(power, [0.45, 0.05], rtol=1e-15)


def test_unaffordable_shares_move_no_further_than_they_must():
    """Two users with equal needs: all the band for one is unaffordable, and the answer spends all on the deadlines."""
    k, rho, power, share = np.array([100.0, 100.0]), np.array([1.0, 1.0]), np.empty(2), np.empty(2)
    assert allocate_shares(True, k, rho, 0.2, 0.0, np.array([4.0, 0.0]), np.zeros(2), power, share)
    assert share[0] > 0.6
    rate = share * np.log1p(k * power / share)
    np.testing.assert_allclose(rate, rho, rtol=1e-9)
    assert power.sum() == pytest.approx(0.2, rel=1e-9)


@settings(deadline=None, max_examples=100)
@given(cases())
def test_exact_values_are_the_inner_solvers(case):
    problem, inner, scm, _, _ = case
    scratch = np.empty((3, problem.users))
    value = assignment_value(
        problem.rate == "shannon", inner.snr, inner.nats, inner.compute, inner.floor, inner.distortion,
        problem.epsilon, int(inner.snr.argmax()), scm, *scratch,
    )  # fmt: skip
    assert value * inner.rate_unit == pytest.approx(inner.values(scm[None])[0], rel=1e-12)
