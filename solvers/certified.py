"""Certified global optimisation: a proved optimum, or the best allocation with a proved bound."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..problems import RDEProblem
from ..problems.rde import FloatArray, IntArray
from .allocation import FEASIBLE, UNBOUNDED, InnerSolver, equal_shares
from .base import Budget, Solution, Solver
from .bounds import PricedProblem, Prices
from .incumbent import report
from .primal import improve, start
from .reductions import identical_users, rate_ranks, undominated

_PAUSE = 50_000
_FIRST_TRY = 400_000


@dataclass(eq=False)
class Proof:
    """Everything that an independent verifier needs; see ``docs/certificate.md``.

    Attributes:
        status: ``optimal``, ``bounded`` (stopped early), ``infeasible`` or ``unbounded``.
        scm: The incumbent's SCMs, ``[M]``, or None.
        value: The incumbent's RDE in nats over the denominator (-inf without one).
        target: No assignment is better than this, in the same unit; inf if nothing is proved.
        prices: Global rows.
        leaf_scm: Assignments closed by a price pair of their own, ``[L, M]``.
        leaf_prices: Those pairs, one for each leaf.
        order: Users in the order in which the search branched on them.
        nodes: Nodes of the search.
    """

    status: str
    scm: IntArray | None = None
    value: float = -math.inf
    target: float = math.inf
    prices: Prices = field(default_factory=Prices.none)
    leaf_scm: IntArray = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    leaf_prices: Prices = field(default_factory=Prices.none)
    order: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    nodes: int = 0


class Certified(Solver):
    """Branch and bound on price rows: the optimum with a proof, at every size.

    The bound is Lagrangian and separable by user; a partial assignment is ruled out by adding up what its choices
    lose at about a hundred price pairs, without optimising anything at a node. Dominated SCMs and the symmetry of
    identical users go first; flips that the same rows allow improve the incumbent. Cut short by time it returns
    the best allocation and the best bound so far.

    Args:
        tol: Relative gap at which a proof is complete.
    """

    name: ClassVar[str] = "certified"
    family: ClassVar[str] = "exact"
    exact: ClassVar[bool] = True

    def __init__(self, tol: float = 1e-6) -> None:
        self.tol = tol

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Prove the optimum; draws nothing from ``rng``."""
        inner = InnerSolver(problem)
        proof = self.prove(problem, budget)
        if proof.status in ("infeasible", "unbounded"):
            return Solution(None, None, None, status=proof.status)  # type: ignore[arg-type]
        bound = proof.target * inner.rate_unit
        if proof.scm is None:
            first = np.zeros(problem.users, dtype=np.int64)
            return Solution(first, *equal_shares(problem, first), bound=bound)
        allocation = inner.allocate(proof.scm[None]).allocation
        return Solution(allocation.scm[0], allocation.power[0], allocation.bandwidth[0], bound=bound)

    def prove(self, problem: RDEProblem, budget: Budget, *, keep_leaves: bool = False) -> Proof:
        """The same with everything a verifier needs.

        Args:
            problem: The instance.
            budget: Time limit, and evaluations: each assignment solved exactly counts.
            keep_leaves: Keep the leaves, which only a certificate needs.
        """
        if not 0.0 <= self.tol < math.inf:
            raise ValueError(f"tol is {self.tol}; it must be a relative gap, a finite number >= 0")
        inner = InnerSolver(problem)
        allowed = undominated(problem)
        if not allowed.any(axis=1).all() or inner.floor * problem.users > 1.0 + 1e-12:
            return Proof("infeasible")
        if problem.gain.max() == 0.0 or (problem.rate == "spectral" and inner.floor == 0.0):
            return _no_tradeoff(inner, allowed)
        priced = PricedProblem(inner, allowed)
        root, theta, mu = priced.root()
        if root < 0.0:
            return Proof("infeasible", target=-math.inf, prices=Prices(np.array([theta]), np.array([mu])))
        root = math.inf if math.isnan(root) else root
        proof = Proof("bounded", target=root, prices=priced.rows_around(theta, mu))
        proof.scm, proof.value = start(inner, priced, theta, mu, root, budget)
        if proof.scm is not None:
            report(budget, inner, proof.scm)
            begun = proof.value
            proof.scm, proof.value = improve(inner, priced, theta, mu, proof.scm, proof.value, budget)
            if proof.value > begun:
                report(budget, inner, proof.scm)
        search = _Search(problem, inner, priced, proof, self.tol, keep_leaves)
        search.run(budget)
        return proof


def _no_tradeoff(inner: InnerSolver, allowed: NDArray[np.bool_]) -> Proof:
    """Every rate is zero or as large as one likes: no gain at all, or spectral without a least bandwidth."""
    power = np.where(allowed, inner.compute, np.inf)
    silent = np.where(allowed & (inner.nats == 0.0), inner.compute, np.inf)
    deaf = (inner.problem.gain == 0.0)[:, None]
    for scm in (np.where(deaf, silent, power).argmin(axis=1), silent.argmin(axis=1)):
        found = inner.allocate(scm[None])
        if found.status[0] == UNBOUNDED:
            return Proof("unbounded", scm)
        if found.status[0] == FEASIBLE:
            return Proof("optimal", scm, 0.0, 0.0)
    return Proof("infeasible")


