"""The audit names whatever was changed in a results folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rdebench.bench.cli import app


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


def audited(folder: Path) -> tuple[int, dict]:
    result = CliRunner().invoke(app, ["audit", str(folder), "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_an_honest_folder_holds(folder: Path) -> None:
    code, report = audited(folder)
    assert code == 0
    assert report == {"rows": 12, "instances": 6, "certificates": 6, "unproved": 0, "faults": []}


@pytest.mark.parametrize(
    "column", ["rde", "reward", "violation_latency", "total_power_w", "status", "power_w"]
)
def test_a_changed_column_is_named(folder: Path, column: str) -> None:
    shard = sorted((folder / "cells").glob("*.parquet"))[0]
    table = pq.read_table(shard)
    values = table[column].to_pylist()
    others = {"feasible": "violated", "violated": "feasible"}
    if column == "status":
        values[3] = others[values[3]]
    elif column == "power_w":
        values[3][0] *= 1 + 1e-6
    elif column == "violation_latency":
        values[3] = 0.125
    else:
        values[3] *= 1 + 1e-9
    at = table.schema.get_field_index(column)
    changed = table.set_column(
        at, table.schema.field(column), pa.array(values, table.schema.field(column).type)
    )
    pq.write_table(changed, shard, write_page_checksum=True)
    code, report = audited(folder)
    assert code == 1
    name = f"small-v1, instance {table['instance'][3].as_py()}, {table['solver'][3].as_py()}"
    assert any(name in fault for fault in report["faults"])


def test_one_flipped_byte_is_named(folder: Path) -> None:
    shard = sorted((folder / "cells").glob("*.parquet"))[0]
    data = bytearray(shard.read_bytes())
    data[len(data) // 3] ^= 1
    shard.write_bytes(bytes(data))
    code, report = audited(folder)
    assert code == 1
    assert any(shard.name in fault for fault in report["faults"])


def test_a_lowered_bound_is_named(folder: Path) -> None:
    file = sorted((folder / "references").glob("*.json"))[0]
    certificate = json.loads(file.read_text())
    certificate["bound"] *= 1 - 1e-5
    file.write_text(json.dumps(certificate))
    code, report = audited(folder)
    assert code == 1
    assert any("certificate does not hold" in fault for fault in report["faults"])


def test_a_missing_proof_is_named(folder: Path) -> None:
    sorted((folder / "references").glob("*.json"))[0].unlink()
    code, report = audited(folder)
    assert code == 1
    assert any("its reference is missing" in fault for fault in report["faults"])


def test_no_results_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rdebench.bench import cli

    monkeypatch.setattr("sys.argv", ["rdebench", "audit", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
