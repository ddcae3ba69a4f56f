"""Small runs with solvers of our own making, for the tests of the referee."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs
import psutil
import pytest

from rdebench.bench import runner, store
from rdebench.bench.cells import GIB, Limits, SuiteRun
from rdebench.bench.roster import entrants
from rdebench.bench.suite import Suite
from rdebench.bench.tasks import Task
from rdebench.problems import Scenario

SCENARIO = "small-v1"
INSTANCES = 5
"""With 2, 3, 4, 5 and 6 users; the mischief happens on the one with three users."""

TIMES = ("solve_seconds", "trace_seconds", "peak_memory_bytes", "cell")

HEADER = """
import os, signal, sys, time
import numpy as np
from rdebench.problems import RDEProblem
from rdebench.solvers import Solution, Solver

def equal(problem, **changes):
    users = problem.users
    power = np.full(users, (problem.power_budget - problem.scm_power[:, 0].sum()) / users)
    bandwidth = np.full(users, problem.bandwidth_budget / users)
    parts = {"scm": np.zeros(users, int), "power": power, "bandwidth": bandwidth} | changes
    return Solution(**parts)
"""

GOOD = """
class Good(Solver):
    "Equal shares."
    name = "good"
    def solve(self, problem, *, rng, budget):
        budget.spend(7)
        return equal(problem)
"""


class Silent:
    """A display that remembers which tasks were started."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.warnings: list[str] = []

    def planned(self, cells: int, there: int, instances: int) -> None:
        self.there = there

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def started(self, slot: int, task: Task) -> None:
        self.tasks.append(task)

    def advanced(self, slot: int) -> None: ...

    def finished(self, slot: int) -> None: ...

    def tick(self) -> None: ...


@contextmanager
def own_caches(folder: Path) -> Iterator[None]:
    """References stay out of the user's cache; compiled kernels are taken from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "NUMBA_CACHE_DIR", os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
        )
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield


def plan(
    names: list[str],
    plugins: list[Path],
    instances: int = INSTANCES,
    time_limit: float = 20.0,
    memory: int = 4 * GIB,
) -> SuiteRun:
    suite = Suite.load("small-v1")
    return SuiteRun(
        suite=suite,
        preset="custom",
        instances=instances,
        seed=1,
        scenarios=(Scenario.load(SCENARIO),),
        entrants=tuple(entrants(names, {}, plugins, with_plugins=True)),
        limits=Limits(suite.evaluations, None, time_limit, memory),
    )


def children() -> set[tuple[int, str]]:
    """Processes that this one has started, or that those have; what other tests keep for themselves is among them."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            found.add((process.pid, " ".join(process.cmdline())))
    return found


def run(
    folder: Path, names: list[str], plugins: list[Path], jobs: int = 2, **options: Any
) -> tuple[pd.DataFrame, Silent]:
    display, before = Silent(), children()
    runner.run([plan(names, plugins, **options)], folder, jobs, display)
    assert not children() - before
    return store.read_results(folder).rows, display


def write(path: Path, *bodies: str) -> Path:
    path.write_text(HEADER + "".join(bodies))
    return path


def mischievous(name: str, line: str) -> str:
    return f"""
class {name.title()}(Solver):
    "Misbehaves on three users."
    name = "{name}"
    def solve(self, problem, *, rng, budget):
        if problem.users != 3:
            return equal(problem)
        {line}
"""


def comparable(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Everything but times, in an order of its own."""
    rows = rows.drop(columns=list(TIMES)).sort_values(["solver", "instance"])
    return [
        {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}
        for row in rows.astype(object).where(rows.notna(), None).to_dict("records")
    ]


def heed() -> None:
    """Ctrl-C as on a terminal, also where the tests themselves run in the background and ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start(folder: Path, plugin: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rdebench.bench.cli", "run", "--suite", "small-v1", "--instances", "27"]
    command += ["--solvers", "slow", "--plugin", str(plugin), "--out", str(folder), "--jobs", "2"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=heed
    )


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
