"""The leaderboard in the terminal: the numbers of the page, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from rdebench.bench import cli, instance_data, store
from rdebench.bench.cli import app
from rdebench.bench.grid import Column, fitted
from rdebench.bench.perf_audit import made_up_run, prove, write
from rdebench.leaderboard.aggregates import summarise_view

NAMES = ["plain", "=HYPERLINK(1)", "[red]loud[/]", "turned\u202eround"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("show") / "results"
    run = made_up_run(NAMES, 27, "small-v1", "small-v1")
    prove(place, run)
    write(place, run)
    return place


def shown(folder: Path, *options: str, columns: str | None = None) -> str:
    result = CliRunner().invoke(
        app, ["show", str(folder), *options], env={"COLUMNS": columns, "NO_COLOR": "1"}
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *options: str
) -> str:
    """What is said on standard error of options that cannot be used."""
    monkeypatch.setattr(sys, "argv", ["rdebench", "show", str(folder), *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    return re.sub(r"[\s│]+", " ", capsys.readouterr().err)


def test_a_pipe_gets_all_columns_and_nothing_but_text(folder: Path) -> None:
    text = shown(folder)
    assert "small-v1" in text
    assert "27 instances" in text
    for name in ("plain", "=HYPERLINK(1)", "[red]loud[/]", "turned?round"):
        assert len(re.findall(rf"^{re.escape(name)} ", text, re.MULTILINE)) == 1
    assert "\x1b" not in text
    assert "for want of width" not in text


def test_in_eighty_columns_the_solver_its_gap_and_its_time_stay(folder: Path) -> None:
    text = shown(folder, columns="80")
    table = text[text.index("\n27 instances") + 1 :].splitlines()
    assert max(map(len, table[:6])) <= 80
    assert all(word in table[1] for word in ("Solver", "gap", "Time"))
    assert "for want of width" in text


def test_json_and_csv_hold_the_numbers_of_the_page_in_its_order(folder: Path) -> None:
    truth = summarise_view(store.read_results(folder).rows).set_index("solver")
    (suite,) = json.loads(shown(folder, "--json"))["suites"]
    assert suite["suite"] == "small-v1"
    assert suite["refuted"] == []
    lines = list(csv.DictReader(io.StringIO(shown(folder, "--csv"))))
    assert [line["solver"].removeprefix("'") for line in lines] == [
        one["solver"] for one in suite["solvable"]
    ]
    assert {line["solver"] for line in lines} >= {"plain", "'=HYPERLINK(1)"}
    for line, one in zip(lines, suite["solvable"], strict=True):
        mine = truth.loc[one["solver"]]
        for column in (
            "gap",
            "gap_iqm",
            "gap_iqm_low",
            "feasible_share",
            "seconds",
            "memory",
            "total",
            "violated",
        ):
            assert one[column] == mine[column] == float(line[column])
        assert one["training"] is None
        assert line["training"] == ""
        assert (line["family"], one["family"], line["instances"]) == ("other", "other", "solvable")
    gaps = [one["gap"] for one in suite["solvable"]]
    assert gaps == sorted(gaps)


def test_filters_choose_instances_and_solvers(folder: Path) -> None:
    rows = store.read_results(folder).rows
    few = rows[rows["users"] == 3]
    (suite,) = json.loads(shown(folder, "--users", "3", "--class", "small", "--rate", "shannon", "--json"))[
        "suites"
    ]
    assert suite["solvable"][0]["total"] == few["instance"].nunique() < 27
    one = next(one for one in suite["solvable"] if one["solver"] == "plain")
    assert one["gap"] == pytest.approx(few[few["solver"] == "plain"]["gap"].mean())
    (all_of,) = json.loads(shown(folder, "--family", "other", "--json"))["suites"]
    assert len(all_of["solvable"]) == len(NAMES)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--suite", "smal-v1"], "--suite is 'smal-v1'; did you mean 'small-v1'?"),
        (["--users", "7"], "--users is '7'; use one of 2, 3, 4, 5, 6"),
        (["--class", "smal"], "did you mean 'small'?"),
        (["--rate", "shanon"], "did you mean 'shannon'?"),
        (["--family", "exact"], "--family is 'exact'; use one of other"),
        (["--budget", "-1"], "give a finite number above zero"),
        (["--solver", "plain"], "--solver goes with --instance"),
        (["--json", "--csv"], "exclude each other"),
        (["--instance", "small-v1/3", "--users", "3"], "goes with --suite, --solver and --json only"),
        (["--instance", "small-v1"], "it must be SCENARIO/NUMBER, as in small-v1/0"),
        (["--instance", "small-v1/x"], "it must be SCENARIO/NUMBER"),
        (["--instance", "smal-v1/3"], "did you mean 'small-v1'?"),
        (["--instance", "small-v1/27"], "small-v1 has the instances 0 to 26"),
        (["--instance", "small-v1/3", "--solver", "plane"], "did you mean 'plain'?"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    options: list[str],
    said: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert said in refused(folder, capsys, monkeypatch, *options)


def test_an_instance_has_a_line_for_each_solver(folder: Path) -> None:
    text = shown(folder, "--instance", "small-v1/3")
    for name in ("plain", "=HYPERLINK(1)", "[red]loud[/]", "turned?round"):
        assert len(re.findall(rf"^{re.escape(name)} ", text, re.MULTILINE)) == 1
    assert "optimum RDE" in text
    found = json.loads(shown(folder, "--instance", "small-v1/3", "--json"))
    assert set(found["answers"]) == set(NAMES)


def test_a_solver_is_shown_beside_the_optimum_user_by_user(folder: Path) -> None:
    found = json.loads(shown(folder, "--instance", "small-v1/3", "--solver", "plain", "--json"))
    assert list(found["answers"]) == ["plain"]
    answer, best = found["answers"]["plain"], found["optimum"]
    text = shown(folder, "--instance", "small-v1/3", "--solver", "plain")
    lines = text.splitlines()
    given = [line for line in lines if re.match(r"\d+ .* answer ", line.strip())]
    optimal = [line for line in lines if line.strip().startswith("optimum  ")]
    assert len(given) == len(optimal) == found["users"]
    for user, (mine, its) in enumerate(zip(given, optimal, strict=True)):
        assert found["models"][answer["scm"][user]] in mine
        assert found["models"][best["scm"][user]] in its
        assert ("*" in mine) == (answer["scm"][user] != best["scm"][user])
        late = answer["latency_s"][user]
        assert ("!" in mine) == (late is None or late > found["deadline_s"][user] * 1.001)
    assert f"gap {answer['gap']:.0%}"[:5] in text
    # What is decided adds up to the total, with what the SCMs themselves take.
    compute = [found["compute_w"][user][scm] for user, scm in enumerate(answer["scm"])]
    assert sum(answer["power_w"]) + sum(compute) == pytest.approx(answer["total_power_w"], rel=1e-3)


def test_help_has_examples_and_starts_no_heavy_package(folder: Path) -> None:
    command = "import sys; from rdebench.bench import cli; sys.argv = ['rdebench', 'show', '--help']\n"
    command += "try: cli.main()\nexcept SystemExit: pass\n"
    command += "print([name for name in ('pandas', 'pyarrow', 'torch') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", command],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "120"},
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "rdebench show results --suite paper-v1" in done.stdout


def test_a_table_loses_its_columns_in_the_order_that_is_stated() -> None:
    columns = [Column(key, key * 3, (key * 8, "1")) for key in "abcd"]
    for width, kept in ((38, "abcd"), (37, "acd"), (28, "acd"), (27, "ad"), (5, "ad")):
        table, left_out = fitted(Console(width=width), "", [columns], "bc")
        assert [column.header for column in table.columns] == [key * 3 for key in kept]
        assert left_out == [key * 3 for key in "bc" if key not in kept]
    short = [Column("a", "a", ("1",))]
    assert len(fitted(Console(width=20), "", [columns, short], "a")[0].columns) == 1


@pytest.mark.parametrize("left_out", [[], ["small-v1 is left out of the allocations: it is another one"]])
def test_the_page_holds_some_instances_and_warns_of_those_it_cannot_draw(
    left_out: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if left_out:
        monkeypatch.setattr(instance_data, "read_instances", lambda *_: ({}, left_out))
    page = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["report", str(folder), "--out", str(page)])
    assert result.exit_code == 0, result.output
    assert result.stderr == "".join(f"warning: {note}\n" for note in left_out)
    drawn = re.search(r"small-v1, instance \d+ \(hardest\)", page.read_text(encoding="utf-8"))
    assert (drawn is None) == bool(left_out)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_one_sentence():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rdebench.bench.cli", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == cli.WRONG_USAGE
    assert done.stderr.strip() == "error: the output cannot be written: No space left on device"
