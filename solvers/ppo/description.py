"""What an equivariant policy sees of an instance: prices at the root, and what every choice costs and earns there.

One row for each pair of user and SCM, without units, so that one policy serves any number of users and of SCMs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

from ...problems import RDEProblem
from ...problems.rde import FloatArray, IntArray
from ..allocation import InnerSolver
from ..base import Budget
from ..bounds import PricedProblem
from ..certified import Certified
from ..primal import start
from ..reductions import undominated
from .tie_kernel import better_changes

PRICE_FEATURES = 18
"""Leading features of a token that come from prices alone."""

TOKEN_FEATURES = 24
"""All features of a token: the last ones tell of the plan, a good assignment that the prices lead to."""

BEST_GAIN = 13
"""Which feature of a token says whether the user's gain is the best."""

PRICE_CONTEXT = 4
CONTEXT_FEATURES = 6
"""The same for the features of an instance."""

LONGEST_CHAIN = 128
"""Changes tried one after the other from the favourites."""


@dataclass(frozen=True, eq=False)
class Description:
    """One instance as a policy sees it, in normalised units; with an axis in front, a group of instances.

    Users are sorted by ascending gain, the order in which they are decided one by one.

    Attributes:
        order: Number in the problem of each of the sorted users, ``[M]``.
        tokens: Features of every pair of user and SCM, ``[M, S, TOKEN_FEATURES]``, float32.
        context: Features of the instance, ``[CONTEXT_FEATURES]``, float32.
        loss: What a choice loses at the root prices against the user's best, over the mean share of a user in the
            bound, ``[M, S]``; infinite where the choice is not allowed.
        cost: What a choice takes of the priced budget (power and bandwidth), times M, ``[M, S]``.
        share: The share of the band with which each choice meets its deadline most cheaply at the root prices,
            ``[M, S]``.
        change: What changing one user's SCM in the plan is worth, exactly: the relative change of the plan's value,
            times M, ``[M, S]``; -1 where infeasible or not allowed.
        plan: The best assignment along the dual path and the chains from its root, ``[M]``; feasible if any is.
        allowed: Choices that meet the deadline and are not dominated, ``[M, S]``.
        bound: The root bound, nats over the denominator.
        optimum: A proved upper bound on the value of any assignment over the root bound: 1, or less where the
            certified solver was asked.
        k: Full-budget SNR, ``[M]``, and with ``nats, compute, floor, weight, epsilon`` the instance as the
            compiled kernels take it.
    """

    order: IntArray
    tokens: NDArray[np.float32]
    context: NDArray[np.float32]
    loss: FloatArray
    cost: FloatArray
    share: FloatArray
    change: FloatArray
    plan: IntArray
    allowed: NDArray[np.bool_]
    bound: FloatArray
    optimum: FloatArray
    k: FloatArray
    nats: FloatArray
    compute: FloatArray
    floor: FloatArray
    weight: FloatArray
    epsilon: FloatArray

    @classmethod
    def stacked(cls, descriptions: list[Description]) -> Description:
        """Descriptions of instances with equal M and S as one, with an axis in front."""
        arrays = {f.name: np.stack([getattr(d, f.name) for d in descriptions]) for f in fields(cls)}
        return cls(**arrays)


