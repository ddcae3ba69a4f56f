"""What other benchmark suites get wrong, one test each; named after what happens there."""

import json
import shutil
import signal
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rdebench.bench import cli, policies, provenance, store
from rdebench.bench.rows import SCHEMA
from rdebench.bench.suite import Suite
from rdebench.leaderboard.aggregates import summarise
from rdebench.leaderboard.page import render

from ..hostile.test_interrupted import INSTANCES, SLOW, cells, marked, started
from ..results import example_manifest, result_rows
from ..runs import GOOD, own_caches, plan, run, wait_for, write

Call = Callable[..., tuple[int, str, str]]

MOST_BYTES = 3 * 10**6

LEARNER = """
class Learner(Solver):
    "Counts how often it is trained."
    name, learns = "learner", True
    def fit(self, scenario, *, seed, budget): open({marker!r}, "a").write("x")
    def save(self, path): (path / "nothing.json").write_text("{{}}")
    def load(self, path): pass
    def solve(self, problem, *, rng, budget): return equal(problem)
"""

CRASH = GOOD.replace("good", "crash").replace("budget.spend(7)", "os._exit(7)")
SLEEP = GOOD.replace("good", "sleep").replace("budget.spend(7)", "problem.users == 3 and time.sleep(600)")


@pytest.fixture(autouse=True)
def places(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(policies.VARIABLE, str(tmp_path / "policies"))
    monkeypatch.setenv("COLUMNS", "200")
    with own_caches(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture
def rdebench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command; its exit code, output and errors."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rdebench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return call


def small(folder: Path, solvers: str, plugin: Path | None = None, instances: int = 5) -> list[object]:
    words: list[object] = ["run", "--suite", "small-v1", "--instances", instances, "--solvers", solvers]
    words += ["--out", folder, "--jobs", 2]
    return words + (["--plugin", plugin] if plugin else [])


def rows_of(folder: Path) -> pd.DataFrame:
    return store.read_results(folder).rows


def test_a_learner_is_not_retrained_for_every_instance(tmp_path: Path, rdebench: Call) -> None:
    marker, folder = tmp_path / "trained", tmp_path / "results"
    plugin = write(tmp_path / "plugin.py", LEARNER.format(marker=str(marker)))
    code, _, errors = rdebench(*small(folder, "learner", plugin, 200), "--train", "--train-seconds", 1)
    assert code == 0, errors
    assert marker.read_text() == "x"
    rows = rows_of(folder)
    assert len(rows) == 200
    assert set(rows["status"]) <= {"feasible", "optimal", "violated"}


def test_an_edited_problem_leaves_no_stale_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "sources"
    for room in ("problems", "solvers", "bench", "scm_zoo"):
        ignored = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.npz")
        shutil.copytree(provenance.ROOT / room, sources / room, ignore=ignored)
    monkeypatch.setattr(provenance, "ROOT", sources)

    def done_again() -> int:
        provenance.code_hash.cache_clear()
        provenance.code_hashes.cache_clear()
        return len(run(tmp_path / "results", ["average", "random"], [])[1].tasks)

    try:
        assert done_again() == 3  # the references, too
        assert done_again() == 0
        physics = sources / "problems" / "rde.py"
        physics.write_text(physics.read_text() + "\n# edited\n")
        assert done_again() == 2
    finally:
        provenance.code_hash.cache_clear()
        provenance.code_hashes.cache_clear()


def test_a_crashed_solver_leaves_its_rows_and_an_exit_code(tmp_path: Path, rdebench: Call) -> None:
    plugin = write(tmp_path / "plugin.py", CRASH)
    code, printed, _ = rdebench(*small(tmp_path / "results", "average,crash", plugin))
    assert code == 1
    assert "error 5" in printed or "5 error" in printed, printed
    rows = rows_of(tmp_path / "results").set_index("solver")
    assert rows.loc["crash", "status"].tolist() == ["error"] * 5
    assert (rows.loc["crash", "gap"] == 1.0).all()
    assert "error" not in set(rows.loc["average", "status"])


def test_a_time_limit_stops_a_solver_that_sleeps(tmp_path: Path, rdebench: Call) -> None:
    plugin = write(tmp_path / "plugin.py", SLEEP)
    code, _, _ = rdebench(*small(tmp_path / "results", "average,sleep", plugin), "--time-limit", 2)
    assert code == 1
    rows = rows_of(tmp_path / "results")
    mine = rows[rows["solver"] == "sleep"].sort_values("instance")
    assert mine["status"].eq("time_limit").tolist() == [False, True, False, False, False]
    assert len(rows) == 10


def test_a_run_that_is_killed_keeps_what_is_finished(tmp_path: Path) -> None:
    folder, mark = tmp_path / "results", uuid.uuid4().hex
    plugin = write(tmp_path / "plugin.py", SLOW)
    with started(folder, "average,slow", plugin, mark) as process:
        wait_for(lambda: folder.is_dir() and len(store.list_cells(folder)) > 0, 60.0)
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not marked(mark), 20.0)
    finished = cells(folder)
    rows, display = run(folder, ["average"], [plugin], instances=INSTANCES, time_limit=60.0)
    assert display.there == len(finished) > 0
    assert len(rows) == 2 * INSTANCES


def test_a_merge_drops_no_instance(tmp_path: Path, rdebench: Call) -> None:
    for name, solver in (("one", "average"), ("two", "random")):
        assert rdebench(*small(tmp_path / name, solver, instances=30))[0] == 0
    code, _, errors = rdebench("merge", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "both")
    assert code == 0, errors
    rows = rows_of(tmp_path / "both")
    assert rows.groupby("solver")["instance"].apply(sorted).to_dict() == {
        "average": list(range(30)),
        "random": list(range(30)),
    }


def test_a_page_of_a_thousand_instances_is_one_small_file() -> None:
    solvers = {f"solver-{n}": (0.01 * n, 1e-4 * (n + 1)) for n in range(12)}
    rows = result_rows("paper-v1", ["paper-m12-v1"], 1_000, solvers)
    manifest = example_manifest()
    paper = manifest["suites"]["paper-v1"]
    paper["solvers"] = [{"name": name, "summary": "", "configuration": {}} for name in solvers]
    paper["scenarios"] = [one for one in paper["scenarios"] if one["id"] == "paper-m12-v1"]
    page = render(rows, manifest | {"suites": {"paper-v1": paper}})
    assert all(name in page for name in solvers)
    assert len(page.encode()) <= MOST_BYTES


def test_a_row_says_how_it_was_made_and_can_be_checked(tmp_path: Path, rdebench: Call) -> None:
    folder = tmp_path / "results"
    assert rdebench(*small(folder, "average,random"))[0] == 0
    code, printed, errors = rdebench("replay", "small-v1/small-v1/3/random", "--results", folder, "--json")
    assert code == 0, errors
    assert json.loads(printed)["identical"]
    key = rows_of(folder).query("solver == 'random'")["cell"].iloc[0]
    identity = store.identity_of(folder, key)
    assert identity is not None
    assert identity["solver"]["name"] == "random"
    assert identity["limits"]["evaluations"] == Suite.load("small-v1").evaluations
    code, _, errors = rdebench("audit", folder)
    assert code == 0, errors
    assert set(rows_of(folder)["badge"]) == {"re-scored", "re-run"}


def test_a_score_comes_with_an_interval_over_instances() -> None:
    rows = result_rows(
        "paper-v1", ["paper-m6-v1", "paper-m12-v1"], 30, {"one": (0.2, 1e-3), "two": (0.3, 1e-3)}
    )
    summary = summarise(rows)
    assert (summary["gap_low"] < summary["gap"]).all()
    assert (summary["gap"] < summary["gap_high"]).all()


@pytest.mark.parametrize("name", ["paper-v1", "small-v1", "classes-v1", "zoo-v1", "paper-literal-v1"])
def test_a_suite_has_more_than_one_instance(name: str) -> None:
    suite = Suite.load(name)
    assert min(suite.instances(preset) for preset in ("quick", "standard", "full")) > 1


def test_all_solvers_have_the_same_budget(tmp_path: Path) -> None:
    plugin = write(tmp_path / "plugin.py", GOOD)
    names = ["average", "random", "genetic", "local-search", "optuna-search", "exhaustive", "certified"]
    made = plan(names, [plugin]).cells()
    assert {cell.entrant.name for cell in made} == {*names, "good"}
    assert len({(cell.limits.seconds, cell.limits.time_limit, cell.limits.memory) for cell in made}) == 1
    assert {cell.limits.evaluations for cell in made if not cell.entrant.exact} == {
        Suite.load("small-v1").evaluations
    }


def test_what_training_took_is_in_the_row() -> None:
    assert {"fit_seconds", "solve_seconds", "evaluations"} <= set(SCHEMA.names)
