"""Exact power and bandwidth for fixed SCMs: the convex inner problem of (7), solved in closed steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..problems import Allocation, RDEProblem
from ..problems.rde import FloatArray, IntArray

INFEASIBLE, FEASIBLE, UNBOUNDED = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Inner:
    """Best allocations of a batch of assignments.

    Attributes:
        allocation: The assignments with their optimal power and bandwidth; arrays ``[N, M]``. Meaningless
            where infeasible or unbounded.
        rde: Optimal value for each assignment, ``[N]``; -inf where infeasible, inf where unbounded.
        status: INFEASIBLE (proved), FEASIBLE (optimal) or UNBOUNDED, ``[N]``.
    """

    allocation: Allocation
    rde: FloatArray
    status: NDArray[np.int64]


class InnerSolver:
    """A problem in normalised units, ready to solve any number of assignments.

    Power in budgets, bandwidth in budgets, rates in nats: cause of all accuracy.
    """

    def __init__(self, problem: RDEProblem) -> None:
        self.problem = problem

    @cached_property
    def floor(self) -> float:
        """Least share of the bandwidth budget."""
        return self.problem.min_bandwidth / self.problem.bandwidth_budget

    @cached_property
    def rate_unit(self) -> float:
        """What one nat (per unit of the band) is in bit/s, or bit/s/Hz under the spectral rate."""
        return (self.problem.bandwidth_budget if self.problem.rate == "shannon" else 1.0) / math.log(2.0)

    @cached_property
    def snr(self) -> FloatArray:
        """k = g P / (N0 B), shape ``[M]``; with B replaced by min_bandwidth under the spectral rate."""
        problem = self.problem
        full = problem.gain * (problem.power_budget / problem.bandwidth_budget / problem.noise_psd)
        return np.asarray(full if problem.rate == "shannon" else full / self.floor)

    @cached_property
    def nats(self) -> FloatArray:
        """Least rates rho, nats, shape ``[M, S]``; infinite for forbidden pairs."""
        return np.asarray(self.problem.min_rate / self.rate_unit)

    @cached_property
    def compute(self) -> FloatArray:
        """Compute power over the power budget, shape ``[M, S]``."""
        return np.asarray(self.problem.scm_power / self.problem.power_budget)

    @cached_property
    def distortion(self) -> FloatArray:
        """lambda D, shape ``[M, S]``."""
        return np.asarray(self.problem.distortion_weight * self.problem.distortion)

    def denominator(self, scm: IntArray) -> FloatArray:
        """Denominator of (6), shape ``[N]``."""
        chosen = self.distortion[np.arange(self.problem.users), scm]
        return np.asarray(chosen.sum(axis=-1) + self.problem.epsilon)

    def values(self, scm: IntArray) -> FloatArray:
        """Optimal RDE of each assignment ``[N, M]`` without the allocations; -inf where infeasible."""
        scm = np.ascontiguousarray(scm, dtype=np.int64)
        scratch = np.empty((1, self.problem.users))
        return self._solve(scm, scratch, scratch.copy())[0]

    def allocate(self, scm: IntArray) -> Inner:
        """Optimal power and bandwidth of each assignment.

        Args:
            scm: Indices of the SCMs, shape ``[N, M]``.

        Returns:
            The allocations in SI units, their values and statuses.
        """
        problem = self.problem
        scm = np.ascontiguousarray(scm, dtype=np.int64)
        power, share = np.zeros(scm.shape), np.zeros(scm.shape)
        rde, status = self._solve(scm, power, share)
        power *= problem.power_budget
        share *= problem.bandwidth_budget
        _onto_budgets(problem, scm, power, share)
        return Inner(Allocation(scm, power, share), rde, status)

    def _solve(
        self, scm: IntArray, power: FloatArray, share: FloatArray
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        value, status = np.empty(len(scm)), np.empty(len(scm), dtype=np.int64)
        if self.problem.rate == "spectral" and self.floor == 0.0:
            return self._solve_without_floor(scm, share)
        if self.floor * self.problem.users > 1.0 + 1e-12:
            return np.full(len(scm), -np.inf), np.full(len(scm), INFEASIBLE)
        from .allocation_kernel import allocate_batch  # numba, only when something is solved

        shannon = self.problem.rate == "shannon"
        allocate_batch(
            shannon, self.snr, self.nats, self.compute, self.floor, scm, power, share, value, status
        )
        return value * self.rate_unit / self.denominator(scm), status

    def _solve_without_floor(self, scm: IntArray, share: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Spectral rate with min_bandwidth = 0: any power left over buys any rate as B goes to 0."""
        users = np.arange(self.problem.users)
        need, left = self.nats[users, scm], 1.0 - self.compute[users, scm].sum(axis=1)
        reached = np.where(self.problem.gain > 0, np.isfinite(need), need == 0).all(axis=1)
        unbounded = reached & (left > 1e-12) & (self.problem.gain.max() > 0)
        feasible = reached & (left >= -1e-12) & (need == 0).all(axis=1) & ~unbounded
        status = np.where(unbounded, UNBOUNDED, np.where(feasible, FEASIBLE, INFEASIBLE))
        share[:] = 1.0 / self.problem.users
        return np.choose(status, [-np.inf, 0.0, np.inf]), status


def equal_shares(problem: RDEProblem, scm: IntArray) -> tuple[FloatArray, FloatArray]:
    """The power that the models ``[M]`` leave over and the whole bandwidth, in equal parts, W and Hz, ``[M]`` each."""
    left = problem.power_budget - problem.scm_power[np.arange(problem.users), scm].sum()
    power = np.full(problem.users, max(float(left), 0.0) / problem.users)
    return power, np.full(problem.users, problem.bandwidth_budget / problem.users)


def _onto_budgets(problem: RDEProblem, scm: IntArray, power: FloatArray, bandwidth: FloatArray) -> None:
    """Scale rounding away, in place: no sum is above its budget by more than its own last bits."""
    left = problem.power_budget - problem.scm_power[np.arange(problem.users), scm].sum(axis=1)
    for array, limit in ((power, left), (bandwidth, problem.bandwidth_budget)):
        total = array.sum(axis=1)
        above = (total > limit) & (total > 0.0)
        scale = np.maximum(limit, 0.0) / np.where(above, total, 1.0)
        array *= np.where(above & (scale > 1.0 - 1e-9), scale, 1.0)[:, None]
