"""Speed, measured beside a peer in the same run: ratios hold where absolute times depend on the machine."""

from __future__ import annotations

import importlib.util
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..problems import RDEProblem, Scenario
from ..problems.rde import IntArray
from ..solvers import Budget, make_solver
from ..solvers.allocation import InnerSolver
from ..solvers.certificate import certify_all
from ..solvers.certified import Certified

_ROUNDS = 9


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Attributes:
        name: What was measured.
        value: The figure; None where it could not be measured, and then ``peer`` says why.
        unit: Its unit.
        peer: What it is compared with, or an empty string.
        peer_value: The peer's figure in the same unit, measured in the same run.
    """

    name: str
    value: float | None
    unit: str
    peer: str = ""
    peer_value: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times faster than the peer; None without one."""
        if self.value is None or self.peer_value is None:
            return None
        better = self.value / self.peer_value
        return better if self.unit.endswith("/s") else 1.0 / better


def seconds(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Shortest wall time of a call, after one that is not counted (compilation, caches): the rest is other load."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def alternating_seconds(
    first: Callable[[], object], second: Callable[[], object], rounds: int = _ROUNDS
) -> tuple[float, float]:
    """Shortest wall times of two calls that take turns, so that other load meets both alike."""
    first(), second()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, found in zip((first, second), times, strict=True):
            start = time.perf_counter()
            work()
            found.append(time.perf_counter() - start)
    return min(times[0]), min(times[1])


def measurements() -> Iterator[tuple[str, Callable[[], Measurement]]]:
    """Every measurement, in the order of the table, with what to say while it runs."""
    yield "inner solves, beside a cone program", inner_solves
    yield "inner solves, beside a compiled cone program", inner_solves_beside_a_compiled_program
    yield "inner solves on all cores", inner_solves_on_all_cores
    yield "exhaustive search, 6 users", lambda: exhaustive_search(6)
    yield "exhaustive search, 8 users", lambda: exhaustive_search(8)
    yield "proofs, 12 users", lambda: proofs(12, 200, 0.5)
    yield "proofs, 12 users", lambda: proofs(12, 200, 0.99)
    yield "proofs, 50 users", lambda: proofs(50, 20, 0.5)
    yield "proofs, 1,000 users", lambda: proofs(1_000, 3, 0.5)
    yield "proof, 10,000 users", lambda: proofs(10_000, 1, 0.5)
    yield "proof, 100,000 users", lambda: proofs(100_000, 1, 0.5)
    yield "memory", peak_memory
    yield "proofs, 8 correlated SCMs", correlated_proof
    yield "certificates of a whole scenario", paper_scenario
    yield "proof, beside SCIP", proof_beside_scip
    from .perf_referee import measurements as of_the_referee

    yield from of_the_referee()
    if all(importlib.util.find_spec(name) for name in ("stable_baselines3", "sb3_contrib", "safetensors")):
        from .perf_learners import measurements as of_the_learners

        yield from of_the_learners()
    if importlib.util.find_spec("torch") and importlib.util.find_spec("safetensors"):
        from .perf_zoo import measurements as of_the_zoo

        yield from of_the_zoo()


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


def inner_solves_on_all_cores() -> Measurement:
    """The same from one thread per core; the kernel needs no interpreter lock."""
    inner = InnerSolver(_heterogeneous(12, min_bandwidth=180e3))
    cores = os.cpu_count() or 1
    scm = np.random.default_rng(0).integers(inner.problem.models, size=(cores, 50_000, 12))
    with ThreadPoolExecutor(cores) as pool:
        took = seconds(lambda: list(pool.map(inner.values, scm)))
    return Measurement(
        f"exact inner solves, M = 12, {cores} cores", scm.shape[0] * scm.shape[1] / took, "solves/s"
    )


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
            with suppress(cp.error.SolverError):  # it gives up on some, and that takes its time too
                (build() if rebuild else program).solve(solver=cp.CLARABEL)

    return len(scm) / seconds(solve_all, rounds=3)


def exhaustive_search(users: int) -> Measurement:
    """All assignments of heterogeneous users, each solved exactly."""
    problem, solver = _heterogeneous(users), make_solver("exhaustive")
    rng = np.random.default_rng(0)
    took = seconds(lambda: solver.solve(problem, rng=rng, budget=Budget()))
    some = rng.integers(problem.models, size=(20, users))
    theirs = _conic_solves_per_second(InnerSolver(problem), some, rebuild=False)
    peer = "cvxpy + Clarabel, compiled once, from 20 of the solves"
    slower = None if theirs is None else 1e3 * problem.models**users / theirs
    return Measurement(f"exhaustive search, M = {users}, heterogeneous", 1e3 * took, "ms", peer, slower)


