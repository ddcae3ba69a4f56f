"""Compiled kernels: exact power and bandwidth for fixed SCMs, in normalised units.

Power counts in units of the power budget, bandwidth in units of the bandwidth budget, rates in nats: rho is
R ln2 / B under Shannon and R ln2 under the spectral rate, k = g P / (N0 B) the full-budget SNR. For a price
ratio theta (bandwidth over power) user m transmits at v_m = ln(1 + SNR_m) with e^v (v - 1) + 1 = theta k_m, and
a nat costs e^v / k_m. That falls in k, so the user with the best gain takes whatever is left over.
"""

from __future__ import annotations

import math

import numpy as np

from ..problems.compiled import BoolArray, kernel
from ..problems.exponent_kernel import near_exponent, refined_exponent, snr_exponent
from ..problems.rde import FloatArray, IntArray

INFEASIBLE, FEASIBLE, UNBOUNDED = 0, 1, 2

ROUNDING = 1e-12
"""Relative slack in comparisons that decide feasibility: rounding, three orders below the tolerance."""

_ITERATIONS = 100


@kernel
def transmit_power(rho: float, share: float, k: float) -> float:
    """Least power that carries rho nats over a share of the bandwidth: b (e^(rho / b) - 1) / k."""
    if rho <= 0.0:
        return 0.0
    return share * math.expm1(rho / share) / k


@kernel
def _fill_floors(
    budget: float, floor_power: FloatArray, k: FloatArray, width: float, pinned: BoolArray, power: FloatArray
) -> float:
    """Water-filling over the pinned users: p = max(floor, width (W - 1 / k)), with the sum of p = budget.

    The sum is piecewise linear and convex in the level W, so Newton's method from above ends exactly.
    """
    users = k.shape[0]
    level = 0.0
    for m in range(users):
        if pinned[m] and k[m] > 0.0:
            level = max(level, 1.0 / k[m] + (floor_power[m] + budget) / width)
    for _ in range(2 * users + 2):
        total, slope = -budget, 0.0
        for m in range(users):
            power[m] = floor_power[m]
            if pinned[m] and k[m] > 0.0:
                fill = width * (level - 1.0 / k[m])
                if fill > floor_power[m]:
                    power[m] = fill
                    slope += width
            total += power[m]
        if slope == 0.0 or total <= 1e-16 * budget:
            break
        level -= total / slope
    for m in range(users):  # level - 1 / k cancels at low SNR: hand out what that left over, or take it back
        if power[m] > floor_power[m]:
            power[m] = max(power[m] - total * width / slope, floor_power[m])
    return level


@kernel
def spectral(k: FloatArray, rho: FloatArray, left: float, power: FloatArray) -> tuple[int, float, float]:
    """Spectral rate: bandwidth is fixed, K = k / b_min; water-filling over power with floors.

    Fills ``power`` and returns (status, nats, level).
    """
    users = k.shape[0]
    floors = np.empty(users)
    total = 0.0
    for m in range(users):
        floors[m] = 0.0
        if rho[m] > 0.0:
            floors[m] = math.expm1(rho[m]) / k[m]
        total += floors[m]
    if not (left >= 0.0 and total <= left * (1.0 + ROUNDING)):
        return INFEASIBLE, -math.inf, 0.0
    level = _fill_floors(max(left, total), floors, k, 1.0, np.ones(users, np.bool_), power)
    nats = 0.0
    for m in range(users):
        nats += math.log1p(k[m] * power[m])
    return FEASIBLE, nats, level


