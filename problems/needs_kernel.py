"""Compiled kernel: what each SCM of each user needs at the price of bandwidth that says most about the least power."""

from __future__ import annotations

import math

import numpy as np

from .compiled import kernel
from .completion_kernel import cheapest
from .evaluation import FloatArray
from .exponent_kernel import near_exponent, refined_exponent
from .least_power_kernel import spend, start_price

_BISECTIONS = 40


@kernel
def least_power_price(k: FloatArray, nats: FloatArray, compute: FloatArray, floor: float) -> float:
    """The price theta at which the cheapest SCMs just fill the band (Shannon), by bisection on its log."""
    users, models = nats.shape
    rho = np.zeros(users)
    for m in range(users):
        least = nats[m].min()
        if least < math.inf and k[m] > 0.0:
            rho[m] = least
    log_theta, step = start_price(k, rho), 0.5
    low, high = -math.inf, math.inf
    free, scm = np.zeros(users, np.bool_), np.zeros(users, np.int64)
    choice, loss = np.empty(users, np.int64), np.empty((users, models))
    for _ in range(_BISECTIONS):
        _, _, band = cheapest(True, k, nats, compute, floor, math.exp(log_theta), scm, free, choice, loss)
        if band > 1.0:
            low = log_theta
        else:
            high = log_theta
        if high - low < 1e-6:
            break
        if low == -math.inf:
            log_theta -= step
            step *= 2.0
        elif high == math.inf:
            log_theta += step
            step *= 2.0
        else:
            log_theta = 0.5 * (low + high)
        if not abs(log_theta) < 200.0:
            break
    return math.exp(log_theta)


@kernel
def needs(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: FloatArray,
    power: FloatArray,
    share: FloatArray,
) -> None:
    """Power and share of the band that each SCM needs at its instance's price, for N instances.

    Args:
        k: Shape ``[N, M]``; ``nats`` and ``compute`` ``[N, M, S]``; ``floor`` ``[N]``.
        power: Filled with compute and transmit power in budgets, ``[N, M, S]``; infinite for forbidden pairs.
        share: Filled with shares of the band, ``[N, M, S]``; infinite for forbidden pairs.
    """
    users, models = nats.shape[1:]
    for n in range(k.shape[0]):
        theta = least_power_price(k[n], nats[n], compute[n], floor[n]) if is_shannon else 0.0
        for m in range(users):
            v, exp_v = 1.0, 1.0
            if is_shannon and k[n, m] > 0.0:
                v, exp_v = refined_exponent(theta * k[n, m], near_exponent(theta * k[n, m]))
            for s in range(models):
                power[n, m, s], share[n, m, s] = math.inf, math.inf
                rho = nats[n, m, s]
                if not rho < math.inf or (rho > 0.0 and not k[n, m] > 0.0):
                    continue
                if is_shannon:
                    spent, share[n, m, s] = spend(rho, k[n, m], v, exp_v, floor[n])
                else:
                    spent, share[n, m, s] = (math.expm1(rho) / k[n, m] if rho > 0.0 else 0.0), floor[n]
                power[n, m, s] = compute[n, m, s] + spent
