"""Decisions one user a turn, for K problems at once: what is left, who may take what, and the allocation at the end.

The environments of one problem and of many are both made of this, so they agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .action import checked, fraction, least_bandwidth, scm_of
from .evaluation import Allocation, FloatArray, IntArray
from .normalised import normalise
from .observation import Float32Array, bounded, per_user
from .pool import Pool
from .stack import ProblemStack

Encoding = Literal["scm", "box", "hybrid"]
Allocate = Callable[[ProblemStack, IntArray], tuple[FloatArray, FloatArray]]
"""Power, W, and bandwidth, Hz, ``[N, M]`` each, of the SCMs ``[N, M]`` of N problems."""

SUMMARY = 7
"""How many numbers say what is left; see :meth:`Turns.observation`."""


def observation_size(models: int) -> int:
    """Length of the observation of a turn: what is left, the user's row and the mean of the rows to come."""
    return SUMMARY + 2 * (per_user(models) + 2 * models)


def least_power_allocation(stack: ProblemStack, scm: IntArray) -> tuple[FloatArray, FloatArray]:
    """The least power that meets the deadlines, and what is left over to the user with the best gain.

    Where the deadlines cannot be met: equal parts of the power that the models leave, and of the bandwidth.

    Args:
        stack: N problems.
        scm: ``[N, M]``.

    Returns:
        (power, W; bandwidth, Hz), ``[N, M]`` each.
    """
    from .least_power_kernel import share_out

    data = normalise(stack)
    power, share = np.empty(scm.shape), np.empty(scm.shape)
    scm = np.ascontiguousarray(scm, dtype=np.int64)
    share_out(data.is_shannon, data.k, data.nats, data.compute, data.floor, scm, power, share)
    return power * stack.power_budget[:, None], share * stack.bandwidth_budget[:, None]


