"""Compiled kernels: completions of chosen SCMs at a price of bandwidth, and the searches among them.

At any price theta of bandwidth the least of compute power + transmit power + theta (share of the band), user by
user, less theta for the whole band, bounds the total power of every completion from below. Units of
:mod:`.normalised`.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import BoolArray, kernel
from .evaluation import FloatArray, IntArray
from .exponent_kernel import near_exponent, refined_exponent
from .least_power_kernel import FITS, spend, total_power

_LEAVES = 512
"""Completions tested one by one where the bounds leave a doubt; beyond that a choice is refused."""


@kernel
def cheapest(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    theta: float,
    scm: IntArray,
    fixed: BoolArray,
    choice: IntArray,
    loss: FloatArray,
) -> tuple[float, float, float]:
    """The completion that costs least at a price of bandwidth.

    Args:
        scm: Choices of the fixed users, ``[M]``.
        fixed: Who has chosen, ``[M]``.
        choice: Filled with the completion, ``[M]``.
        loss: Filled with what each choice costs more than the user's cheapest, ``[M, S]``; infinite if excluded.

    Returns:
        (lower bound on the total power of every completion, total power of this one, its band).
    """
    users, models = nats.shape
    bound, total, band = -theta, 0.0, 0.0
    for m in range(users):
        v, exp_v = 1.0, 1.0
        if is_shannon and k[m] > 0.0:
            v, exp_v = refined_exponent(theta * k[m], near_exponent(theta * k[m]))
        least, own_power, own_share, choice[m] = math.inf, math.inf, floor, scm[m]
        for s in range(models):
            loss[m, s] = math.inf
            if (fixed[m] and s != scm[m]) or not nats[m, s] < math.inf:
                continue
            power, share = 0.0, floor
            if nats[m, s] > 0.0:
                if not k[m] > 0.0:
                    continue
                if is_shannon:
                    power, share = spend(nats[m, s], k[m], v, exp_v, floor)
                else:
                    power = math.expm1(nats[m, s]) / k[m]
            power += compute[m, s]
            loss[m, s] = power + theta * share
            if loss[m, s] < least:
                least, own_power, own_share, choice[m] = loss[m, s], power, share, s
        bound += least
        total += own_power
        band += own_share
        for s in range(models):
            if loss[m, s] < math.inf:
                loss[m, s] -= least
    return bound, total, band


@kernel
def flips(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    scm: IntArray,
    fixed: BoolArray,
) -> bool:
    """Change one free user's SCM at a time while that lowers the total power; whether it came to fit."""
    users, models = nats.shape
    best = total_power(is_shannon, k, nats, compute, floor, scm, math.nan)
    while best > FITS:
        user, to, least = -1, 0, best * (1.0 - 1e-12)
        for m in range(users):
            if fixed[m]:
                continue
            before = scm[m]
            for s in range(models):
                if s == before or not nats[m, s] < math.inf:
                    continue
                scm[m] = s
                if total_power(is_shannon, k, nats, compute, floor, scm, least) < math.inf:
                    least = total_power(is_shannon, k, nats, compute, floor, scm, math.nan)
                    user, to = m, s
            scm[m] = before
        if user < 0:
            return False
        scm[user], best = to, least
    return True


@kernel
def enumerate_within(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    loss: FloatArray,
    slack: float,
    scm: IntArray,
) -> bool:
    """Test the completions whose losses at a price sum to the slack at most, as long as they are few.

    All others are infeasible by the bound at that price. ``scm`` holds each user's cheapest choice, and the
    witness if there is one.
    """
    users, models = nats.shape
    start = scm.copy()
    opened = np.empty(users, np.int64)
    count = 0
    for m in range(users):
        for s in range(models):
            if s != start[m] and loss[m, s] <= slack:
                opened[count] = m
                count += 1
                break
    option = np.zeros(count, np.int64)
    used = np.zeros(count + 1)
    depth, leaves = 0, 0
    while depth >= 0 and leaves < _LEAVES:
        if depth == count:
            leaves += 1
            if total_power(is_shannon, k, nats, compute, floor, scm, FITS) < math.inf:
                return True
            depth -= 1
            continue
        m, s = opened[depth], option[depth]
        while s < models and not used[depth] + loss[m, s] <= slack:
            s += 1
        if s == models:
            option[depth] = 0
            depth -= 1
            continue
        scm[m], option[depth] = s, s + 1
        used[depth + 1] = used[depth] + loss[m, s]
        depth += 1
    scm[:] = start
    return False