def describe(
    problem: RDEProblem, *, plan: bool = True, prove_seconds: float | None = None
) -> Description | None:
    """Describe an instance.

    Args:
        problem: The instance.
        plan: Look for the plan and value its changes. Without, the plan is what costs least, and nothing is valued.
        prove_seconds: Ask the certified solver for the optimum, and give it so many seconds.

    Returns:
        The description; None if nothing can be chosen: proved infeasible at the root, or without a trade-off.
    """
    order = np.argsort(problem.gain, kind="stable")
    names = ("scm_power", "scm_latency", "distortion", "payload", "gain", "max_latency")
    problem = problem.replace(**{name: getattr(problem, name)[order] for name in names})
    inner, allowed = InnerSolver(problem), undominated(problem)
    if not allowed.any(axis=1).all() or inner.floor * problem.users > 1.0 or problem.gain.min() <= 0.0:
        return None
    if problem.rate == "spectral" and inner.floor == 0.0:
        return None
    priced = PricedProblem(inner, allowed)
    bound, theta, mu = priced.root()
    if not 0.0 < bound < math.inf:
        return None
    users = problem.users
    cost = np.where(allowed, -priced.row(theta, math.inf)[1] * (users / (1.0 + theta)), np.inf)
    earned = np.where(allowed, priced.row(theta, mu)[1] - bound * inner.distortion, -np.inf)
    favourite = earned.argmax(axis=1)
    unit = bound * float(inner.denominator(favourite[None])[0]) / users
    loss = (earned.max(axis=1, keepdims=True) - earned) / unit
    planned, value, change = cost.argmin(axis=1), 0.0, np.zeros_like(cost)
    if plan:
        planned, value = _plan(inner, start(inner, priced, theta, mu, bound, Budget())[0], loss, cost)
        change = _changes(inner, allowed, planned, value)
    tokens = [*_price_tokens(inner, allowed, loss, cost, theta), *_plan_tokens(cost, planned, change)]
    context = [*_price_context(loss, cost), *_plan_context(cost, planned, value / bound)]
    return Description(
        order=order,
        tokens=np.stack(np.broadcast_arrays(*tokens), axis=-1).astype(np.float32),
        context=np.array(context, dtype=np.float32),
        loss=loss,
        cost=cost,
        share=_cheapest_share(inner, theta),
        change=change,
        plan=planned,
        allowed=allowed,
        bound=np.asarray(bound),
        optimum=np.asarray(_optimum(problem, prove_seconds) / bound if prove_seconds else 1.0),
        k=np.ascontiguousarray(inner.snr),
        nats=np.ascontiguousarray(inner.nats),
        compute=np.ascontiguousarray(inner.compute),
        floor=np.asarray(inner.floor),
        weight=np.ascontiguousarray(inner.distortion),
        epsilon=np.asarray(problem.epsilon),
    )


def _plan(
    inner: InnerSolver, first: IntArray | None, loss: FloatArray, cost: FloatArray
) -> tuple[IntArray, float]:
    """The best of a first assignment and of chains: the favourites, then change after change by value per budget."""
    favourite = loss.argmin(axis=1)
    apart = np.where(np.isfinite(loss), cost - _favourite(loss, cost)[:, None], 0.0)
    rate = np.where(apart != 0.0, loss / np.abs(np.where(apart == 0.0, 1.0, apart)), np.inf)
    chains = [cost.argmin(axis=1), favourite] + ([] if first is None else [first])
    for sign in (-1.0, 1.0):
        who, what = np.nonzero(np.isfinite(rate) & (apart * sign > 0.0))
        scm = favourite.copy()
        for i in np.argsort(rate[who, what], kind="stable")[:LONGEST_CHAIN]:
            if sign * cost[who[i], what[i]] > sign * cost[who[i], scm[who[i]]]:
                scm[who[i]] = what[i]
                chains.append(scm.copy())
    values = inner.values(np.array(chains)) / inner.rate_unit
    best = int(values.argmax())
    return chains[best], float(values[best])


def _optimum(problem: RDEProblem, seconds: float) -> float:
    """Best value of an assignment, or the best bound on it found in time, nats over the denominator."""
    return Certified().prove(problem, Budget(seconds=seconds)).target


def _cheapest_share(inner: InnerSolver, theta: float) -> FloatArray:
    """Shares of the band, at least the floor, that carry the least rates at the root's price of bandwidth."""
    if inner.problem.rate == "spectral":
        return np.full(inner.nats.shape, inner.floor)
    exponent = 1.0 + lambertw((theta * inner.snr - 1.0) / math.e).real
    return np.asarray(np.maximum(inner.nats / np.maximum(exponent, 1e-9)[:, None], inner.floor))


