"""Gymnasium environments over the problem: draw an instance, decode a decision, score it. No physics of their own.

``rdebench/RDE-v0`` decides for all users at once, ``rdebench/RDESequential-v0`` for one user a turn. Importing this
module registers both, so ``gymnasium.make("rdebench.problems.env:rdebench/RDE-v0", scenario=...)`` needs no import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from . import rendering
from .action import from_box, from_parts
from .observation import BOUND, Float32Array, per_user
from .pool import Pool, Source, Split
from .rde import Allocation, RDEProblem
from .scenario import Scenario
from .sequential import Allocate, Encoding, Turns, least_power_allocation, observation_size

_IDS = {"rdebench/RDE-v0": "RDEEnv", "rdebench/RDESequential-v0": "RDESequentialEnv"}


def register() -> None:
    """Make both environments known to Gymnasium; again does nothing."""
    for name, entry in _IDS.items():
        if name not in gym.registry:
            gym.register(name, entry_point=f"{__name__}:{entry}")


class ScenarioEnv(gym.Env[Float32Array, Any]):
    """What both environments share: where instances come from, scoring, and pictures.

    Args:
        scenario: Its id, the path of its file, or the scenario itself.
        users: M, needed where the scenario has several.
        pool: How many instances episodes are drawn from, or None for a fresh one each time. Drawing takes some
            milliseconds, so a pool makes training faster.
        split: ``train``, or ``test``: the instances that solvers are measured on.
        render_mode: ``ansi``, ``rgb_array`` or None.

    Raises:
        ScenarioError: If there is no such scenario.
        ValueError: If an argument is not possible.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium declares it as an attribute of the instance
        "render_modes": ["ansi", "rgb_array"],
        "render_fps": 1,
    }

    def __init__(
        self,
        scenario: str | Path | Scenario,
        *,
        users: int | None = None,
        pool: int | None = None,
        split: Split = "train",
        render_mode: str | None = None,
    ) -> None:
        modes = self.metadata["render_modes"]
        if render_mode is not None and render_mode not in modes:
            raise ValueError(f"render_mode is {render_mode!r}; use one of {', '.join(modes)}, or None")
        self.source = Source.of(scenario, users, pool, split)
        self.reward = self.source.scenario.reward_function()
        self.render_mode = render_mode
        self.models = len(self.source.scenario.models.names)
        self._kept: dict[int, Pool] = {}
        self._instance = -1

    def _draw(self, options: dict[str, Any] | None) -> Pool:
        """The instance of a new episode, by its number in the options or by chance."""
        number = (options or {}).get("instance")
        number = self.source.number(self.np_random.random()) if number is None else int(number)
        found = self._kept.get(number)
        if found is None:
            found = Pool([self.source.instance(number)])
            if self.source.pool is not None:
                self._kept[number] = found
        self._instance, self._pool = number, found
        return found

    @property
    def problem(self) -> RDEProblem:
        """The instance that the episode is about."""
        return self._pool.problems[0]

    def _scored(self, allocation: Allocation) -> tuple[float, dict[str, Any]]:
        """The reward (12) of an allocation, and what the info says about it."""
        scored = self.problem.evaluate(allocation)
        violations = scored.violations
        names = ("power", "bandwidth", "min_bandwidth", "latency", "sign")
        info = {
            "instance": self._instance,
            "rde": float(scored.rde),
            "feasible": bool(scored.feasible),
            "violations": {name: float(getattr(violations, name)) for name in names},
        }
        return float(self.reward(self.problem, scored)), info

    def _decided(self) -> tuple[Allocation, NDArray[np.bool_]]:
        """What has been decided so far and by whom, ``[M]``."""
        raise NotImplementedError

    def render(self) -> Any:
        """Who gets what so far: a table (``ansi``) or a picture (``rgb_array``)."""
        if self.render_mode is None or self._instance < 0:
            return None
        draw = rendering.text if self.render_mode == "ansi" else rendering.picture
        return draw(self.problem, *self._decided(), self._instance)


