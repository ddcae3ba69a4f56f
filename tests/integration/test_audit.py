"""The audit names whatever was changed in a results folder, and by whom it cannot have been written."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rdebench.bench import cli, manifest, reference, rescoring, store
from rdebench.bench.cli import app
from rdebench.bench.perf_audit import audit_speed
from rdebench.bench.rows import SCHEMA
from rdebench.problems import Allocation, Scenario

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "results"
    words = ["run", "--suite", "small-v1", "--instances", "6", "--solvers", "average,random+exact"]
    result = CliRunner().invoke(app, [*words, "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "results"))


def audited(folder: Path) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["audit", str(folder), "--json"])
    return result.exit_code, json.loads(result.stdout)


def faults(folder: Path) -> list[str]:
    code, report = audited(folder)
    assert code == 1
    return list(report["faults"])


def shard_of(folder: Path, solver: str = "average") -> Path:
    """The shard of the only cell of a solver."""
    (entry,) = manifest.load(folder)["suites"].values()
    (key,) = next(one["cells"] for one in entry["solvers"] if one["name"] == solver)
    (path,) = (folder / "cells").glob(f"{key}.*.parquet")
    return path


def fabricate(shard: Path, change: Callable[[Rows], object], identity: dict[str, Any] | None = None) -> None:
    """Change the rows of a shard and give it the name and the hash that go with them."""
    key, table = shard.name.split(".")[0], pq.read_table(shard)
    rows = table.to_pylist()
    change(rows)
    stated = json.loads(table.schema.metadata[b"identity"]) | (identity or {})
    store.write_shard(shard.parent.parent, key, store.encode_cell(key, stated, rows))


def test_an_honest_folder_holds(folder: Path) -> None:
    code, report = audited(folder)
    assert code == 0
    expected = {"cells": 2, "rows": 12, "instances": 6, "certificates": 6, "unproved": 0, "faults": []}
    assert report == expected


@pytest.mark.parametrize(
    "column", ["rde", "reward", "violation_latency", "total_power_w", "status", "power_w"]
)
def test_a_fabricated_number_is_found_by_scoring_again(folder: Path, column: str) -> None:
    def change(rows: Rows) -> None:
        row = rows[3]
        if column == "status":
            row["status"] = {"feasible": "violated", "violated": "feasible"}[row["status"]]
        elif column == "power_w":
            row["power_w"][0] *= 1 + 1e-6
        elif column == "violation_latency":
            row["violation_latency"] += 0.125
        else:
            row[column] *= 1 + 1e-9

    fabricate(shard_of(folder), change)
    assert any("small-v1, instance 3, average" in fault for fault in faults(folder))


def set_in(column: str, value: Any) -> Callable[[Rows], object]:
    return lambda rows: rows[3].update({column: value})


TRACE = {"trace_seconds": [0.1, 0.2], "trace_evaluations": [1, 2], "trace_rde": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda rows: rows.pop(3), "instance 3 is missing"),
        (lambda rows: rows.append(rows[3]), "instance 3 is there too often"),
        (set_in("instance", 4), "instance 4 is there too often"),
        (set_in("instance", 99), "instance 99 is there too often"),
        (set_in("solver", "other"), "solver is other, in its cell it is average"),
        (set_in("suite_seed", 7), "suite_seed is 7"),
        (set_in("scenario", "paper-v1"), "scenario is paper-v1"),
        (set_in("cell", "a" * 64), "cell is aaa"),
        (set_in("instance_hash", "a" * 64), "it is not of the instance it names"),
        (set_in("users", 7), "users"),
        (set_in("status", "optimal"), "the status is optimal"),
        (set_in("status", "error"), "scm is there, with the status error"),
        (set_in("rde", None), "rde is missing"),
        (set_in("power_w", [0.1]), "power_w does not hold one number for each"),
        (set_in("scm", [99] * 12), "scm"),
        (set_in("rde", float("nan")), "rde is nan"),
        (set_in("solve_seconds", -1.0), "solve_seconds is -1.0"),
        (set_in("solve_seconds", 1e6), "beyond its time limit"),
        (set_in("fit_seconds", 3.0), "it had no policy"),
        (set_in("peak_memory_bytes", -5), "peak_memory_bytes is -5"),
        (set_in("trace_rde", [1.0]), "not of one length"),
        (lambda rows: rows[3].update(TRACE | {"trace_rde": [2.0, 1.0]}), "trace_rde decreases"),
        (lambda rows: rows[3].update(TRACE | {"trace_rde": [1.0, 1e300]}), "the proved bound is"),
        (lambda rows: rows[3].update(TRACE | {"trace_seconds": [-1.0, 1.0]}), "trace_seconds"),
    ],
)
def test_a_row_that_cannot_be_is_named(folder: Path, change: Callable[[Rows], object], word: str) -> None:
    fabricate(shard_of(folder), change)
    assert any(word in fault for fault in faults(folder)), faults(folder)


def test_a_shard_of_another_configuration_is_named(folder: Path) -> None:
    fabricate(shard_of(folder), lambda rows: rows, {"seed": 99})
    assert any("its identity does not have the hash" in fault for fault in faults(folder))


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_one_altered_byte_of_a_shard_is_named(folder: Path, part: float) -> None:
    shard = shard_of(folder)
    data = bytearray(shard.read_bytes())
    data[int(len(data) * part)] ^= 1
    shard.write_bytes(bytes(data))
    assert any(
        f"{shard.name} was changed or is damaged (small-v1, average)" in fault for fault in faults(folder)
    )


def test_the_row_of_an_altered_byte_is_named_too(folder: Path) -> None:
    shard = shard_of(folder)
    rde = store.read_cell(folder, shard.name.split(".")[0])["rde"][3].as_py()  # type: ignore[index]
    data = shard.read_bytes()
    at = data.index(np.float64(rde).tobytes()) + 5
    shard.write_bytes(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
    named = faults(folder)
    assert any(shard.name in fault for fault in named)
    assert any("instance 3, average: rde is" in fault for fault in named)


def test_any_altered_byte_of_a_reference_or_the_manifest_is_named(folder: Path) -> None:
    for file in (sorted((folder / "references").glob("*.json"))[0], folder / "manifest.json"):
        intact = file.read_bytes()
        for at in np.linspace(0, len(intact) - 1, 12).astype(int):
            file.write_bytes(intact[:at] + bytes([intact[at] ^ 1]) + intact[at + 1 :])
            assert any(file.name in fault for fault in faults(folder)), at
        file.write_bytes(intact)
    assert audited(folder)[0] == 0


def test_a_sealed_reference_with_a_lower_bound_does_not_hold(folder: Path) -> None:
    file = sorted((folder / "references").glob("*.json"))[0]
    known = reference.read(file.parent, file.stem)
    assert known is not None
    file.write_bytes(reference.encode(known | {"bound": known["bound"] * (1 - 1e-5)}))
    assert any("certificate does not hold" in fault for fault in faults(folder))


def test_results_of_another_suite_or_scenario_of_that_name_are_named(folder: Path) -> None:
    described = manifest.load(folder)
    described["suites"]["small-v1"]["hash"] = "a" * 64
    (folder / "manifest.json").write_bytes(manifest.encode(described))
    assert faults(folder) == ["small-v1: the results are of another version of this suite"]
    described["suites"]["small-v1"]["scenarios"][0]["hash"] = "a" * 64
    (folder / "manifest.json").write_bytes(manifest.encode(described))
    assert "small-v1: the results are of another version of this scenario" in faults(folder)
    assert set(store.read_results(folder).rows["badge"]) == {"claimed"}


@pytest.mark.parametrize("change", [{"leaves": 5}, {"steps": None}, {"rows": {"theta": [[]], "mu": [None]}}])
def test_a_certificate_of_any_shape_is_named_and_harms_nothing(folder: Path, change: dict[str, Any]) -> None:
    file = sorted((folder / "references").glob("*.json"))[0]
    known = reference.read(file.parent, file.stem)
    assert known is not None
    file.write_bytes(reference.encode(known | change))
    (fault,) = faults(folder)
    assert "its certificate does not hold" in fault


def test_what_is_missing_or_too_much_is_named(folder: Path) -> None:
    sorted((folder / "references").glob("*.json"))[0].unlink()
    shard, other = shard_of(folder), shard_of(folder, "random+exact")
    shard.with_name(shard.name.replace(shard.name.split(".")[1], "0" * 16)).write_bytes(shard.read_bytes())
    (folder / "cells" / "notes.txt").write_text("mine")
    other.unlink()
    named = faults(folder)
    for words in (
        "is missing",
        "is a second shard",
        "notes.txt is no shard",
        f"{other.name.split('.')[0]}.*",
    ):
        assert any(words in fault for fault in named), words


def restate(folder: Path, change: Callable[[Rows, dict[str, Any]], object]) -> str:
    """Change rows and identity of the first solver's cell, and all hashes that go with them; its new key."""
    shard = shard_of(folder)
    table, described = pq.read_table(shard), manifest.load(folder)
    rows, identity = table.to_pylist(), json.loads(table.schema.metadata[b"identity"])
    change(rows, identity)
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    store.write_shard(folder, key, store.encode_cell(key, identity, [row | {"cell": key} for row in rows]))
    (entry,) = described["suites"].values()
    entry["solvers"][0]["cells"] = [key]
    entry["cells"] = [key for solver in entry["solvers"] for key in solver["cells"]]
    (folder / "manifest.json").write_bytes(manifest.encode(described))
    return key


