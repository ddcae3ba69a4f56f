"""Speed, measured beside a peer in the same run: ratios hold where absolute times depend on the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..problems import RDEProblem, Scenario
from ..problems.rde import IntArray
from ..solvers import Budget, make_solver
from ..solvers.allocation import InnerSolver

_ROUNDS = 5


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: Its unit.
        peer: What it is compared with, or an empty string.
        peer_value: The peer's figure in the same unit, measured in the same run.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times faster than the peer; None without one."""
        if self.peer_value is None:
            return None
        better = self.value / self.peer_value
        return better if self.unit.endswith("/s") else 1.0 / better


def seconds(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Median wall time of a call, after one call that is not counted (compilation, caches)."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measurements() -> Iterator[Callable[[], Measurement]]:
    """Every measurement, in the order of the table."""
    yield inner_solves
    yield inner_solves_beside_a_compiled_program
    yield exhaustive_six_users


def _heterogeneous(users: int, min_bandwidth: float = 0.0) -> RDEProblem:
    scenario = Scenario.load("class-heterogeneous-v1")
    problem = scenario.model_copy(update={"users": [users]}).instance(0, 0, split="train")
    return problem.replace(min_bandwidth=min_bandwidth)


def inner_solves() -> Measurement:
    """Exact power and bandwidth for fixed SCMs, beside a cone program written for each assignment."""
    return _inner_solves("cvxpy + Clarabel", rebuild=True)


def inner_solves_beside_a_compiled_program() -> Measurement:
    """Exact power and bandwidth for fixed SCMs, beside one cone program compiled once with parameters."""
    return _inner_solves("cvxpy + Clarabel, compiled once (DPP)", rebuild=False)


def _inner_solves(peer: str, rebuild: bool) -> Measurement:
    """M = 12, Shannon, with the test of feasibility and a least bandwidth, on one core."""
    problem = _heterogeneous(12, min_bandwidth=180e3)
    inner = InnerSolver(problem)
    scm = np.random.default_rng(0).integers(problem.models, size=(50_000, 12))
    ours = len(scm) / seconds(lambda: inner.values(scm))
    theirs = _conic_solves_per_second(inner, scm[:20], rebuild)
    return Measurement("exact inner solves, M = 12, one core", ours, "solves/s", peer, theirs)


def _conic_solves_per_second(inner: InnerSolver, scm: IntArray, rebuild: bool) -> float | None:
    """The same by a conic solver; None where cvxpy is not installed."""
    try:
        import cvxpy as cp
    except ImportError:
        return None
    users = inner.problem.users
    need, left = cp.Parameter(users), cp.Parameter()

    def build() -> cp.Problem:
        power, share = cp.Variable(users, nonneg=True), cp.Variable(users)
        # b ln k - rel_entr(b, b / k + p) is b ln(1 + k p / b), kept well scaled at large k.
        rate = cp.multiply(np.log(inner.snr), share)
        rate -= cp.rel_entr(share, cp.multiply(1 / inner.snr, share) + power)
        limits = [rate >= need, share >= inner.floor, cp.sum(share) <= 1, cp.sum(power) <= left]
        return cp.Problem(cp.Maximize(cp.sum(rate)), limits)

    program = build()

    def solve_all() -> None:
        for row in scm:
            chosen = (np.arange(users), row)
            need.value, left.value = inner.nats[chosen], 1.0 - inner.compute[chosen].sum()
            (build() if rebuild else program).solve(solver=cp.CLARABEL)

    return len(scm) / seconds(solve_all, rounds=1)


def exhaustive_six_users() -> Measurement:
    """All 4^6 assignments, each exactly."""
    problem, solver = _heterogeneous(6), make_solver("exhaustive")
    rng = np.random.default_rng(0)
    took = seconds(lambda: solver.solve(problem, rng=rng, budget=Budget()))
    return Measurement("exhaustive search, M = 6, heterogeneous", 1e3 * took, "ms")
