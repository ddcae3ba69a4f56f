"""Compiled kernel: which choices to change first where the favourites at the root prices do not fill the budget."""

from __future__ import annotations

import math

import numpy as np

from ...problems.compiled import kernel
from ...problems.rde import FloatArray


@kernel
def better_changes(loss: FloatArray, cost: FloatArray, later: bool, better: FloatArray) -> None:
    """What changes that lose less value per budget, by other users, would free (or take up) altogether.

    A choice that costs less than the user's favourite frees budget, one that costs more takes it up; the two kinds
    are counted apart. Of equal changes that of the user with the smaller gain comes first.

    Args:
        loss: What each choice loses against the user's favourite, ``[M, S]``; infinite if not allowed.
        cost: What each choice takes of the budget, ``[M, S]``.
        later: Count the users after the user only.
        better: Filled, ``[M, S]``; zero for favourites.
    """
    users, models = loss.shape
    apart = np.zeros((users, models))
    rate = np.full((users, models), math.inf)
    for m in range(users):
        favourite = int(np.argmin(loss[m]))
        for s in range(models):
            if loss[m, s] < math.inf:
                apart[m, s] = cost[m, s] - cost[m, favourite]
                if apart[m, s] != 0.0:  # equal but for rounding is equal
                    rate[m, s] = round(loss[m, s] / abs(apart[m, s]), 9)
    for m in range(users):
        for s in range(models):
            better[m, s] = 0.0
            if rate[m, s] == math.inf:
                continue
            for other in range(m + 1 if later else 0, users):
                if other == m:
                    continue
                most = 0.0
                for option in range(models):
                    same = apart[other, option] * apart[m, s] > 0.0
                    ahead = rate[other, option] < rate[m, s]
                    if rate[other, option] == rate[m, s]:
                        ahead = other < m
                    if same and ahead:
                        most = max(most, abs(apart[other, option]))
                better[m, s] += most


@kernel
def better_changes_of_all(loss: FloatArray, cost: FloatArray, later: bool, better: FloatArray) -> None:
    """:func:`better_changes` for N instances: arrays ``[N, M, S]``."""
    for n in range(loss.shape[0]):
        better_changes(loss[n], cost[n], later, better[n])
