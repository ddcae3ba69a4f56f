"""Good assignments from prices: the favourites along the dual path, then flips that the root row allows."""

from __future__ import annotations

import math

import numpy as np

from ..problems.rde import IntArray
from .allocation import InnerSolver
from .base import Budget
from .bounds import PricedProblem

_WORK = 4e6
"""Most users times assignments solved in one step: flips are rationed on very large problems."""


def start(
    inner: InnerSolver, priced: PricedProblem, theta: float, mu: float, q: float, budget: Budget
) -> tuple[IntArray | None, float]:
    """The best feasible assignment among the favourites at prices around the root's, and its value in nats."""
    steps = np.geomspace(1e-7, 1.0, 12)
    around = np.exp(np.concatenate([[0.0], steps, -steps]))
    if priced.shannon:
        pairs = [(theta * step, max(mu * step, priced.least_price(theta * step))) for step in around]
        pairs += [(theta * step, math.inf) for step in np.exp(np.linspace(-1.5, 1.5, 7))]
    else:
        pairs = [(0.0, mu * step) for step in around] + [(0.0, math.inf)]
    scm = np.unique(np.array([priced.favourites(*pair, q) for pair in pairs]), axis=0)
    best, value = _best(inner, scm, scm[0], -math.inf, budget)
    return (best, value) if value > -math.inf else (None, value)


def improve(
    inner: InnerSolver,
    priced: PricedProblem,
    theta: float,
    mu: float,
    scm: IntArray,
    value: float,
    budget: Budget,
) -> tuple[IntArray, float]:
    """Flip one user, then two at a time, while that helps; only flips whose losses leave slack are tried."""
    users = inner.problem.users
    constant, row = priced.row(theta, mu)
    while not budget.exhausted:
        gain = row - value * priced.weight
        own = gain[np.arange(users), scm]
        loss = own[:, None] - gain
        slack = constant - value * priced.epsilon + own.sum()
        loss[np.arange(users), scm] = np.inf
        who, what = np.nonzero(loss <= slack)
        cheapest = np.argsort(loss[who, what], kind="stable")[: max(int(_WORK / users), 8)]
        who, what = who[cheapest], what[cheapest]
        before = value
        scm, value = _best(inner, _flipped(scm, [who], [what]), scm, value, budget)
        if value == before:
            first, second = np.triu_indices(min(len(who), 128), 1)
            fits = (who[first] != who[second]) & (
                loss[who[first], what[first]] + loss[who[second], what[second]] <= slack
            )
            first, second = first[fits], second[fits]
            ration = int(_WORK / users)
            first, second = first[:ration], second[:ration]
            flips = _flipped(scm, [who[first], who[second]], [what[first], what[second]])
            scm, value = _best(inner, flips, scm, value, budget)
        if value <= before * (1.0 + 1e-12):
            break
    return scm, value


def _flipped(scm: IntArray, who: list[IntArray], what: list[IntArray]) -> IntArray:
    flips = np.repeat(scm[None], len(who[0]), axis=0)
    for users, models in zip(who, what, strict=True):
        flips[np.arange(len(users)), users] = models
    return flips


def _best(
    inner: InnerSolver, candidates: IntArray, scm: IntArray, value: float, budget: Budget
) -> tuple[IntArray, float]:
    """The best of the candidates and the one in hand."""
    candidates = candidates[: int(min(len(candidates), budget.remaining))]
    if len(candidates):
        budget.spend(len(candidates))
        values = inner.values(candidates) / inner.rate_unit
        if values.max() > value:
            return candidates[int(values.argmax())], float(values.max())
    return scm, value
