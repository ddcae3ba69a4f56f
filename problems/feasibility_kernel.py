"""Compiled kernels: whether chosen SCMs can still be completed, and which SCMs a user may take.

"Feasible" is only said with a witness in hand: an assignment whose least power fits the budgets. Units of
:mod:`.normalised`.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import BoolArray, kernel
from .completion_kernel import cheapest, enumerate_within, flips
from .evaluation import FloatArray, IntArray
from .least_power_kernel import FITS, MOST_NATS, start_price, total_power

_BRACKETING = 60


@kernel
def complete(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    scm: IntArray,
    fixed: BoolArray,
) -> bool:
    """Whether a completion of the fixed users' choices was found that meets every deadline within the budgets.

    First the proposal itself; then the cheapest completions at prices of bandwidth, whose costs bound all others
    and so often prove that there is none; then changes of one user at a time; last, one by one, all that the
    bounds leave open.

    Args:
        is_shannon: Whether (3) has the bandwidth factor.
        k: Full-budget SNR, ``[M]``.
        nats: Least rates, ``[M, S]``.
        compute: Compute power over the budget, ``[M, S]``.
        floor: Least share of a user.
        scm: Choices of the fixed users and a proposal for the others, ``[M]``; the completion on success.
        fixed: Who has chosen, ``[M]``.

    Returns:
        True with a witness in ``scm``; False if proved infeasible or if none was found.
    """
    users, models = nats.shape
    if total_power(is_shannon, k, nats, compute, floor, scm, FITS) < math.inf:
        return True
    choice, loss = np.empty(users, np.int64), np.empty((users, models))
    rho = np.empty(users)
    for m in range(users):
        if fixed[m]:
            rho[m] = nats[m, scm[m]]
        else:
            rho[m] = nats[m].min()
        if not rho[m] < math.inf or (rho[m] > 0.0 and not k[m] > 0.0):
            return False
    if not rho.sum() < MOST_NATS or floor * users > FITS:
        return False
    log_theta, step = start_price(k, rho), 0.5
    low, high = -math.inf, math.inf
    low_choice, high_choice = choice, choice
    theta_low, theta_high, g_low, g_high, slope_low, slope_high = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    best, best_theta = -math.inf, math.exp(log_theta)
    for iteration in range(_BRACKETING):
        theta = math.exp(log_theta) if is_shannon else 0.0
        bound, total, band = cheapest(is_shannon, k, nats, compute, floor, theta, scm, fixed, choice, loss)
        if not bound <= FITS:
            return False
        if total <= FITS and band <= FITS:
            scm[:] = choice
            return True
        if not is_shannon:
            return False
        if bound > best:
            best, best_theta = bound, theta
        if band > 1.0:
            low, low_choice = log_theta, choice.copy()
            theta_low, g_low, slope_low = theta, bound, band - 1.0
        else:
            high, high_choice = log_theta, choice.copy()
            theta_high, g_high, slope_high = theta, bound, band - 1.0
        if low == -math.inf:
            log_theta -= step
            step *= 2.0
        elif high == math.inf:
            log_theta += step
            step *= 2.0
        else:
            if high - low < 1e-10 or np.array_equal(low_choice, high_choice):
                break
            log_theta = 0.5 * (low + high)
            if iteration % 3 != 2 and slope_low > slope_high:  # where the tangents meet
                meet = g_high - slope_high * theta_high - g_low + slope_low * theta_low
                meet = math.log(meet / (slope_low - slope_high)) if meet > 0.0 else low
                edge = 1e-3 * (high - low)
                log_theta = min(max(meet, low + edge), high - edge)
    found = False
    if high < math.inf:
        scm[:] = high_choice
        found = flips(is_shannon, k, nats, compute, floor, scm, fixed)
    if not found and low > -math.inf and not np.array_equal(low_choice, high_choice):
        scm[:] = low_choice
        found = flips(is_shannon, k, nats, compute, floor, scm, fixed)
    if found:
        return True
    bound, _, _ = cheapest(is_shannon, k, nats, compute, floor, best_theta, scm, fixed, choice, loss)
    scm[:] = choice
    return enumerate_within(is_shannon, k, nats, compute, floor, loss, FITS - bound, scm)


@kernel
def mask(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    witness: IntArray,
    fixed: BoolArray,
    user: int,
    allowed: BoolArray,
    witnesses: IntArray,
) -> None:
    """Which SCMs a user may take so that those after it can still meet their deadlines.

    Args:
        witness: A feasible assignment that agrees with the fixed choices, ``[M]``; its own SCM is allowed untested.
        fixed: Who has chosen, ``[M]``, ``user`` not among them.
        user: Whose turn it is.
        allowed: Filled, ``[S]``.
        witnesses: Filled with a feasible assignment for each allowed SCM, ``[S, M]``.
    """
    models = nats.shape[1]
    fixed = fixed.copy()
    fixed[user] = True
    for s in range(models):
        witnesses[s] = witness
        witnesses[s, user] = s
        allowed[s] = s == witness[user] or (
            nats[user, s] < math.inf and complete(is_shannon, k, nats, compute, floor, witnesses[s], fixed)
        )


@kernel
def first_witnesses(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: FloatArray,
    witness: IntArray,
    feasible: BoolArray,
) -> None:
    """A feasible assignment of each of N instances.

    Args:
        k: Shape ``[N, M]``; ``nats`` and ``compute`` ``[N, M, S]``; ``floor`` ``[N]``.
        witness: Proposals, ``[N, M]``, replaced by the witnesses that were found.
        feasible: Filled with whether one was found, ``[N]``.
    """
    free = np.zeros(k.shape[1], np.bool_)
    for n in range(k.shape[0]):
        feasible[n] = complete(is_shannon, k[n], nats[n], compute[n], floor[n], witness[n], free)


@kernel
def masks(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: FloatArray,
    rows: IntArray,
    witness: IntArray,
    feasible: BoolArray,
    fixed: BoolArray,
    user: IntArray,
    allowed: BoolArray,
    witnesses: IntArray,
) -> None:
    """:func:`mask` for each of K rows, whose instances lie in arrays of N.

    Args:
        k: Shape ``[N, M]``; ``nats`` and ``compute`` ``[N, M, S]``; ``floor`` ``[N]``.
        rows: The instance of each row, ``[K]``.
        witness: A feasible assignment of each row, ``[K, M]``.
        feasible: Whether the row has one, ``[K]``; where it has none every SCM is allowed.
        fixed: Who has chosen, ``[K, M]``.
        user: Whose turn it is, ``[K]``.
        allowed: Filled, ``[K, S]``.
        witnesses: Filled, ``[K, S, M]``.
    """
    for row in range(rows.shape[0]):
        n = rows[row]
        if feasible[row]:
            mask(
                is_shannon,
                k[n],
                nats[n],
                compute[n],
                floor[n],
                witness[row],
                fixed[row],
                user[row],
                allowed[row],
                witnesses[row],
            )
        else:
            allowed[row] = True
            for s in range(nats.shape[2]):
                witnesses[row, s] = witness[row]
                witnesses[row, s, user[row]] = s
