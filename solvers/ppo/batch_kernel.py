"""Compiled kernels: exact values of assignments on many different instances, and one-user improvements of them."""

from __future__ import annotations

import math

import numpy as np

from ...problems.compiled import BoolArray, kernel
from ...problems.rde import FloatArray, IntArray
from ..allocation_kernel import FEASIBLE, power_left, shannon, spectral


@kernel
def assignment_value(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    weight: FloatArray,
    epsilon: float,
    best: int,
    scm: IntArray,
    rho: FloatArray,
    power: FloatArray,
    share: FloatArray,
) -> float:
    """Nats over the denominator of (6) of one assignment with its optimal power and bandwidth; -inf if infeasible.

    Units and arguments as in the allocation kernels; ``rho``, ``power`` and ``share`` are scratch.
    """
    denominator = epsilon
    for m in range(k.shape[0]):
        rho[m] = nats[m, scm[m]]
        denominator += weight[m, scm[m]]
    left = power_left(compute, scm)
    if is_shannon:
        status, value, _, _ = shannon(k, rho, left, floor, best, power, share)
    else:
        status, value, _ = spectral(k, rho, left, power)
    return value / denominator if status == FEASIBLE else -math.inf


@kernel
def assignment_values(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: FloatArray,
    weight: FloatArray,
    epsilon: FloatArray,
    rows: IntArray,
    scm: IntArray,
    value: FloatArray,
) -> None:
    """Values of assignments ``[R, M]``, the r-th on instance ``rows[r]`` of a group; fills ``value [R]``."""
    users = k.shape[1]
    rho, power, share = np.empty(users), np.empty(users), np.empty(users)
    for r in range(rows.shape[0]):
        n = rows[r]
        value[r] = assignment_value(
            is_shannon, k[n], nats[n], compute[n], floor[n], weight[n], epsilon[n], int(np.argmax(k[n])),
            scm[r], rho, power, share,
        )  # fmt: skip


@kernel
def improve_assignments(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: FloatArray,
    weight: FloatArray,
    epsilon: FloatArray,
    allowed: BoolArray,
    rows: IntArray,
    scm: IntArray,
    value: FloatArray,
    sweeps: int,
) -> int:
    """Take the best change of one user's SCM while that helps, at most ``sweeps`` times; in place.

    Returns:
        How many assignments were valued.
    """
    users, models = k.shape[1], nats.shape[2]
    rho, power, share = np.empty(users), np.empty(users), np.empty(users)
    valued = 0
    for r in range(rows.shape[0]):
        n = rows[r]
        best = int(np.argmax(k[n]))
        for _ in range(sweeps):
            best_value, best_user, best_scm = value[r], -1, -1
            for m in range(users):
                own = scm[r, m]
                for s in range(models):
                    if s == own or not allowed[n, m, s]:
                        continue
                    scm[r, m] = s
                    found = assignment_value(
                        is_shannon, k[n], nats[n], compute[n], floor[n], weight[n], epsilon[n], best,
                        scm[r], rho, power, share,
                    )  # fmt: skip
                    valued += 1
                    if found > best_value:
                        best_value, best_user, best_scm = found, m, s
                scm[r, m] = own
            if best_user < 0 or not best_value > value[r] * (1.0 + 1e-12):
                break
            scm[r, best_user] = best_scm
            value[r] = best_value
    return valued