def test_instances_that_were_left_out_are_missed(folder: Path) -> None:
    def drop(rows: Rows, identity: dict[str, Any]) -> None:
        del rows[1], identity["indices"][1]

    restate(folder, drop)
    told = "small-v1, average: small-v1, instance 1 is missing, but there are others up to 5"
    assert faults(folder) == [told]
    rows = store.read_results(folder).rows
    assert set(rows[rows["solver"] == "average"]["badge"]) == {"claimed"}


def test_instances_that_count_twice_are_named(folder: Path) -> None:
    def double(rows: Rows, identity: dict[str, Any]) -> None:
        rows.append(rows[0])
        identity["indices"].append(0)

    restate(folder, double)
    named = faults(folder)
    assert any("not each there once" in fault for fault in named)
    assert "small-v1, average: small-v1, instance 0 is there more than once" in named


def test_an_instance_in_two_cells_is_named(folder: Path) -> None:
    (first,) = manifest.load(folder)["suites"]["small-v1"]["solvers"][0]["cells"]

    def only_the_first(rows: Rows, identity: dict[str, Any]) -> None:
        del rows[1:], identity["indices"][1:]

    second = restate(folder, only_the_first)
    described = manifest.load(folder)
    (entry,) = described["suites"].values()
    entry["solvers"][0]["cells"] = [first, second]
    entry["cells"] = [key for solver in entry["solvers"] for key in solver["cells"]]
    (folder / "manifest.json").write_bytes(manifest.encode(described))
    assert faults(folder) == ["small-v1, average: small-v1, instance 0 is there more than once"]


