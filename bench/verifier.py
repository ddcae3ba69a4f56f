"""The independent verifier of certificates: float64 numpy on the problem's own data, trusting no solver.

A certificate claims that no allocation has an RDE above its bound q. For every price ratio theta, price of power mu
and assignment a, weak duality gives
    N(a) - q Den(a) <= mu (1 + theta) - q eps + sum_m [ psi_m,a(m) - mu pc_m,a(m) - q lambda D_m,a(m) ],
with psi the most a user can earn at those prices. The verifier computes these rows by itself, drops dominated SCMs
and orders identical users (both steps are argued in ``docs/certificate.md``), enumerates the assignments that no
row makes negative, and demands for each of them a price pair of its own that does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

from ..problems import Allocation, RDEProblem
from ..problems.rde import FloatArray, IntArray

MARGIN = 1e-12
"""A row counts as negative if it is so by this much of the sum of its terms' magnitudes: beyond rounding."""

OPTIMAL_GAP = 1e-6
"""Relative gap at which an incumbent counts as optimal."""

_CHUNK = 20_000

_MOST_TERMS = 500_000
"""So many terms of rows are computed together, which bounds the memory at many users."""

_MOST_PRICES = 5_000
"""A certificate with more global rows than this is refused."""

_MOST_NODES = 20_000_000
"""A certificate that leaves more partial assignments than this to enumerate is refused."""


class CertificateError(ValueError):
    """A certificate that does not prove what it says; the message names the step that fails."""


def verify(problem: RDEProblem, certificate: dict[str, Any]) -> None:
    """Check a certificate.

    Args:
        problem: The instance, from a source other than the certificate.
        certificate: What :func:`rdebench.solvers.certificate.certify` wrote.

    Raises:
        CertificateError: If any step fails.
    """
    _require(certificate.get("format") == "rdebench-certificate/1", "unknown format")
    _require(certificate["instance"] == problem.content_hash(), "it belongs to another instance")
    unknown = set(certificate["steps"]) - {"dominated-scms", "identical-users"}
    _require(not unknown, f"it rests on steps that are not known: {', '.join(map(str, unknown))}")
    status = certificate["status"]
    _require(status in ("optimal", "bounded", "infeasible", "unbounded"), f"unknown status {status!r}")
    if status == "unbounded":
        _check_unbounded(problem, np.asarray(certificate["scm"], dtype=np.int64))
        return
    bound = certificate["bound"]
    _require(
        (bound is None) == (status == "infeasible"),
        "a bound goes with optimal and bounded, and only with them",
    )
    _require(bound is None or (np.isfinite(bound) and bound >= 0), "the bound is not a number >= 0")
    _require(status != "optimal" or certificate["rde"] is not None, "it says optimal but has no incumbent")
    if certificate["rde"] is not None:
        _check_incumbent(problem, certificate)
    if problem.users * problem.min_bandwidth > problem.bandwidth_budget * (1 + MARGIN):
        _require(status == "infeasible", "the least bandwidths alone exceed the budget")
        return
    if problem.gain.max() == 0.0 or (problem.rate == "spectral" and problem.min_bandwidth == 0.0):
        _check_silent(problem, certificate)
        return
    _Tree(problem, certificate).check()


def _require(condition: object, message: str) -> None:
    if not condition:
        raise CertificateError(message)


def _check_incumbent(problem: RDEProblem, certificate: dict[str, Any]) -> None:
    arrays = (np.asarray(certificate[name]) for name in ("scm", "power_w", "bandwidth_hz"))
    evaluation = problem.evaluate(Allocation(*arrays))
    _require(evaluation.feasible, "the incumbent is not feasible")
    close = abs(evaluation.rde - certificate["rde"]) <= 1e-9 * abs(certificate["rde"])
    _require(close, "the incumbent's value is not what the certificate says")
    _require(certificate["status"] != "infeasible", "it says infeasible but has a feasible incumbent")
    bound = certificate["bound"]
    _require(evaluation.rde <= bound * (1 + 1e-9), "the bound is below the incumbent")
    close = certificate["status"] != "optimal" or evaluation.rde >= bound * (1 - OPTIMAL_GAP)
    _require(close, "it says optimal, but the gap is larger than that")


