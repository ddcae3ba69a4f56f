"""The exponential-cone relaxation: the SCM choice made continuous, the ratio made linear by Charnes and Cooper.

With t = 1 / denominator every variable is multiplied by t: y = t a, and power, bandwidth and rate likewise. The cone is
written as  rho <= b ln c - rel_entr(b, b / c + (k / c) p)  with c = max(k, 1): the textbook form c = 1 mixes numbers of
1 and k in a cone, and from k = 1e5 interior-point methods stop per cents away from the optimum and call it optimal.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problems.rde import FloatArray
from .allocation import InnerSolver


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A solution of the relaxation. Its value carries the cone solver's error, so it is never used as a bound.

    Attributes:
        value: Optimal value, nats over the denominator.
        choice: Relaxed a_ms of (7e), rows sum to 1, shape ``[M, S]``.
        theta: Price of bandwidth over that of power.
        mu: Price of power, nats per power budget.
    """

    value: float
    choice: FloatArray
    theta: float
    mu: float


def relax(inner: InnerSolver, *, per_scm: bool | None = None) -> Relaxation | None:
    """Solve the relaxation with Clarabel.

    Args:
        inner: The problem; under the spectral rate with a least bandwidth.
        per_scm: Whether power, bandwidth and rate are split by SCM; default: where that is tighter, which it is not
            under the Shannon rate without a least bandwidth.

    Returns:
        The solution, or None if the cone solver finds none.
    """
    import cvxpy as cp

    problem = inner.problem
    shannon = problem.rate == "shannon"
    split = (not shannon or inner.floor > 0.0) if per_scm is None else per_scm
    permitted = np.isfinite(inner.nats)
    least = np.where(permitted, inner.nats, 0.0)
    # Denominators are scaled to about one, so that t is.
    scale = float(inner.distortion.min(axis=1).sum() + problem.epsilon)

    shape = (problem.users, problem.models if split else 1)
    choice = cp.Variable((problem.users, problem.models), nonneg=True)
    t = cp.Variable(nonneg=True)
    power, rate = cp.Variable(shape, nonneg=True), cp.Variable(shape, nonneg=True)
    width: Any = cp.Variable(shape, nonneg=True) if shannon else choice
    large = np.maximum(inner.snr, 1.0)[:, None] * np.ones(shape)
    ratio = inner.snr[:, None] * np.ones(shape) / large
    # Power, width and rate count in equal shares of the budgets, so that they are of size one for any number of users.
    parts = problem.users if shannon else 1
    needed = cp.multiply(parts * least, choice)
    constraints = [
        cp.sum(cp.multiply(inner.distortion / scale, choice)) + problem.epsilon / scale * t == 1.0,
        cp.sum(choice, axis=1) == t,
        rate
        <= cp.multiply(np.log(large), width)
        - cp.rel_entr(width, cp.multiply(1.0 / large, width) + cp.multiply(ratio, power)),
        rate >= (needed if split else cp.sum(needed, axis=1, keepdims=True)),
    ]
    if not permitted.all():
        constraints.append(choice[~permitted] == 0.0)
    if shannon and inner.floor > 0.0:
        constraints.append(width >= parts * inner.floor * (choice if split else t))
    enough_power = cp.sum(cp.multiply(inner.compute, choice)) + cp.sum(power) / parts <= t
    constraints.append(enough_power)
    if shannon:
        enough_bandwidth = cp.sum(width) / parts <= t
        constraints.append(enough_bandwidth)

    program = cp.Problem(cp.Maximize(cp.sum(rate) / parts), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # an inaccurate solution is fine: its prices give a valid bound as well
        try:
            program.solve(solver=cp.CLARABEL)
        except cp.error.SolverError:
            return None
    if program.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE) or choice.value is None:
        return None
    mu = float(enough_power.dual_value)
    price = float(enough_bandwidth.dual_value) if shannon else 0.0
    if not mu > 0.0:
        return None
    shares = np.where(permitted, np.maximum(choice.value, 0.0), 0.0)
    shares = np.where(shares.sum(axis=1, keepdims=True) > 0.0, shares, permitted)
    return Relaxation(
        value=float(program.value) / scale,
        choice=shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300),
        theta=price / mu,
        mu=mu,
    )
