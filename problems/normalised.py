"""Problems in normalised units: power and bandwidth in budgets, rates in nats. What the kernels compute in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .evaluation import FloatArray
from .stack import ProblemStack


@dataclass(frozen=True, eq=False)
class Normalised:
    """N problems of one shape as the kernels take them.

    Attributes:
        is_shannon: Whether (3) is read with the bandwidth factor.
        k: SNR of each user with the whole power budget over the whole band, g P / (N0 B), shape ``[N, M]``;
            under the spectral rate over the least bandwidth (infinite if that is zero).
        nats: Least rates, ``[N, M, S]``: R ln2 / B under Shannon, R ln2 under the spectral rate; infinite for
            forbidden pairs.
        compute: Compute power over the power budget, ``[N, M, S]``.
        floor: Least bandwidth over the bandwidth budget, ``[N]``.
    """

    is_shannon: bool
    k: FloatArray
    nats: FloatArray
    compute: FloatArray
    floor: FloatArray


def normalise(stack: ProblemStack) -> Normalised:
    """Bring a stack of problems into normalised units.

    Args:
        stack: N problems.

    Returns:
        Contiguous float64 arrays.
    """
    is_shannon = stack.rate == "shannon"
    floor = stack.min_bandwidth / stack.bandwidth_budget
    k = stack.gain * (stack.power_budget / stack.bandwidth_budget / stack.noise_psd)[:, None]
    nats = stack.min_rate * math.log(2.0)
    if is_shannon:
        nats = nats / stack.bandwidth_budget[:, None, None]
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.where(k > 0.0, k / floor[:, None], 0.0)
    compute = stack.scm_power / stack.power_budget[:, None, None]
    return Normalised(
        is_shannon,
        *(np.ascontiguousarray(array, dtype=np.float64) for array in (k, nats, compute, floor)),
    )
