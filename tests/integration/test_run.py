"""Whole runs: what solvers may do to the referee, and what survives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs
import psutil
import pytest

from rdebench.bench import runner, store
from rdebench.bench.cells import Limits, SuiteRun
from rdebench.bench.pool import Task
from rdebench.bench.roster import entrants
from rdebench.bench.suite import Suite
from rdebench.problems import Scenario
from rdebench.solvers import SolverError

SCENARIO = "small-v1"
INSTANCES = 5
"""With 2, 3, 4, 5 and 6 users; the mischief happens on the one with three users."""

TIMES = ("solve_seconds", "peak_memory_bytes", "cell")

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

MISCHIEF = {
    "raises": "raise ZeroDivisionError('on purpose')",
    "leaves": "sys.exit(0)",
    "exits": "os._exit(3)",
    "crashes": "os.kill(os.getpid(), signal.SIGSEGV)",
    "sleeps": "time.sleep(60)",
    "hogs": "raise MemoryError",
    "nan": "return equal(problem, power=np.full(3, np.nan))",
    "shape": "return equal(problem, bandwidth=np.ones((4, 3)))",
    "objects": "return equal(problem, power=np.array([None] * 3))",
    "nothing": "return None",
    "greedy": "return equal(problem, power=np.full(3, problem.power_budget))",
    "huge": "return equal(problem, power=np.full(3, 1e308))",
    "negative": "return equal(problem, bandwidth=np.array([-1.0, 1.0, 1.0]))",
    "liar": "return Solution(None, None, None, status='infeasible')",
    "low": "return equal(problem, bound=1.0)",
    "loud": "os.write(1, b'x' * 10**8); return equal(problem)",
    "forks": "os.fork() or time.sleep(60); os._exit(5)",
    "cheats": "RDEProblem.evaluate = lambda *_: 1e99; return equal(problem)",
}


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


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """References of these tests stay out of the user's cache; compiled kernels are taken from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "NUMBA_CACHE_DIR", os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
        )
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def plan(
    names: list[str], plugins: list[Path], instances: int = INSTANCES, time_limit: float = 20.0
) -> SuiteRun:
    suite = Suite.load("small-v1")
    return SuiteRun(
        suite=suite,
        preset="custom",
        instances=instances,
        seed=1,
        scenarios=(Scenario.load(SCENARIO),),
        entrants=tuple(entrants(names, {}, plugins, with_plugins=True)),
        limits=Limits(suite.evaluations, None, time_limit),
    )


def run(
    folder: Path, names: list[str], plugins: list[Path], jobs: int = 2, **options: Any
) -> tuple[pd.DataFrame, Silent]:
    display = Silent()
    runner.run([plan(names, plugins, **options)], folder, jobs, display)
    assert not psutil.Process().children(recursive=True)
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


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """One run of everything that misbehaves."""
    folder = tmp_path_factory.mktemp("trouble")
    at_import = "RDEProblem.evaluate = lambda *_: 1e99\n"
    bodies = [at_import, GOOD, *(mischievous(name, line) for name, line in MISCHIEF.items())]
    plugin = write(folder / "plugin.py", *bodies)
    rows, _ = run(folder / "results", ["random"], [plugin], time_limit=1.5)
    return rows


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("raises", "error", "ZeroDivisionError: on purpose"),
        ("leaves", "error", "SystemExit: 0"),
        ("exits", "error", "exit code 3"),
        ("crashes", "error", "killed by SIGSEGV"),
        ("sleeps", "time_limit", "killed after 1.5 s"),
        ("hogs", "memory_limit", "MemoryError"),
        ("nan", "invalid", "power holds a value that is not finite"),
        ("shape", "invalid", r"bandwidth has shape \(4, 3\); it must be \(3,\)"),
        ("objects", "invalid", "power has type object"),
        ("nothing", "invalid", "solve returned NoneType"),
        ("greedy", "violated", None),
        ("huge", "invalid", "too large"),
        ("negative", "violated", None),
        ("liar", "invalid", "infeasible, which is false"),
        ("low", "invalid", "claims the bound 1.0"),
        ("loud", "feasible", None),
        ("forks", "error", "exit code 5"),
        ("cheats", "feasible", None),
    ],
)
def test_mischief_costs_one_row(trouble: pd.DataFrame, name: str, status: str, message: str | None) -> None:
    rows = trouble[trouble["solver"] == name].set_index("instance")
    good = trouble[trouble["solver"] == "good"].set_index("instance")
    assert rows.index.tolist() == list(range(INSTANCES))
    assert rows.loc[1, "status"] == status
    if message is not None:
        assert pd.Series([rows.loc[1, "message"]]).str.contains(message).all(), rows.loc[1, "message"]
    others = [index for index in range(INSTANCES) if index != 1]
    for column in ("status", "rde", "reward", "gap", "total_power_w"):
        pd.testing.assert_series_equal(rows.loc[others, column], good.loc[others, column])


def test_a_cheat_is_scored_like_anybody_else(trouble: pd.DataFrame) -> None:
    cheat, good = (trouble[trouble["solver"] == name].set_index("instance") for name in ("cheats", "good"))
    pd.testing.assert_series_equal(cheat["rde"], good["rde"])


def test_a_violated_row_keeps_what_it_is_worth(trouble: pd.DataFrame) -> None:
    row = trouble[(trouble["solver"] == "greedy") & (trouble["instance"] == 1)].iloc[0]
    assert row["violation_power"] > 2
    assert np.isfinite([row["rde"], row["reward"]]).all()
    assert row["gap"] == 1.0
    assert len(row["power_w"]) == 3


