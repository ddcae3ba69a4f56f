"""What tuned PPO is trained on: users by gain and back, a reward with a scale, and observations about zero."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch

from rdebench.problems import Allocation
from rdebench.problems.action import from_box, share_out
from rdebench.problems.observation import features
from rdebench.problems.stack import ProblemStack
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.ppo.sorted_box import Centred, SortedBox, by_gain, equal_parts, in_order

from ..instances import random_problem
from ..tiny import barely_trained, tiny

SETTINGS = {"pool": 64, "penalty": 0.5, "knee": 0.1, "fine": 0.25}


@pytest.fixture
def rows():
    environment = SortedBox(tiny(), 8, seed=3, **SETTINGS)
    environment.reset()
    return environment


def stack_of(count):
    return ProblemStack.of(tiny().sample(count, 4))


def test_users_are_sorted_by_gain_and_their_answers_go_back():
    """Scores do not depend on the order, so those of a sorted problem must be those of the answer put back."""
    stack, rng = stack_of(20), np.random.default_rng(0)
    ordered, order = by_gain(stack)
    assert (np.diff(ordered.gain, axis=1) >= 0).all()
    assert not (order == np.arange(3)).all()
    decided = from_box(ordered, rng.uniform(-1.0, 1.0, (20, 9)))
    one, two = ordered.evaluate(decided), stack.evaluate(in_order(decided, order))
    np.testing.assert_allclose(one.rde, two.rde, rtol=1e-12)
    np.testing.assert_array_equal(np.take_along_axis(two.latency, order, axis=1), one.latency)
    np.testing.assert_array_equal(features(stack)[np.arange(20)[:, None], order], features(ordered))


def test_tables_of_users_that_differ_move_with_them():
    rng = np.random.default_rng(1)
    stack = ProblemStack.of([random_problem(rng, users=4, models=3) for _ in range(6)])
    ordered, order = by_gain(stack)
    for name in ("scm_power", "distortion", "max_latency", "payload"):
        moved, before = getattr(ordered, name), getattr(stack, name)
        for row in range(6):
            np.testing.assert_array_equal(moved[row], before[row][order[row]])


def test_an_answer_does_not_depend_on_how_users_are_numbered():
    ppo = make_solver("ppo")
    ppo.load(barely_trained("ppo"))
    ordered, order = by_gain(stack_of(12))
    assert len({tuple(one) for one in order.tolist()}) > 1
    straight, shuffled = ppo._answer(ordered), in_order(ppo._answer(ordered), order)
    again = ppo._answer(stack_of(12))
    for name in ("scm", "power", "bandwidth"):
        np.testing.assert_array_equal(getattr(again, name), getattr(shuffled, name))
        assert not np.array_equal(getattr(straight, name), getattr(again, name)) or name == "scm"
    problem = tiny().sample(1, 4)[0]
    found = ppo.solve(problem, rng=np.random.default_rng(0), budget=Budget())
    np.testing.assert_allclose(found.power, again.power[0])


def test_the_reward_is_rde_in_units_of_equal_parts_less_what_is_exceeded(rows):
    stack = rows.stack.take(np.arange(8))
    unit = equal_parts(stack)
    generous = share_out(stack, np.zeros((8, 3), np.int64), np.zeros((8, 3)), np.zeros((8, 3)))
    scored = stack.evaluate(generous)
    reward = rows.rewards(stack, unit, scored)
    feasible = scored.feasible
    assert feasible.any()
    np.testing.assert_allclose(reward[feasible], (scored.rde / unit)[feasible])
    assert (reward[~feasible] < (scored.rde / unit - SETTINGS["fine"])[~feasible]).all()
    starved = Allocation(generous.scm, np.zeros((8, 3)), generous.bandwidth)
    worst = rows.rewards(stack, unit, stack.evaluate(starved))
    np.testing.assert_allclose(worst, -0.5 * np.log1p(30.0 / 0.1) - 0.25)


def test_equal_parts_are_those_of_the_best_common_model():
    stack = stack_of(10)
    by_hand = []
    for problem in tiny().sample(10, 4):
        values = []
        for model in range(2):
            power = max(problem.power_budget - problem.scm_power[:, model].sum(), 0.0) / 3
            share = np.full(3, problem.bandwidth_budget / 3)
            answer = Allocation(np.full(3, model), np.full(3, power), share)
            values.append(float(problem.evaluate(answer).rde))
        by_hand.append(max(values))
    np.testing.assert_allclose(equal_parts(stack), by_hand, rtol=1e-12)


def test_episodes_are_one_step_and_repeat_by_the_seed(rows):
    other = SortedBox(tiny(), 8, seed=3, **SETTINGS)
    observation = other.reset()
    assert rows.observation_space.contains(observation[0])
    action = np.random.default_rng(5).uniform(-1.0, 1.0, (8, 9)).astype(np.float32)
    results = []
    for environment in (rows, other):
        environment.step_async(action)
        results.append(environment.step_wait())
    for one, two in zip(results[0][:3], results[1][:3], strict=True):
        np.testing.assert_array_equal(one, two)
    assert results[0][2].all()
    assert np.isfinite(results[0][1]).all()
    assert not np.array_equal(SortedBox(tiny(), 8, seed=4, **SETTINGS).reset(), observation)


def test_what_is_seen_has_mean_zero_and_spread_one_and_constants_are_hidden(rows):
    mean, scale = rows.centre
    seen = Centred(rows.observation_space, mean, scale)(torch.from_numpy(rows._features)).numpy()
    constant = np.ptp(rows._features, axis=0) == 0.0
    assert constant.any()
    assert not constant.all()
    assert (seen[:, constant] == 0.0).all()
    np.testing.assert_allclose(seen[:, ~constant].mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(seen[:, ~constant].std(axis=0), 1.0, rtol=1e-3)
