"""Compiled kernels: the least transmit power that meets every deadline, at fixed SCMs.

Units of :mod:`.normalised`: power and bandwidth in budgets, rates rho in nats, k the SNR of the full budget. A
user with the share b of the band needs the power b (e^(rho / b) - 1) / k. At a price theta of bandwidth the
cheapest share is b = max(floor, rho / v) with e^v (v - 1) + 1 = theta k, where a nat costs
(e^v - 1) / (k v) of power.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import kernel
from .evaluation import FloatArray, IntArray
from .exponent_kernel import near_exponent, refined_exponent

FITS = 1.0 + 1e-12
"""Budgets up to which a sum counts as within it: rounding, three orders below the tolerance."""

MOST_NATS = 500.0
"""Beyond this sum of rates no gain that a double can hold would do."""

_STEPS = 120


@kernel
def spend(rho: float, k: float, v: float, exp_v: float, floor: float) -> tuple[float, float]:
    """(power, share) that carry rho nats at the exponent v of a price, with a share of at least the floor."""
    if rho <= 0.0:
        return 0.0, floor
    share = rho / v
    if share >= floor:
        return share * (exp_v - 1.0 if v > 0.4 else math.expm1(v)) / k, share
    return floor * math.expm1(rho / floor) / k, floor


@kernel
def start_price(k: FloatArray, rho: FloatArray) -> float:
    """Log of the price at which the band would be full if all users had the same gain."""
    total, weighted = 0.0, 0.0
    for m in range(k.shape[0]):
        if rho[m] > 0.0:
            total += rho[m]
            weighted += rho[m] * math.log(k[m])
    if total <= 0.0:
        return 0.0
    v = min(max(total, 1e-9), MOST_NATS)
    log_y = math.log(0.5 * v * v) if v < 1e-4 else v + math.log(v - 1.0 + math.exp(-v))
    return log_y - weighted / total


@kernel
def shannon_power(
    k: FloatArray, rho: FloatArray, floor: float, left: float, power: FloatArray, share: FloatArray
) -> tuple[float, float]:
    """Least transmit power under Shannon: Newton's method on the log of the band used against log theta.

    That function is decreasing and convex, so the steps approach the full band from one side. Every price bounds
    the least power from below, and from above if the shares fit: stops once this decides against ``left``.

    Args:
        k: Shape ``[M]``.
        rho: Rates to carry, nats, ``[M]``.
        floor: Least share of a user.
        left: Power to compare with; NaN for the least power to rounding.
        power: Filled with the power of each user, ``[M]``, if they fit.
        share: Filled with their shares of the band, ``[M]``.

    Returns:
        (total of ``power``, or infinity if more than ``left`` is needed or nothing will do, log theta).
    """
    users = k.shape[0]
    total = 0.0
    for m in range(users):
        power[m], share[m] = 0.0, floor
        if rho[m] > 0.0:
            if not k[m] > 0.0:
                return math.inf, 0.0
            total += rho[m]
    if not total < MOST_NATS or floor * users > FITS:
        return math.inf, 0.0
    if total <= 0.0:
        return (math.inf if left < 0.0 else 0.0), 0.0
    log_theta = start_price(k, rho)
    low, high = log_theta - 100.0, log_theta + 100.0
    for _ in range(_STEPS):
        theta = math.exp(log_theta)
        spent, band, slope = 0.0, 0.0, 0.0
        for m in range(users):
            v, exp_v = 1.0, 1.0
            if rho[m] > 0.0:
                v, exp_v = refined_exponent(theta * k[m], near_exponent(theta * k[m]))
            power[m], share[m] = spend(rho[m], k[m], v, exp_v, floor)
            if share[m] > floor:
                slope += share[m] * theta * k[m] / (exp_v * v * v)
            spent += power[m]
            band += share[m]
        if spent - theta * (1.0 - band) > left:
            return math.inf, log_theta
        if band <= FITS:
            if spent <= left or band >= 1.0 - 1e-13 or high - low < 1e-13:
                return spent, log_theta
            high = log_theta
        else:
            low = log_theta
        if high - low < 1e-13:
            log_theta = high
            continue
        step = math.log(band) * band / slope if slope > 0.0 else -math.inf
        log_theta += step
        if not low < log_theta < high:
            log_theta = 0.5 * (low + high)
    return math.inf, log_theta


@kernel
def transmit(
    is_shannon: bool,
    k: FloatArray,
    rho: FloatArray,
    floor: float,
    left: float,
    power: FloatArray,
    share: FloatArray,
) -> tuple[float, float]:
    """:func:`shannon_power`, or the same under the spectral rate, where every user takes the floor."""
    if is_shannon:
        return shannon_power(k, rho, floor, left, power, share)
    total = 0.0
    for m in range(k.shape[0]):
        power[m], share[m] = 0.0, floor
        if rho[m] > 0.0:
            power[m] = math.expm1(rho[m]) / k[m] if k[m] > 0.0 else math.inf
        total += power[m]
    if floor * k.shape[0] > FITS or not total < math.inf or total > left:
        return math.inf, 0.0
    return total, 0.0


@kernel
def least_power(is_shannon: bool, k: FloatArray, rho: FloatArray, floor: float) -> float:
    """Least total transmit power, in budgets, that carries the rates over the whole band; infinite if nothing does.

    Args:
        is_shannon: Whether (3) has the bandwidth factor.
        k: Full-budget SNR, ``[M]``.
        rho: Rates, nats, ``[M]``.
        floor: Least share of a user.
    """
    return transmit(is_shannon, k, rho, floor, math.nan, np.empty(k.shape[0]), np.empty(k.shape[0]))[0]


@kernel
def total_power(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    scm: IntArray,
    most: float,
) -> float:
    """Compute power and least transmit power of an assignment, in budgets; infinite if above ``most``.

    With ``most`` = NaN to rounding, otherwise any total that fits ``most`` may be returned.
    """
    users = k.shape[0]
    rho, used = np.empty(users), 0.0
    for m in range(users):
        rho[m] = nats[m, scm[m]]
        used += compute[m, scm[m]]
    power, share = np.empty(users), np.empty(users)
    return used + transmit(is_shannon, k, rho, floor, most - used, power, share)[0]


@kernel
def share_out(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: FloatArray,
    scm: IntArray,
    power: FloatArray,
    share: FloatArray,
) -> None:
    """The least power for the deadlines of each of N assignments, and the surplus to the user with the best gain.

    Where the deadlines cannot be met what the models leave over is split equally.

    Args:
        k: Shape ``[N, M]``; ``nats`` and ``compute`` ``[N, M, S]``; ``floor`` ``[N]``.
        scm: The assignments, ``[N, M]``.
        power: Filled with transmit powers in budgets, ``[N, M]``.
        share: Filled with shares of the band, ``[N, M]``.
    """
    users = k.shape[1]
    rho = np.empty(users)
    for n in range(scm.shape[0]):
        used = 0.0
        for m in range(users):
            rho[m] = nats[n, m, scm[n, m]]
            used += compute[n, m, scm[n, m]]
        left = 1.0 - used
        spent, _ = transmit(is_shannon, k[n], rho, floor[n], math.nan, power[n], share[n])
        if spent <= left + 1e-12:
            best = int(np.argmax(k[n]))
            power[n, best] += max(left - spent, 0.0)
            if is_shannon:
                share[n, best] += max(1.0 - share[n].sum(), 0.0)
        else:
            power[n] = max(left, 0.0) / users
            share[n] = 1.0 / users
