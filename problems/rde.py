"""The problem (3)-(7f), once: what an instance is, what an allocation is, and what it is worth.

Everything that scores - the referee, an environment's reward, a genetic algorithm - calls
:meth:`RDEProblem.evaluate`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .rates import RATES, transmission_rate

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


@dataclass(frozen=True, eq=False, kw_only=True)
class RDEProblem:
    """One instance of problem (7), in SI units. Arrays are float64, copied and read-only.

    Attributes:
        rate: Reading of (3): ``shannon`` or ``spectral``.
        scm_names: Names of the S models.
        scm_power: Compute power pc_ms, W, shape ``[M, S]``.
        scm_latency: Compute latency tau_ms, s, shape ``[M, S]``.
        distortion: D_ms of (5), shape ``[M, S]``.
        payload: x_ms of (4), bit (bit/Hz under the spectral rate), shape ``[M, S]``.
        gain: Channel power gain g_m, path loss and fading together, shape ``[M]``.
        max_latency: Deadline T_m, s, shape ``[M]``.
        power_budget: P of (7b), W.
        bandwidth_budget: B of (7c), Hz.
        min_bandwidth: Least bandwidth of a user, Hz.
        noise_psd: N0, W/Hz.
        distortion_weight: lambda of (6).
        epsilon: epsilon of (6).

    Raises:
        ValueError: If a field has the wrong shape, is not finite, has the wrong sign, or if some selection
            of models would make the denominator of (6) zero. The message starts with the field's name.
    """

    rate: str
    scm_names: tuple[str, ...]
    scm_power: FloatArray
    scm_latency: FloatArray
    distortion: FloatArray
    payload: FloatArray
    gain: FloatArray
    max_latency: FloatArray
    power_budget: float
    bandwidth_budget: float
    min_bandwidth: float
    noise_psd: float
    distortion_weight: float
    epsilon: float

    def __post_init__(self) -> None:
        if self.rate not in RATES:
            raise ValueError(f"rate is {self.rate!r}; use one of {', '.join(RATES)}")
        names = tuple(str(name) for name in self.scm_names)
        if not names or len(set(names)) != len(names):
            raise ValueError(f"scm_names is {list(names)}; give at least one name, each of them once")
        object.__setattr__(self, "scm_names", names)
        users = np.asarray(self.gain).shape
        if len(users) != 1 or users[0] == 0:
            raise ValueError(f"gain has shape {users}; it must be [M], one number per user, M >= 1")
        table = (users[0], len(names))
        shapes = {
            "scm_power": table,
            "scm_latency": table,
            "distortion": table,
            "payload": table,
            "gain": users,
            "max_latency": users,
        }
        for name, shape in shapes.items():
            object.__setattr__(self, name, _checked_array(name, getattr(self, name), shape))
        for name in ("power_budget", "bandwidth_budget", "noise_psd"):
            object.__setattr__(self, name, _checked_number(name, getattr(self, name), positive=True))
        for name in ("min_bandwidth", "distortion_weight", "epsilon"):
            object.__setattr__(self, name, _checked_number(name, getattr(self, name), positive=False))
        if self.distortion_weight * self.distortion.min(axis=1).sum() + self.epsilon <= 0:
            raise ValueError(
                "distortion gives a denominator of zero in (6): lambda * sum of the least distortions + epsilon "
                "must be positive; raise epsilon or the distortions"
            )

    @property
    def users(self) -> int:
        """M, the number of users."""
        return int(self.gain.shape[0])

    @property
    def models(self) -> int:
        """S, the number of SCMs."""
        return len(self.scm_names)

    @cached_property
    def min_rate(self) -> FloatArray:
        """R_ms, the least rate that meets the deadline (7d), shape ``[M, S]``.

        x / (T - tau), in bit/s (bit/s/Hz under the spectral rate). Infinite where the pair is forbidden:
        tau > T, or tau = T with something to send.
        """
        left = self.max_latency[:, None] - self.scm_latency
        rates = np.where((left > 0) | ((left == 0) & (self.payload == 0)), 0.0, np.inf)
        np.divide(self.payload, left, out=rates, where=left > 0)
        rates.setflags(write=False)
        return rates

    def evaluate(self, allocation: Allocation) -> Evaluation:
        """Score an allocation, or a batch of them, by (3)-(7f).

        Args:
            allocation: Arrays of shape ``[..., M]`` with the same batch axes.

        Returns:
            The :class:`Evaluation`; nothing is clipped or repaired.

        Raises:
            ValueError: If shapes disagree, an SCM index is out of range or not an integer, or a number is
                not finite.
        """
        scm, power, bandwidth = self._checked(allocation)
        chosen = (np.arange(self.users), scm)
        rates = transmission_rate(self.rate, power, bandwidth, self.gain, self.noise_psd)
        payload, distortion = self.payload[chosen], self.distortion[chosen]
        transmission = np.where(payload > 0, np.inf, 0.0)
        np.divide(payload, rates, out=transmission, where=rates > 0)
        total_power = (self.scm_power[chosen] + power).sum(axis=-1)
        total_bandwidth = bandwidth.sum(axis=-1)
        violations = Violations(
            power=np.maximum(total_power / self.power_budget - 1.0, 0.0),
            bandwidth=np.maximum(total_bandwidth / self.bandwidth_budget - 1.0, 0.0),
            min_bandwidth=self._bandwidth_shortfall(bandwidth),
            latency=_rate_shortfall(self.min_rate[chosen], rates),
            sign=np.maximum(
                _negative_part(power, self.power_budget), _negative_part(bandwidth, self.bandwidth_budget)
            ),
        )
        return Evaluation(
            rde=rates.sum(axis=-1) / (self.distortion_weight * distortion.sum(axis=-1) + self.epsilon),
            rate=rates,
            latency=self.scm_latency[chosen] + transmission,
            distortion=distortion,
            total_power=total_power,
            total_bandwidth=total_bandwidth,
            violations=violations,
            feasible=violations.feasible,
        )

    def replace(self, **changes: object) -> RDEProblem:
        """A copy with some fields changed, checked like any other problem."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def content_hash(self) -> str:
        """SHA-256 over every field: two problems with the same hash are the same problem."""
        digest = hashlib.sha256()
        for field in fields(self):
            value = getattr(self, field.name)
            data = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            digest.update(f"{field.name}:{np.shape(value)}:".encode() + data)
        return digest.hexdigest()

    def _bandwidth_shortfall(self, bandwidth: FloatArray) -> FloatArray:
        if self.min_bandwidth > 0:
            return np.asarray(np.maximum(1.0 - bandwidth.min(axis=-1) / self.min_bandwidth, 0.0))
        if self.rate == "spectral":
            return np.where(bandwidth.min(axis=-1) > 0, 0.0, 1.0)
        return np.zeros(bandwidth.shape[:-1])

    def _checked(self, allocation: Allocation) -> tuple[IntArray, FloatArray, FloatArray]:
        scm = np.asarray(allocation.scm)
        if scm.dtype.kind not in "iu":
            raise ValueError(f"scm has type {scm.dtype}; it must hold integers, the index of each user's SCM")
        if scm.ndim == 0 or scm.shape[-1] != self.users:
            raise ValueError(f"scm has shape {scm.shape}; the last axis must be the {self.users} users")
        if scm.size and (scm.min() < 0 or scm.max() >= self.models):
            raise ValueError(f"scm has indices from {scm.min()} to {scm.max()}; use 0 to {self.models - 1}")
        arrays = []
        for name in ("power", "bandwidth"):
            array = np.asarray(getattr(allocation, name))
            if array.dtype.kind not in "fiu":
                raise ValueError(f"{name} has type {array.dtype}; it must hold real numbers")
            if array.shape != scm.shape:
                raise ValueError(f"{name} has shape {array.shape}; it must be {scm.shape}, as scm")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds a value that is not finite")
            arrays.append(array.astype(np.float64, copy=False))
        return scm.astype(np.int64, copy=False), arrays[0], arrays[1]