@kernel
def _at_least_bandwidth(
    k: FloatArray, rho: FloatArray, left: float, floor: float, power: FloatArray, share: FloatArray
) -> tuple[int, float, float, float]:
    """Shannon, decided where the least shares just fill the band: theta_0, or everybody at the floor.

    The exact test of feasibility. Where power is too short to leave the floor, users there are water-filled.
    """
    users = k.shape[0]
    low, high = -100.0, 100.0
    log_theta = 0.0
    for _ in range(_ITERATIONS):
        theta = math.exp(log_theta)
        total, slope = 0.0, 0.0
        for m in range(users):
            width = 0.0
            if rho[m] > 0.0:
                v = snr_exponent(theta * k[m])
                width = rho[m] / v
                if width > floor:
                    slope += width * theta * k[m] * math.exp(-v) / (v * v)
            total += max(width, floor)
        if total > 1.0:
            low = log_theta
        else:
            high = log_theta
        if high - low < 1e-15 * (1.0 + abs(low)):
            break
        step = math.log(total) * total / slope if slope > 0.0 else math.inf
        if abs(step) < 1e-15 * (1.0 + abs(log_theta)) and total <= 1.0:
            break
        log_theta += step
        if not low < log_theta < high:
            log_theta = 0.5 * (low + high)
    theta = math.exp(high)
    pinned = np.zeros(users, np.bool_)
    floors = np.empty(users)
    total, used, best = 0.0, 0.0, -1
    for m in range(users):
        width = rho[m] / snr_exponent(theta * k[m]) if rho[m] > 0.0 else 0.0
        pinned[m] = width <= floor and floor > 0.0
        share[m] = max(width, floor)
        floors[m] = transmit_power(rho[m], share[m], k[m])
        total += floors[m]
        used += share[m]
        if best < 0 or k[m] > k[best]:
            best = m
    if not (total <= left * (1.0 + ROUNDING) and used <= 1.0 + ROUNDING):
        return INFEASIBLE, -math.inf, theta, 0.0
    left = max(left, total)
    level = _fill_floors(left, floors, k, floor, pinned, power) if floor > 0.0 else 0.0
    if floor <= 0.0:
        for m in range(users):
            power[m] = floors[m]
    spent = 0.0
    for m in range(users):
        spent += power[m]
    power[best] += max(left - spent, 0.0)
    share[best] += max(1.0 - used, 0.0)
    nats = 0.0
    for m in range(users):
        if share[m] > 0.0:
            nats += share[m] * math.log1p(k[m] * power[m] / share[m])
    return FEASIBLE, nats, theta, level