def test_a_solver_without_cells_is_named(folder: Path) -> None:
    described = manifest.load(folder)
    (entry,) = described["suites"].values()
    entry["solvers"][0]["cells"] = []
    entry["cells"] = list(entry["solvers"][1]["cells"])
    (folder / "manifest.json").write_bytes(manifest.encode(described))
    assert faults(folder) == ["small-v1, average: it has no cells"]


@pytest.mark.parametrize("exact", [True, None])
def test_a_false_flag_is_named(folder: Path, exact: bool | None) -> None:
    fabricate(shard_of(folder), set_in("exact", exact))
    (fault,) = faults(folder)
    assert f"exact is {exact}, with its limits it is False" in fault


def test_a_search_without_its_budget_is_named(folder: Path) -> None:
    restate(folder, lambda rows, identity: identity["limits"].update(evaluations=None))
    assert all("exact is False, with its limits it is True" in fault for fault in faults(folder))


def test_another_solver_under_its_hash_is_named(folder: Path) -> None:
    restate(folder, lambda rows, identity: identity["solver"].update(code="0" * 64))
    (fault,) = faults(folder)
    assert "which the solver in the shard does not have" in fault


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": "Other"}, "the title is Other in the manifest"),
        ({"preset": "full"}, "the number of instances is 6 in the manifest, in the suite it is 400"),
    ],
)
def test_a_suite_under_false_words_is_named(folder: Path, change: dict[str, Any], told: str) -> None:
    described = manifest.load(folder)
    described["suites"]["small-v1"] |= change
    (folder / "manifest.json").write_bytes(manifest.encode(described))
    (fault,) = faults(folder)
    assert told in fault


