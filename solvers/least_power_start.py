"""Assignments that ask for little power: where a search begins when most assignments are infeasible.

Only feasibility is looked at, not the objective: at a price of bandwidth each user takes the SCM whose own power,
transmit power and bandwidth cost least, and a sweep of the price covers the trade between power and bandwidth.
"""

from __future__ import annotations

import numpy as np

from ..problems.rde import FloatArray, IntArray
from .allocation import InnerSolver
from .bounds import PricedProblem

_SWEEP = 48


def cheapest_assignments(inner: InnerSolver) -> IntArray:
    """The assignments of least cost over a sweep of bandwidth prices, each once, ``[N, M]``.

    The first comes from the price that says most about the least power: (nearly) the assignment of least power.
    """
    permitted = np.isfinite(inner.nats)
    if without_floor(inner):
        return np.asarray(np.where(permitted, inner.compute, np.inf).argmin(axis=1)[None])
    priced = PricedProblem(inner, permitted)
    best = float(inner.snr.max())
    prices = np.zeros(1)
    if priced.shannon and best > 0.0:
        # e^v (v - 1) + 1 = theta k for v = ln(1 + SNR) of the best user, up to full power.
        exponent = np.linspace(0.01, np.log1p(best), _SWEEP)
        prices = (np.exp(exponent) * (exponent - 1.0) + 1.0) / best
    costs = [-priced.row(float(theta), np.inf)[1] for theta in prices]
    least_power = [cost.min(axis=1).sum() - theta for cost, theta in zip(costs, prices, strict=True)]
    ordered = [costs[j].argmin(axis=1) for j in np.argsort(least_power, kind="stable")[::-1]]
    _, first = np.unique(ordered, axis=0, return_index=True)
    return np.array(ordered, dtype=np.int64)[np.sort(first)]


def power_need(inner: InnerSolver) -> FloatArray:
    """Power over the budget that each SCM needs at an equal share of the band, compute included, ``[M, S]``.

    Where the sum over the users is above 1 an assignment is likely to be infeasible: a graded measure for searches that
    compare infeasible assignments. Capped at 1e6, which is what forbidden pairs have.
    """
    need = np.array(inner.compute)
    if without_floor(inner):
        need[~np.isfinite(inner.nats)] = np.inf
    else:
        width = 1.0 / inner.problem.users if inner.problem.rate == "shannon" else 1.0
        sends = inner.nats > 0.0
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            need[sends] += (width * np.expm1(inner.nats / width) / inner.snr[:, None])[sends]
    return np.minimum(need, 1e6)


def without_floor(inner: InnerSolver) -> bool:
    """Whether any power buys any rate: the spectral rate without a least bandwidth."""
    return inner.problem.rate == "spectral" and inner.floor == 0.0