def _check_unbounded(problem: RDEProblem, scm: IntArray) -> None:
    """Spectral, no least bandwidth, power left over: B -> 0 makes every rate as large as one likes."""
    users = np.arange(problem.users)
    need = problem.min_rate[users, scm]
    reached = np.where(problem.gain > 0, np.isfinite(need), need == 0).all() and problem.gain.max() > 0
    spare = problem.power_budget - problem.scm_power[users, scm].sum()
    free = problem.rate == "spectral" and problem.min_bandwidth == 0.0 and spare > 0
    _require(free and reached, "nothing makes this instance unbounded")


def _check_silent(problem: RDEProblem, certificate: dict[str, Any]) -> None:
    """No gain, or spectral with no least bandwidth and no power left over: rates are zero, nothing to search."""
    silent = np.where(problem.min_rate == 0, problem.scm_power, np.inf).min(axis=1).sum()
    usable = np.where(problem.gain > 0, np.isfinite(problem.min_rate).T, (problem.min_rate == 0).T).T
    least = np.where(usable, problem.scm_power, np.inf).min(axis=1).sum()
    if certificate["status"] == "infeasible":
        _require(
            least >= problem.power_budget * (1 - MARGIN) and silent > problem.power_budget,
            "power is left over",
        )
    else:
        no_rate = least >= problem.power_budget * (1 - MARGIN) or problem.gain.max() == 0
        _require(certificate["bound"] == 0.0 and no_rate, "power is left over")


class _Rows:
    """Rows of a problem at given prices, in normalised units: power and bandwidth in budgets, rates in nats."""

    def __init__(self, problem: RDEProblem, *, drop_dominated: bool = True) -> None:
        self.shannon = problem.rate == "shannon"
        band = problem.bandwidth_budget if self.shannon else problem.min_bandwidth
        self.snr = problem.gain * problem.power_budget / (problem.noise_psd * band)
        self.unit = (problem.bandwidth_budget if self.shannon else 1.0) / np.log(2.0)
        keep = _undominated(problem) if drop_dominated else np.isfinite(problem.min_rate)
        self.need = np.where(keep, problem.min_rate / self.unit, np.inf)
        self.need[(self.snr == 0)[:, None] & (self.need > 0)] = np.inf
        self.compute = problem.scm_power / problem.power_budget
        self.weight = problem.distortion_weight * problem.distortion
        self.epsilon = problem.epsilon
        self.floor = problem.min_bandwidth / problem.bandwidth_budget if self.shannon else 1.0

    def at(self, theta: FloatArray, mu: FloatArray, q: float) -> tuple[FloatArray, FloatArray]:
        """Rows at J price pairs, ``mu`` NaN where it is infinite: constants ``[J]`` and terms ``[J, M, S]`` at q.

        Forbidden pairs are -inf.
        """
        priced = ~np.isnan(mu)[:, None, None]
        theta, mu = theta[:, None, None], np.where(priced, mu[:, None, None], 1.0)
        k = self.snr[:, None]
        allowed = np.isfinite(self.need)
        need = np.where(allowed, self.need, 0.0)
        if self.shannon:
            v = _exponent(theta * k)
            cost = np.where(v > 0, (np.expm1(v) / k + theta) / v, 0.0)
            # Any admissible price will do: the least one at which nobody earns without end.
            least = np.where(cost.max(axis=1, keepdims=True) > 0, 1.0 / cost[:, [np.argmax(k)]], k.max())
            mu = np.maximum(mu, least)
            inside = (need >= self.floor * v) & (need > 0) if self.floor > 0 else np.full(need.shape, True)
        else:
            cost, inside = np.zeros_like(k), np.full(need.shape, False)
        width = max(self.floor, 1e-300)
        sold = np.log(np.maximum(k / mu, 1e-300))
        exponent = np.where(inside, 0.0, np.where(priced, np.maximum(need / width, sold), need / width))
        power = np.where(exponent > 0, width * np.expm1(exponent) / k, 0.0)
        spent = np.where(inside, cost * need, power + (theta * self.floor if self.shannon else 0.0))
        earned = np.where(inside, need, width * exponent)
        profit = earned - mu * (spent + self.compute) - q * self.weight
        constant = np.where(priced, mu * (1.0 + theta) - q * self.epsilon, 1.0 + theta)
        terms = np.where(priced, profit, -spent - self.compute)
        return constant[:, 0, 0], np.where(allowed, terms, -np.inf)


