"""Both environments: what they show, what actions mean, seeds, masks, pictures, and errors that say what to do."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems import Scenario
from rdebench.problems.action import SHARPNESS, fraction, from_box, scm_of, shares
from rdebench.problems.env import RDEEnv, RDESequentialEnv
from rdebench.problems.observation import BOUND, features, per_user
from rdebench.problems.pool import Source
from rdebench.problems.stack import ProblemStack

gymnasium = pytest.importorskip("gymnasium")


def finish(env, rng, masked=True):
    """Play an episode with random SCMs; the last info and the rewards."""
    rewards, over, info = [], False, {}
    while not over:
        allowed = env.action_masks() if masked else np.ones(env.models, bool)
        _, reward, over, _, info = env.step(int(rng.choice(np.flatnonzero(allowed))))
        rewards.append(reward)
    return info, rewards


def test_an_scm_is_an_equal_interval():
    numbers = np.array([-3.0, -1.0, -0.51, -0.49, 0.0, 0.49, 0.51, 1.0, 3.0])
    assert scm_of(numbers, 4).tolist() == [0, 0, 0, 1, 2, 2, 3, 3, 3]


def test_shares_are_positive_sum_to_one_and_reach_far():
    rng = np.random.default_rng(0)
    found = shares(rng.uniform(-1, 1, (50, 12)).astype(np.float32))
    assert found.min() > 0
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-15)
    one = shares(np.r_[1.0, -np.ones(11)])
    assert one[0] > 0.99
    assert one[0] / one[1] == pytest.approx(np.exp(2 * SHARPNESS))


def test_a_part_of_zero_is_an_equal_share_and_the_last_takes_all():
    left, taken = 1.0, []
    for others in (3, 2, 1, 0):
        part = float(fraction(np.zeros(()), others)) * left
        left -= part
        taken.append(part)
    np.testing.assert_allclose(taken, 0.25)
    assert fraction(np.float64(-1.0), 0) == 1.0


@pytest.mark.parametrize("name", ["paper-m12-v1", "small-v1", "paper-literal-m12-v1", "class-loose-v1"])
def test_every_box_action_keeps_the_bandwidth_and_its_minimum(name):
    users = max(Scenario.load(name).users)
    source = Source.of(name, users, None, "train")
    stack = ProblemStack.of([source.instance(source.nth(n)) for n in range(20)])
    action = np.random.default_rng(1).uniform(-1, 1, (20, 3 * users))
    action[0], action[1] = 1.0, -1.0
    scored = stack.evaluate(from_box(stack, action))
    assert (scored.violations.bandwidth <= 1e-12).all()
    assert (scored.violations.min_bandwidth <= 1e-12).all()
    assert (scored.violations.sign == 0.0).all()
    compute = scored.total_power - from_box(stack, action).power.sum(axis=1)
    fits = compute <= stack.power_budget
    np.testing.assert_allclose(scored.total_power[fits], stack.power_budget[fits], rtol=1e-12)
    np.testing.assert_allclose(scored.total_power[~fits], compute[~fits], rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["paper-m12-v1", "class-heterogeneous-v1", "zoo-m12-v1", "paper-literal-m12-v1"]
)
def test_observations_are_bounded_have_no_units_and_tell_instances_apart(name):
    problems = Scenario.load(name).sample(8, 2)
    found = features(ProblemStack.of(problems))
    assert found.shape == (8, 12, per_user(problems[0].models))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= BOUND
    assert np.abs(found).mean() < 3.0
    assert len(np.unique(found, axis=0)) == 8
    scaled = [
        p.replace(
            power_budget=p.power_budget * 1e3,
            scm_power=p.scm_power * 1e3,
            gain=p.gain / 1e3,
            distortion=p.distortion * 7.0,
        )
        for p in problems
    ]
    np.testing.assert_allclose(features(ProblemStack.of(scaled)), found, rtol=1e-5, atol=1e-5)


def test_forbidden_pairs_and_silent_channels_are_seen():
    problem = Scenario.load("small-v1").instance(0, 1)
    latency = np.array(problem.scm_latency)
    latency[0, 1] = problem.max_latency[0] * 2
    changed = problem.replace(scm_latency=latency, gain=np.r_[0.0, problem.gain[1:]])
    found, models = features(ProblemStack.of([changed]))[0], problem.models
    assert found[0, -models:].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert found[0, 0] == -BOUND
    assert found[0, 1] == BOUND


@pytest.mark.parametrize("kind", [RDEEnv, RDESequentialEnv])
def test_seeds_decide_instances_and_options_choose_them(kind):
    one, other = kind("small-v1", users=4), kind("small-v1", users=4)
    first = [one.reset(seed=5)[1]["instance"], one.reset()[1]["instance"]]
    again = [other.reset(seed=5)[1]["instance"], other.reset()[1]["instance"]]
    assert first == again
    assert len({*first, other.reset(seed=6)[1]["instance"]}) == 3
    observation, info = one.reset(options={"instance": 7})
    assert info["instance"] == 7
    assert (
        one.problem.content_hash() == Scenario.load("small-v1").instance(7, 0, split="train").content_hash()
    )
    np.testing.assert_array_equal(observation, other.reset(seed=1, options={"instance": 7})[0])
    # A chosen instance draws nothing.
    assert one.reset()[1] == (one.reset(seed=5), one.reset(), one.reset())[2][1]


def test_a_pool_bounds_the_instances_and_test_instances_are_others():
    env = RDEEnv("small-v1", users=3, pool=4)
    numbers = {env.reset(seed=seed)[1]["instance"] for seed in range(60)}
    assert numbers == {1, 6, 11, 16}
    assert env.problem.users == 3
    test = RDEEnv("small-v1", users=3, split="test")
    test.reset(options={"instance": 1})
    assert test.problem.content_hash() == Scenario.load("small-v1").instance(1, 0).content_hash()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scenario": "nowhere-v1"}, "no scenario is called"),
        ({"scenario": "small-v1"}, "users is None; small-v1 has 2, 3, 4, 5, 6"),
        ({"scenario": "small-v1", "users": 9}, "users is 9"),
        ({"pool": 0}, "pool is 0"),
        ({"split": "both"}, "split is 'both'; use 'train' or 'test'"),
        ({"encoding": "cube"}, "encoding is 'cube'; use"),
        ({"render_mode": "human"}, "render_mode is 'human'; use one of ansi, rgb_array"),
    ],
)
@pytest.mark.parametrize("kind", [RDEEnv, RDESequentialEnv])
def test_bad_arguments_are_named(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"scenario": "paper-m6-v1"} | arguments)


def test_bad_steps_are_named():
    env = RDEEnv("paper-m6-v1", encoding="hybrid")
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    with pytest.raises(ValueError, match="instance is -1"):
        env.reset(options={"instance": -1})
    with pytest.raises(ValueError, match="does not have 3 users"):
        RDEEnv("small-v1", users=3).reset(options={"instance": 0})
    env.reset(seed=0)
    zero = np.zeros(6, np.float32)
    with pytest.raises(ValueError, match="use 0 to 3"):
        env.step({"scm": np.full(6, 4), "power": zero, "bandwidth": zero})
    with pytest.raises(ValueError, match="not finite"):
        env.step({"scm": np.zeros(6, int), "power": zero * np.nan, "bandwidth": zero})
    env.step({"scm": np.zeros(6, int), "power": zero, "bandwidth": zero})
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    other = RDESequentialEnv("paper-m6-v1", encoding="box")
    with pytest.raises(ValueError, match="has no masks"):
        other.action_masks()
    with pytest.raises(gymnasium.error.ResetNeeded):
        RDESequentialEnv("paper-m6-v1").action_masks()


@pytest.mark.parametrize("name", ["paper-m12-v1", "class-tight-power-v1", "class-near-infeasible-v1"])
def test_masked_choices_always_end_feasible_and_only_the_last_step_pays(name):
    env, rng = RDESequentialEnv(name), np.random.default_rng(0)
    for seed in range(4):
        _, info = env.reset(seed=seed)
        assert info["infeasible"] is False
        info, rewards = finish(env, rng)
        assert info["feasible"] is True
        assert info["infeasible"] is False
        assert len(rewards) == 12
        assert not any(rewards[:-1])
        assert rewards[-1] == pytest.approx(info["rde"] / 1e6, rel=1e-6)


def test_users_decide_by_ascending_gain():
    env = RDESequentialEnv("paper-m6-v1")
    env.reset(seed=0)
    order = np.argsort(env.problem.gain)
    for turn in range(6):
        env.step(turn % 4)
        _, decided = env._decided()
        assert set(np.flatnonzero(decided)) == set(order[: turn + 1])
    allocation, _ = env._decided()
    assert allocation.scm[order].tolist() == [0, 1, 2, 3, 0, 1]


def test_on_an_infeasible_instance_everything_is_allowed_and_said():
    env, rng = RDESequentialEnv("class-infeasible-v1"), np.random.default_rng(0)
    _, info = env.reset(seed=0)
    assert info["infeasible"] is True
    assert env.action_masks().all()
    info, rewards = finish(env, rng, masked=False)
    assert info["infeasible"] is True
    assert info["feasible"] is False
    assert np.isfinite(rewards[-1])


def test_leaving_the_mask_is_said_and_allows_everything_after():
    env = RDESequentialEnv("class-near-infeasible-v1")
    env.reset(seed=0)
    refused = np.flatnonzero(~env.action_masks())
    _, _, _, _, info = env.step(int(refused[0]))
    assert info["infeasible"] is True
    assert env.action_masks().all()


@pytest.mark.parametrize("encoding", ["box", "hybrid"])
def test_what_is_taken_in_turn_never_exceeds_bandwidth_and_leaves_nothing(encoding):
    env = RDESequentialEnv("small-v1", users=5, encoding=encoding)
    for seed in range(5):
        env.reset(seed=seed)
        env.action_space.seed(seed)
        over, info = False, {}
        while not over:
            _, _, over, _, info = env.step(env.action_space.sample())
        allocation, _ = env._decided()
        scored = env.problem.evaluate(allocation)
        assert scored.total_bandwidth == pytest.approx(env.problem.bandwidth_budget)
        assert info["violations"]["bandwidth"] < 1e-12
        assert info["violations"]["min_bandwidth"] < 1e-12
        assert scored.total_power >= env.problem.power_budget * (1 - 1e-12)
        assert "infeasible" not in info


def test_another_allocation_may_be_given():
    def all_to_the_first(stack, scm):
        power, bandwidth = np.zeros(scm.shape), np.zeros(scm.shape)
        power[:, 0], bandwidth[:, 0] = 0.01, stack.bandwidth_budget
        return power, bandwidth

    env = RDESequentialEnv("paper-m6-v1", allocate=all_to_the_first)
    env.reset(seed=0)
    info, _ = finish(env, np.random.default_rng(0))
    assert info["feasible"] is False
    allocation, _ = env._decided()
    assert allocation.power.tolist() == [0.01, 0, 0, 0, 0, 0]


def test_the_spectral_rate_needs_a_least_bandwidth_to_look_ahead():
    scenario = Scenario.load("paper-literal-m12-v1")
    limits = scenario.limits.model_copy(update={"min_bandwidth_hz": 0.0})
    env = RDESequentialEnv(scenario.model_copy(update={"limits": limits}))
    with pytest.raises(ValueError, match="min_bandwidth is 0"):
        env.reset(seed=0)


def test_the_table_and_the_picture_show_who_gets_what():
    env = RDEEnv("zoo-m6-v1", render_mode="ansi")
    assert env.render() is None
    env.reset(seed=0)
    assert "0 of 6 users have decided" in env.render()
    action = np.linspace(-1, 1, 18).astype(np.float32)
    _, _, _, _, info = env.step(action)
    table = env.render()
    for scm in scm_of(action[:6], env.models):
        assert env.problem.scm_names[scm] in table
    assert f"RDE {info['rde'] / 1e6:.4g} Mbit/s, not feasible" in table
    assert "bandwidth 100.0%" in table
    env.render_mode = "rgb_array"
    after = env.render()
    assert after.dtype == np.uint8
    assert after.shape[1:] == (960, 3)
    env.reset(options={"instance": info["instance"]})
    before = env.render()
    assert before.shape == after.shape
    assert (before == 255).mean() > (after == 255).mean() > 0.5
