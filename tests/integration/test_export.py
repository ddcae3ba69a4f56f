"""Results open in other tools with one line each, and as tables for a paper."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rdebench.bench import cli, store
from rdebench.bench.cli import app
from rdebench.bench.export import JUDGED
from rdebench.bench.perf_audit import made_up_run, prove, write
from rdebench.leaderboard.latex import escape, latex

NAMES = ["plain", "=HYPERLINK(1)", r"50%_&\input{x}", "[1]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export") / "results"
    run = made_up_run(NAMES, 27, "small-v1", "small-v1")
    prove(place, run)
    write(place, run)
    return place


def exported(folder: Path, kind: str) -> Path:
    out = folder.parent / f"rows.{kind}"
    result = CliRunner().invoke(app, ["export", str(folder), "--format", kind, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "108 rows" in result.stdout
    return out


def test_parquet_holds_the_judged_rows(folder: Path) -> None:
    table = pq.read_table(exported(folder, "parquet"))
    assert table.schema.equals(JUDGED)
    rows = store.read_results(folder).rows
    for column in ("status", "gap", "bound", "badge", "rde"):
        pd.testing.assert_series_equal(
            table[column].to_pandas(), rows[column], check_dtype=False, check_names=False
        )
    assert table["scm"].to_pylist() == [list(scm) for scm in rows["scm"]]


def test_csv_holds_them_too_and_no_formula(folder: Path) -> None:
    with exported(folder, "csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = store.read_results(folder).rows
    assert list(rows[0]) == JUDGED.names
    assert [float(row["rde"]) for row in rows] == truth["rde"].tolist()
    assert [json.loads(row["power_w"]) for row in rows] == [list(power) for power in truth["power_w"]]
    assert {row["evaluations"] for row in rows} == {"1"}
    assert {row["solver"] for row in rows} == {"plain", "'=HYPERLINK(1)", r"50%_&\input{x}", "[1]"}


def test_latex_tables_are_well_formed_and_names_are_only_text(folder: Path) -> None:
    text = exported(folder, "latex").read_text()
    assert text.count("\\begin{table}") == text.count("\\end{table}") >= 1
    assert text.count("\\toprule") == text.count("\\bottomrule") == text.count("\\begin{tabular}")
    assert r"50\%\_\&\textbackslash{}input\{x\}" in text
    assert "\\input{" not in text.replace("\\textbackslash{}input", "")
    bare = re.sub(r"\\.", "", text)
    assert bare.count("{") == bare.count("}")
    columns = re.search(r"\\begin\{tabular\}\{(.*)\}", text)
    assert columns is not None
    rows = [line for line in bare.splitlines() if " & " in line]
    assert {line.count("&") for line in rows} == {len(columns[1]) - 1}
    assert "(claimed)" in text


def test_every_special_character_is_escaped() -> None:
    assert escape("a_b^c~d\\e{f}#g$h&i%\x07") == (
        r"a\_b\textasciicircum{}c\textasciitilde{}d\textbackslash{}e\{f\}\#g\$h\&i\%"
    )
    assert latex(pd.DataFrame({"suite": []}), {}).startswith("%")


def test_shards_open_in_pandas_polars_and_duckdb_with_one_line(folder: Path) -> None:
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    best = store.read_results(folder).rows.groupby("solver")["rde"].max()
    cells = folder / "cells"
    by_pandas = pd.read_parquet(cells)
    by_polars = polars.read_parquet(cells / "*.parquet")
    by_duckdb = duckdb.sql(f"select solver, max(rde) as best from '{cells}/*.parquet' group by solver").df()
    assert by_pandas.groupby("solver")["rde"].max().equals(best)
    assert dict(by_polars.group_by("solver").agg(polars.col("rde").max()).rows()) == best.to_dict()
    assert by_duckdb.set_index("solver")["best"].to_dict() == best.to_dict()


def test_an_unknown_format_gets_a_hint(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    words = ["rdebench", "export", str(folder), "--format", "parket", "--out", str(folder.parent / "x")]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert "did you mean 'parquet'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "begins"), [("r.parquet", b"PAR1"), ("r.tex", b"% Made"), ("r.txt", b"suite,")]
)
def test_the_ending_of_the_file_says_the_format(folder: Path, name: str, begins: bytes) -> None:
    out = folder.parent / name
    assert CliRunner().invoke(app, ["export", str(folder), "--out", str(out)]).exit_code == 0
    assert out.read_bytes().startswith(begins)


def test_a_link_is_followed_and_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "there.csv").touch()
    (link := tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    assert CliRunner().invoke(app, ["export", str(folder), "--out", str(link)]).exit_code == 0
    assert link.is_symlink()
    assert (tmp_path / "there.csv").read_bytes().startswith(b"suite,")


@pytest.mark.parametrize("command", ["export", "report", "submit"])
def test_what_is_no_plain_file_is_not_replaced(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, command: str
) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    more = ["--name", "A"] if command == "submit" else []
    monkeypatch.setattr(sys, "argv", ["rdebench", command, str(folder), "--out", str(pipe), *more])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert (left.value.code, pipe.is_fifo()) == (2, True)
    assert "cannot be written: It is no plain file; choose another --out" in capsys.readouterr().err