class Turns:
    """K problems in which users decide in turn, by ascending gain.

    Args:
        pool: The problems that episodes are about.
        encoding: ``scm``: an SCM a turn, power and bandwidth at the end by ``allocate``; ``box`` and ``hybrid``:
            each turn takes power and bandwidth as well.
        allocate: See :data:`Allocate`.

    Raises:
        ValueError: If there is no least power to look ahead with: the spectral rate without a least bandwidth.
    """

    def __init__(self, pool: Pool, encoding: Encoding, allocate: Allocate = least_power_allocation) -> None:
        if pool.stack.rate == "spectral" and not pool.stack.min_bandwidth.all():
            raise ValueError(
                "min_bandwidth is 0, where the spectral rate grows without limit; give a least bandwidth above 0"
            )
        self.pool, self.encoding, self.allocate = pool, encoding, allocate
        self.users, self.models = pool.stack.users, pool.stack.models

    def begin(self, rows: IntArray) -> None:
        """Start episodes about the problems at ``rows`` of the pool, ``[K]``."""
        count, users = len(rows), self.users
        self.rows, self.turn = rows, 0
        self.stack = self.pool.stack.take(rows)
        self.order = self.pool.order[rows]
        self.scm = np.zeros((count, users), np.int64)
        self.power, self.bandwidth = np.zeros((count, users)), np.zeros((count, users))
        self.spent, self.occupied = np.zeros(count), np.zeros(count)
        if self.encoding == "scm":
            witness, feasible = self.pool.witness
            self.witness, self.feasible = witness[rows], feasible[rows]
            self.fixed = np.zeros((count, users), np.bool_)
            self._look_ahead()

    @property
    def over(self) -> bool:
        """Whether all users have decided."""
        return self.turn == self.users

    def observation(self) -> Float32Array:
        """What is left, the row of the user whose turn it is, and the mean row of the users to come.

        With M users, u of them left, everything in budgets: the power and the bandwidth that are left; the least
        that the users after this one need of both; what is left of both after that; all times M / u, and u / M. With
        the encoding ``scm`` those who have chosen count with what they need at the instance's price of
        bandwidth; otherwise with what they have taken. Rows: see :attr:`Pool.rows`.

        Returns:
            Shape ``[K, 7 + 2 (F + 2 S)]``, within the bound.
        """
        left = self.users - self.turn
        remaining = np.stack([1.0 - self.spent, 1.0 - self.occupied], axis=1)
        coming = self.pool.needs_after[self.rows, self.turn, 1:]
        scale = self.users / max(left, 1)
        size = np.full((len(self.rows), 1), left / self.users)
        summary = np.concatenate(
            [remaining * scale, coming * scale, (remaining - coming) * scale, size], axis=1
        )
        current, after = self.pool.rows
        rows = (current[self.rows, self.turn], after[self.rows, self.turn])
        return np.concatenate([bounded(summary), *rows], axis=1)

    def masks(self) -> NDArray[np.bool_]:
        """Which SCMs leave those after them a feasible completion, ``[K, S]``; all where none was found at all."""
        return self.allowed

    def step(self, action: Any) -> None:
        """The users whose turn it is decide.

        Args:
            action: Encoding ``scm``: SCMs ``[K]``; ``box``: ``[K, 3]`` numbers in [-1, 1] for SCM, power and bandwidth;
                ``hybrid``: a dictionary of ``scm`` ``[K]``, ``power`` and ``bandwidth`` ``[K, 1]``.

        Raises:
            ValueError: If an SCM is out of range.
        """
        if self.encoding == "scm":
            self.choose(checked(action, self.models))
        elif self.encoding == "box":
            self.take(scm_of(action[:, 0], self.models), action[:, 1], action[:, 2])
        else:
            scm = checked(action["scm"], self.models)
            self.take(scm, action["power"][:, 0], action["bandwidth"][:, 0])

    def choose(self, scm: IntArray) -> None:
        """The users whose turn it is take these SCMs, ``[K]``; encoding ``scm``."""
        who = np.arange(len(self.rows))
        user = self.order[:, self.turn]
        self.scm[who, user] = scm
        self.fixed[who, user] = True
        self.feasible &= self.allowed[who, scm]
        self.witness = self.witnesses[who, scm].copy()
        power, share = self.pool.needs
        self.spent += power[self.rows, user, scm]
        self.occupied += share[self.rows, user, scm]
        self.turn += 1
        if self.over:
            self.power, self.bandwidth = self.allocate(self.stack, self.scm)
        else:
            self._look_ahead()

    def take(self, scm: IntArray, power: NDArray[np.floating], bandwidth: NDArray[np.floating]) -> None:
        """The users whose turn it is take SCMs and parts of what is left, ``[K]`` each; other encodings.

        Args:
            scm: The SCMs.
            power: In [-1, 1], see :func:`.action.fraction`: of the power left after the model and the cheapest
                models of the users to come.
            bandwidth: In [-1, 1]: of the bandwidth left after the least of all users to come.
        """
        who = np.arange(len(self.rows))
        user = self.order[:, self.turn]
        others = self.users - self.turn - 1
        self.scm[who, user] = scm
        self.spent += self.pool.normalised.compute[self.rows, user, scm]
        free = np.maximum(1.0 - self.spent - self.pool.needs_after[self.rows, self.turn, 0], 0.0)
        part = fraction(power, others) * free
        self.spent += part
        least, _ = least_bandwidth(self.stack)
        least = least / self.stack.bandwidth_budget
        share = least + fraction(bandwidth, others) * np.maximum(
            1.0 - self.occupied - least * (others + 1), 0.0
        )
        self.occupied += share
        self.power[who, user] = part * self.stack.power_budget
        self.bandwidth[who, user] = share * self.stack.bandwidth_budget
        self.turn += 1

    def allocation(self) -> Allocation:
        """What has been decided, ``[K, M]``."""
        return Allocation(self.scm, self.power, self.bandwidth)

    def _look_ahead(self) -> None:
        from .feasibility_kernel import masks

        count, data = len(self.rows), self.pool.normalised
        self.allowed = np.empty((count, self.models), np.bool_)
        self.witnesses = np.empty((count, self.models, self.users), np.int64)
        masks(
            data.is_shannon,
            data.k,
            data.nats,
            data.compute,
            data.floor,
            self.rows,
            self.witness,
            self.feasible,
            self.fixed,
            np.ascontiguousarray(self.order[:, self.turn]),
            self.allowed,
            self.witnesses,
        )
