"""The problem (3)-(7f), once: what an instance is, what an allocation is, and what it is worth.

Everything that scores - the referee, an environment's reward, a genetic algorithm - calls
:meth:`RDEProblem.evaluate`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from .evaluation import TOLERANCE as TOLERANCE
from .evaluation import Allocation as Allocation
from .evaluation import Evaluation as Evaluation
from .evaluation import FloatArray as FloatArray
from .evaluation import IntArray as IntArray
from .evaluation import Violations as Violations
from .evaluation import least_rate, score
from .rates import RATES


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
        return least_rate(self.payload, self.max_latency, self.scm_latency)

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
        return score(self, scm, power, bandwidth, (np.arange(self.users), scm))

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


def _checked_array(name: str, value: object, shape: tuple[int, ...]) -> FloatArray:
    try:
        array = np.array(value, dtype=np.float64, order="C")  # one order, or kernels are compiled again
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