class _Search:
    """Rounds of depth-first search, each with rows at the value of the incumbent."""

    def __init__(
        self,
        problem: RDEProblem,
        inner: InnerSolver,
        priced: PricedProblem,
        proof: Proof,
        tol: float,
        keep_leaves: bool,
    ) -> None:
        self.problem, self.inner, self.priced = problem, inner, priced
        self.proof, self.tol, self.keep_leaves = proof, tol, keep_leaves

    def run(self, budget: Budget) -> None:
        """Prove the tolerance; if a first try is not enough, prove weaker targets on the way."""
        proof, root = self.proof, self.proof.target
        nodes: float = _FIRST_TRY
        share = 0.0
        while True:
            goal = self._value_within(self.tol)
            if root <= goal:
                proof.status = "optimal"
                return
            if budget.exhausted:
                return
            # Half-way targets have less slack to search through, so an early stop still leaves a bound.
            target = max(goal, root - share * (root - goal)) if share else goal
            outcome = self._round(target, nodes, budget)
            if outcome == "done":
                proof.target = min(proof.target, max(target, proof.value))
                if target <= goal:
                    proof.status = "optimal" if proof.scm is not None else "infeasible"
                    return
                share = 1.0 if share > 0.95 else 1.0 - (1.0 - share) * 0.6
            elif outcome == "stopped":
                if budget.exhausted:
                    return
                nodes, share = math.inf, 0.4

    def _value_within(self, tol: float) -> float:
        value = self.proof.value
        return value * (1.0 + tol) if value > -math.inf else -math.inf

    def _round(self, target: float, nodes: float, budget: Budget) -> str:
        from . import search_kernel as kernel

        proof, priced = self.proof, self.priced
        loss, slack = priced.losses(proof.prices, max(target, 0.0))
        options, slack = _fixed(loss, slack)
        if options is None:
            return "done"
        plan = _Plan(self.problem, loss, slack, options)
        scm = np.where(options.any(axis=1), options.argmax(axis=1), 0).astype(np.int64)
        choice = np.zeros(len(plan.order) + 1, dtype=np.int64)
        slacks = np.empty((len(plan.order) + 1, len(slack)))
        slacks[0] = slack
        state = np.zeros(4, dtype=np.int64)
        best, best_scm = np.array([proof.value]), np.zeros(self.problem.users, dtype=np.int64)
        leaf_scm = np.empty((4096 if self.keep_leaves else 0, self.problem.users), dtype=np.int64)
        leaf_price = np.empty((len(leaf_scm), 2))
        leaves: list[tuple[IntArray, FloatArray]] = []
        seen = 0
        while True:
            outcome = kernel.search(
                priced.shannon, priced.snr, priced.nats, priced.compute, priced.floor, priced.weight,
                priced.epsilon, plan.order, plan.options, plan.counts, plan.loss, plan.after, plan.rank,
                target, scm, choice, slacks, state, _PAUSE, budget.remaining + seen, best, best_scm,
                leaf_scm, leaf_price,
            )  # fmt: skip
            budget.spend(int(state[3]) - seen)
            seen = int(state[3])
            if best[0] > proof.value:
                proof.scm, proof.value = best_scm.copy(), float(best[0])
                report(budget, self.inner, proof.scm)
            if outcome in (kernel.LEAVES_FULL, kernel.DONE):
                leaves.append((leaf_scm[: state[1]].copy(), leaf_price[: state[1]].copy()))
                state[1] = 0
            if outcome == kernel.DONE:
                proof.nodes += int(state[2])
                proof.order = plan.order
                if self.keep_leaves:
                    pairs = np.concatenate([price for _, price in leaves])
                    proof.leaf_scm = np.concatenate([scm for scm, _ in leaves])
                    proof.leaf_prices = Prices(pairs[:, 0], pairs[:, 1])
                return "done"
            if outcome == kernel.IMPROVED:
                proof.nodes += int(state[2])
                return "improved"
            if state[2] >= nodes or budget.exhausted:
                proof.nodes += int(state[2])
                return "stopped"


def _fixed(loss: FloatArray, slack: FloatArray) -> tuple[NDArray[np.bool_] | None, FloatArray]:
    """Drop options that alone exceed a slack, until nothing changes; loss is rebased in place.

    Returns the options left ``[M, S]`` (None if some row or user has none) and the slacks.
    """
    options = np.ones(loss.shape[:2], dtype=bool)
    slack = slack.copy()
    while True:
        if (slack < 0.0).any():
            return None, slack
        keep = options & (loss <= slack).all(axis=2)
        if not keep.any(axis=1).all():
            return None, slack
        if (keep == options).all():
            return options, slack
        options = keep
        loss[~options] = np.inf
        least = loss.min(axis=1)
        loss -= least[:, None, :]
        slack -= least.sum(axis=0)


class _Plan:
    """Who is branched on, in what order, and with which options."""

    def __init__(
        self, problem: RDEProblem, loss: FloatArray, slack: FloatArray, options: NDArray[np.bool_]
    ) -> None:
        counts = options.sum(axis=1)
        relative = np.where(options[:, :, None], loss, 0.0) / np.maximum(slack, 1e-300)
        burden = relative.max(axis=2).sum(axis=1) / np.maximum(counts - 1, 1)
        groups = identical_users(problem)
        groups.sort(key=lambda group: -burden[group].max())
        self.order = np.array([m for group in groups for m in group if counts[m] > 1], dtype=np.int64)
        position = {int(m): place for place, m in enumerate(self.order)}
        self.after = np.full(len(self.order), -1, dtype=np.int64)
        for group in groups:
            branched = [position[int(m)] for m in group if counts[m] > 1]
            self.after[branched[1:]] = branched[:-1]
        first = np.where(options, loss[:, :, 0], np.inf)
        self.options = np.argsort(first, axis=1, kind="stable")[self.order]
        self.counts = counts[self.order]
        self.loss = np.ascontiguousarray(
            np.take_along_axis(loss[self.order], self.options[:, :, None], axis=1)
        )
        self.rank = rate_ranks(problem)
