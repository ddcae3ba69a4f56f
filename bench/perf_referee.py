"""What the referee costs: per instance, in processes that wait for it, and per row written and audited."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from ..problems import Scenario
from ..problems.sampling import stream
from ..solvers import Budget, make_solver
from . import runner, scoring, store
from .cells import BLOCK, Limits, SuiteRun
from .perf import Measurement
from .roster import entrants
from .suite import Suite
from .tasks import Task

_SUITE, _SEED = "small-v1", 1
_SCENARIOS = ("small-v1", "paper-m12-v1", "scale-m12-v1", "zoo-m12-v1")
_QUICK = ("average", "random", "heuristic-rde", "greedy")
_BULK = 250
_SLOW, _SLOW_SCENARIO, _SLOW_COUNT = "genetic", "paper-m12-v1", 200
_EVALUATIONS = 1_000
_AUDITED_SOLVERS, _AUDITED_INSTANCES = 25, 400


def measurements() -> Iterator[tuple[str, Callable[[], Measurement]]]:
    """Every measurement of the referee, with what to say while it runs."""
    yield "the referee's own time", overhead
    yield "two processes beside one", speed_up
    yield "rows scored and written", written
    yield "rows audited", audited


def overhead() -> Measurement:
    """Time of a run in one process beyond the time of its solvers, start and end of processes apart."""
    with tempfile.TemporaryDirectory() as place:
        proved = Path(place) / "proved"
        runner.run([_plan(_QUICK[:1], _SCENARIOS, _BULK)], proved, 2, _Silent())
        few = _beyond_solving(_QUICK, BLOCK, proved)
        many = _beyond_solving(_QUICK, _BULK, proved)
    each = (many[1] - few[1]) / (many[0] - few[0])
    name = f"referee per instance, {len(_QUICK)} quick solvers, {len(_SCENARIOS)} scenarios, {many[0]:,} rows"
    return Measurement(
        name, 1e3 * each, "ms", "a plain loop that scores and keeps nothing else", 1e3 * _plain()
    )


def _beyond_solving(names: Sequence[str], count: int, proved: Path) -> tuple[int, float]:
    """Rows of a run whose instances are proved already, and its seconds without those of its solvers."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "results"
        shutil.copytree(store.references_folder(proved), store.references_folder(folder))
        start = time.perf_counter()
        runner.run([_plan(names, _SCENARIOS, count)], folder, 1, _Silent())
        took = time.perf_counter() - start
        rows = store.read_results(folder).rows
    return len(rows), took - float(rows["solve_seconds"].sum())


def _plain() -> float:
    """Seconds per instance of drawing, solving and scoring in this process, less the solving."""
    count, solving, start = 0, 0.0, time.perf_counter()
    for name in _SCENARIOS:
        scenario = Scenario.load(name)
        for solver in map(make_solver, _QUICK):
            for index in range(_BULK):
                problem = scenario.instance(index, _SEED)
                began = time.perf_counter()
                answer = solver.solve(problem, rng=stream("perf", index), budget=Budget())
                solving += time.perf_counter() - began
                scoring.judge(problem, answer)
                count += 1
    return (time.perf_counter() - start - solving) / count


def speed_up() -> Measurement:
    """How much sooner two worker processes are done than one, beside processes that share nothing."""
    took = []
    with tempfile.TemporaryDirectory() as place:
        proved = Path(place) / "proved"
        runner.run([_plan(["average"], [_SLOW_SCENARIO], _SLOW_COUNT)], proved, 2, _Silent())
        for jobs in (1, 2):
            folder = Path(place) / str(jobs)
            shutil.copytree(store.references_folder(proved), store.references_folder(folder))
            start = time.perf_counter()
            runner.run([_plan([_SLOW], [_SLOW_SCENARIO], _SLOW_COUNT)], folder, jobs, _Silent())
            took.append(time.perf_counter() - start)
    name = f"speed-up from one to two processes, {_SLOW} on {_SLOW_COUNT} instances"
    one, two = (_alone(jobs) for jobs in (1, 2))
    return Measurement(name, took[0] / took[1], "times", "bare processes that share nothing", one / two)


def _alone(processes: int) -> float:
    """Seconds of the same solving in bare processes."""
    start = time.perf_counter()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(_solve_block, range(0, _SLOW_COUNT, BLOCK)))
    return time.perf_counter() - start


def _solve_block(first: int) -> None:
    scenario, solver = Scenario.load(_SLOW_SCENARIO), make_solver(_SLOW)
    for index in range(first, min(first + BLOCK, _SLOW_COUNT)):
        solver.solve(
            scenario.instance(index, _SEED),
            rng=np.random.default_rng(index),
            budget=Budget(evaluations=_EVALUATIONS),
        )


def written() -> Measurement:
    """Rows that are scored and written in a second of processor time."""
    found = _audit()
    return Measurement("rows scored and written, M = 12", found["rows"] / found["write_seconds"], "rows/s")


def audited() -> Measurement:
    """Rows that ``rdebench audit`` scores again in a second of processor time, proofs and start included."""
    found = _audit()
    return Measurement("rows audited, M = 12", found["rows_per_second"], "rows/s")


@cache
def _audit() -> dict[str, float]:
    from .perf_audit import audit_speed

    return audit_speed(_AUDITED_SOLVERS, _AUDITED_INSTANCES)


def _plan(names: Sequence[str], scenarios: Sequence[str], count: int) -> SuiteRun:
    suite = Suite.load(_SUITE)
    return SuiteRun(
        suite=suite,
        preset="custom",
        instances=count,
        seed=_SEED,
        scenarios=tuple(Scenario.load(name) for name in scenarios),
        entrants=tuple(entrants(names)),
        limits=Limits(_EVALUATIONS, None, suite.time_limit_s),
    )


class _Silent:
    """A display that shows nothing."""

    def planned(self, cells: int, there: int, instances: int) -> None: ...

    def warn(self, message: str) -> None: ...

    def started(self, slot: int, task: Task) -> None: ...

    def advanced(self, slot: int) -> None: ...

    def finished(self, slot: int) -> None: ...

    def tick(self) -> None: ...
