"""All SCM assignments of a problem, in batches, with identical users collapsed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import IntArray
from .reductions import identical_users


class Enumeration:
    """The assignments of a problem that can be optimal, numbered.

    Attributes:
        groups: Users of each group of identical users, best gain first.
        size: How many assignments there are.
    """

    def __init__(self, problem: RDEProblem) -> None:
        self.problem = problem
        self.groups = identical_users(problem)
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
