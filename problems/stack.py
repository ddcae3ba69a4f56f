"""Many problems of one shape as arrays: what environments and learners score in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .evaluation import Allocation, Evaluation, FloatArray, IntArray, least_rate, score
from .rde import RDEProblem

_TABLES = ("scm_power", "scm_latency", "distortion", "payload")
_VECTORS = ("gain", "max_latency")
_NUMBERS = (
    "power_budget",
    "bandwidth_budget",
    "min_bandwidth",
    "noise_psd",
    "distortion_weight",
    "epsilon",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class ProblemStack:
    """N problems with the same rate formula, number of users M and number of SCMs S.

    The fields are those of :class:`RDEProblem` with an axis for the problems in front. Scores are those of
    :meth:`RDEProblem.evaluate`, from the same code.

    Attributes:
        rate: Reading of (3).
        scm_power: Shape ``[N, M, S]``, as ``scm_latency``, ``distortion`` and ``payload``.
        gain: Shape ``[N, M]``, as ``max_latency``.
        power_budget: Shape ``[N]``, as the other numbers.
    """

    rate: str
    scm_power: FloatArray
    scm_latency: FloatArray
    distortion: FloatArray
    payload: FloatArray
    gain: FloatArray
    max_latency: FloatArray
    power_budget: FloatArray
    bandwidth_budget: FloatArray
    min_bandwidth: FloatArray
    noise_psd: FloatArray
    distortion_weight: FloatArray
    epsilon: FloatArray

    @classmethod
    def of(cls, problems: Sequence[RDEProblem]) -> ProblemStack:
        """Stack problems.

        Raises:
            ValueError: If there are none, or they differ in rate formula, users or number of SCMs.
        """
        shapes = {(problem.rate, problem.users, problem.models) for problem in problems}
        if len(shapes) != 1:
            raise ValueError(
                f"problems of {len(shapes)} shapes (rate, users, SCMs); a stack takes those of one"
            )
        names = (*_TABLES, *_VECTORS, *_NUMBERS)
        arrays = {name: np.array([getattr(problem, name) for problem in problems]) for name in names}
        return cls(rate=problems[0].rate, **arrays)

    def __len__(self) -> int:
        return len(self.gain)

    @property
    def users(self) -> int:
        """M, the number of users."""
        return int(self.gain.shape[1])

    @property
    def models(self) -> int:
        """S, the number of SCMs."""
        return int(self.scm_power.shape[2])

    @cached_property
    def min_rate(self) -> FloatArray:
        """R_ms of each problem, ``[N, M, S]``; see :attr:`RDEProblem.min_rate`."""
        return least_rate(self.payload, self.max_latency, self.scm_latency)

    def take(self, rows: IntArray) -> ProblemStack:
        """The stack of the problems at ``rows``, in that order; a problem may come several times."""
        taken = {name: getattr(self, name)[rows] for name in (*_TABLES, *_VECTORS, *_NUMBERS)}
        stack = ProblemStack(rate=self.rate, **taken)
        stack.__dict__["min_rate"] = self.min_rate[rows]
        return stack

    def evaluate(self, allocation: Allocation) -> Evaluation:
        """Score one allocation for each problem, unchecked: shapes ``[N, M]``, indices in range, finite numbers."""
        rows, users = np.arange(len(self))[:, None], np.arange(self.users)
        chosen = (rows, users, allocation.scm)
        return score(self, allocation.scm, allocation.power, allocation.bandwidth, chosen)
