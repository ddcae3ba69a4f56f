"""Merging keeps every row, and refuses in a sentence what cannot stand on one board."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from typer.testing import CliRunner

from rdebench.bench import cli, manifest, merge, reference, store
from rdebench.bench.cells import Cell, SuiteRun
from rdebench.bench.cli import app
from rdebench.bench.manifest import ResultsError
from rdebench.bench.perf_audit import made_up_run, prove, write
from rdebench.bench.provenance import numerical_versions
from rdebench.leaderboard import page


def made(folder: Path, solvers: Sequence[str], count: int = 3, **changes: Any) -> SuiteRun:
    """Results of made-up solvers on ``count`` instances of the small suite."""
    run = dataclasses.replace(made_up_run(solvers, count, "small-v1", "small-v1"), **changes)
    prove(folder, run)
    write(folder, run)
    return run


def rows_of(folder: Path) -> set[tuple[str, int, float | None]]:
    rows = store.read_results(folder).rows
    return set(zip(rows["solver"], rows["instance"], rows["rde"], strict=True))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(sources: Sequence[Path], out: Path) -> str:
    """The sentence with which a merge is refused; nothing is written then."""
    before = contents(out) if out.exists() else None
    with pytest.raises(ResultsError) as error:
        merge.merge(sources, out)
    after = contents(out) if out.exists() else None
    assert (None if after is None else {name: after[name] for name in after if name != ".lock"}) == before
    assert not list(out.parent.glob(f".{out.name}.*"))
    return str(error.value)


def test_400_rows_and_400_rows_of_other_solvers_are_800_rows(tmp_path: Path) -> None:
    made(tmp_path / "a", [f"a{n}" for n in range(10)], 40)
    made(tmp_path / "b", [f"b{n}" for n in range(10)], 40)
    words = ["merge", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "all"), "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == 800
    assert rows_of(tmp_path / "all") == rows_of(tmp_path / "a") | rows_of(tmp_path / "b")
    audited = CliRunner().invoke(app, ["audit", str(tmp_path / "all"), "--json"])
    assert audited.exit_code == 0
    assert json.loads(audited.stdout)["rows"] == 800


def test_bundles_and_folders_are_joined_and_what_is_there_counts_as_a_source(tmp_path: Path) -> None:
    for name in "abc":
        made(tmp_path / name, [name])
    packed = CliRunner().invoke(app, ["submit", str(tmp_path / "a"), "--out", str(tmp_path / "a.zip")])
    assert packed.exit_code == 0, packed.output
    merge.merge([tmp_path / "a.zip", tmp_path / "b"], tmp_path / "all")
    merge.merge([tmp_path / "c"], tmp_path / "all")
    assert {solver for solver, *_ in rows_of(tmp_path / "all")} == {"a", "b", "c"}
    done = merge.merge([tmp_path / "all", tmp_path / "c"], tmp_path / "all")
    assert (done.sources, done.rows, done.repeated) == (2, 9, 1)


def test_what_is_merged_is_claimed_whatever_its_source_was(tmp_path: Path) -> None:
    made(tmp_path / "a", ["a"])
    made(tmp_path / "all", ["b"])
    for folder in ("a", "all"):
        assert CliRunner().invoke(app, ["audit", str(tmp_path / folder)]).exit_code == 0
    merge.merge([tmp_path / "a"], tmp_path / "all")
    badges = store.read_results(tmp_path / "all").rows.groupby("solver")["badge"].first()
    assert badges.to_dict() == {"a": "claimed", "b": "re-scored"}


def test_what_somebody_else_did_to_a_source_stays_on_record(tmp_path: Path) -> None:
    for name in "abc":
        made(tmp_path / name, [name])
    manifest.mark(tmp_path / "a", ["x was changed", "y was changed"])
    manifest.mark(tmp_path / "b", ["y was changed", "z was changed"])
    merge.merge([tmp_path / name for name in "abc"], tmp_path / "all")
    told = manifest.load(tmp_path / "all")["incidents"]
    assert told == ["x was changed", "y was changed", "z was changed"]
    merge.merge([tmp_path / "c"], tmp_path / "calm")
    assert "incidents" not in manifest.load(tmp_path / "calm")


def test_runs_of_different_lengths_keep_every_row(tmp_path: Path) -> None:
    made(tmp_path / "a", ["a"], 30)
    made(tmp_path / "b", ["b"], 4)
    merge.merge([tmp_path / "b", tmp_path / "a"], tmp_path / "all")
    results = store.read_results(tmp_path / "all")
    assert results.rows.groupby("solver").size().to_dict() == {"a": 30, "b": 4}
    assert results.manifest["suites"]["small-v1"]["instances"] == 30
    assert "--solvers b,a" in results.manifest["suites"]["small-v1"]["command"]
    assert "ran on 4 of 30" in page.render(results.rows, results.manifest)


def shorter(folder: Path, run: SuiteRun, count: int) -> None:
    """The same answers to the first instances, as a shorter run of the same solvers would have given."""
    short = dataclasses.replace(run, instances=count)
    prove(folder, short)
    manifest.record(folder, short)
    long = {cell.scenario.id: cell for cell in run.cells()}
    for cell in short.cells():
        rows = store.read_cell(folder.parent / "long", long[cell.scenario.id].key)
        assert rows is not None
        kept = [row | {"cell": cell.key} for row in rows.to_pylist() if row["instance"] in cell.indices]
        store.write_shard(folder, cell.key, store.encode_cell(cell.key, cell.identity, kept))


def test_a_shorter_run_of_the_same_solver_is_in_the_longer_one(tmp_path: Path) -> None:
    run = made(tmp_path / "long", ["a"], 9)
    shorter(tmp_path / "short", run, 4)
    for number, order in enumerate((["short", "long"], ["long", "short"])):
        out = tmp_path / f"all{number}"
        done = merge.merge([tmp_path / name for name in order], out)
        assert (done.rows, done.cells, done.repeated) == (9, 1, 1)
        assert rows_of(out) == rows_of(tmp_path / "long")
    merge.merge([tmp_path / "long"], tmp_path / "short")
    assert len(list((tmp_path / "short" / "cells").iterdir())) == 1


def altered(folder: Path, **values: Any) -> None:
    """Write other values into the second row of the first cell."""
    (entry,) = manifest.load(folder)["suites"].values()
    key = entry["cells"][0]
    table, identity = store.read_cell(folder, key), store.identity_of(folder, key)
    assert table is not None
    assert identity is not None
    rows = table.to_pylist()
    rows[1] |= values
    store.write_shard(folder, key, store.encode_cell(key, identity, rows))


def test_the_same_cell_with_other_times_is_kept_once_and_with_other_decisions_refused(tmp_path: Path) -> None:
    for name in "ab":
        made(tmp_path / name, ["x"])
    altered(tmp_path / "b", solve_seconds=9.0)
    done = merge.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert (done.rows, done.repeated) == (3, 1)
    altered(tmp_path / "b", rde=1.0)
    sentence = refused([tmp_path / "a", tmp_path / "b"], tmp_path / "more")
    for part in ("/a and ", "/b cannot be merged", "x on small-v1", "instance 1", "differ in rde", "replay"):
        assert part in sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 9}, "the seeds of the suite small-v1 differ (1 and 9)"),
        ({"limits": "longer"}, "the limits of the suite small-v1 differ"),
        ({"suite": "roomier"}, "the versions of the suite small-v1 differ"),
        ({"scenarios": "other"}, "the versions of the scenario small-v1 differ"),
        ({"entrants": "configured"}, "the solvers called a in the suite small-v1 differ"),
    ],
)
def test_results_that_do_not_compare_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    run = made(tmp_path / "a", ["a"])
    scenario = run.scenarios[0]
    others = {
        "longer": dataclasses.replace(run.limits, time_limit=99.0),
        "roomier": run.suite.model_copy(update={"memory_limit_gib": 5.0}),
        "other": (scenario.model_copy(update={"users": [2]}),),
        "configured": (dataclasses.replace(run.entrants[0], configuration={"k": 1}),),
    }
    made(tmp_path / "b", ["a"], **{name: others.get(value, value) for name, value in changes.items()})
    made(tmp_path / "all", ["c"])
    sentence = refused([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert words in sentence
    assert "/all and " in sentence or "/a and " in sentence
    assert "/b cannot be merged" in sentence
    assert ("run one of them again" in sentence) or ("give one of them another name" in sentence)


def test_another_version_of_the_problem_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "a", ["a"])
    identity = Cell.identity.fget  # type: ignore[attr-defined]
    code = {"problems": "f" * 64}
    monkeypatch.setattr(
        Cell, "identity", property(lambda cell: identity(cell) | {"code": identity(cell)["code"] | code})
    )
    made(tmp_path / "b", ["b"])
    assert "the versions of the problem" in refused([tmp_path / "a", tmp_path / "b"], tmp_path / "all")


def test_one_solver_under_two_package_versions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "a", ["a"])
    versions = numerical_versions() | {"numpy": "9"}
    monkeypatch.setattr("rdebench.bench.cells.numerical_versions", lambda: versions)
    made(tmp_path / "b", ["a"])
    sentence = refused([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert "both have a on small-v1" in sentence
    assert f"different versions (numpy: {numpy.__version__} and 9)" in sentence
    made(tmp_path / "c", ["c"])
    assert merge.merge([tmp_path / "a", tmp_path / "c"], tmp_path / "all").rows == 6


def test_of_two_certificates_the_tighter_sound_one_is_kept(tmp_path: Path) -> None:
    for name in "ab":
        made(tmp_path / name, [name])
    file = sorted((tmp_path / "a" / "references").iterdir())[0]
    known = reference.read(file.parent, file.stem)
    assert known is not None
    file.write_bytes(reference.encode(known | {"bound": known["bound"] * (1 + 1e-9), "status": "bounded"}))
    merge.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert reference.read(tmp_path / "all" / "references", file.stem) == known
    file.write_bytes(reference.encode(known | {"bound": known["bound"] * 0.9}))
    sentence = refused([tmp_path / "b", tmp_path / "a"], tmp_path / "more")
    assert "does not hold" in sentence
    assert sentence.startswith(str(tmp_path / "a"))


def test_a_run_that_is_not_finished_or_has_strange_rows_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "a", ["a", "b"])
    altered(tmp_path / "a", solver="c")
    assert "instance 1, c: solver is c" in refused([tmp_path / "a"], tmp_path / "all")
    sorted((tmp_path / "a" / "cells").iterdir())[0].unlink()
    assert "1 of 2 cells are not finished" in refused([tmp_path / "a"], tmp_path / "all")


def test_a_refusal_is_one_sentence_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["rdebench", "merge", str(tmp_path / "none"), "--out", str(tmp_path / "all")]
    )
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert "none cannot be read" in capsys.readouterr().err
