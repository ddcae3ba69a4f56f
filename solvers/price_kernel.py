"""Compiled kernels: what users can earn at given prices, and the bound on RDE that follows.

For any price ratio theta, any price of power mu (nats per unit of power, at least k / e^v of the best user) and any
q >= 0, every feasible assignment a satisfies
    N(a) - q Den(a) <= mu (1 + theta) - q eps + sum_m [ psi_m,a - mu pc_m,a - q lambda D_m,a ],
where psi_ms is the most that user m can earn with SCM s at these prices. Units as in the allocation kernels.
"""

from __future__ import annotations

import math

from ..problems.compiled import kernel
from ..problems.exponent_kernel import snr_exponent
from ..problems.rde import FloatArray, IntArray

_WIDEST = 25.0
"""Largest step in log theta: where nothing is left over the best price of bandwidth is zero, out of reach."""

SAFETY = 1e-13
"""Relative widening of prices and costs, so that rounding never makes a bound too small."""


@kernel
def least_price(is_shannon: bool, k: FloatArray, theta: float) -> float:
    """Smallest admissible price of power: that at which the best user takes the surplus at no profit."""
    if not is_shannon:
        return 0.0
    best = float(k.max())
    return best * math.exp(-snr_exponent(theta * best)) * (1.0 + SAFETY)


@kernel
def fill_row(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    theta: float,
    mu: float,
    row: FloatArray,
) -> float:
    """Earnings psi - mu pc of every user and SCM at the prices, ``[M, S]``; returns the constant mu (1 + theta).

    With an infinite mu the row is the one of feasibility: minus the least cost of each rate, and 1 + theta.
    """
    users, models = nats.shape
    feasibility = mu == math.inf
    for m in range(users):
        v = snr_exponent(theta * k[m]) if is_shannon else 0.0
        cost = 0.0
        if is_shannon and v > 0.0:
            cost = (math.expm1(v) / k[m] + theta) / v * (1.0 - SAFETY)
        for s in range(models):
            rho = nats[m, s]
            if rho == math.inf or (rho > 0.0 and k[m] <= 0.0):
                row[m, s] = -math.inf
            elif is_shannon and (floor <= 0.0 or rho >= floor * v) and (rho > 0.0 or floor <= 0.0):
                if feasibility:
                    row[m, s] = -compute[m, s] - cost * rho
                else:
                    row[m, s] = (
                        -(mu * cost - 1.0) * rho - mu * compute[m, s] if rho > 0.0 else -mu * compute[m, s]
                    )
            else:
                width = floor if is_shannon else 1.0
                x = rho / width
                if not feasibility and k[m] > mu:
                    x = max(x, math.log(k[m] / mu))
                spent = width * math.expm1(x) / k[m] if x > 0.0 else 0.0
                spent = (spent + theta * width) * (1.0 - SAFETY)
                if feasibility:
                    row[m, s] = -compute[m, s] - spent
                else:
                    row[m, s] = width * x - mu * (spent + compute[m, s])
    return 1.0 + theta if feasibility else mu * (1.0 + theta)


@kernel
def summation_error(users: int, size: float) -> float:
    """Bound on the rounding error of a sum over the users whose terms have the total magnitude ``size``.

    Never less than 4e-12, so that a verifier with its own, smaller rounding reaches the same verdicts.
    """
    return max((users + 8) * 2.3e-16, 4e-12) * size


@kernel
def row_bound(constant: float, row: FloatArray, weight: FloatArray, epsilon: float, q: float) -> float:
    """The least q that a row allows: where constant - q eps + sum_m max_s (row - q weight) is zero.

    Newton's method on a convex, piecewise linear, decreasing function ends exactly; the result is widened by the
    rounding error of the sum. -inf if a user has no SCM.
    """
    users, models = row.shape
    for _ in range(200):
        total, slope = constant - q * epsilon, epsilon
        size = constant + q * epsilon
        for m in range(users):
            best, chosen = -math.inf, 0
            for s in range(models):
                value = row[m, s] - q * weight[m, s]
                if not value <= best:  # lets a NaN through, so that it never looks like a proof
                    best, chosen = value, s
            if best == -math.inf:
                return -math.inf
            total += best
            size += abs(best)
            slope += weight[m, chosen]
        step = total / slope
        q += step
        if abs(step) <= 1e-15 * abs(q):
            break
    return q + summation_error(users, size) / slope


@kernel
def chosen_power(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    weight: FloatArray,
    theta: float,
    mu: float,
    q: float,
    row: FloatArray,
) -> float:
    """Slope of the bound's left side in mu: 1 + theta less what the best choices of a filled row spend."""
    users, models = row.shape
    slack = 1.0 + theta
    for m in range(users):
        best, chosen = -math.inf, 0
        for s in range(models):
            value = row[m, s] - q * weight[m, s]
            if value > best:
                best, chosen = value, s
        rho = nats[m, chosen]
        slack -= compute[m, chosen]
        v = snr_exponent(theta * k[m]) if is_shannon else 0.0
        if is_shannon and (floor <= 0.0 or rho >= floor * v):
            if rho > 0.0:
                slack -= rho * math.exp(v) / k[m]
        else:
            width = floor if is_shannon else 1.0
            x = rho / width
            if k[m] > mu:
                x = max(x, math.log(k[m] / mu))
            slack -= theta * width
            if x > 0.0:
                slack -= width * math.expm1(x) / k[m]
    return slack


