"""All SCM assignments of a problem, in batches, with identical users collapsed.

Users are identical when their rows of compute power, least rate and distortion are equal; their gains may differ.
For identical users only the number of users per SCM matters: with those numbers fixed, giving the larger least
rate to the larger gain is never worse, because the marginal cost of a rate falls in the gain (an exchange
argument, for both rates and any least bandwidth).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import IntArray


class Enumeration:
    """The assignments of a problem that can be optimal, numbered.

    Attributes:
        groups: Users of each group of identical users, best gain first.
        size: How many assignments there are.
    """

    def __init__(self, problem: RDEProblem) -> None:
        self.problem = problem
        self.groups = _identical_users(problem)
        self._allowed = [np.flatnonzero(np.isfinite(problem.min_rate[group[0]])) for group in self.groups]
        self.sizes = [
            math.comb(len(group) + len(allowed) - 1, len(group)) if len(allowed) else 0
            for group, allowed in zip(self.groups, self._allowed, strict=True)
        ]
        self.size = math.prod(self.sizes)

    def batches(self, rows: int) -> Iterator[IntArray]:
        """Assignments in order, at most ``rows`` at a time, arrays ``[n, M]``."""
        options = [
            self._arrangements(group, allowed)
            for group, allowed in zip(self.groups, self._allowed, strict=True)
        ]
        for start in range(0, self.size, rows):
            number = np.arange(start, min(start + rows, self.size))
            scm = np.empty((len(number), self.problem.users), dtype=np.int64)
            for group, choices in zip(self.groups, options, strict=True):
                number, digit = np.divmod(number, len(choices))
                scm[:, group] = choices[digit]
            yield scm

    def _arrangements(self, group: IntArray, allowed: IntArray) -> IntArray:
        """One row for each multiset of SCMs, larger least rates to larger gains, ``[n, users of the group]``."""
        by_rate = allowed[np.argsort(-self.problem.min_rate[group[0], allowed], kind="stable")]
        return np.array(list(combinations_with_replacement(by_rate, len(group))), dtype=np.int64)


def _identical_users(problem: RDEProblem) -> list[IntArray]:
    """Groups of users with equal rows, each sorted by falling gain."""
    rows = np.concatenate([problem.scm_power, problem.min_rate, problem.distortion], axis=1)
    _, label = np.unique(rows, axis=0, return_inverse=True)
    order = np.argsort(-problem.gain, kind="stable")
    groups = [order[label.ravel()[order] == value] for value in range(label.max() + 1)]
    return sorted(groups, key=lambda group: int(group[0]))