def test_a_row_holds_what_is_needed_to_score_it_again(trouble: pd.DataFrame) -> None:
    scenario = Scenario.load(SCENARIO)
    for row in trouble[trouble["solver"] == "random"].to_dict("records"):
        problem = scenario.instance(row["instance"], row["suite_seed"])
        assert problem.content_hash() == row["instance_hash"]
        from rdebench.problems import Allocation

        allocation = Allocation(row["scm"].astype(int), row["power_w"], row["bandwidth_hz"])
        assert problem.evaluate(allocation).rde == row["rde"]


def test_evaluations_and_memory_are_measured(trouble: pd.DataFrame) -> None:
    good = trouble[trouble["solver"] == "good"]
    assert (good["evaluations"] == 7).all()
    assert good["peak_memory_bytes"].between(10**7, 10**10).all()
    assert good["solve_seconds"].between(0, 1).all()


def test_rows_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    names = ["random", "exhaustive"]
    serial, _ = run(tmp_path / "serial", names, [], jobs=1, instances=26)
    parallel, _ = run(tmp_path / "parallel", names, [], jobs=3, instances=26)
    assert comparable(serial) == comparable(parallel)
    assert len(serial) == 2 * 26
    assert set(serial.loc[serial["solver"] == "exhaustive", "status"]) == {"optimal"}


def test_only_what_is_missing_is_done_again(tmp_path: Path) -> None:
    first, _ = run(tmp_path, ["average", "random"], [], instances=26)
    again, display = run(tmp_path, ["average", "random"], [], instances=26)
    assert (display.tasks, display.there) == ([], 4)
    shards = sorted((tmp_path / "cells").iterdir())
    shards[0].unlink()
    shards[1].write_bytes(shards[1].read_bytes()[:-100])
    mended, display = run(tmp_path, ["average", "random"], [], instances=26)
    assert len(display.tasks) == 2
    assert comparable(first) == comparable(again) == comparable(mended)


def test_an_edited_plugin_leaves_no_stale_row(tmp_path: Path) -> None:
    plugin = write(tmp_path / "plugin.py", GOOD)
    before, _ = run(tmp_path / "results", ["average"], [plugin])
    write(plugin, GOOD.replace("equal(problem)", "equal(problem, power=np.zeros(problem.users))"))
    after, display = run(tmp_path / "results", ["average"], [plugin])
    assert [task.label for task in display.tasks] == [f"good on {SCENARIO}"]
    assert len(after) == len(before)
    assert (before.loc[before["solver"] == "good", "rde"] > 0).all()
    assert (after.loc[after["solver"] == "good", "rde"] == 0).all()


def test_a_plugin_edited_while_it_runs_keeps_no_row(tmp_path: Path) -> None:
    plugin = write(tmp_path / "plugin.py", GOOD)
    planned = plan(["average"], [plugin])
    write(plugin, GOOD, "# edited\n")
    with pytest.raises(SolverError, match="was changed during the run"):
        runner.run([planned], tmp_path / "results", 1, Silent())
    assert len(list((tmp_path / "results" / "cells").iterdir())) == 1


def test_code_of_ours_edited_while_it_runs_keeps_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "current_code_hash", lambda: "edited")
    with pytest.raises(SolverError, match="source code of rdebench was changed"):
        run(tmp_path, ["average"], [])
    assert not (tmp_path / "cells").exists()


def test_a_warm_up_that_kills_the_worker_costs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "warmed"
    body = mischievous("fragile", "return equal(problem)").replace(
        "if problem",
        f"if not os.path.exists({str(marker)!r}):\n"
        f"            open({str(marker)!r}, 'w').close(); os._exit(9)\n        if problem",
    )
    rows, _ = run(tmp_path / "results", ["average"], [write(tmp_path / "plugin.py", body)])
    assert "error" not in set(rows["status"])


def test_a_solver_that_learns_or_cannot_is_skipped(tmp_path: Path) -> None:
    body = """
class Learner(Solver):
    "Learns."
    name, learns = "learner", True
    def solve(self, problem, *, rng, budget): raise AssertionError

class Spectral(Solver):
    "Handles one rate."
    name, rates = "spectral", ("spectral",)
    def solve(self, problem, *, rng, budget): raise AssertionError
"""
    rows, _ = run(tmp_path / "results", ["average"], [write(tmp_path / "plugin.py", body)], instances=2)
    skipped = rows[rows["status"] == "skipped"].set_index("solver")
    assert skipped["gap"].isna().all()
    assert "has not been trained" in skipped.loc["learner", "message"].iloc[0]
    assert "does not handle the shannon rate" in skipped.loc["spectral", "message"].iloc[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise RuntimeError('no')", "RuntimeError: no"),
        ("import os; os._exit(4)", "ended with exit code 4"),
        ("import sys; sys.exit('bye')", "bye"),
        ("x = 1", "defines no subclass"),
        ("def", "SyntaxError"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_refused(tmp_path: Path, text: str, message: str) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text(text)
    with pytest.raises(SolverError, match=message):
        entrants(["average"], {}, [plugin], with_plugins=True)


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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path, number: signal.Signals) -> None:
    body = GOOD.replace("good", "slow").replace("budget.spend(7)", "time.sleep(0.04)")
    plugin, folder = write(tmp_path / "plugin.py", body), tmp_path / "results"
    process = start(folder, plugin)
    try:
        cells = folder / "cells"
        wait_for(lambda: cells.is_dir() and any(path.suffix == ".parquet" for path in cells.iterdir()))
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    wait_for(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers), 5.0)
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert "finished cells are kept" in output
    finished = [path.name for path in cells.iterdir() if path.suffix == ".parquet"]
    assert len(finished) in (1, 2)
    rows, display = run(folder, [], [plugin], instances=27, time_limit=60.0)
    assert display.there == len(finished)
    assert rows["instance"].tolist() == list(range(27))
