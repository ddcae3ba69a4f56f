"""Steps that shrink a problem without losing its optimum: dominated SCMs and identical users."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..problems import RDEProblem
from ..problems.rde import IntArray


def undominated(problem: RDEProblem) -> NDArray[np.bool_]:
    """Pairs of user and SCM worth considering, ``[M, S]``.

    An SCM goes if it cannot meet the deadline, or if another needs no more power, no higher rate and gives no
    more distortion; of equal ones the first stays.
    """
    columns = np.stack([problem.scm_power, problem.min_rate, problem.distortion])
    mine, other = columns[:, :, :, None], columns[:, :, None, :]
    no_worse = (other <= mine).all(axis=0)  # [M, s, t]: t is no worse than s
    equal = (other == mine).all(axis=0)
    first = np.tri(problem.models, k=-1, dtype=bool)  # t < s
    beaten = (no_worse & (~equal | first)).any(axis=2)
    return np.asarray(np.isfinite(problem.min_rate) & ~beaten)


def identical_users(problem: RDEProblem) -> list[IntArray]:
    """Groups of users with equal rows (their gains may differ), each by falling gain.

    For identical users only the number of users per SCM matters: with those numbers fixed, giving the larger
    least rate to the larger gain is never worse, because the marginal cost of a rate falls in the gain (an
    exchange argument, for both rates and any least bandwidth).
    """
    rows = np.concatenate([problem.scm_power, problem.min_rate, problem.distortion], axis=1)
    _, label = np.unique(rows, axis=0, return_inverse=True)
    label = label.ravel()
    order = np.lexsort((np.arange(problem.users), -problem.gain, label))
    edges = np.flatnonzero(np.diff(label[order])) + 1
    return sorted(np.split(order, edges), key=lambda group: int(group[0]))


def rate_ranks(problem: RDEProblem) -> IntArray:
    """Position of each SCM when a user's SCMs are sorted by falling least rate, ties by index, ``[M, S]``."""
    order = np.argsort(-problem.min_rate, axis=1, kind="stable")
    return np.argsort(order, axis=1, kind="stable")
