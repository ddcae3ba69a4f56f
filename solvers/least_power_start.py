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

    Ordered by the number of prices that choose them, so that the first are the most robust.
    """
    priced = PricedProblem(inner, np.isfinite(inner.nats))
    best = float(inner.snr.max())
    if inner.problem.rate == "spectral" or best <= 0.0:
        prices = np.zeros(1)
    else:
        # e^v (v - 1) + 1 = theta k for v = ln(1 + SNR) of the best user, from a hundredth of a nat to full power.
        exponent = np.linspace(0.01, np.log1p(best), _SWEEP)
        prices = (np.exp(exponent) * (exponent - 1.0) + 1.0) / best
    chosen = np.array([priced.favourites(float(theta), np.inf, 0.0) for theta in prices])
    found, counts = np.unique(chosen, axis=0, return_counts=True)
    return np.asarray(found[np.argsort(-counts, kind="stable")])


def power_need(inner: InnerSolver) -> FloatArray:
    """Power over the budget that each SCM needs at an equal share of the band, compute included, ``[M, S]``.

    Above 1 for one user alone, or in the sum over the users, an assignment is likely to be infeasible: a smooth measure
    for searches that must compare infeasible assignments. Capped at 1e6, which forbidden pairs have.
    """
    width = 1.0 / inner.problem.users if inner.problem.rate == "shannon" else 1.0
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        transmit = width * np.expm1(inner.nats / width) / inner.snr[:, None]
    transmit = np.where(inner.nats > 0.0, transmit, 0.0)
    return np.minimum(np.nan_to_num(inner.compute + transmit, nan=1e6, posinf=1e6), 1e6)
