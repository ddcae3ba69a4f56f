"""A vectorised environment in which users decide in turn, with exact masks, on a mixture of instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from .instances import Group
from .one_shot_env import LEAST_SPREAD, SAMPLES, WORST, SharedRows
from .turns import TURN_CONTEXT, TURN_FEATURES, PricedTurns, TurnTable

_MOST_NUMBER = 30.0


class TurnEnv(SharedRows, VecEnv):
    """One user a step; the rows of an episode have instances of one shape, and take their turns together.

    The reward comes at the end: the value with exact power and bandwidth over the root bound, less the mean over
    the rows of the same instance, over their spread.

    Args:
        groups: Training instances, of the same number of SCMs.
        rows: Rows of the environment, a multiple of :data:`SAMPLES`.
        seed: Decides which instances come.
    """

    def __init__(self, groups: Sequence[Group], rows: int, seed: int) -> None:
        self.tables = [TurnTable.of(group) for group in groups]
        self.models = max(group.models for group in groups)
        self.rng = np.random.default_rng([seed, 3])
        sizes = np.array([len(group) for group in groups], dtype=float)
        self._often = sizes / sizes.sum()
        self.before_draw: dict[str, Any] = {}

        def box(*dimensions: int) -> spaces.Box:
            return spaces.Box(-_MOST_NUMBER, _MOST_NUMBER, dimensions, np.float32)

        observation = spaces.Dict(
            tokens=box(self.models, TURN_FEATURES), context=box(TURN_CONTEXT), loss=box(self.models)
        )
        super().__init__(rows, observation, spaces.Discrete(self.models))

    def reset(self) -> VecEnvObs:
        """Begin new episodes in all rows."""
        self.before_draw = dict(self.rng.bit_generator.state)
        table = self.tables[int(self.rng.choice(len(self.tables), p=self._often))]
        usable = np.flatnonzero(table.feasible)
        chosen = usable[self.rng.integers(len(usable), size=self.num_envs // SAMPLES)]
        self.turns = PricedTurns(table, np.repeat(chosen, SAMPLES))
        return self.turns.observation()

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions."""
        self._actions = np.asarray(actions, dtype=np.int64)

    def step_wait(self) -> VecEnvStepReturn:
        """Let every row's user decide."""
        self.turns.choose(self._actions)
        over = self.turns.over
        reward = np.zeros(self.num_envs, dtype=np.float32)
        if over:
            group = self.turns.table.group
            self.ratio = np.maximum(group.ratios(self.turns.instances, self.turns.scm), 1.0 + WORST)
            together = self.ratio.reshape(-1, SAMPLES)
            apart = together - together.mean(axis=1, keepdims=True)
            reward = (apart / (together.std(axis=1, keepdims=True) + LEAST_SPREAD)).ravel().astype(np.float32)
        observation = self.reset() if over else self.turns.observation()
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        return observation, reward, np.full(self.num_envs, over), infos

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """``action_masks``: which SCMs each row's user may take, the only method of a row that there is."""
        if method_name != "action_masks":
            raise AttributeError(f"rows have no method {method_name}; they have action_masks")
        return list(self.turns.allowed)

    def has_attr(self, attr_name: str) -> bool:
        """Masks are there, everything else as in any environment."""
        return attr_name == "action_masks" or super().has_attr(attr_name)
