"""A vectorised environment in which all users are decided at once, on a mixture of instances of many sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from ...problems.rde import FloatArray, IntArray
from .description import PRICE_CONTEXT, PRICE_FEATURES
from .hybrid_network import observed
from .instances import Group

SAMPLES = 8
"""Rows that face the same instance: each is rewarded for how much better it does than the others."""

LEAST_SPREAD = 3e-4
"""Added to the spread of rewards on an instance, so that equal values are not blown up."""

WORST = -0.1
"""Values this far below the bound count alike, so that infeasible rows do not drown what the others differ in."""

WORST_WITH_SHARES = -1.0
"""The same where shares are decided too: then nothing is near the bound at first."""

_MOST_NUMBER = 30.0


class SharedRows:
    """What stable-baselines3 may ask of single environments, answered once for all rows."""

    num_envs: int
    render_mode = None

    def close(self) -> None:
        """Nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute, the same for every row."""
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set the attribute for all rows."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Call a method, once for all rows."""
        return [getattr(self, method_name)(*args, **kwargs)] * self.num_envs

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """No row is wrapped."""
        return [False] * self.num_envs


class OneShotEnv(SharedRows, VecEnv):
    """One decision an episode; the instances of a step are of one shape, padded to the largest.

    The reward is the value over the root bound less the mean over the rows of the same instance, over their
    spread: it needs no optimum, and a step does not depend on how large or good an instance is. For what a policy
    is worth in the reward (12) see ``rdebench/RDE-v0``.

    Args:
        groups: Training instances.
        rows: Rows of the environment, a multiple of :data:`SAMPLES`.
        shares: Whether power and bandwidth are decided too; else they are optimal for the SCMs.
        seed: Decides which instances come.
    """

    def __init__(self, groups: Sequence[Group], rows: int, shares: bool, seed: int) -> None:
        self.groups = list(groups)
        self.users = max(group.users for group in groups)
        self.models = max(group.models for group in groups)
        self.shares, self.worst = shares, WORST_WITH_SHARES if shares else WORST
        self.rng = np.random.default_rng([seed, 2])
        sizes = np.array([len(group) for group in groups], dtype=float)
        self._often = sizes / sizes.sum()
        shape = (self.users, self.models)

        def box(*dimensions: int) -> spaces.Box:
            return spaces.Box(-_MOST_NUMBER, _MOST_NUMBER, dimensions, np.float32)

        observation = spaces.Dict(
            tokens=box(*shape, PRICE_FEATURES),
            context=box(PRICE_CONTEXT),
            prior=box(*shape, 2),
            present=box(self.users),
        )
        action = box(self.users * (3 if shares else 1))
        super().__init__(rows, observation, action)
        self.before_draw: dict[str, Any] = {}

    def reset(self) -> VecEnvObs:
        """Draw instances."""
        return self._draw()

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Score them, and draw new instances."""
        ratio = self.scores(self._actions)
        together = ratio.reshape(-1, SAMPLES)
        apart = together - together.mean(axis=1, keepdims=True)
        reward = apart / (together.std(axis=1, keepdims=True) + LEAST_SPREAD)
        self.ratio = ratio
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        return self._draw(), reward.ravel().astype(np.float32), np.ones(self.num_envs, dtype=bool), infos

    def scores(self, actions: np.ndarray) -> FloatArray:
        """Value over the root bound less 1 of every row, not below ``worst``; that or twice it where infeasible."""
        group = self.group
        parts = actions.reshape(self.num_envs, -1, self.users)[:, :, : group.users].astype(np.float64)
        scm = np.clip(np.rint(parts[:, 0]), 0, group.models - 1).astype(np.int64)
        allowed = self._allowed(scm)
        if self.shares:
            ratio = group.share_ratios(self.instances, scm, parts[:, 1], parts[:, 2])
        else:
            ratio = group.ratios(self.instances, scm)
        ratio = np.where(allowed.all(axis=1), ratio, -1.0)
        return np.asarray(
            np.where(ratio > 0.0, np.maximum(ratio - 1.0, self.worst), self.worst * np.clip(-ratio, 1.0, 2.0))
        )

    def _allowed(self, scm: IntArray) -> np.ndarray:
        allowed = self.group.data.allowed[self.instances]
        return np.asarray(np.take_along_axis(allowed, scm[..., None], axis=2)[..., 0])

    def _draw(self) -> dict[str, np.ndarray]:
        self.before_draw = dict(self.rng.bit_generator.state)
        self.group = self.groups[int(self.rng.choice(len(self.groups), p=self._often))]
        chosen = self.rng.integers(len(self.group), size=self.num_envs // SAMPLES)
        self.instances = np.repeat(chosen, SAMPLES)
        assert isinstance(self.observation_space, spaces.Dict)
        padded = {
            name: np.zeros((self.num_envs, *(space.shape or ())), np.float32)
            for name, space in self.observation_space.spaces.items()
        }
        for name, array in observed(self.group, self.instances).items():
            padded[name][tuple(slice(0, length) for length in array.shape)] = array
        return padded
