"""A replay does a stored cell again, and says what is not the same."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rdebench.bench import cli, manifest, store
from rdebench.bench.cli import app
from rdebench.problems import Scenario

PLUGIN = '''
import numpy as np

from rdebench.solvers import Solution, Solver


class Drawn(Solver):
    """Random models with equal shares, from the best of a few."""

    name = "drawn"
    deterministic = False

    def solve(self, problem, *, rng, budget):
        users = np.arange(problem.users)
        for _ in range(3):
            scm = rng.integers(problem.models, size=problem.users)
            left = problem.power_budget - problem.scm_power[users, scm].sum()
            power = np.full(problem.users, max(left, 0.0) / problem.users)
            bandwidth = np.full(problem.users, problem.bandwidth_budget / problem.users)
            budget.spend()
            budget.report(scm, power, bandwidth)
        return Solution(scm, power, bandwidth)
'''

ROW = "small-v1/small-v1/{}/{}"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("replay")
    plugin = place / "mine.py"
    plugin.write_text(PLUGIN)
    words = [
        "run",
        "--suite",
        "small-v1",
        "--instances",
        "4",
        "--solvers",
        "average,local-search,drawn",
    ]
    result = CliRunner().invoke(app, [*words, "--plugin", str(plugin), "--out", str(place / "results")])
    assert result.exit_code == 0, result.output
    return place


@pytest.fixture
def place(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "place"))


def replayed(place: Path, row: str, *words: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["replay", row, "--results", str(place / "results"), "--json", *words])
    return result.exit_code, json.loads(result.stdout) if result.stdout else {}


def badges(place: Path) -> dict[str, str]:
    return dict(store.read_results(place / "results").rows.groupby("solver")["badge"].first())


def refusal(place: Path, row: str, monkeypatch: pytest.MonkeyPatch, capsys: Any, *words: str) -> str:
    """The sentence with which a replay is refused as wrong usage."""
    monkeypatch.setattr(sys, "argv", ["rdebench", "replay", row, "--results", str(place / "results"), *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    return str(capsys.readouterr().err)


@pytest.mark.parametrize("solver", ["average", "local-search"])
def test_an_honest_cell_is_identical_and_badged(place: Path, solver: str) -> None:
    code, done = replayed(place, ROW.format(2, solver))
    assert code == 0
    assert (done["identical"], done["rows"], done["notes"], done["differences"]) == (True, 4, [], [])
    assert badges(place)[solver] == "re-run"
    assert badges(place)["drawn"] == "claimed"
    CliRunner().invoke(app, ["audit", str(place / "results")])
    assert badges(place) | {solver: "re-run"} == badges(place)


def test_a_solver_of_a_plugin_needs_that_very_file(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    row, plugin = ROW.format(1, "drawn"), place / "mine.py"
    assert "--plugin mine.py" in refusal(place, row, monkeypatch, capsys)
    code, done = replayed(place, row, "--plugin", str(plugin))
    assert (code, done["identical"]) == (0, True)
    plugin.write_text(PLUGIN.replace("range(3)", "range(4)"))
    assert "is another" in refusal(place, row, monkeypatch, capsys, "--plugin", str(plugin))


@pytest.mark.parametrize("column", ["rde", "power_w", "trace_rde", "status"])
def test_a_fabricated_row_is_named(place: Path, column: str) -> None:
    (entry,) = manifest.load(place / "results")["suites"].values()
    (key,) = next(solver["cells"] for solver in entry["solvers"] if solver["name"] == "local-search")
    (shard,) = (place / "results" / "cells").glob(f"{key}.*")
    table = pq.read_table(shard)
    rows = table.to_pylist()
    if column == "status":
        rows[2]["status"] = "violated"
    elif column == "rde":
        rows[2]["rde"] *= 0.9
    else:
        rows[2][column][0] *= 1 + 1e-15
    identity = json.loads(table.schema.metadata[b"identity"])
    store.write_shard(place / "results", key, store.encode_cell(key, identity, rows))
    code, done = replayed(place, ROW.format(0, "local-search"))
    assert code == 1
    assert len(done["differences"]) == 1
    assert done["differences"][0].startswith(f"instance 2: {column}")
    assert badges(place)["local-search"] == "claimed"


def test_a_row_with_a_budget_of_seconds_is_scored_again(tmp_path: Path) -> None:
    words = [
        "--suite",
        "small-v1",
        "--instances",
        "2",
        "--solvers",
        "local-search",
        "--seconds",
        "0.05",
    ]
    assert CliRunner().invoke(app, ["run", *words, "--out", str(tmp_path / "results")]).exit_code == 0
    result = CliRunner().invoke(
        app, ["replay", ROW.format(0, "local-search"), "--results", str(tmp_path / "results")]
    )
    assert result.exit_code == 0
    assert "scored again instead" in result.stdout
    assert badges(tmp_path) == {"local-search": "re-scored"}


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ("smal-v1/small-v1/0/average", "did you mean 'small-v1'"),
        ("small-v1/small-v2/0/average", "did you mean 'small-v1'"),
        ("small-v1/small-v1/0/averge", "did you mean 'average'"),
        ("small-v1/small-v1/4/average", "use 0 to 3"),
        ("small-v1/small-v1/-1/average", "use 0 to 3"),
        ("average", "SUITE/SCENARIO/INSTANCE/SOLVER, as in small-v1/small-v1/0/average"),
    ],
)
def test_an_unknown_row_gets_a_hint(
    finished: Path, row: str, hint: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert hint in refusal(finished, row, monkeypatch, capsys)


def test_other_versions_are_told_and_compared_all_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rdebench.bench.replay.numerical_versions", lambda: {"python": "3.99", "numpy": "9"})
    rooms = {"problems": "x", "solvers": "x", "bench": "x", "scm_zoo": "x"}
    monkeypatch.setattr("rdebench.bench.replay.code_hashes", lambda: rooms)
    code, done = replayed(place, ROW.format(0, "average"))
    assert (code, done["identical"]) == (0, True)
    assert any("the sources of bench and problems" in note for note in done["notes"])
    assert any(note.startswith("numpy was") and note.endswith("here it is 9") for note in done["notes"])


def test_another_scenario_or_suite_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    true = Scenario.load("small-v1")
    with monkeypatch.context() as patched:
        other = true.model_copy(update={"users": [2]})
        patched.setattr("rdebench.bench.replay.Scenario.load", lambda _: other)
        assert "the scenario small-v1 here is not the one" in refusal(
            place, ROW.format(0, "average"), patched, capsys
        )
    monkeypatch.setattr("rdebench.bench.suite.Suite.content_hash", lambda _: "x")
    sentence = refusal(place, ROW.format(0, "average"), monkeypatch, capsys)
    assert "the suite small-v1 here is not the one" in sentence
