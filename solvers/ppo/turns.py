"""Users of many instances deciding in turn: what each sees, what it may take, and the state that is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...problems.rde import FloatArray, IntArray
from .description import PRICE_CONTEXT, PRICE_FEATURES, tie_features
from .instances import Group

TURN_FEATURES = PRICE_FEATURES + 9
TURN_CONTEXT = PRICE_CONTEXT + 3


@dataclass(frozen=True, eq=False)
class TurnTable:
    """What of a group does not depend on choices.

    Attributes:
        group: N instances; users are sorted by ascending gain and decide in that order.
        nats: Least rates, infinite for what is not allowed, ``[N, M, S]``.
        favourite_after: What the favourites of the users after each one cost, ``[N, M]``.
        cheapest_after: The same for their cheapest choices.
        better: What better changes by later users would settle, ``[N, M, S]``.
        witness: A feasible assignment, where one was found, ``[N, M]``.
        feasible: Whether one was found, ``[N]``.
    """

    group: Group
    nats: FloatArray
    favourite_after: FloatArray
    cheapest_after: FloatArray
    better: FloatArray
    witness: IntArray
    feasible: NDArray[np.bool_]

    @classmethod
    def of(cls, group: Group) -> TurnTable:
        """Prepare a group."""
        from ...problems.feasibility_kernel import first_witnesses
        from .tie_kernel import better_changes_of_all

        d = group.data
        nats = np.where(d.allowed, d.nats, np.inf)
        favourite = np.take_along_axis(d.cost, d.loss.argmin(axis=2)[..., None], axis=2)[..., 0]
        better = np.empty_like(d.loss)
        better_changes_of_all(d.loss, d.cost, True, better)
        witness, feasible = d.plan.copy(), np.empty(len(group), dtype=bool)
        first_witnesses(group.shannon, d.k, nats, d.compute, d.floor, witness, feasible)
        return cls(group, nats, _after(favourite), _after(d.cost.min(axis=2)), better, witness, feasible)


class PricedTurns:
    """K rows, each on an instance of one group, all at the same turn, with the root prices in view.

    The environment's :class:`~rdebench.problems.sequential.Turns` shows the instance alone; the masks are the same.

    Args:
        table: The group.
        instances: The instance of each row, ``[K]``.
    """

    def __init__(self, table: TurnTable, instances: IntArray) -> None:
        self.table, self.instances, self.turn = table, instances, 0
        self.users = table.group.users
        count = len(instances)
        self.scm = np.zeros((count, self.users), dtype=np.int64)
        self.spent, self.lost = np.zeros(count), np.zeros(count)
        self.witness, self.feasible = table.witness[instances], table.feasible[instances]
        self._fixed = np.zeros((count, self.users), dtype=bool)
        self._look_ahead()

    @property
    def over(self) -> bool:
        """Whether all users have decided."""
        return self.turn == self.users

    def _look_ahead(self) -> None:
        """Which choices leave a feasible completion, exactly tested; dominated ones are never needed."""
        from ...problems.feasibility_kernel import masks

        d, count = self.table.group.data, len(self.instances)
        models = self.table.group.models
        self.allowed = np.empty((count, models), dtype=bool)
        self._witnesses = np.empty((count, models, self.users), dtype=np.int64)
        masks(
            self.table.group.shannon, d.k, self.table.nats, d.compute, d.floor, self.instances, self.witness,
            self.feasible, self._fixed, np.full(count, self.turn), self.allowed, self._witnesses,
        )  # fmt: skip
        here = d.allowed[self.instances, self.turn]
        self.allowed = np.where(self.feasible[:, None], self.allowed, here)

    def choose(self, scm: IntArray) -> None:
        """The users whose turn it is take these SCMs, ``[K]``."""
        d, who, m = self.table.group.data, np.arange(len(scm)), self.turn
        self.scm[:, m] = scm
        self.spent = self.spent + d.cost[self.instances, m, scm]
        self.lost = self.lost + d.loss[self.instances, m, scm]
        self.feasible = self.feasible & self.allowed[who, scm]
        self.witness = self._witnesses[who, scm]
        self._fixed[:, m] = True
        self.turn += 1
        if not self.over:
            self._look_ahead()

    def observation(self) -> dict[str, NDArray[np.float32]]:
        """What the users whose turn it is see.

        Returns:
            ``tokens [K, S, TURN_FEATURES]``: each choice's prices, and what taking it would leave;
            ``context [K, TURN_CONTEXT]``; ``loss [K, S]`` at the root prices.
        """
        d, table, m = self.table.group.data, self.table, self.turn
        rows = self.instances
        cost = np.where(d.allowed[rows, m], d.cost[rows, m], 20.0)
        loss = np.where(d.allowed[rows, m], d.loss[rows, m], 20.0)
        favourite = np.take_along_axis(cost, loss.argmin(axis=1)[:, None], axis=1)[:, 0]
        left = self.users - self.spent - favourite - table.favourite_after[rows, m]
        after_favourites = self.users - (self.spent + table.favourite_after[rows, m])[:, None] - cost
        after_cheapest = self.users - (self.spent + table.cheapest_after[rows, m])[:, None] - cost
        better = table.better[rows, m][:, None]
        ties = tie_features(d.loss[rows, m][:, None], d.cost[rows, m][:, None], better, left[:, None, None])
        state = [
            np.tanh(after_favourites),
            np.tanh(10.0 * after_favourites),
            np.tanh(after_cheapest),
            np.tanh(10.0 * after_cheapest),
            np.tanh(self.lost[:, None] + loss),
            *(tie[:, 0] for tie in ties),
            self.allowed.astype(float),
        ]
        tokens = np.concatenate([d.tokens[rows, m, :, :PRICE_FEATURES], np.stack(state, axis=-1)], axis=-1)
        progress = [np.full(len(rows), m / self.users), np.tanh(left), np.tanh(10.0 * left)]
        context = np.concatenate([d.context[rows, :PRICE_CONTEXT], np.stack(progress, axis=-1)], axis=-1)
        seen = {"tokens": tokens, "context": context, "loss": np.minimum(loss, 20.0)}
        return {name: array.astype(np.float32) for name, array in seen.items()}


def _after(column: FloatArray) -> FloatArray:
    """Sums over the users after each one, ``[N, M]``."""
    return np.asarray(column.sum(axis=1, keepdims=True) - column.cumsum(axis=1))
