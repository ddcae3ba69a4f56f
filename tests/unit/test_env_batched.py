"""Row k of a batch is the single environment seeded with seed + k: instances, observations, rewards, masks."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from rdebench.problems.env import RDEEnv, RDESequentialEnv
from rdebench.solvers.ppo.vec_env import BatchedRDE, BatchedRDESequential

ROWS, SEED = 3, 11
CASES = [
    ("paper-m6-v1", None),
    ("small-v1", 3),
    ("class-infeasible-v1", None),
    ("paper-literal-m12-v1", None),
]


def sample(space, rng, rows):
    """A random action for each row, without the space's own generator."""
    if hasattr(space, "spaces"):
        return {name: sample(part, rng, rows) for name, part in space.spaces.items()}
    if hasattr(space, "nvec"):
        return rng.integers(space.nvec, size=(rows, *space.shape))
    if hasattr(space, "n"):
        return rng.integers(space.n, size=rows)
    return rng.uniform(-1, 1, (rows, *space.shape)).astype(np.float32)


def row_of(action, row):
    return {name: part[row] for name, part in action.items()} if isinstance(action, dict) else action[row]


def assert_same_steps(batch, singles, rng, steps, masked):
    """Step both; singles are reset by hand where the batch does it by itself."""
    for _ in range(steps):
        action = sample(batch.action_space, rng, ROWS)
        if masked:
            allowed = np.stack(batch.env_method("action_masks"))
            for row, single in enumerate(singles):
                np.testing.assert_array_equal(allowed[row], single.action_masks())
            if rng.random() < 0.8:
                action = (rng.random(allowed.shape) * allowed).argmax(axis=1)
        observations, rewards, overs, infos = batch.step(action)
        for row, single in enumerate(singles):
            observation, reward, over, _, info = single.step(row_of(action, row))
            assert rewards[row] == pytest.approx(reward, rel=1e-12, abs=1e-12)
            assert overs[row] == over
            if over:
                np.testing.assert_array_equal(infos[row]["terminal_observation"], observation)
                assert infos[row]["instance"] == info["instance"]
                assert infos[row]["feasible"] == info["feasible"]
                assert infos[row]["rde"] == pytest.approx(info["rde"], rel=1e-12)
                observation, _ = single.reset()
            np.testing.assert_array_equal(observations[row], observation)


@pytest.mark.parametrize(("scenario", "users"), CASES)
@pytest.mark.parametrize("encoding", ["box", "hybrid"])
@pytest.mark.parametrize("pool", [None, 5])
def test_one_decision(scenario, users, encoding, pool):
    batch = BatchedRDE(scenario, ROWS, encoding=encoding, users=users, pool=pool)
    singles = [RDEEnv(scenario, encoding=encoding, users=users, pool=pool) for _ in range(ROWS)]
    assert batch.seed(SEED) == [SEED, SEED + 1, SEED + 2]
    found = batch.reset()
    for row, single in enumerate(singles):
        observation, info = single.reset(seed=SEED + row)
        np.testing.assert_array_equal(found[row], observation)
        assert batch.reset_infos[row] == info
    assert_same_steps(batch, singles, np.random.default_rng(0), 5, masked=False)


@pytest.mark.parametrize(("scenario", "users"), CASES)
@pytest.mark.parametrize("encoding", ["scm", "box", "hybrid"])
def test_one_user_a_step(scenario, users, encoding):
    batch = BatchedRDESequential(scenario, ROWS, encoding=encoding, users=users, pool=6)
    singles = [RDESequentialEnv(scenario, encoding=encoding, users=users, pool=6) for _ in range(ROWS)]
    batch.seed(SEED)
    found = batch.reset()
    for row, single in enumerate(singles):
        np.testing.assert_array_equal(found[row], single.reset(seed=SEED + row)[0])
    assert_same_steps(batch, singles, np.random.default_rng(0), 26, masked=encoding == "scm")


def test_more_episodes_than_are_drawn_at_a_time():
    """The stream of instances goes on where a block of random numbers ends."""
    batch, single = BatchedRDE("paper-m6-v1", 2, pool=3), RDEEnv("paper-m6-v1", pool=3)
    batch.seed(4)
    batch.reset()
    action = np.zeros((2, 18), np.float32)
    numbers = [batch.step(action)[3][1]["instance"] for _ in range(600)]
    single.reset(seed=5)
    own = [single._instance]
    for _ in range(599):
        single.reset()
        own.append(single._instance)
    assert numbers == own


def test_options_choose_instances_and_draw_nothing():
    batch, single = BatchedRDE("small-v1", 2, users=3, pool=4), RDEEnv("small-v1", users=3, pool=4)
    batch.seed(0)
    batch.set_options([{"instance": 11}, {}])
    batch.reset()
    assert [info["instance"] for info in batch.reset_infos] == [11, single.reset(seed=1)[1]["instance"]]
    batch.step(np.zeros((2, 9), np.float32))
    assert batch._numbers == [
        single.reset(seed=0)[1]["instance"],
        (single.reset(seed=1), single.reset())[1][1]["instance"],
    ]
    batch.set_options({"instance": 21})
    with pytest.raises(
        ValueError, match="not in the pool of 4 instances with 3 users; they go from 1 to 16 in steps of 5"
    ):
        batch.reset()


def test_what_stable_baselines3_asks_for():
    batch = BatchedRDESequential("paper-m6-v1", 2, pool=4)
    assert batch.has_attr("action_masks")
    assert not BatchedRDESequential("paper-m6-v1", 2, pool=4, encoding="box").has_attr("action_masks")
    assert not BatchedRDE("paper-m6-v1", 2, pool=4).has_attr("action_masks")
    batch.reset()
    assert len(batch.env_method("action_masks", indices=[1])) == 1
    assert batch.env_is_wrapped(object) == [False, False]
    assert batch.get_attr("encoding", indices=0) == ["scm"]
    with pytest.raises(AttributeError, match="share their attributes"):
        batch.set_attr("encoding", "box")
    with pytest.raises(ValueError, match="rows is 0"):
        BatchedRDE("paper-m6-v1", 0, pool=4)


def test_maskable_ppo_and_ppo_learn_on_them():
    from sb3_contrib import MaskablePPO
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import VecMonitor

    one = BatchedRDE("paper-m6-v1", 8, pool=8)
    PPO("MlpPolicy", VecMonitor(one), n_steps=4, batch_size=16, n_epochs=1, seed=0).learn(64)
    turns = BatchedRDESequential("paper-m6-v1", 8, pool=8)
    model = MaskablePPO("MlpPolicy", turns, n_steps=12, batch_size=48, n_epochs=1, seed=0, gamma=1.0)
    model.learn(192)
    assert model.num_timesteps == 192
