"""The reward of any action is (12) of the allocation it stands for, as the referee's formulas score it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdebench.problems import Allocation, Scenario
from rdebench.problems.env import RDEEnv, RDESequentialEnv
from rdebench.problems.sequential import least_power_allocation
from rdebench.problems.stack import ProblemStack

pytest.importorskip("gymnasium")

SCENARIOS = (
    "paper-m12-v1",
    "paper-literal-m12-v1",
    "class-tight-power-v1",
    "class-infeasible-v1",
    "zoo-m12-v1",
)
ENVS: dict[tuple[type, str, str], RDEEnv | RDESequentialEnv] = {}


def env_of(kind, name, encoding):
    """An environment that is made once; hypothesis asks for it many times."""
    key = (kind, name, encoding)
    if key not in ENVS:
        ENVS[key] = kind(name, encoding=encoding, pool=8)
    return ENVS[key]


def expected(env, scm, power, bandwidth):
    problem = env.problem
    reward = Scenario.load(env.source.scenario.id).reward_function()
    return float(reward(problem, problem.evaluate(Allocation(scm, power, bandwidth))))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SCENARIOS), st.integers(0, 7), st.integers(0, 2**32), st.booleans())
def test_one_decision(name, instance, seed, extreme):
    env, rng = env_of(RDEEnv, name, "box"), np.random.default_rng(seed)
    env.reset(options={"instance": instance})
    action = rng.uniform(-1, 1, 36).astype(np.float32)
    action = np.sign(action) if extreme else action
    _, reward, over, _, info = env.step(action)
    problem, numbers = env.problem, action.astype(np.float64)
    scm = np.minimum(((numbers[:12] + 1) / 2 * problem.models).astype(int), problem.models - 1)
    share = np.exp(4 * numbers[12:24]) / np.exp(4 * numbers[12:24]).sum()
    width = np.exp(4 * numbers[24:]) / np.exp(4 * numbers[24:]).sum()
    left = max(problem.power_budget - problem.scm_power[np.arange(12), scm].sum(), 0.0)
    free = problem.bandwidth_budget - 12 * problem.min_bandwidth
    assert over
    assert reward == pytest.approx(
        expected(env, scm, share * left, problem.min_bandwidth + width * free), rel=1e-9, abs=1e-9
    )
    assert info["feasible"] == (max(info["violations"].values()) <= 1e-9)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(SCENARIOS), st.integers(0, 7), st.integers(0, 2**32))
def test_one_user_a_step(name, instance, seed):
    env, rng = env_of(RDESequentialEnv, name, "scm"), np.random.default_rng(seed)
    env.reset(options={"instance": instance})
    scm, rewards = np.zeros(12, int), []
    for user in np.argsort(env.problem.gain, kind="stable"):
        scm[user] = rng.integers(env.models)
        observation, reward, _, _, _ = env.step(scm[user])
        assert env.observation_space.contains(observation)
        rewards.append(reward)
    power, bandwidth = least_power_allocation(ProblemStack.of([env.problem]), scm[None])
    assert rewards[:-1] == [0.0] * 11
    assert rewards[-1] == pytest.approx(expected(env, scm, power[0], bandwidth[0]), rel=1e-9, abs=1e-9)
