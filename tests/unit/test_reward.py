"""Equation (12) by hand in its three readings."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Reward

from ..two_users import by_hand, two_users

# RDE is 4, total power 12.5 W; latencies 5 and 6 s against deadlines 6 and 5.5 s: -1 and +0.5 s.
DEADLINES = [6.0, 5.5]


def reward(reading, problem, unit="bit/s/Hz", **changes):
    return Reward(reading, 0.3, 0.2, unit)(problem, problem.evaluate(by_hand(**changes)))


@pytest.mark.parametrize(
    ("reading", "power_budget", "expected"),
    [
        ("hinge", 12.0, 3.75),  # 4 - 0.3 * 0.5 - 0.2 * 0.5
        ("signed", 12.0, 3.95),  # 4 - 0.3 * 0.5 - 0.2 * (-1 + 0.5)
        ("absolute", 12.0, 3.55),  # 4 - 0.3 * 0.5 - 0.2 * (1 + 0.5)
        ("hinge", 16.0, 3.9),  # 4 - 0 - 0.2 * 0.5
        ("signed", 16.0, 5.15),  # 4 + 0.3 * 3.5 + 0.2 * 0.5
        ("absolute", 16.0, 2.65),  # 4 - 0.3 * 3.5 - 0.2 * 1.5
    ],
)
def test_by_hand(reading, power_budget, expected):
    problem = two_users(max_latency=DEADLINES, power_budget=power_budget)
    assert reward(reading, problem) == pytest.approx(expected, rel=1e-14)


def test_only_the_rate_changes_its_unit():
    problem = two_users(max_latency=DEADLINES, power_budget=12.0)
    assert reward("hinge", problem, "Mbit/s") == pytest.approx(4e-6 - 0.25, rel=1e-14)


@pytest.mark.parametrize("reading", ["hinge", "signed", "absolute"])
def test_an_infinite_latency_costs_ten_deadlines(reading):
    problem = two_users(max_latency=DEADLINES, power_budget=12.5, min_bandwidth=0.0)
    found = reward(reading, problem, bandwidth=np.array([0.0, 2.0]))
    assert found == pytest.approx(3.0 - 0.2 * (60.0 + 0.5), rel=1e-14)  # RDE 6 / 2; 10 * 6 s, and 0.5 s


def test_a_finite_latency_is_capped_too():
    problem = two_users(max_latency=[6.0, 7.0], power_budget=12.5)
    slow = problem.evaluate(by_hand(power=np.array([1e-9, 7.0])))
    assert 6.0 + 60.0 < slow.latency[0] < np.inf
    assert Reward("hinge", 0.0, 0.2, "bit/s/Hz")(problem, slow) == pytest.approx(slow.rde - 0.2 * 60.0)


def test_a_batch_gives_one_reward_each():
    problem = two_users(max_latency=DEADLINES)
    scm, power, bandwidth = (np.stack([row] * 3) for row in ([0, 1], [3.0, 7.0], [1.0, 2.0]))
    found = reward("signed", problem, scm=scm, power=power, bandwidth=bandwidth)
    assert found.shape == (3,)
    assert found == pytest.approx([5.15] * 3)
