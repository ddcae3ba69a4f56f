"""The least total power that meets every deadline, bracketed: what puts a scenario near infeasibility.

With bandwidth normalised to the budget, rho = R ln2 / B nats and kappa = g / (N0 B), a user that meets its
deadline with the share b spends p = b (e^(rho / b) - 1) / kappa. At a price theta (W per unit of bandwidth) the
cheapest share is b = max(b_min, rho / v) with e^v (v - 1) + 1 = theta kappa. Minimising over SCMs user by user
bounds the least power from below for every theta; an assignment whose shares fit bounds it from above.
"""

from __future__ import annotations

import numpy as np
from scipy.special import lambertw

from .rde import FloatArray, IntArray

_BISECTIONS = 48


def least_power_bracket(
    min_rate: FloatArray,
    scm_power: FloatArray,
    gain: FloatArray,
    noise_psd: float,
    bandwidth_budget: float,
    min_bandwidth: float,
    enough: float = 0.0,
) -> tuple[float, float]:
    """Bounds on the least total power (compute and transmission) over all SCM assignments, Shannon rate.

    Args:
        min_rate: R_ms, bit/s, shape ``[M, S]``, infinite for forbidden pairs.
        scm_power: pc_ms, W, shape ``[M, S]``.
        gain: g_m > 0, shape ``[M]``.
        noise_psd: N0, W/Hz.
        bandwidth_budget: B, Hz.
        min_bandwidth: Least bandwidth of a user, Hz.
        enough: Stop looking for less power once an assignment needs no more than this, W.

    Returns:
        ``(lower, upper)``, W: no assignment is feasible below ``lower``, one is at ``upper``; both are
        infinite if no assignment meets the deadlines at any power.
    """
    nats = min_rate * (np.log(2.0) / bandwidth_budget)
    kappa = (gain / (noise_psd * bandwidth_budget))[:, None]
    floor = min_bandwidth / bandwidth_budget
    if not np.isfinite(nats).any(axis=1).all() or floor * gain.size > 1.0:
        return np.inf, np.inf

    lower, (low, high) = -np.inf, _log_theta_range(kappa)
    for _ in range(_BISECTIONS):  # the bound is concave in theta, with the free bandwidth as its slope
        middle = (low + high) / 2
        share = _share(nats, kappa, np.full((), middle), floor)
        cost = scm_power + _power(nats, kappa, share) + np.exp(middle) * share
        assignment = cost.argmin(axis=1)
        lower = max(lower, float(cost.min(axis=1).sum() - np.exp(middle)))
        crowded = np.take_along_axis(share, assignment[:, None], axis=1).sum() > 1.0
        low, high = (middle, high) if crowded else (low, middle)
    upper, assignment = _improve(assignment, nats, kappa, scm_power, floor, enough)
    # The shares are as exact as Lambert's W at its branch point, which moves the minimum by far less than this.
    return min(lower * (1 - 1e-9), upper), upper


def equal_shares_power(
    min_rate: FloatArray,
    scm_power: FloatArray,
    gain: FloatArray,
    noise_psd: float,
    bandwidth_budget: float,
    min_bandwidth: float,
) -> float:
    """Total power, W, of the cheapest SCMs if users have equal shares of the band; arguments as above.

    An allocation, so never below the least power; infinite if it breaks ``min_bandwidth`` or a deadline.
    """
    nats = min_rate * (np.log(2.0) / bandwidth_budget)
    kappa = (gain / (noise_psd * bandwidth_budget))[:, None]
    if min_bandwidth * gain.size > bandwidth_budget:
        return np.inf
    power = _power(nats, kappa, np.full_like(nats, 1.0 / gain.size))
    return float((scm_power + power).min(axis=1).sum())


def _improve(
    assignment: IntArray,
    nats: FloatArray,
    kappa: FloatArray,
    scm_power: FloatArray,
    floor: float,
    enough: float,
) -> tuple[float, IntArray]:
    """Change one user's SCM at a time while that lowers the power of the assignment."""
    users, models = nats.shape
    best = float(_assignment_power(assignment[None], nats, kappa, scm_power, floor)[0])
    while best > enough:
        flips = np.repeat(assignment[None], users * models, axis=0)
        flips[np.arange(users * models), np.repeat(np.arange(users), models)] = np.tile(
            np.arange(models), users
        )
        powers = _assignment_power(flips, nats, kappa, scm_power, floor)
        if not powers.min() < best * (1 - 1e-12):
            break
        best, assignment = float(powers.min()), flips[powers.argmin()]
    return best, assignment


def _assignment_power(
    scm: IntArray, nats: FloatArray, kappa: FloatArray, scm_power: FloatArray, floor: float
) -> FloatArray:
    """Least power of each assignment ``[N, M]``, by bisection on the price at which the shares fill the band."""
    users = np.arange(nats.shape[0])
    need, compute = nats[users, scm], scm_power[users, scm].sum(axis=1)
    low, high = (np.full((len(scm), 1), edge) for edge in _log_theta_range(kappa))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        fits = _share(need, kappa[:, 0], middle, floor).sum(axis=1, keepdims=True) <= 1.0
        low, high = np.where(fits, low, middle), np.where(fits, middle, high)
    share = _share(need, kappa[:, 0], high, floor)
    power = compute + _power(need, kappa[:, 0], share).sum(axis=1)
    return np.where(share.sum(axis=1) <= 1.0, power, np.inf)


def _log_theta_range(kappa: FloatArray) -> tuple[float, float]:
    """Prices at which the SNR of every user is from negligible to beyond any use."""
    return float(np.log(1e-12 / kappa.max())), float(np.log(1e30 / kappa.min()))


def _share(nats: FloatArray, kappa: FloatArray, log_theta: FloatArray, floor: float) -> FloatArray:
    """Cheapest share of the bandwidth for each rate at the price theta; infinite for forbidden pairs."""
    v = 1.0 + lambertw((np.exp(log_theta) * kappa - 1.0) / np.e).real
    return np.asarray(np.maximum(floor, nats / np.maximum(v, 1e-7)))


def _power(nats: FloatArray, kappa: FloatArray, share: FloatArray) -> FloatArray:
    """Power that carries each rate over its share: b (e^(rho / b) - 1) / kappa; infinite for forbidden pairs."""
    power = np.where(np.isfinite(nats), 0.0, np.inf)
    with np.errstate(over="ignore"):
        np.divide(nats, share, out=power, where=np.isfinite(nats) & (share > 0))
        return np.asarray(np.where(np.isfinite(power), share * np.expm1(power) / kappa, np.inf))
