"""The box encoding as tuned PPO is trained on it: users by ascending gain, and a reward in units of equal parts."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from ...problems import Allocation, Evaluation, Scenario
from ...problems.action import from_box, share_out
from ...problems.env import rde_spaces
from ...problems.observation import Float32Array, features
from ...problems.pool import Source
from ...problems.rde import FloatArray, IntArray
from ...problems.stack import ProblemStack
from .one_shot_env import SharedRows

MOST_LATE = 10.0
"""A user counts as at most this many deadlines late: at rate zero latency is infinite."""

_LEAST_SPREAD = 1e-3
"""What varies less than this over the training instances tells nothing, and is hidden."""


def by_gain(stack: ProblemStack) -> tuple[ProblemStack, IntArray]:
    """The same problems with their users by ascending gain, ties by their number.

    Args:
        stack: N problems.

    Returns:
        The sorted problems, and which user is at which place, ``[N, M]``.
    """
    order = np.argsort(stack.gain, axis=1, kind="stable")
    arrays = {field.name: getattr(stack, field.name) for field in fields(stack) if field.name != "rate"}
    moved: dict[str, Any] = {
        name: np.take_along_axis(array, order if array.ndim == 2 else order[:, :, None], axis=1)
        for name, array in arrays.items()
        if array.ndim > 1
    }
    return replace(stack, **moved), order


def in_order(allocation: Allocation, order: IntArray) -> Allocation:
    """The allocations ``[N, M]`` of sorted problems, with the users where they were before."""
    back = np.argsort(order, axis=1)
    scm = np.take_along_axis(allocation.scm, back, axis=1)
    power, bandwidth = (
        np.take_along_axis(part, back, axis=1) for part in (allocation.power, allocation.bandwidth)
    )
    return Allocation(scm, power, bandwidth)


def observed(stack: ProblemStack) -> Float32Array:
    """What the policy sees of sorted problems: the features of ``rdebench/RDE-v0``, ``[N, M * F]``."""
    return features(stack).reshape(len(stack), -1)


def equal_parts(stack: ProblemStack) -> FloatArray:
    """RDE of equal parts with the best of the models for everybody, deadlines or not, ``[N]``; positive."""
    shape = (len(stack), stack.users)
    values = [
        stack.evaluate(share_out(stack, np.full(shape, model), np.zeros(shape), np.zeros(shape))).rde
        for model in range(stack.models)
    ]
    best = np.max(values, axis=0)
    return np.asarray(np.where(best > 0.0, best, max(float(best.max()), 1.0)))


class SortedBox(SharedRows, VecEnv):
    """Many rows of the one-decision environment at a time, each episode one step.

    Instances and the map of actions are those of ``rdebench/RDE-v0``. What differs is what a tuning may change: the
    order of the users, which carries no meaning, and the scale of the reward.

    Args:
        scenario: Where training instances come from; it has one number of users.
        rows: How many environments.
        pool: How many instances there are.
        seed: Decides which instances come.
        penalty: How much excess weighs in the reward.
        knee: Excess, in deadlines and budgets, from which on it weighs like its logarithm.
        fine: What an infeasible answer costs besides.
    """

    def __init__(
        self, scenario: Scenario, rows: int, *, pool: int, seed: int, penalty: float, knee: float, fine: float
    ) -> None:
        source = Source.of(scenario, None, pool, "train")
        self.stack, _ = by_gain(source.draw_pool().stack)
        self.penalty, self.knee, self.fine = penalty, knee, fine
        self._features, self._unit = observed(self.stack), equal_parts(self.stack)
        self._rng = np.random.default_rng([seed, 3])
        self._infos: list[dict[str, Any]] = [{} for _ in range(rows)]
        super().__init__(rows, *rde_spaces(source.users, self.stack.models, "box"))

    @property
    def centre(self) -> tuple[Float32Array, Float32Array]:
        """Mean of each number of the observation over the pool, and one over its spread; 0 for what is constant."""
        spread = self._features.std(axis=0)
        scale = np.where(spread > _LEAST_SPREAD, 1.0 / np.maximum(spread, _LEAST_SPREAD), 0.0)
        return self._features.mean(axis=0), scale.astype(np.float32)

    def reset(self) -> VecEnvObs:
        """Draw instances."""
        self._rows = self._rng.integers(len(self.stack), size=self.num_envs)
        return self._features[self._rows]

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Score them, and draw new instances."""
        stack, unit = self.stack.take(self._rows), self._unit[self._rows]
        reward = self.rewards(stack, unit, stack.evaluate(from_box(stack, self._actions)))
        over = np.ones(self.num_envs, dtype=bool)
        return self.reset(), reward.astype(np.float32), over, self._infos

    def rewards(self, stack: ProblemStack, unit: FloatArray, scored: Evaluation) -> FloatArray:
        """RDE in units of equal parts, less a penalty for excess: it grows like a logarithm, as excess has no end.

        Args:
            stack: N problems.
            unit: What equal parts give, ``[N]``.
            scored: The scores of an allocation for each.
        """
        late = np.clip(scored.latency / stack.max_latency - 1.0, 0.0, MOST_LATE).sum(axis=1)
        excess = late + MOST_LATE * scored.violations.power
        penalty = self.penalty * np.log1p(excess / self.knee) + self.fine * ~scored.feasible
        return np.asarray(scored.rde / unit - penalty)


class Centred(BaseFeaturesExtractor):
    """Observations less their mean, over their spread; both are kept with the weights.

    Args:
        space: The observation space.
        mean: Mean of each number; zeros where weights are about to be read.
        scale: What each is multiplied by after that.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, space: spaces.Box, mean: Float32Array, scale: Float32Array) -> None:
        super().__init__(space, int(space.shape[0]))
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Standardise a batch."""
        return (observation - self.mean) * self.scale
