"""The bracket of the least power: nothing is feasible below it, something is above it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rdebench.problems import Allocation
from rdebench.problems.least_power import least_power_bracket
from rdebench.solvers.allocation import FEASIBLE, INFEASIBLE, InnerSolver

from ..instances import random_problem
from ..two_users import two_users


def bracket(problem, **changes):
    fields = {
        "min_rate": problem.min_rate,
        "scm_power": problem.scm_power,
        "gain": problem.gain,
        "noise_psd": problem.noise_psd,
        "bandwidth_budget": problem.bandwidth_budget,
        "min_bandwidth": problem.min_bandwidth,
    }
    return least_power_bracket(**(fields | changes))


def outcomes(problem, power):
    """The inner solver's verdict on every assignment at a power budget."""
    every = np.array(list(product(range(problem.models), repeat=problem.users)))
    return InnerSolver(problem.replace(power_budget=power)).allocate(every)


def test_one_user_by_hand():
    # R = 8 / (5 - 1) = 2 bit/s over 1 Hz needs SNR 3: 3 W at gain 1, and 1 W for the model.
    problem = two_users(
        scm_names=("only",),
        scm_power=[[1.0]],
        scm_latency=[[1.0]],
        distortion=[[1.0]],
        payload=[[8.0]],
        gain=[1.0],
        max_latency=[5.0],
        bandwidth_budget=1.0,
        min_bandwidth=0.0,
    )
    assert bracket(problem) == pytest.approx((4.0, 4.0), rel=1e-6)


@pytest.mark.parametrize("min_share", [0.0, 0.5])
@pytest.mark.parametrize("users", [1, 2, 3, 4])
def test_the_exact_inner_solver_agrees(users, min_share):
    rng = np.random.default_rng(users)
    for _ in range(5):
        problem = random_problem(rng, users, 3, min_share=min_share, demand=0.9)
        lower, upper = bracket(problem)
        assert 0 < lower <= upper < np.inf
        assert (outcomes(problem, lower * (1 - 1e-6)).status == INFEASIBLE).all()
        above = outcomes(problem, upper * (1 + 1e-6))
        best = above.rde.argmax()
        assert above.status[best] == FEASIBLE
        found = above.allocation
        answer = Allocation(found.scm[best], found.power[best], found.bandwidth[best])
        assert problem.replace(power_budget=upper * (1 + 1e-6)).evaluate(answer).feasible


def test_looking_stops_at_what_is_enough():
    problem = random_problem(np.random.default_rng(1), 4, 3, demand=0.9)
    lower, upper = bracket(problem)
    assert bracket(problem, enough=np.inf)[1] >= upper
    assert bracket(problem, enough=np.inf)[0] == pytest.approx(lower)


def test_what_no_power_makes_feasible():
    problem = two_users()
    assert bracket(problem, min_bandwidth=3.0) == (np.inf, np.inf)  # 2 * 3 Hz of 4 Hz
    too_slow = two_users(max_latency=[0.5, 10.0])
    assert bracket(too_slow) == (np.inf, np.inf)


def test_nothing_to_send_needs_the_models_power_alone():
    # the least of each user's models: 1 + 0.5
    lower, upper = bracket(two_users(payload=np.zeros((2, 2)), min_bandwidth=0.0))
    assert upper == pytest.approx(1.5, rel=1e-9)
    assert lower == pytest.approx(1.5, rel=1e-6)