def _price_tokens(
    inner: InnerSolver, allowed: NDArray[np.bool_], loss: FloatArray, cost: FloatArray, theta: float
) -> list[FloatArray]:
    """What the root prices say of each choice; every feature is bounded, and of size one."""
    users, better = len(loss), np.empty_like(loss)
    better_changes(loss, cost, False, better)
    ties = tie_features(loss, cost, better, users - _favourite(loss, cost).sum())
    loss, cost = np.where(allowed, loss, 20.0), np.where(allowed, cost, 20.0)
    favourite = _favourite(loss, cost)[:, None]
    log_k = np.log(inner.snr)[:, None]
    nats = np.where(np.isfinite(inner.nats), inner.nats, 1e3)
    distortion = inner.distortion / max(float(inner.distortion[allowed].mean()), 1e-300)
    return [
        allowed.astype(float),
        -np.tanh(loss),
        -np.tanh(30.0 * loss),
        np.log10(loss + 1e-4) / 2.0 + 1.0,
        np.tanh(cost / 2.0),
        np.tanh(cost - favourite),
        np.tanh(10.0 * (cost - favourite)),
        np.tanh(cost - cost.min(axis=1, keepdims=True)),
        np.clip(distortion - 1.0, -3.0, 3.0),
        np.tanh(users * inner.compute),
        np.clip(np.log(users * nats + 1e-6) / 3.0, -3.0, 3.0),
        np.clip((log_k - 4.0) / 5.0, -3.0, 3.0),
        np.tanh((log_k.max() - log_k) / 4.0),
        (log_k == log_k.max()).astype(float),
        np.clip(np.log(theta * inner.snr[:, None] + 1e-9) / 5.0, -3.0, 3.0),
        *ties,
    ]


def _favourite(loss: FloatArray, cost: FloatArray) -> FloatArray:
    """Cost of each user's favourite at the root prices: the SCM that loses least, ``[..., M, S]`` to ``[..., M]``."""
    return np.asarray(np.take_along_axis(cost, loss.argmin(axis=-1)[..., None], axis=-1)[..., 0])


def tie_features(
    loss: FloatArray, cost: FloatArray, better: FloatArray, left: FloatArray | float
) -> list[FloatArray]:
    """Whether a change is called for: how much of what is lacking (or left over) the better changes do not settle.

    Args:
        loss: What each choice loses, ``[..., M, S]``; infinite if not allowed.
        cost: What each takes of the budget.
        better: What changes that lose less per budget would settle; see :func:`.tie_kernel.better_changes`.
        left: Budget left if all take their favourites, broadcastable; negative if it is lacking.

    Returns:
        Three features, each ``[..., M, S]``, zero for favourites and what is not allowed.
    """
    with np.errstate(invalid="ignore"):
        apart = np.where(np.isfinite(loss), cost - _favourite(loss, cost)[..., None], 0.0)
        rate = np.where(apart != 0.0, loss / np.abs(np.where(apart == 0.0, 1.0, apart)), 0.0)
    called = np.where(apart < 0.0, -np.asarray(left), np.asarray(left)) - better
    change = apart != 0.0
    return [change * np.tanh(size * called) for size in (1.0, 10.0)] + [change * np.tanh(10.0 * rate)]


def _changes(inner: InnerSolver, allowed: NDArray[np.bool_], plan: IntArray, value: float) -> FloatArray:
    users, models = allowed.shape
    other = allowed & (np.arange(models) != plan[:, None])
    who, what = np.nonzero(other)
    flips = np.repeat(plan[None], len(who), axis=0)
    flips[np.arange(len(who)), who] = what
    change = np.where(allowed, 0.0, -1.0)
    found = inner.values(flips) / inner.rate_unit
    relative = found / value - 1.0 if value > 0.0 else np.where(found > 0.0, 1.0, -1.0)
    change[who, what] = np.clip(users * np.maximum(relative, -1.0), -1.0, 1.0)
    return change


def _plan_tokens(cost: FloatArray, plan: IntArray, change: FloatArray) -> list[FloatArray]:
    finite = np.where(np.isfinite(cost), cost, 20.0)
    apart = finite - np.take_along_axis(finite, plan[:, None], axis=1)
    planned = (np.arange(cost.shape[1]) == plan[:, None]).astype(float)
    exact = [np.tanh(size * change) for size in (3.0, 50.0, 500.0)]
    return [planned, np.tanh(apart), np.tanh(10.0 * apart), *exact]


def _price_context(loss: FloatArray, cost: FloatArray) -> list[float]:
    favourite = _favourite(loss, cost)
    return [
        float(np.tanh(len(loss) - favourite.sum())),
        float(np.tanh(1.0 - favourite.mean())),
        float(np.tanh(1.0 - cost.min(axis=1).mean())),
        float(np.log(len(loss)) / 4.0),
    ]


def _plan_context(cost: FloatArray, plan: IntArray, ratio: float) -> list[float]:
    gap = 1.0 - ratio if ratio > 0.0 else 1.0
    left = len(plan) - cost[np.arange(len(plan)), plan].sum()
    return [float(np.log10(max(gap, 1e-7)) / 4.0 + 1.0), float(np.tanh(left))]