def test_another_configuration_in_the_manifest_is_named(folder: Path) -> None:
    described = manifest.load(folder)
    described["suites"]["small-v1"]["solvers"][0]["configuration"] = {"better": 1}
    (folder / "manifest.json").write_bytes(manifest.encode(described))
    (fault,) = faults(folder)
    assert "the manifest has it under the configuration {'better': 1}" in fault


def test_a_badge_goes_when_a_proof_is_altered(folder: Path) -> None:
    audited(folder)
    assert set(store.read_results(folder).rows["badge"]) == {"re-scored"}
    file = sorted((folder / "references").glob("*.json"))[0]
    known = reference.read(file.parent, file.stem)
    assert known is not None
    file.write_bytes(reference.encode(known | {"status": "bounded", "bound": known["bound"] * 2}))
    assert set(store.read_results(folder).rows["badge"]) == {"claimed"}


def test_only_cells_without_a_fault_are_badged(folder: Path) -> None:
    def badges() -> dict[str, str]:
        return dict(store.read_results(folder).rows.groupby("solver")["badge"].first())

    assert set(badges().values()) == {"claimed"}
    audited(folder)
    assert badges() == {"average": "re-scored", "random+exact": "re-scored"}
    fabricate(shard_of(folder), set_in("solve_seconds", 5.0))
    assert badges() == {"average": "claimed", "random+exact": "re-scored"}
    fabricate(shard_of(folder), set_in("solve_seconds", -5.0))
    faults(folder)
    assert badges() == {"average": "claimed", "random+exact": "re-scored"}


@pytest.mark.parametrize("suite", ["small-v1", "class-infeasible-v1"])
def test_scoring_again_gives_what_each_problem_gives_alone(suite: str) -> None:
    """A made-up row whose numbers come from the problem's own ``evaluate`` has no fault, whatever the shape."""
    scenario, rng = Scenario.load(suite), np.random.default_rng(1)
    problems = {n: (problem, problem.content_hash()) for n, problem in enumerate(scenario.sample(8, 3))}
    reward, rows = scenario.reward_function(), []
    for number, (problem, instance_hash) in problems.items():
        users = problem.users
        scm, shares = rng.integers(problem.models, size=users), rng.random((2, users)) / users
        decided = Allocation(scm, shares[0] * problem.power_budget, shares[1] * problem.bandwidth_budget)
        found = problem.evaluate(decided)
        row = dict.fromkeys(SCHEMA.names) | {
            **{"suite": suite, "scenario": suite, "solver": "x", "instance": number},
            **{
                "instance_hash": instance_hash,
                "users": users,
                "models": problem.models,
                "rate": problem.rate,
            },
            **{"status": "feasible" if found.feasible else "violated", "rde": float(found.rde)},
            **{
                "scm": scm.tolist(),
                "power_w": decided.power.tolist(),
                "bandwidth_hz": decided.bandwidth.tolist(),
            },
            **{"reward": float(reward(problem, found)), "total_power_w": float(found.total_power)},
            "total_bandwidth_hz": float(found.total_bandwidth),
        }
        for kind in ("power", "bandwidth", "min_bandwidth", "latency", "sign"):
            row[f"violation_{kind}"] = float(getattr(found.violations, kind))
        rows.append(row)
    assert pa.Table.from_pylist(rows, SCHEMA).num_rows == 8
    assert rescoring.faults_of(rows, problems, reward) == []
    rows[5]["reward"] = float(rows[5]["reward"]) + 1e-3
    ((row, sentence),) = rescoring.faults_of(rows, problems, reward)
    assert row is rows[5]
    assert "reward is" in sentence


def test_no_results_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["rdebench", "audit", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2


@pytest.mark.slow
def test_the_speed_of_an_audit_is_measured_on_results_without_a_fault() -> None:
    found = audit_speed(solvers=2, count=30)
    assert found["rows"] == 60
    assert found["audit_seconds"] > 0
