"""Instances that environments draw from, with everything about them that does not depend on decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .evaluation import FloatArray, IntArray
from .normalised import Normalised, normalise
from .observation import Float32Array, bounded, features
from .rde import RDEProblem
from .scenario import Scenario
from .stack import ProblemStack

Split = Literal["test", "train"]
_FRESH = 2**53
"""How many fresh instances there are: as many as doubles below one."""

_KEPT = 8
"""How many pools a process keeps."""


class Pool:
    """N problems of one shape, scored and described together. Everything is computed when first asked for.

    Args:
        problems: The problems.

    Raises:
        ValueError: If there are none or they differ in shape.
    """

    def __init__(self, problems: Sequence[RDEProblem]) -> None:
        self.problems = tuple(problems)
        self.stack = ProblemStack.of(self.problems)

    def __len__(self) -> int:
        return len(self.problems)

    @cached_property
    def normalised(self) -> Normalised:
        """The problems in normalised units."""
        return normalise(self.stack)

    @cached_property
    def features(self) -> Float32Array:
        """What describes each user, ``[N, M, F]``; see :func:`.observation.features`."""
        return features(self.stack)

    @cached_property
    def order(self) -> IntArray:
        """The users by ascending gain, ties by their number, ``[N, M]``: the order of sequential decisions."""
        return np.argsort(self.stack.gain, axis=1, kind="stable")

    @cached_property
    def needs(self) -> tuple[FloatArray, FloatArray]:
        """Power and bandwidth in budgets that each SCM needs at the instance's price, ``[N, M, S]`` each.

        Forbidden pairs need 10 budgets, which nothing has.
        """
        from .needs_kernel import needs  # numba, only when somebody decides in sequence

        data = self.normalised
        power, share = np.empty(data.nats.shape), np.empty(data.nats.shape)
        needs(data.is_shannon, data.k, data.nats, data.compute, data.floor, power, share)
        return np.minimum(power, 10.0), np.minimum(share, 10.0)

    @cached_property
    def witness(self) -> tuple[IntArray, NDArray[np.bool_]]:
        """A feasible assignment of each instance, ``[N, M]``, and whether one was found, ``[N]``."""
        from .feasibility_kernel import first_witnesses

        data = self.normalised
        scm = np.ascontiguousarray(self.needs[0].argmin(axis=2))
        found = np.empty(len(self), np.bool_)
        first_witnesses(data.is_shannon, data.k, data.nats, data.compute, data.floor, scm, found)
        return scm, found

    @cached_property
    def rows(self) -> tuple[Float32Array, Float32Array]:
        """For each turn the row of the user whose turn it is, and the mean over those after, ``[N, M + 1, F + 2S]``.

        A row holds the features and M times the needs less 1; the last turn, after all users, has zeros.
        """
        users = self.stack.users
        power, share = self.needs
        row = np.concatenate([self.features, users * power - 1.0, users * share - 1.0], axis=2)
        row = np.take_along_axis(bounded(row).astype(np.float64), self.order[:, :, None], axis=1)
        current = np.concatenate([row, np.zeros_like(row[:, :1])], axis=1)
        after = np.zeros_like(current)
        for turn in range(users - 1):
            after[:, turn] = row[:, turn + 1 :].mean(axis=1)
        return bounded(current), bounded(after)

    @cached_property
    def needs_after(self) -> FloatArray:
        """Least compute power, and least needs of power and bandwidth, of all users after each turn.

        In budgets, ``[N, M + 1, 3]``.
        """
        least = np.stack(
            [self.normalised.compute.min(axis=2), *(need.min(axis=2) for need in self.needs)], axis=2
        )
        least = np.take_along_axis(least, self.order[:, :, None], axis=1)
        sums = np.zeros((len(self), self.stack.users + 1, 3))
        sums[:, :-2] = least[:, :0:-1].cumsum(axis=1)[:, ::-1]
        return sums


@dataclass(frozen=True, eq=False)
class Source:
    """Which instances of a scenario episodes are about.

    Attributes:
        scenario: The scenario.
        users: M, one of the scenario's.
        pool: How many instances there are, or None for a fresh one each time.
        split: ``train``, or ``test`` to see what solvers are measured on.
    """

    scenario: Scenario
    users: int
    pool: int | None
    split: Split

    @classmethod
    def of(cls, scenario: str | Path | Scenario, users: int | None, pool: int | None, split: Split) -> Source:
        """Check what was asked for.

        Raises:
            ScenarioError: If there is no such scenario.
            ValueError: If the number of users, the size of the pool or the split is not possible.
        """
        if not isinstance(scenario, Scenario):
            scenario = Scenario.load(scenario)
        choices = sorted(set(scenario.users))
        if users is None and len(choices) == 1:
            users = choices[0]
        if users not in choices:
            raise ValueError(
                f"users is {users}; {scenario.id} has {', '.join(map(str, choices))}: give one of them"
            )
        if pool is not None and pool < 1:
            raise ValueError(f"pool is {pool}; it must be a number of instances >= 1, or None for fresh ones")
        if split not in ("train", "test"):
            raise ValueError(f"split is {split!r}; use 'train' or 'test'")
        return cls(scenario, users, pool, split)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @cached_property
    def _content(self) -> tuple[object, ...]:
        """What decides the instances."""
        return self.scenario.content_hash(), self.users, self.pool, self.split

    def number(self, drawn: float) -> int:
        """The number of the instance that a random number in [0, 1) stands for."""
        return self.nth(int(drawn * (_FRESH if self.pool is None else self.pool)))

    def nth(self, n: int) -> int:
        """The number of the n-th instance with M users: a scenario's numbers of users take turns."""
        turns = self.scenario.users
        return n * len(turns) + turns.index(self.users)

    def instance(self, number: int) -> RDEProblem:
        """Draw instance number ``number``.

        Raises:
            ValueError: If that instance has another number of users.
        """
        turns = self.scenario.users
        if number < 0 or turns[number % len(turns)] != self.users:
            raise ValueError(
                f"instance is {number}, which does not have {self.users} users; give a number >= 0 that leaves "
                f"{turns.index(self.users)} when divided by {len(turns)}"
            )
        return self.scenario.instance(number, 0, split=self.split)

    def draw_pool(self) -> Pool:
        """All instances of the pool, kept for the next environment of this process that asks for the same.

        Raises:
            ValueError: If instances are drawn afresh.
        """
        if self.pool is None:
            raise ValueError("pool is None: fresh instances have no end; give a number")
        return _drawn(self)


@lru_cache(_KEPT)
def _drawn(source: Source) -> Pool:
    assert source.pool is not None
    return Pool([source.instance(source.nth(n)) for n in range(source.pool)])
