"""Runs on a real dask cluster on this machine: the rows of a local run, whatever happens to its machines."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs
import psutil
import pytest

from rdebench.bench import runner, store
from rdebench.bench.cells import Limits, SuiteRun
from rdebench.bench.dask_executor import DaskExecutor
from rdebench.bench.executor import ExecutorError
from rdebench.bench.roster import entrants
from rdebench.bench.suite import Suite
from rdebench.bench.tasks import Task
from rdebench.problems import Scenario

pytest.importorskip("distributed", reason="dask.distributed is not installed")

INSTANCES = 60
TIMES = ("solve_seconds", "trace_seconds", "peak_memory_bytes")

PLUGIN = """
import os, time
import numpy as np
from rdebench.solvers import Solution, Solver

class Slow(Solver):
    "Equal shares, slowly, and once in a while it dies."
    name = "slow"
    def solve(self, problem, *, rng, budget):
        time.sleep(0.02)
        if rng.random() < 0.04:
            os._exit(3)
        users = problem.users
        power = np.full(users, (problem.power_budget - problem.scm_power[:, 0].sum()) / users)
        return Solution(np.zeros(users, int), power, np.full(users, problem.bandwidth_budget / users))
"""


class Quiet:
    """A display that remembers what it was told."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.there = self.done = 0

    def planned(self, cells: int, there: int, instances: int) -> None:
        self.there, self.instances = there, instances

    def warn(self, message: str) -> None: ...

    def started(self, slot: int, task: Task) -> None:
        self.sizes.append(len(task.indices))

    def advanced(self, slot: int) -> None:
        self.done += 1

    def finished(self, slot: int) -> None: ...

    def tick(self) -> None: ...


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """References of these tests stay out of the user's cache; compiled kernels are taken from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "NUMBA_CACHE_DIR", os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
        )
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


class Cluster:
    """A scheduler and two workers, processes of their own on the loopback interface."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.log = open(folder / "log", "wb")  # noqa: SIM115 (closed with the cluster)
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show",
            "--scheduler-file", str(self.file),
        )  # fmt: skip
        wait_for(self.file.exists)
        self.address = json.loads(self.file.read_text())["address"]
        self.workers = [self.worker() for _ in range(2)]

    def worker(self) -> subprocess.Popen[bytes]:
        return self._start(
            "dask_worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard",
            "--local-directory", str(self.file.parent / "spill"),
        )  # fmt: skip

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()
        self.log.close()

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{name}", *words]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    started = Cluster(tmp_path)
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plugin") / "slow.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture(scope="module")
def local(plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The rows of a run on this machine."""
    folder = tmp_path_factory.mktemp("local")
    runner.run([plan(plugin)], folder, 2, Quiet())
    rows = store.read_results(folder).rows
    assert set(rows["status"]) >= {"feasible", "violated", "error"}
    return comparable(rows)


def plan(plugin: Path) -> SuiteRun:
    suite = Suite.load("small-v1")
    return SuiteRun(
        suite=suite,
        preset="custom",
        instances=INSTANCES,
        seed=1,
        scenarios=(Scenario.load("small-v1"),),
        entrants=tuple(entrants(["random"], {}, [plugin], with_plugins=True)),
        limits=Limits(suite.evaluations, None, 20.0),
    )


def comparable(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Everything but times, in an order of its own."""
    rows = rows.drop(columns=list(TIMES)).sort_values(["solver", "instance"])
    return [
        {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}
        for row in rows.astype(object).where(rows.notna(), None).to_dict("records")
    ]


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "cells").glob("*.parquet"))


def isolated(*processes: subprocess.Popen[Any]) -> list[psutil.Process]:
    """What the processes have started."""
    found = []
    for process in processes:
        if process.poll() is None:
            found += psutil.Process(process.pid).children(recursive=True)
    return found


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_rows_are_those_of_a_local_run_though_a_machine_is_lost(
    cluster: Cluster, plugin: Path, local: list[dict[str, Any]], tmp_path: Path
) -> None:
    folder, display = tmp_path / "results", Quiet()
    lost: list[psutil.Process] = []

    def tick() -> None:
        started = isolated(cluster.workers[0])
        if not lost and len(shards(folder)) >= 2 and started:
            lost.extend(started)
            cluster.workers[0].send_signal(signal.SIGKILL)

    display.tick = tick  # type: ignore[method-assign]
    runner.run([plan(plugin)], folder, 1, display, DaskExecutor(cluster.address))
    assert lost, "the machine was not at work when it was to be lost"
    assert comparable(store.read_results(folder).rows) == local
    assert display.done == display.instances
    wait_for(lambda: all(ended(process) for process in [*lost, *isolated(*cluster.workers)]))


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)], ids=["killed", "Ctrl-C"]
)
def test_a_driver_that_is_killed_goes_on_where_it_was(
    cluster: Cluster, plugin: Path, local: list[dict[str, Any]], tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "results"
    command = [sys.executable, "-m", "rdebench.bench.cli", "run", "--suite", "small-v1"]
    command += ["--instances", str(INSTANCES), "--solvers", "random,slow"]
    command += ["--time-limit", "20", "--plugin", str(plugin), "--out", str(folder)]
    command += ["--executor", "dask", "--scheduler", cluster.address]
    driver = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=heed
    )
    try:
        wait_for(lambda: len(shards(folder)) >= 1)
        driver.send_signal(number)
        output, _ = driver.communicate(timeout=30)
    finally:
        driver.kill()
    if number == signal.SIGINT:
        assert driver.returncode == 130, output
        assert "finished cells are kept" in output
    # What was on its way is called back, so nobody works for nobody.
    wait_for(lambda: not isolated(*cluster.workers))
    kept = {path.name for path in shards(folder)}
    display = Quiet()
    runner.run([plan(plugin)], folder, 1, display, DaskExecutor(cluster.address))
    assert display.there == len(kept) > 0
    assert kept <= {path.name for path in shards(folder)}
    assert comparable(store.read_results(folder).rows) == local


def test_a_scheduler_that_goes_away_is_said(cluster: Cluster, plugin: Path, tmp_path: Path) -> None:
    display = Quiet()

    def tick() -> None:
        if shards(tmp_path / "results"):
            cluster.scheduler.kill()

    display.tick = tick  # type: ignore[method-assign]
    with pytest.raises(ExecutorError, match="finished cells are kept: start it and run again"):
        runner.run([plan(plugin)], tmp_path / "results", 1, display, DaskExecutor(cluster.address))
    assert shards(tmp_path / "results")


def test_nobody_at_the_address(plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rdebench.bench.dask_executor._CONNECT_S", 1.0)
    with pytest.raises(
        ExecutorError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9 .*start one with"
    ):
        runner.run([plan(plugin)], tmp_path, 1, Quiet(), DaskExecutor("tcp://127.0.0.1:9"))


def test_what_is_no_address_makes_no_client(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributed.Client", None)  # one with half an address hangs when it goes
    with pytest.raises(ExecutorError, match=r"no dask scheduler answers at nowhere .*missing port"):
        runner.run([plan(plugin)], tmp_path, 1, Quiet(), DaskExecutor("nowhere"))


def heed() -> None:
    """Ctrl-C as on a terminal, also where the tests themselves run in the background and ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