def _read_only(record: Allocation | Violations | Evaluation) -> None:
    """Replace every array of a frozen record by a view that cannot be written."""
    for field in fields(record):
        value = getattr(record, field.name)
        if not isinstance(value, Violations):
            view = np.asarray(value).view()
            view.setflags(write=False)
            object.__setattr__(record, field.name, view)


def _negative_part(values: FloatArray, budget: float) -> FloatArray:
    """Largest -value / budget over the users; positive for any negative value, however small."""
    worst = -values.min(axis=-1)
    return np.asarray(np.where(worst > 0, np.maximum(worst / budget, np.finfo(float).tiny), 0.0))


def _rate_shortfall(min_rate: FloatArray, rates: FloatArray) -> FloatArray:
    """Largest R_m / r_m - 1 over the users, at least 0; shape ``[..., M]`` to ``[...]``."""
    excess = np.where(min_rate > 0, np.inf, 0.0)
    finite = (rates > 0) & np.isfinite(min_rate)
    np.divide(min_rate, rates, out=excess, where=finite)
    return np.asarray(np.maximum(excess.max(axis=-1) - 1.0, 0.0))


def _checked_array(name: str, value: object, shape: tuple[int, ...]) -> FloatArray:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not an array of numbers of shape {list(shape)}: {error}") from None
    if array.shape != shape:
        raise ValueError(f"{name} has shape {list(array.shape)}; it must be {list(shape)}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a value that is not finite; use numbers >= 0")
    if array.min() < 0:
        raise ValueError(f"{name} holds {array.min():g}; use numbers >= 0 (linear units, not decibels)")
    array.setflags(write=False)
    return array


def _checked_number(name: str, value: object, *, positive: bool) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}; it must be a number") from None
    if not np.isfinite(number) or number < 0 or (positive and number == 0):
        allowed = "a finite number > 0" if positive else "a finite number >= 0"
        raise ValueError(f"{name} is {number:g}; it must be {allowed} (linear units, not decibels)")
    return number
