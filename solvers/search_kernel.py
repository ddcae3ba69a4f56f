"""Compiled kernel: depth-first search through the assignments that no price row rules out."""

from __future__ import annotations

import math

import numpy as np

from ..problems.compiled import kernel
from ..problems.rde import FloatArray, IntArray
from .allocation_kernel import FEASIBLE, power_left, shannon, spectral

DONE, PAUSED, IMPROVED, LEAVES_FULL = 0, 1, 2, 3


@kernel
def search(
    is_shannon: bool,
    k: FloatArray,
    nats: FloatArray,
    compute: FloatArray,
    floor: float,
    weight: FloatArray,
    epsilon: float,
    order: IntArray,
    options: IntArray,
    counts: IntArray,
    loss: FloatArray,
    after: IntArray,
    rank: IntArray,
    target: float,
    scm: IntArray,
    choice: IntArray,
    slack: FloatArray,
    state: IntArray,
    nodes: int,
    leaves: float,
    best: FloatArray,
    best_scm: IntArray,
    leaf_scm: IntArray,
    leaf_price: FloatArray,
) -> int:
    """Go on with a search; everything it needs to be resumed is in its arguments.

    Args:
        is_shannon: Which rate; ``k, nats, compute, floor`` as in the allocation kernels.
        weight: lambda D, ``[M, S]``; with ``epsilon`` the denominator of (6).
        order: Users to branch on, ``[F]``; all others are fixed in ``scm``.
        options: SCMs of each of them, best first, ``[F, S]``; ``counts`` says how many.
        loss: What an option loses in each row, ``[F, S, J]``.
        after: Position in ``order`` of the identical user with the next better gain, or -1, ``[F]``.
        rank: Order of the least rates of SCMs, largest first, ``[M, S]``; identical users go by it.
        target: Leaves up to this value are closed.
        scm: The current assignment, ``[M]``.
        choice: Next option at each depth, ``[F + 1]``.
        slack: What is left in each row at each depth, ``[F + 1, J]``.
        state: Depth, number of leaves kept, nodes and leaves seen, ``[4]``.
        nodes: Pause after so many nodes.
        leaves: Pause before the search has solved more leaves than this since it began.
        best: Best value found, ``[1]``; ``best_scm`` its assignment.
        leaf_scm: Filled with the leaves that were closed by their own prices, ``[L, M]`` (L may be 0).
        leaf_price: theta and mu of each; mu is infinite for infeasible leaves, ``[L, 2]``.

    Returns:
        DONE, PAUSED, IMPROVED (a leaf above the target: start again with better rows) or LEAVES_FULL.
    """
    depths, rows = order.shape[0], slack.shape[1]
    users = k.shape[0]
    good = int(np.argmax(k))
    rho = np.empty(users)
    power, share = np.empty(users), np.empty(users)
    depth, limit = state[0], state[2] + nodes
    while depth >= 0:
        if depth == depths:
            if state[3] >= leaves:
                state[0] = depth
                return PAUSED
            left, denominator = power_left(compute, scm), epsilon
            for m in range(users):
                rho[m] = nats[m, scm[m]]
                denominator += weight[m, scm[m]]
            if is_shannon:
                status, value, theta, level = shannon(k, rho, left, floor, good, power, share)
            else:
                status, value, level = spectral(k, rho, left, power)
                theta = 0.0
            value = value / denominator if status == FEASIBLE else -math.inf
            if value > best[0]:
                best[0] = value
                best_scm[:] = scm
            state[3] += 1
            if value > target:
                return IMPROVED
            if leaf_scm.shape[0] > 0:
                n = state[1]
                leaf_scm[n] = scm
                leaf_price[n, 0] = theta
                leaf_price[n, 1] = 1.0 / level if status == FEASIBLE and level > 0.0 else math.inf
                state[1] = n + 1
            depth -= 1
            state[0] = depth
            if leaf_scm.shape[0] > 0 and state[1] == leaf_scm.shape[0]:
                return LEAVES_FULL
            continue
        c = choice[depth]
        if c == counts[depth]:
            depth -= 1
            continue
        if state[2] >= limit:
            state[0] = depth
            return PAUSED
        choice[depth] = c + 1
        state[2] += 1
        m, s = order[depth], options[depth, c]
        if after[depth] >= 0 and rank[m, s] < rank[m, scm[order[after[depth]]]]:
            continue
        fits = True
        for j in range(rows):
            rest = slack[depth, j] - loss[depth, c, j]
            if rest < 0.0:
                fits = False
                break
            slack[depth + 1, j] = rest
        if fits:
            scm[m] = s
            depth += 1
            choice[depth] = 0
    state[0] = depth
    return DONE