def proofs(users: int, instances: int, quantile: float) -> Measurement:
    """Proofs of the optimum to 1e-6, heterogeneous users, one core."""
    scenario = Scenario.load("scale-m1000-v1").model_copy(update={"users": [users]})
    solver, took = Certified(), []
    solver.prove(_heterogeneous(12), Budget())
    for problem in scenario.sample(instances, 0, split="train"):
        start = time.perf_counter()
        proof = solver.prove(problem, Budget())
        took.append(time.perf_counter() - start)
        if proof.status not in ("optimal", "infeasible"):
            raise RuntimeError(f"{users} users: only {proof.status}")
    name = "median" if quantile == 0.5 else f"{100 * quantile:g}th percentile"
    name = f"proof to 1e-6, M = {users:,}, {name} of {instances}"
    return Measurement(name, 1e3 * float(np.quantile(took, quantile)), "ms", *_relaxation(problem))


def correlated_proof() -> Measurement:
    """Proofs to 1e-5 where distortion falls in a line with compute power, M = 12, S = 8."""
    rng, solver, took = np.random.default_rng(0), Certified(tol=1e-5), []
    for problem in Scenario.load("class-heterogeneous-v1").sample(20, 0, split="train"):
        power = np.sort(rng.uniform(0.1, 0.32, 8))
        device = rng.uniform(0.5, 2.0, (12, 1))
        correlated = problem.replace(
            scm_names=tuple(f"model-{s}" for s in range(8)),
            scm_power=power * device,
            scm_latency=(4.5 + 15 * (power - 0.1)) * rng.uniform(0.6, 1.2, (12, 1)),
            payload=(40e6 + 250e6 * (power - 0.1)) * rng.uniform(0.5, 1.5, (12, 1)),
            distortion=np.tile(33.5e-4 - 75e-4 * power, (12, 1)),
        )
        took.append(seconds(lambda problem=correlated: solver.prove(problem, Budget()), rounds=1))  # type: ignore[misc]
    name = "proof to 1e-5, correlated, M = 12, S = 8, slowest of 20"
    return Measurement(name, 1e3 * max(took), "ms", *_relaxation(correlated))


def paper_scenario() -> Measurement:
    """Certificates of 400 instances of paper-m12-v1 on all cores, processes started and stopped."""
    problems = Scenario.load("paper-m12-v1").sample(400, 0)
    took = seconds(lambda: certify_all(problems), rounds=1)
    peer, one = _relaxation(problems[0])
    theirs = None if one is None else 400e-3 * one / (os.cpu_count() or 1)
    name = "certificates of 400 instances of paper-m12-v1, all cores"
    return Measurement(name, took, "s", f"400 times {peer}", theirs)


def peak_memory() -> Measurement:
    """Peak memory of this process, after the proof of the largest instance."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Measurement("peak memory so far, 100,000 users included", peak / 2**30, "GiB")


def _relaxation(problem: RDEProblem) -> tuple[str, float | None]:
    """The nearest thing a cone solver offers, a bound without a proof of the optimum, and its time in ms."""
    from ..solvers.convex_relaxation import relax

    if problem.users > 1_000 or importlib.util.find_spec("cvxpy") is None:
        return "", None
    took = seconds(lambda: relax(InnerSolver(problem)), rounds=3)
    return "one convex relaxation (a bound), cvxpy + Clarabel", 1e3 * took


def proof_beside_scip() -> Measurement:
    """One proof, M = 4, beside SCIP's bound after the same problem and ten seconds."""
    problem, solver = _heterogeneous(4), Certified()
    took = seconds(lambda: solver.prove(problem, Budget()))
    scip = make_solver("scip", seconds=10.0)
    if (reason := scip.supports(problem)) is not None:
        return Measurement("proof to 1e-6, M = 4", 1e3 * took, "ms", f"SCIP: {reason}")
    start = time.perf_counter()
    answer = scip.solve(problem, rng=np.random.default_rng(0), budget=Budget(seconds=10.0))
    theirs = 1e3 * (time.perf_counter() - start)
    optimum = solver.prove(problem, Budget()).value * InnerSolver(problem).rate_unit
    left = np.inf if answer.bound is None else answer.bound / optimum - 1
    return Measurement("proof to 1e-6, M = 4", 1e3 * took, "ms", f"SCIP, bound still {left:.1%} high", theirs)