@kernel
def best_price(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    weight: FloatArray,
    epsilon: float,
    theta: float,
    q: float,
    row: FloatArray,
) -> tuple[float, float]:
    """The mu that makes the bound smallest at a given theta, by bisection on the sign of its slope; (bound, mu)."""
    lowest = least_price(is_shannon, k, theta)
    low, high = lowest, math.inf
    mu = lowest if is_shannon else 2.0 * k.shape[0]
    best, best_mu = math.inf, mu
    for _ in range(80):
        constant = fill_row(is_shannon, k, nats, compute, floor, theta, mu, row)
        q = row_bound(constant, row, weight, epsilon, max(q, 0.0))
        if q < best:
            best, best_mu = q, mu
        if q < 0.0:
            break
        if chosen_power(is_shannon, k, nats, compute, floor, weight, theta, mu, q, row) >= 0.0:
            if mu <= lowest:
                break
            high = mu
        else:
            low = mu
        if high == math.inf:
            mu = 4.0 * low if low > 0.0 else mu
        elif low <= 0.0:
            mu = high / 4.0
        else:
            mu = math.sqrt(low * high)
        if high < low * (1.0 + 1e-13):
            break
    return best, best_mu


@kernel
def root_bound(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    weight: FloatArray,
    epsilon: float,
    row: FloatArray,
) -> tuple[float, float, float]:
    """The smallest bound over all prices: (q, theta, mu). A negative q proves that nothing is feasible.

    The bound is quasi-convex in log theta: bracket, then golden section.
    """
    if not is_shannon:
        q, mu = best_price(is_shannon, k, nats, compute, floor, weight, epsilon, 0.0, 0.0, row)
        return q, 0.0, mu
    snr = math.log1p(k.max())
    middle = math.log(snr) + snr - math.log(k.max()) - 1.0 if snr > 0.5 else math.log(k.max() / 2.0)
    step = 0.5
    q, mu = best_price(is_shannon, k, nats, compute, floor, weight, epsilon, math.exp(middle), 0.0, row)
    left, right = middle - step, middle + step
    q_left, mu_left = best_price(is_shannon, k, nats, compute, floor, weight, epsilon, math.exp(left), q, row)
    q_right, mu_right = best_price(
        is_shannon, k, nats, compute, floor, weight, epsilon, math.exp(right), q, row
    )
    for _ in range(60):
        if min(q, q_left, q_right) < 0.0 or step > _WIDEST:
            break
        if q_left < q:
            right, q_right, mu_right = middle, q, mu
            middle, q, mu = left, q_left, mu_left
            step *= 1.6
            left = middle - step
            q_left, mu_left = best_price(
                is_shannon, k, nats, compute, floor, weight, epsilon, math.exp(left), q, row
            )
        elif q_right < q:
            left, q_left, mu_left = middle, q, mu
            middle, q, mu = right, q_right, mu_right
            step *= 1.6
            right = middle + step
            q_right, mu_right = best_price(
                is_shannon, k, nats, compute, floor, weight, epsilon, math.exp(right), q, row
            )
        else:
            break
    if q_left < min(q, q_right):
        middle, q, mu = left, q_left, mu_left
    elif q_right < q:
        middle, q, mu = right, q_right, mu_right
    golden = 0.3819660112501051
    for _ in range(60):
        if q < 0.0 or right - left < 1e-9:
            break
        wide_right = right - middle > middle - left
        probe = middle + golden * (right - middle) if wide_right else middle - golden * (middle - left)
        q_probe, mu_probe = best_price(
            is_shannon, k, nats, compute, floor, weight, epsilon, math.exp(probe), q, row
        )
        if q_probe < q:
            if wide_right:
                left = middle
            else:
                right = middle
            middle, q, mu = probe, q_probe, mu_probe
        elif wide_right:
            right = probe
        else:
            left = probe
    return q, math.exp(middle), mu


@kernel
def argmax_row(row: FloatArray, weight: FloatArray, q: float, scm: IntArray) -> None:
    """The assignment that a row likes best at q, ties to the first."""
    for m in range(row.shape[0]):
        best = -math.inf
        for s in range(row.shape[1]):
            value = row[m, s] - q * weight[m, s]
            if value > best:
                best, scm[m] = value, s


@kernel
def row_losses(
    constant: float, row: FloatArray, weight: FloatArray, epsilon: float, q: float, loss: FloatArray
) -> float:
    """What each choice loses against the user's best in a row at q, ``[M, S]``; returns the slack, widened.

    An assignment whose losses add up to more than the slack is worse than q (or infeasible).
    """
    users, models = row.shape
    slack, size = constant - q * epsilon, abs(constant) + q * epsilon
    for m in range(users):
        best = -math.inf
        for s in range(models):
            loss[m, s] = row[m, s] - q * weight[m, s]
            best = max(best, loss[m, s])
        slack += best
        size += abs(best)
        for s in range(models):
            loss[m, s] = best - loss[m, s] if loss[m, s] > -math.inf else math.inf
    return slack + summation_error(users, size)
