"""Whole runs: rows, what is done again, and what is refused. What solvers may do to a run is in tests/hostile."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rdebench.bench import runner
from rdebench.bench.roster import entrants
from rdebench.problems import Allocation, Scenario
from rdebench.solvers import SolverError

from ..runs import GOOD, SCENARIO, Silent, comparable, mischievous, own_caches, plan, run, write


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with own_caches(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("rows")
    rows, _ = run(folder / "results", ["random"], [write(folder / "plugin.py", GOOD)])
    return rows


def test_a_row_holds_what_is_needed_to_score_it_again(rows: pd.DataFrame) -> None:
    scenario = Scenario.load(SCENARIO)
    for row in rows[rows["solver"] == "random"].to_dict("records"):
        problem = scenario.instance(row["instance"], row["suite_seed"])
        assert problem.content_hash() == row["instance_hash"]
        allocation = Allocation(row["scm"].astype(int), row["power_w"], row["bandwidth_hz"])
        assert problem.evaluate(allocation).rde == row["rde"]


def test_evaluations_and_memory_are_measured(rows: pd.DataFrame) -> None:
    good = rows[rows["solver"] == "good"]
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
    monkeypatch.setattr("rdebench.bench.work.current_code_hash", lambda: "edited")
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
