"""Compiled kernel: power and bandwidth from the numbers a policy emits, within budgets and deadlines by construction.

Bandwidth goes by a softmax; each user gets the power that meets its deadline there, and a second softmax hands out
what is left. Where the deadlines cost too much, the shares move straight towards those that cost least, just far
enough: the power needed is convex along that line.
"""

from __future__ import annotations

import math

import numpy as np

from ...problems.compiled import kernel
from ...problems.least_power_kernel import total_power, transmit
from ...problems.rde import FloatArray, IntArray
from ..allocation_kernel import power_left, transmit_power

_HALVINGS = 45


@kernel
def softmax(raw: FloatArray, out: FloatArray) -> None:
    """exp(raw) over its sum, ``[M]``."""
    largest, total = raw.max(), 0.0
    for m in range(raw.shape[0]):
        out[m] = math.exp(raw[m] - largest)
        total += out[m]
    for m in range(raw.shape[0]):
        out[m] /= total


@kernel
def needed_power(k: FloatArray, rho: FloatArray, share: FloatArray, power: FloatArray) -> float:
    """Fills ``power`` with the least power that carries rho over the shares, ``[M]``; returns the sum."""
    total = 0.0
    for m in range(k.shape[0]):
        power[m] = 0.0
        if rho[m] > 0.0:
            reachable = share[m] > 0.0 and k[m] > 0.0 and rho[m] < 500.0 * share[m]
            power[m] = transmit_power(rho[m], share[m], k[m]) if reachable else math.inf
        total += power[m]
    return total


@kernel
def allocate_shares(
    is_shannon: bool,
    k: FloatArray,
    rho: FloatArray,
    left: float,
    floor: float,
    wanted: FloatArray,
    surplus: FloatArray,
    power: FloatArray,
    share: FloatArray,
) -> bool:
    """Power and bandwidth of one assignment, in budgets.

    Args:
        is_shannon: Which rate; under the spectral one everybody has the least bandwidth.
        k: Full-budget SNR, ``[M]``.
        rho: Least rates of the chosen SCMs, nats, ``[M]``.
        left: Power that the SCMs leave.
        floor: Least share of a user.
        wanted: Logits of the shares of the band, ``[M]``.
        surplus: Logits of the shares of the power that the deadlines leave, ``[M]``.
        power: Filled, ``[M]``.
        share: Filled, ``[M]``.

    Returns:
        Whether all deadlines are met; if not, nothing could meet them.
    """
    users = k.shape[0]
    if is_shannon:
        softmax(wanted, share)
        free = 1.0 - users * floor
        for m in range(users):
            share[m] = floor + free * share[m]
        needed = needed_power(k, rho, share, power)
    else:
        needed, _ = transmit(False, k, rho, floor, math.nan, power, share)
    if needed > left:
        cheap_power, cheap = np.empty(users), np.empty(users)
        least, _ = transmit(is_shannon, k, rho, floor, math.nan, cheap_power, cheap)
        if not least <= left * (1.0 + 1e-12):
            power[:] = max(left, 0.0) / users
            return False
        if is_shannon:
            own, low, high = share.copy(), 0.0, 1.0
            for _ in range(_HALVINGS):
                middle = 0.5 * (low + high)
                for m in range(users):
                    share[m] = own[m] + middle * (cheap[m] - own[m])
                if needed_power(k, rho, share, power) > left:
                    low = middle
                else:
                    high = middle
            for m in range(users):
                share[m] = own[m] + high * (cheap[m] - own[m])
            needed = needed_power(k, rho, share, power)
        if not needed <= left:
            power[:], share[:], needed = cheap_power, cheap, least
    rest = left - needed
    if rest > 0.0:
        part = np.empty(users)
        softmax(surplus, part)
        for m in range(users):
            power[m] += rest * part[m]
    return True


@kernel
def share_values(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: FloatArray,
    weight: FloatArray,
    epsilon: FloatArray,
    rows: IntArray,
    scm: IntArray,
    wanted: FloatArray,
    surplus: FloatArray,
    value: FloatArray,
) -> None:
    """Nats over the denominator of (6) of assignments ``[R, M]`` with the power and bandwidth of their logits.

    The r-th is on instance ``rows[r]`` of a group. An assignment that nothing makes feasible gets -1 less the part
    of the power budget that it lacks, at most -2.
    """
    users = k.shape[1]
    rho, power, share = np.empty(users), np.empty(users), np.empty(users)
    for r in range(rows.shape[0]):
        n = rows[r]
        denominator = epsilon[n]
        for m in range(users):
            rho[m] = nats[n, m, scm[r, m]]
            denominator += weight[n, m, scm[r, m]]
        left = power_left(compute[n], scm[r])
        if allocate_shares(is_shannon, k[n], rho, left, floor[n], wanted[r], surplus[r], power, share):
            total = 0.0
            for m in range(users):
                if share[m] > 0.0:
                    total += (share[m] if is_shannon else 1.0) * math.log1p(
                        k[n, m] * power[m] / (share[m] if is_shannon else 1.0)
                    )
            value[r] = total / denominator
        else:
            lacking = total_power(is_shannon, k[n], nats[n], compute[n], floor[n], scm[r], math.nan) - 1.0
            value[r] = -1.0 - min(max(lacking, 0.0), 1.0)