class RDEEnv(ScenarioEnv):
    """One decision for all users, rewarded by (12) as the scenario reads it; an episode is one step.

    Args:
        scenario: See :class:`ScenarioEnv`, as for the others.
        encoding: ``box``: 3M numbers in [-1, 1]; ``hybrid``: a dictionary with the SCMs as integers.
        users: M.
        pool: How many instances.
        split: Of which split.
        render_mode: How to render.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario,
        *,
        encoding: Literal["box", "hybrid"] = "box",
        users: int | None = None,
        pool: int | None = None,
        split: Split = "train",
        render_mode: str | None = None,
    ) -> None:
        super().__init__(scenario, users=users, pool=pool, split=split, render_mode=render_mode)
        self.encoding = encoding
        self.observation_space, self.action_space = rde_spaces(self.source.users, self.models, encoding)
        self._allocation: Allocation | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Start an episode; ``options={"instance": i}`` chooses instance number i of the scenario."""
        super().reset(seed=seed)
        pool = self._draw(options)
        self._allocation = None
        return pool.features.reshape(-1).copy(), {"instance": self._instance}

    def step(self, action: Any) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Decide; the episode ends. The info holds ``rde``, ``feasible`` and the ``violations``.

        Raises:
            gymnasium.error.ResetNeeded: If the episode is over.
        """
        if self._instance < 0 or self._allocation is not None:
            raise gym.error.ResetNeeded("the episode is over: call reset before the next step")
        stack = self._pool.stack
        if self.encoding == "box":
            many = from_box(stack, _as_batch(action))
        else:
            many = from_parts(stack, _as_batch(action))
        allocation = _first(many)
        reward, info = self._scored(allocation)
        self._allocation = allocation
        return self._pool.features.reshape(-1).copy(), reward, True, False, info

    def _decided(self) -> tuple[Allocation, NDArray[np.bool_]]:
        users = self.source.users
        if self._allocation is None:
            return Allocation(np.zeros(users, np.int64), np.zeros(users), np.zeros(users)), np.zeros(
                users, bool
            )
        return self._allocation, np.ones(users, bool)


class RDESequentialEnv(ScenarioEnv):
    """One user a step, by ascending gain; the reward is 0 until the last step, which is rewarded by (12).

    Args:
        scenario: See :class:`ScenarioEnv`, as for the others.
        encoding: ``scm``: a step chooses an SCM, and power and bandwidth follow at the end; ``box`` (three numbers)
            and ``hybrid`` (a dictionary): a step also takes parts of the power and the bandwidth that are left.
        allocate: With ``scm``: what gives power (W) and bandwidth (Hz), ``[N, M]`` each, to the SCMs ``[N, M]`` of
            a stack of N problems. By default the least power for the deadlines, the rest to the best user.
        users: M.
        pool: How many instances.
        split: Of which split.
        render_mode: How to render.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario,
        *,
        encoding: Encoding = "scm",
        allocate: Allocate = least_power_allocation,
        users: int | None = None,
        pool: int | None = None,
        split: Split = "train",
        render_mode: str | None = None,
    ) -> None:
        super().__init__(scenario, users=users, pool=pool, split=split, render_mode=render_mode)
        self.encoding, self.allocate = encoding, allocate
        self.observation_space, self.action_space = sequential_spaces(self.models, encoding)
        self._turns: Turns | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Start an episode; ``options={"instance": i}`` chooses instance number i of the scenario."""
        super().reset(seed=seed)
        self._turns = Turns(self._draw(options), self.encoding, self.allocate)
        self._turns.begin(np.zeros(1, np.int64))
        return self._turns.observation()[0], {"instance": self._instance} | self._prospect()

    def step(self, action: Any) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """One user decides. The last step's info holds ``rde``, ``feasible`` and the ``violations``.

        With the encoding ``scm`` the info says whether what was chosen so far is ``infeasible``: whether no
        completion was found that meets every deadline.

        Raises:
            gymnasium.error.ResetNeeded: If the episode is over.
        """
        turns = self._turns
        if turns is None or turns.over:
            raise gym.error.ResetNeeded("the episode is over: call reset before the next step")
        turns.step(_as_batch(action))
        reward, info = 0.0, {"instance": self._instance}
        if turns.over:
            reward, info = self._scored(_first(turns.allocation()))
        return turns.observation()[0], reward, turns.over, False, info | self._prospect()

    def action_masks(self) -> NDArray[np.bool_]:
        """Which SCMs the next user may take so that a feasible completion remains, ``[S]``; see the documents.

        All are allowed where none was found for what has been chosen so far.

        Raises:
            ValueError: With an encoding that has no masks.
        """
        if self.encoding != "scm":
            raise ValueError(f"encoding is {self.encoding!r}, which has no masks; use 'scm'")
        if self._turns is None:
            raise gym.error.ResetNeeded("no episode has begun: call reset first")
        return np.array(self._turns.masks()[0])

    def _prospect(self) -> dict[str, bool]:
        turns = self._turns
        return (
            {"infeasible": not bool(turns.feasible[0])}
            if turns is not None and self.encoding == "scm"
            else {}
        )

    def _decided(self) -> tuple[Allocation, NDArray[np.bool_]]:
        assert self._turns is not None
        decided = np.zeros(self.source.users, bool)
        decided[self._turns.order[0, : self._turns.turn]] = True
        return _first(self._turns.allocation()), decided


def rde_spaces(users: int, models: int, encoding: str) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """Observation and action space of the one-decision environment.

    Raises:
        ValueError: If there is no such encoding.
    """
    observation = spaces.Box(-BOUND, BOUND, (users * per_user(models),), np.float32)
    if encoding == "box":
        return observation, spaces.Box(-1.0, 1.0, (3 * users,), np.float32)
    if encoding == "hybrid":
        share = spaces.Box(-1.0, 1.0, (users,), np.float32)
        scm = spaces.MultiDiscrete([models] * users)
        return observation, spaces.Dict({"scm": scm, "power": share, "bandwidth": share})
    raise ValueError(f"encoding is {encoding!r}; use 'box' or 'hybrid'")


def sequential_spaces(models: int, encoding: str) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """Observation and action space of the sequential environment.

    Raises:
        ValueError: If there is no such encoding.
    """
    observation = spaces.Box(-BOUND, BOUND, (observation_size(models),), np.float32)
    if encoding == "scm":
        return observation, spaces.Discrete(models)
    if encoding == "box":
        return observation, spaces.Box(-1.0, 1.0, (3,), np.float32)
    if encoding == "hybrid":
        part = spaces.Box(-1.0, 1.0, (1,), np.float32)
        return observation, spaces.Dict({"scm": spaces.Discrete(models), "power": part, "bandwidth": part})
    raise ValueError(f"encoding is {encoding!r}; use 'scm', 'box' or 'hybrid'")


def _as_batch(action: Any) -> Any:
    """An action, or each part of it, with an axis of length one in front."""
    if isinstance(action, dict):
        return {name: np.asarray(part)[None] for name, part in action.items()}
    return np.asarray(action)[None]


def _first(many: Allocation) -> Allocation:
    return Allocation(many.scm[0], many.power[0], many.bandwidth[0])


register()