@kernel
def shannon(
    k: FloatArray,
    rho: FloatArray,
    left: float,
    floor: float,
    best: int,
    power: FloatArray,
    share: FloatArray,
) -> tuple[int, float, float, float]:
    """Shannon rate: everybody at the least rate or the floor, the rest to the best user, at the right prices.

    Newton's method on log power against log theta, between safeguards. Fills ``power`` and ``share`` and returns
    (status, nats, theta, level): the price ratio, and the water level e^v / k of the best user, whose inverse
    is the price of power in nats.
    """
    users = k.shape[0]
    idle = True
    for m in range(users):
        if rho[m] > 0.0:
            idle = False
            if not (k[m] > 0.0 and rho[m] < math.inf):
                return INFEASIBLE, -math.inf, 0.0, 0.0
    if left < 0.0 or floor * users > 1.0 + ROUNDING:
        return INFEASIBLE, -math.inf, 0.0, 0.0
    if left <= 0.0 or k[best] <= 0.0:
        for m in range(users):
            power[m], share[m] = 0.0, floor
        share[best] = 1.0 - floor * (users - 1)
        level = 1.0 / k[best] if k[best] > 0.0 else 1.0
        return (FEASIBLE if idle else INFEASIBLE), (0.0 if idle else -math.inf), 0.0, level

    v = math.log1p(k[best] * left)
    v = v - 1.0 + math.exp(-v) if v > 0.4 else 0.5 * v * v
    log_theta = math.log(v) + math.log1p(k[best] * left) - math.log(k[best])
    low, high, step = -math.inf, math.inf, math.inf
    exponent = np.empty(users)
    turns = np.empty(users)
    for _ in range(_ITERATIONS):
        theta = math.exp(log_theta)
        warm = abs(step) < 0.5
        y = theta * k[best]
        v = exponent[best] + turns[best] * step if warm else near_exponent(y)
        v_best, exp_best = refined_exponent(y, v)
        turn_best = theta * k[best] / (v_best * exp_best)
        exponent[best], turns[best] = v_best, turn_best
        own_best = (exp_best - 1.0 if v_best > 0.4 else math.expm1(v_best)) / k[best]
        band, spent, cost, least = 0.0, 0.0, -left - theta, 0.0
        band_slope, power_slope = 0.0, 0.0
        for m in range(users):
            width, need = 0.0, 0.0
            slope = 0.0
            if rho[m] > 0.0:
                if m == best:
                    vm, turn = v_best, turn_best
                    em = exp_best
                else:
                    y = theta * k[m]
                    v = exponent[m] + turns[m] * step if warm else near_exponent(y)
                    vm, em = refined_exponent(y, v)
                    turn = y / (vm * em)
                    exponent[m], turns[m] = vm, turn
                width = rho[m] / vm
                if width > floor:
                    gap = em - 1.0 if vm > 0.4 else math.expm1(vm)
                    need = width * gap / k[m]
                    slope = -width / vm * turn
            if width <= floor and floor > 0.0:
                width = floor
                need = transmit_power(rho[m], floor, k[m])
                cost += need + theta * width
                if m != best:
                    fill = 0.0
                    if k[m] > 0.0:  # floor (e^v_best / k_best - 1 / k), without cancellation at low SNR
                        fill = floor * (own_best + (1.0 - k[best] / k[m]) / k[best])
                    if fill > need:
                        need = fill
                        power_slope += floor * exp_best / k[best] * turn_best
                        least += floor * (v_best + math.log(k[m] / k[best])) - rho[m]
            else:
                cost += need + theta * width
            if m != best:
                band += width
                spent += need
                least += rho[m]
                band_slope += slope
                power_slope -= theta * slope
                power[m], share[m] = need, width
        if cost > ROUNDING * (left + theta):
            return INFEASIBLE, -math.inf, theta, 0.0
        rest = 1.0 - band
        if rest <= 0.0:
            low = log_theta
            step = math.log(band) * band / -band_slope + 1e-3 if band_slope < 0.0 else math.inf
        else:
            own = rest * own_best
            excess = spent + own - left
            if abs(excess) <= 1e-8 * own or abs(excess) <= 1e-15 * left:
                power[best] = max(left - spent, own - abs(excess), 0.0)
                share[best] = rest
                nats = rest * math.log1p(k[best] * power[best] / rest)
                if nats < rho[best] * (1.0 - ROUNDING) or rest < floor * (1.0 - ROUNDING):
                    break
                return FEASIBLE, nats + least, theta, exp_best / k[best]
            if excess > 0.0:
                high = log_theta
            else:
                low = log_theta
            power_slope += -band_slope * own / rest + rest * exp_best / k[best] * turn_best
            step = -math.log((spent + own) / left) * (spent + own) / power_slope
        if not low < log_theta + step < high:
            if high == math.inf:
                step = 1.0
            elif low == -math.inf:
                step = -1.0
            else:
                step = 0.5 * (low + high) - log_theta
                if high - low < 1e-14 * (1.0 + abs(low)):
                    break
        log_theta += step
    return _at_least_bandwidth(k, rho, left, floor, power, share)


@kernel
def power_left(compute: FloatArray, scm: IntArray) -> float:
    """Power that the models leave over, in budgets; within rounding of zero it is zero."""
    left, users = 1.0, scm.shape[0]
    for m in range(users):
        left -= compute[m, scm[m]]
    return 0.0 if abs(left) <= 4e-16 * (users + 1) else left


@kernel
def allocate_batch(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    scm: IntArray,
    power: FloatArray,
    share: FloatArray,
    value: FloatArray,
    status: IntArray,
) -> None:
    """Solve every assignment of a batch.

    Args:
        is_shannon: Which rate.
        k: Full-budget SNR, ``[M]``; under the spectral rate k / floor.
        nats: Least rates, ``[M, S]``.
        compute: Compute power over the power budget, ``[M, S]``.
        floor: Least share of the bandwidth.
        scm: Assignments, ``[N, M]``.
        power: Filled, ``[N, M]`` (or ``[1, M]`` scratch if only values are wanted).
        share: Filled, as power.
        value: Filled with the sum of rates in nats, ``[N]``; -inf where infeasible.
        status: Filled, ``[N]``.
    """
    users = k.shape[0]
    best = int(np.argmax(k))
    rho = np.empty(users)
    keep = power.shape[0] > 1
    for n in range(scm.shape[0]):
        for m in range(users):
            rho[m] = nats[m, scm[n, m]]
        left = power_left(compute, scm[n])
        row = n if keep else 0
        if is_shannon:
            status[n], value[n], _, _ = shannon(k, rho, left, floor, best, power[row], share[row])
        else:
            share[row] = floor
            status[n], value[n], _ = spectral(k, rho, left, power[row])
