"""What an agent sees of a problem: per-user numbers without units, each within a fixed bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .evaluation import FloatArray
from .stack import ProblemStack

Float32Array = NDArray[np.float32]

BOUND = 10.0
"""Every number of an observation lies in [-BOUND, BOUND]; what would leave it is cut off there."""


def per_user(models: int) -> int:
    """How many numbers describe one user: three, and four for each SCM."""
    return 3 + 4 * models


def features(stack: ProblemStack) -> Float32Array:
    """Describe the users of each problem by numbers of size one.

    In this order, with M the number of users: (ln k - 4) / 3 with k = g P / (N0 B) the full-budget SNR; ln of the
    best k over k; M times the least share of the band, less 1; and for each SCM compute power M pc / P - 1;
    ln(R M / B) / 2 + 1 with R the least rate (ln(R) / 2 + 1 under the spectral rate), the bound if forbidden;
    distortion over the problem's mean, less 1; and whether the pair is forbidden.

    Args:
        stack: N problems.

    Returns:
        Shape ``[N, M, 3 + 4 S]``, within :data:`BOUND`.
    """
    users = stack.users
    with np.errstate(divide="ignore", invalid="ignore"):
        log_k = (
            np.log(stack.gain)
            + np.log(stack.power_budget / stack.bandwidth_budget / stack.noise_psd)[:, None]
        )
        best = np.maximum(log_k.max(axis=1, keepdims=True), -1e3)
        equal = stack.bandwidth_budget / users if stack.rate == "shannon" else np.ones(len(stack))
        log_rate = np.log(stack.min_rate / equal[:, None, None])
    floor = stack.min_bandwidth * users / stack.bandwidth_budget
    mean = stack.distortion.reshape(len(stack), -1).mean(axis=1)[:, None, None]
    columns = (
        ((log_k - 4.0) / 3.0)[:, :, None],
        (best - log_k)[:, :, None],
        np.broadcast_to((floor - 1.0)[:, None, None], (len(stack), users, 1)),
        stack.scm_power * (users / stack.power_budget)[:, None, None] - 1.0,
        log_rate / 2.0 + 1.0,
        stack.distortion / np.where(mean > 0.0, mean, 1.0) - 1.0,
        np.isinf(stack.min_rate),
    )
    return bounded(np.concatenate(columns, axis=2))


def bounded(values: FloatArray) -> Float32Array:
    """Values cut off at :data:`BOUND`, in single precision."""
    return np.clip(values, -BOUND, BOUND).astype(np.float32)