class _Tree:
    """The assignments that no global row excludes, and the price pairs of those."""

    def __init__(self, problem: RDEProblem, certificate: dict[str, Any]) -> None:
        self.problem, self.certificate = problem, certificate
        self.rows = _Rows(problem, drop_dominated="dominated-scms" in certificate["steps"])
        infeasible = certificate["status"] == "infeasible"
        self.q = 0.0 if infeasible else float(certificate["bound"]) / self.rows.unit
        self.ranks = np.argsort(np.argsort(-problem.min_rate, axis=1, kind="stable"), axis=1, kind="stable")
        leaves = certificate["leaves"]
        self.leaves = {
            tuple(scm): (theta, mu)
            for scm, theta, mu in zip(leaves["scm"], leaves["theta"], leaves["mu"], strict=True)
        }

    def check(self) -> None:
        if not np.isfinite(self.rows.need).any(axis=1).all():
            _require(self.certificate["status"] == "infeasible", "no assignment meets the deadlines")
            return
        loss, slack = self._losses()
        options = np.isfinite(self.rows.need)
        while True:
            if (slack < 0).any() or not options.any(axis=1).all():
                return
            keep = options & (loss <= slack).all(axis=2)
            if (keep == options).all():
                break
            options = keep
            loss[~options] = np.inf
            least = loss.min(axis=1)
            if not np.isfinite(least).all():
                return
            loss -= least[:, None, :]
            slack = slack - least.sum(axis=0)
        self._enumerate(loss, slack, options)

    def _losses(self) -> tuple[FloatArray, FloatArray]:
        """What each choice loses against the best in each row, ``[M, S, J]``, and what may be lost, ``[J]``."""
        pairs = self.certificate["rows"]
        _require(len(pairs["theta"]) <= _MOST_PRICES, f"it has more than {_MOST_PRICES} rows")
        constant, terms = self._rows(pairs["theta"], pairs["mu"])
        best = terms.max(axis=2)
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.abs(constant) + np.abs(best).sum(axis=1)
            slack = constant + best.sum(axis=1) + MARGIN * size
            loss = best[:, :, None] - terms
        sound = ~np.isnan(terms).any(axis=(1, 2)) & np.isfinite(size)  # a row that overflows proves nothing
        return np.ascontiguousarray(np.moveaxis(loss[sound], 0, 2)), slack[sound]

    def _rows(self, theta: list[float], mu: list[float | None]) -> tuple[FloatArray, FloatArray]:
        """Constants ``[J]`` and terms ``[J, M, S]`` of the rows at J price pairs."""
        _require(len(theta) == len(mu), "there are not as many theta as mu")
        thetas = np.array(theta, dtype=np.float64)
        mus = np.array([np.nan if price is None else price for price in mu], dtype=np.float64)
        given = mus[[price is not None for price in mu]]
        sound = np.isfinite(thetas).all() and (thetas >= 0).all() and np.isfinite(given).all()
        _require(sound and (given > 0).all(), "a price is not a number >= 0")
        together = max(_MOST_TERMS // self.rows.need.size, 1)
        with np.errstate(all="ignore"):
            parts = [
                self.rows.at(thetas[at : at + together], mus[at : at + together], self.q)
                for at in range(0, max(len(thetas), 1), together)
            ]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _enumerate(self, loss: FloatArray, slack: FloatArray, options: NDArray[np.bool_]) -> None:
        order = [int(m) for m in self.certificate["order"]]
        order += sorted(set(range(self.problem.users)) - set(order))
        _require(sorted(order) == list(range(self.problem.users)), "order is not a list of the users")
        twins = "identical-users" in self.certificate["steps"]
        before = _better_twins(self.problem, order) if twins else np.full(self.problem.users, -1)
        fixed = np.where(options.sum(axis=1) == 1, options.argmax(axis=1), -1)
        todo = [(0, np.broadcast_to(fixed, (1, len(fixed))).copy(), slack[None])]
        nodes = 0
        while todo:
            depth, scm, left = todo.pop()
            nodes += len(scm)
            _require(nodes <= _MOST_NODES, "its rows leave more to enumerate than a verifier should have to")
            if depth == len(order):
                for leaf in scm:
                    self._check_leaf(leaf)
                continue
            user = order[depth]
            parts = []
            for s in np.flatnonzero(options[user]):
                rest = left - loss[user, s]
                fits = (rest >= 0).all(axis=1)
                if before[user] >= 0 and options[user].sum() > 1 and options[before[user]].sum() > 1:
                    fits &= self.ranks[user, s] >= self.ranks[user, scm[:, before[user]]]
                child = scm[fits]
                child[:, user] = s
                parts.append((child, rest[fits]))
            scm, left = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
            for at in range(0, len(scm), _CHUNK):
                todo.append((depth + 1, scm[at : at + _CHUNK], left[at : at + _CHUNK]))

    def _check_leaf(self, scm: IntArray) -> None:
        name = tuple(scm.tolist())
        _require(name in self.leaves, f"the assignment {list(name)[:20]} is neither excluded nor closed")
        theta, mu = self.leaves[name]
        constant, terms = self._rows([theta], [mu])
        chosen = terms[0, np.arange(len(scm)), scm]
        size = abs(constant[0]) + np.abs(chosen).sum()
        closed = constant[0] + chosen.sum() <= MARGIN * size
        _require(closed, f"the assignment {list(name)[:20]} is not closed by its own prices")


def _exponent(y: FloatArray) -> FloatArray:
    """v with e^v (v - 1) + 1 = y: Lambert's W, polished by Newton's method where the branch point spoils it."""
    start = np.sqrt(2 * y) * (1 - np.sqrt(2 * y) / 3)
    v = np.where(y > 1e-3, 1.0 + lambertw((y - 1.0) / np.e).real, start)
    for _ in range(4):
        small = np.polynomial.polynomial.polyval(v, _SERIES)
        residue = np.where(v < 0.4, small, v - 1.0 + np.exp(-v)) - y * np.exp(-v)
        v = np.where(v > 0, v - residue / np.maximum(v, 1e-300), 0.0)
    return v


_SERIES = np.array([0.0, 0.0, *((-1.0) ** n / math.factorial(n) for n in range(2, 15))])
"""Of e^-v - 1 + v, which loses its digits near 0 if it is taken as it stands."""


def _undominated(problem: RDEProblem) -> NDArray[np.bool_]:
    """An SCM goes if another needs no more power and rate for no more distortion; of equals the first stays."""
    table = np.stack([problem.scm_power, problem.min_rate, problem.distortion], axis=2)
    no_worse = (table[:, None, :, :] <= table[:, :, None, :]).all(axis=3)  # [M, s, t]: t is no worse than s
    equal = (table[:, None, :, :] == table[:, :, None, :]).all(axis=3)
    earlier = np.tri(problem.models, k=-1, dtype=bool)
    beaten = (no_worse & (~equal | earlier)).any(axis=2)
    return np.asarray(~beaten & np.isfinite(problem.min_rate))


def _better_twins(problem: RDEProblem, order: list[int]) -> IntArray:
    """For each user the last one before it in the order with equal rows and no smaller gain, or -1."""
    table = np.concatenate([problem.scm_power, problem.min_rate, problem.distortion], axis=1)
    last: dict[bytes, int] = {}
    before = np.full(problem.users, -1)
    for user in order:
        twin = last.get(table[user].tobytes(), -1)
        if twin >= 0 and problem.gain[twin] >= problem.gain[user]:
            before[user] = twin
        last[table[user].tobytes()] = user
    return before
