"""What a decision is and what it is worth: (3)-(7f), for one problem or a stack of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .rates import transmission_rate

if TYPE_CHECKING:
    from .rde import RDEProblem
    from .stack import ProblemStack

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE = 1e-9
"""The one tolerance: relative, on power, bandwidth, min_bandwidth and on the deadline as R / r - 1."""


@dataclass(frozen=True, eq=False)
class Allocation:
    """What is decided: one SCM, a transmit power and a bandwidth for each user. Read-only views of what is given.

    Attributes:
        scm: Index of the SCM of each user, integers, shape ``[..., M]``; this is a_ms of (7e)-(7f).
        power: Transmit power p_m, W, shape ``[..., M]``.
        bandwidth: Bandwidth B_m, Hz, shape ``[..., M]``.
    """

    scm: IntArray
    power: FloatArray
    bandwidth: FloatArray

    def __post_init__(self) -> None:
        _read_only(self)


@dataclass(frozen=True, eq=False)
class Violations:
    """How far each constraint is exceeded, relative to its limit; 0 where it holds. Shapes ``[...]``.

    Attributes:
        power: (7b), excess of total power over the budget, over the budget.
        bandwidth: (7c), excess of total bandwidth over the budget, over the budget.
        min_bandwidth: Largest shortfall of a user's bandwidth below the minimum, over the minimum; 1 for a
            user without bandwidth under the spectral rate, which is undefined there.
        latency: (7d), largest R_m / r_m - 1, with R_m the least rate that meets the deadline; infinite for a
            rate of zero or a model that takes longer than the deadline by itself.
        sign: Largest negative power or bandwidth, over its budget; any negative value counts.
    """

    power: FloatArray
    bandwidth: FloatArray
    min_bandwidth: FloatArray
    latency: FloatArray
    sign: FloatArray

    def __post_init__(self) -> None:
        _read_only(self)

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Whether every constraint holds at the one tolerance (the sign exactly), shape ``[...]``."""
        within = (self.power <= TOLERANCE) & (self.bandwidth <= TOLERANCE)
        within &= (self.min_bandwidth <= TOLERANCE) & (self.latency <= TOLERANCE)
        return np.asarray(within & (self.sign == 0.0))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an allocation is worth, read-only. ``[...]`` are the batch axes of the allocation.

    Attributes:
        rde: Objective (6)/(7a), shape ``[...]``.
        rate: (3), bit/s under Shannon, bit/s/Hz under the spectral rate, shape ``[..., M]``.
        latency: Left side of (7d), compute and transmission, s, shape ``[..., M]``; infinite at rate zero.
        distortion: D_m of (5), shape ``[..., M]``.
        total_power: Left side of (7b), W, shape ``[...]``.
        total_bandwidth: Left side of (7c), Hz, shape ``[...]``.
        violations: Each constraint's relative violation.
        feasible: Whether all hold at the one tolerance, shape ``[...]``.
    """

    rde: FloatArray
    rate: FloatArray
    latency: FloatArray
    distortion: FloatArray
    total_power: FloatArray
    total_bandwidth: FloatArray
    violations: Violations
    feasible: NDArray[np.bool_]

    def __post_init__(self) -> None:
        _read_only(self)


def score(
    problem: RDEProblem | ProblemStack,
    scm: IntArray,
    power: FloatArray,
    bandwidth: FloatArray,
    chosen: tuple[IntArray, ...],
) -> Evaluation:
    """The one place in which decisions become rates, an objective and violations.

    Args:
        problem: One problem, or a stack of N.
        scm: Checked SCMs, ``[..., M]`` for one problem, ``[N, M]`` for a stack.
        power: W, same shape.
        bandwidth: Hz, same shape.
        chosen: Index that takes the entries of the chosen SCMs from an array over users and SCMs.

    Returns:
        The :class:`Evaluation`; nothing is clipped or repaired.
    """
    noise = problem.noise_psd if np.ndim(problem.noise_psd) == 0 else np.asarray(problem.noise_psd)[:, None]
    rates = transmission_rate(problem.rate, power, bandwidth, problem.gain, noise)
    payload, distortion = problem.payload[chosen], problem.distortion[chosen]
    transmission = np.where(payload > 0, np.inf, 0.0)
    np.divide(payload, rates, out=transmission, where=rates > 0)
    total_power = (problem.scm_power[chosen] + power).sum(axis=-1)
    total_bandwidth = bandwidth.sum(axis=-1)
    violations = Violations(
        power=np.maximum(total_power / problem.power_budget - 1.0, 0.0),
        bandwidth=np.maximum(total_bandwidth / problem.bandwidth_budget - 1.0, 0.0),
        min_bandwidth=_bandwidth_shortfall(problem, bandwidth),
        latency=_rate_shortfall(problem.min_rate[chosen], rates),
        sign=np.maximum(
            _negative_part(power, problem.power_budget), _negative_part(bandwidth, problem.bandwidth_budget)
        ),
    )
    return Evaluation(
        rde=rates.sum(axis=-1) / (problem.distortion_weight * distortion.sum(axis=-1) + problem.epsilon),
        rate=rates,
        latency=problem.scm_latency[chosen] + transmission,
        distortion=distortion,
        total_power=total_power,
        total_bandwidth=total_bandwidth,
        violations=violations,
        feasible=violations.feasible,
    )


def least_rate(payload: FloatArray, max_latency: FloatArray, scm_latency: FloatArray) -> FloatArray:
    """R_ms = x / (T - tau), the least rate that meets the deadline (7d), in the unit of the payload per second.

    Infinite where the pair is forbidden: tau > T, or tau = T with something to send.

    Args:
        payload: x_ms, shape ``[..., M, S]``.
        max_latency: T_m, shape ``[..., M]``.
        scm_latency: tau_ms, shape ``[..., M, S]``.
    """
    left = max_latency[..., None] - scm_latency
    rates = np.where((left > 0) | ((left == 0) & (payload == 0)), 0.0, np.inf)
    np.divide(payload, left, out=rates, where=left > 0)
    rates.setflags(write=False)
    return rates


def _bandwidth_shortfall(problem: RDEProblem | ProblemStack, bandwidth: FloatArray) -> FloatArray:
    floor, least = np.asarray(problem.min_bandwidth), bandwidth.min(axis=-1)
    none = np.zeros(least.shape) if problem.rate == "shannon" else np.where(least > 0, 0.0, 1.0)
    if not floor.any():
        return none
    safe = np.where(floor > 0, floor, 1.0)
    return np.asarray(np.where(floor > 0, np.maximum(1.0 - least / safe, 0.0), none))


def _read_only(record: Allocation | Violations | Evaluation) -> None:
    """Replace every array of a frozen record by a view that cannot be written."""
    for field in fields(record):
        value = getattr(record, field.name)
        if not isinstance(value, Violations):
            view = np.asarray(value).view()
            view.setflags(write=False)
            object.__setattr__(record, field.name, view)


def _negative_part(values: FloatArray, budget: float | FloatArray) -> FloatArray:
    """Largest -value / budget over the users; positive for any negative value, however small."""
    worst = -values.min(axis=-1)
    return np.asarray(np.where(worst > 0, np.maximum(worst / budget, np.finfo(float).tiny), 0.0))


def _rate_shortfall(min_rate: FloatArray, rates: FloatArray) -> FloatArray:
    """Largest R_m / r_m - 1 over the users, at least 0; shape ``[..., M]`` to ``[...]``."""
    excess = np.where(min_rate > 0, np.inf, 0.0)
    finite = (rates > 0) & np.isfinite(min_rate)
    np.divide(min_rate, rates, out=excess, where=finite)
    return np.asarray(np.maximum(excess.max(axis=-1) - 1.0, 0.0))
