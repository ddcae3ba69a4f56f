"""The command line: what it prints, and how it ends."""

import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from rdebench.bench import cli
from rdebench.problems import Scenario
from rdebench.problems.instance import save

PLUGIN = """
import numpy as np
from rdebench.solvers import Solution, Solver

class Greedy(Solver):
    "Takes all the power."
    name = "greedy"
    def solve(self, problem, *, rng, budget):
        users = problem.users
        share = np.full(users, problem.bandwidth_budget / users)
        return Solution(np.zeros(users, int), np.full(users, problem.power_budget), share)

class Broken(Solver):
    "Raises."
    name = "broken"
    def solve(self, problem, *, rng, budget):
        raise ZeroDivisionError("on purpose")

class Early(Solver):
    "Claims a bound that is too low."
    name = "early"
    def __init__(self, tol=1e-3): self.tol = tol
    def solve(self, problem, *, rng, budget):
        users = problem.users
        share = np.full(users, problem.bandwidth_budget / users)
        power = np.full(users, (problem.power_budget - problem.scm_power[:, 0].sum()) / users)
        return Solution(np.zeros(users, int), power, share, bound=-self.tol)
"""


class Ended:
    """Exit code and output of a command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def rdebench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    kernels = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
    monkeypatch.setenv("NUMBA_CACHE_DIR", kernels)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["rdebench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return call


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    path = tmp_path / "instance.json"
    save(Scenario.load("small-v1").instance(1, 1), path)
    return path


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


def test_a_run_ends_in_a_table_and_a_page(rdebench: Any) -> None:
    run = ("run", "--suite", "small-v1", "--instances", 3, "--solvers", "average,exhaustive", "--jobs", 2)
    first = rdebench(*run)
    assert first.code == 0, first.err
    assert "already there" not in first.out
    assert re.search(r"exhaustive .* 100% .* 0\.00%", first.out)
    assert "rdebench report results" in first.out
    again = rdebench(*run)
    assert again.code == 0
    assert "2 of 2 cells were already there" in again.out
    page = rdebench("report", "results", "--out", "page.html")
    assert page.code == 0, page.err
    assert "exhaustive" in Path("page.html").read_text(encoding="utf-8")


def test_a_failed_row_makes_the_exit_code_one(rdebench: Any, plugin: Path) -> None:
    run = ("run", "--suite", "small-v1", "--instances", 2, "--solvers", "average,broken", "--plugin", plugin)
    for _ in range(2):
        ended = rdebench(*run)
        assert ended.code == 1
        assert "error 2" in ended.out
        assert "ZeroDivisionError: on purpose" in ended.out


def test_an_answer_that_violates_is_no_failure(rdebench: Any, plugin: Path) -> None:
    run = ("run", "--suite", "small-v1", "--instances", 2, "--solvers", "greedy", "--plugin", plugin)
    assert rdebench(*run).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--suite", "papr-v1"), "did you mean 'paper-v1'?"),
        (("run", "--suite", "small-v1", "--preset", "quik"), "did you mean 'quick'?"),
        (("run", "--suite", "small-v1", "--solvers", "averge"), "did you mean 'average'?"),
        (("run", "--suite", "small-v1", "--solvers", ","), "no solvers are named"),
        (("run", "--suite", "small-v1", "--plugin", "none.py"), "no such plugin file"),
        (("run", "--suite", "small-v1", "--time-limit", "-1"), "above zero"),
        (("run", "--suite", "small-v1", "--seconds", "nan"), "above zero"),
        (("run", "--suite", "small-v1", "--memory-limit", "1e300"), "give less than"),
        (("run", "--suite", "small-v1", "--instances", "0"), "'--instances'"),
        (("run", "--suite", "small-v1", "--jobs", "0"), "'--jobs'"),
        (("run", "--suite", "small-v1", "--solvers", "average", "--out", "/proc/x"), "choose another --out"),
        (("report", "nowhere"), "holds no results"),
        (("solve", "nowhere.json"), "nowhere.json: No such file"),
        (("solve", "/"), "Is a directory"),
        (("list", "solver"), "solver"),
        (("rnu",), "rnu"),
    ],
)
def test_wrong_usage_is_told_in_plain_words(rdebench: Any, words: tuple[str, ...], message: str) -> None:
    ended = rdebench(*words)
    assert ended.code == 2
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_solve_prints_the_documented_json(rdebench: Any, instance: Path) -> None:
    ended = rdebench("solve", instance, "--solver", "exhaustive", "--json")
    assert ended.code == 0, ended.err
    answer = json.loads(ended.out)
    assert list(answer) == ["status", "rde", "bound", "gap", "scm", "power_w", "bandwidth_hz", "seconds"]
    assert answer["status"] == "optimal"
    assert answer["gap"] <= 1e-6
    assert len(answer["scm"]) == len(answer["power_w"]) == len(answer["bandwidth_hz"]) == 3


def test_solve_reads_standard_input_and_prints_a_table(
    rdebench: Any, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(instance.read_bytes())))
    ended = rdebench("solve", "-", "--solver", "average")
    assert ended.code == 0, ended.err
    assert re.search(r"user +SCM +power, W +bandwidth, Hz +rate, bit/s +latency, s +deadline, s", ended.out)
    assert ended.out.count("LeNet") == 3


def test_solve_is_the_same_for_the_same_seed(rdebench: Any, instance: Path) -> None:
    def scms(seed: int) -> list[list[int]]:
        answer = json.loads(rdebench("solve", instance, "--solver", "random", "--json", "--seed", seed).out)
        return [answer["scm"], answer["power_w"]]

    assert scms(1) == scms(1) != scms(2)


def test_solve_proves_that_an_instance_is_infeasible(rdebench: Any, tmp_path: Path) -> None:
    path = tmp_path / "impossible.json"
    problem = Scenario.load("small-v1").instance(1, 1)
    save(problem.replace(power_budget=1e-9), path)
    ended = rdebench("solve", path, "--json")
    assert ended.code == 0
    answer = json.loads(ended.out)
    assert answer.pop("seconds") > 0
    assert answer.pop("status") == "infeasible"
    assert set(answer.values()) == {None}


@pytest.mark.parametrize(
    ("solver", "status", "message"),
    [
        ("greedy", "violated", "breaks power by"),
        ("broken", "error", "ZeroDivisionError: on purpose"),
        ("early", "invalid", "claims the bound -0.5"),
    ],
)
def test_solve_says_no(
    rdebench: Any, instance: Path, plugin: Path, solver: str, status: str, message: str
) -> None:
    words = ("solve", instance, "--solver", solver, "--plugin", plugin, "--tol", "0.5", "--json")
    ended = rdebench(*words)
    assert ended.code == 1
    assert json.loads(ended.out)["status"] == status
    assert message in ended.err


def test_a_wrong_instance_is_told_in_one_line(rdebench: Any, instance: Path) -> None:
    instance.write_text(instance.read_text().replace("gain", "gian"))
    ended = rdebench("solve", instance)
    assert ended.code == 2
    assert "gain is missing" in ended.err or "did you mean 'gain'" in ended.err
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize("what", ["solvers", "scenarios", "suites"])
def test_lists_are_tables_and_json(rdebench: Any, what: str) -> None:
    items = json.loads(rdebench("list", what, "--json").out)
    table = rdebench("list", what).out
    assert items
    assert all(item["name"] in table for item in items)


def test_everything_is_listed_without_a_word(rdebench: Any) -> None:
    assert set(json.loads(rdebench("list", "--json").out)) == {"solvers", "scenarios", "suites"}


@pytest.mark.parametrize("command", ["run", "solve", "report", "list", "perf"])
def test_every_command_has_help_with_examples(rdebench: Any, command: str) -> None:
    ended = rdebench(command, "--help")
    assert ended.code == 0
    assert f"rdebench {command}" in ended.out.split("Usage", 1)[1]
    assert "Examples" in ended.out


def test_the_version_is_that_of_the_distribution(rdebench: Any) -> None:
    assert re.fullmatch(r"rdebench \d+\.\d+\.\d+\S*\n", rdebench("--version").out)
