"""The environments of :mod:`rdebench.problems.env`, many rows at a time in numpy, as stable-baselines3 takes them.

Row k does what the single environment does when it is seeded with ``seed + k``: the same instances, observations and
rewards. All rows end their episodes together and begin the next at once.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from gymnasium import Space, Wrapper
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from ...problems import Allocation, Scenario
from ...problems.action import from_box, from_parts
from ...problems.env import rde_spaces, sequential_spaces
from ...problems.observation import Float32Array
from ...problems.pool import Pool, Source, Split
from ...problems.rde import FloatArray, IntArray
from ...problems.sequential import Allocate, Encoding, Turns, least_power_allocation
from ...problems.stack import ProblemStack
from .draws import Draws

POOL = 4096
"""How many instances rows are about unless told otherwise: drawing them takes a quarter of a minute, once."""


class BatchedEnv(VecEnv):
    """What both batched environments share: instances, seeds, scores, and what SB3 asks for.

    Args:
        source: Which instances.
        rows: How many environments, K.
        spaces: Observation and action space of one.

    Raises:
        ValueError: If there is not at least one row.
    """

    def __init__(self, source: Source, rows: int, spaces: tuple[Space[Any], Space[Any]]) -> None:
        if rows < 1:
            raise ValueError(f"rows is {rows}; it must be a number of environments >= 1")
        super().__init__(rows, *spaces)
        self.source, self.reward = source, source.scenario.reward_function()
        self._draws = Draws(source, rows)
        self._over = np.ones(rows, np.bool_)
        self._actions: Any = None

    @abstractmethod
    def _begin(self, pool: Pool, rows: IntArray) -> Float32Array:
        """Start episodes about the instances at ``rows`` of a pool, ``[K]``; returns the observations."""

    def reset(self) -> Float32Array:
        """Start an episode in every row, with the seeds and options that were set since the last time."""
        self._draws.seed(self._seeds)
        observation = self._next([options.get("instance") for options in self._options])
        self.reset_infos = [{"instance": number} for number in self._numbers]
        self._reset_seeds()
        self._reset_options()
        return observation

    def _next(self, wanted: list[int | None]) -> Float32Array:
        pool, rows, numbers = self._draws.next(wanted)
        self._numbers = numbers.tolist()
        return self._begin(pool, rows)

    def _ended(
        self, stack: ProblemStack, allocation: Allocation, last: Float32Array
    ) -> tuple[Float32Array, FloatArray, list[dict[str, Any]]]:
        """Score the ended episodes and begin the next: their first observations, the rewards and the infos."""
        scored = stack.evaluate(allocation)
        columns = (last, self._numbers, scored.rde.tolist(), scored.feasible.tolist())
        infos: list[dict[str, Any]] = [
            {"terminal_observation": observation, "instance": number, "rde": rde, "feasible": feasible}
            for observation, number, rde, feasible in zip(*columns, strict=True)
        ]
        reward = self.reward(stack, scored)
        return self._next([None] * self.num_envs), reward, infos

    def step_async(self, actions: Any) -> None:
        """Keep the actions for :meth:`step_wait`."""
        self._actions = actions

    def close(self) -> None:
        """Nothing to close."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute, which all rows share, once for each row asked for."""
        value = None if attr_name == "render_mode" else getattr(self, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Not possible.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"{attr_name} cannot be set: the rows of a batch share their attributes")

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method that answers for all rows at once; the answers of the rows asked for."""
        answers = getattr(self, method_name)(*method_args, **method_kwargs)
        return [answers[row] for row in self._get_indices(indices)]

    def env_is_wrapped(
        self, wrapper_class: type[Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Whether rows are wrapped: they are not."""
        return [False for _ in self._get_indices(indices)]


class BatchedRDE(BatchedEnv):
    """``rdebench/RDE-v0``, many rows at a time.

    Args:
        scenario: Its id, the path of its file, or the scenario itself.
        rows: How many environments.
        encoding: As in :class:`RDEEnv`; SB3's own algorithms take ``box`` only.
        users: M, needed where the scenario has several.
        pool: How many instances there are, or None for fresh ones each time, which is slow.
        split: Of which split.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario,
        rows: int,
        *,
        encoding: Literal["box", "hybrid"] = "box",
        users: int | None = None,
        pool: int | None = POOL,
        split: Split = "train",
    ) -> None:
        source = Source.of(scenario, users, pool, split)
        self.encoding = encoding
        super().__init__(source, rows, rde_spaces(source.users, len(source.scenario.models.names), encoding))

    def _begin(self, pool: Pool, rows: IntArray) -> Float32Array:
        self._stack = pool.stack.take(rows)
        self._observation = pool.features[rows].reshape(len(rows), -1)
        return self._observation

    def step_wait(self) -> VecEnvStepReturn:
        """Score the decisions; every row begins a new episode.

        Returns:
            (observations of the new episodes, rewards, True for each row, infos with ``rde`` and ``feasible``).
        """
        decode = from_box if self.encoding == "box" else from_parts
        allocation = decode(self._stack, self._actions)
        observation, reward, infos = self._ended(self._stack, allocation, self._observation)
        return observation, reward, self._over.copy(), infos


class BatchedRDESequential(BatchedEnv):
    """``rdebench/RDESequential-v0``, many rows at a time, all at the same turn.

    Args:
        scenario: Its id, the path of its file, or the scenario itself.
        rows: How many environments.
        encoding: As in :class:`RDESequentialEnv`.
        allocate: As there.
        users: M, needed where the scenario has several.
        pool: How many instances there are, or None for fresh ones each time, which is slow.
        split: Of which split.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario,
        rows: int,
        *,
        encoding: Encoding = "scm",
        allocate: Allocate = least_power_allocation,
        users: int | None = None,
        pool: int | None = POOL,
        split: Split = "train",
    ) -> None:
        source = Source.of(scenario, users, pool, split)
        self.encoding, self.allocate = encoding, allocate
        super().__init__(source, rows, sequential_spaces(len(source.scenario.models.names), encoding))

    def _begin(self, pool: Pool, rows: IntArray) -> Float32Array:
        self._turns = Turns(pool, self.encoding, self.allocate)
        self._turns.begin(rows)
        return self._turns.observation()

    def step_wait(self) -> VecEnvStepReturn:
        """One user of every row decides.

        Returns:
            (observations, rewards, whether the episodes ended, infos: empty until then).
        """
        turns = self._turns
        turns.step(self._actions)
        observation = turns.observation()
        if not turns.over:
            none = np.zeros(self.num_envs)
            return observation, none, ~self._over, [{} for _ in range(self.num_envs)]
        observation, reward, infos = self._ended(turns.stack, turns.allocation(), observation)
        return observation, reward, self._over.copy(), infos

    def action_masks(self) -> NDArray[np.bool_]:
        """Which SCMs the next user of each row may take, ``[K, S]``; see :meth:`RDESequentialEnv.action_masks`."""
        return self._turns.masks().copy()

    def has_attr(self, attr_name: str) -> bool:
        """Whether rows have an attribute; masks only with the encoding ``scm``."""
        return (attr_name != "action_masks" or self.encoding == "scm") and hasattr(self, attr_name)
