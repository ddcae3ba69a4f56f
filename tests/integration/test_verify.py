"""``rdebench verify``: what it prints, and how it ends."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from rdebench.bench import cli, verification
from rdebench.bench.store import read_results

PLUGIN = """
from rdebench.solvers import Budget, Solution, Solver
from rdebench.solvers.exhaustive import Exhaustive

class Sometimes(Exhaustive):
    "Best, but too much power with four users, and nothing with five."
    name, exact = "sometimes", False
    def solve(self, problem, *, rng, budget):
        best = super().solve(problem, rng=rng, budget=Budget())
        if problem.users == 4:
            return Solution(best.scm, best.power * 2, best.bandwidth)
        if problem.users == 5:
            raise ZeroDivisionError("on purpose")
        return best

class Untrained(Solver):
    "Learns."
    name, learns = "untrained", True
    def solve(self, problem, *, rng, budget): raise AssertionError
"""


class Ended:
    """Exit code and output of a command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verify")


@pytest.fixture
def rdebench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Any:
    kernels = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
    monkeypatch.setenv("NUMBA_CACHE_DIR", kernels)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("RDEBENCH_POLICIES", str(folder / "policies"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(folder)
    (folder / "plugin.py").write_text(PLUGIN)

    def call(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["rdebench", "verify", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return call


def test_a_good_solver_passes(rdebench: Any) -> None:
    ended = rdebench("--solver", "local-search", "--instances", 5, "--jobs", 2)
    assert ended.code == 0, ended.out + ended.err
    assert "exhaustive search and the certificate agree on 5 instances" in ended.out
    assert "5 certificates were followed and hold" in ended.out
    assert "every solver is within the threshold" in ended.out


def test_the_shipped_policies_hold_against_the_optimum(rdebench: Any) -> None:
    """Every learner with a policy for small instances, against exhaustive search and the certificate."""
    ended = rdebench("--instances", 10, "--threshold", 0.02, "--json")
    assert ended.code == 0
    found = {one["solver"]: one for one in json.loads(ended.out)["solvers"]}
    assert set(found) == {
        "amortized",
        "amortized-best-of-64",
        "ppo-hybrid",
        "ppo-hybrid+exact",
        "ppo-maskable",
    }
    for name, one in found.items():
        assert one["infeasible"] == 0, name
        assert one["mean_gap"] < (0.02 if name == "ppo-hybrid" else 1e-3), name


def test_wrong_and_infeasible_answers_are_counted_and_explained(rdebench: Any, folder: Path) -> None:
    words = ("--solver", "sometimes", "--solver", "average", "--plugin", "plugin.py", "--instances", 5)
    ended = rdebench(*words, "--jobs", 2, "--json", "--out", "kept")
    assert ended.code == 1, ended.err
    document = json.loads(ended.out)
    assert document["cross_check"]["compared"] == document["cross_check"]["certificates"] == 5
    assert document["cross_check"]["faults"] == []
    sometimes, average = document["solvers"]
    assert (sometimes["solver"], average["solver"]) == ("sometimes", "average")
    assert sometimes["infeasible"] == 2
    assert sometimes["mean_gap"] == pytest.approx(0.4, abs=1e-6)
    assert sometimes["optimal_share"] == pytest.approx(0.6)
    assert "ZeroDivisionError: on purpose" in sometimes["failure"]
    assert document["past_threshold"] == ["average", "sometimes"]
    assert document["ok"] is False
    worst = {one["solver"]: one for one in document["wrong_choices"]}
    assert worst["sometimes"]["gap"] == 1.0
    assert worst["sometimes"]["sentences"][0].startswith("it breaks power by ")
    kept = read_results(folder / "kept").rows
    rows = kept[kept["solver"] == "average"].set_index("instance")
    shown = worst["average"]
    assert rows.loc[shown["instance"], "gap"] == rows["gap"].max() == pytest.approx(shown["gap"], abs=1e-7)

    printed = rdebench(*words, "--out", "kept")
    assert printed.code == 1
    assert "sometimes: mean gap 0.4 on small-v1 is past the threshold of 0.02" in printed.out
    assert "sometimes failed on small-v1, instance 3: ZeroDivisionError: on purpose" in printed.out
    assert " is best; with that one change alone and exact allocation the value " in printed.out


def test_the_threshold_decides(rdebench: Any) -> None:
    words = ("--solver", "sometimes", "--plugin", "plugin.py", "--instances", 5, "--out", "kept", "--json")
    ended = rdebench(*words, "--threshold", 0.41)
    assert ended.code == 0
    assert json.loads(ended.out)["past_threshold"] == []


def test_gaps_are_to_the_bound_where_exhaustive_search_is_too_long(rdebench: Any) -> None:
    words = ("--solver", "greedy", "--scenario", "class-heterogeneous-v1", "--instances", 1, "--json")
    ended = rdebench(*words)
    document = json.loads(ended.out)
    assert document["solvers"][0]["against"] == "proved bound"
    assert document["cross_check"]["compared"] == 0
    assert ended.code == 0


def test_a_contradiction_ends_with_exit_code_one(rdebench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = verification.measure

    def tampered(*arguments: Any) -> Any:
        rows = honest(*arguments)
        rows.loc[(rows["solver"] == "exhaustive") & (rows["instance"] == 1), "rde"] *= 1 - 1e-4
        return rows

    monkeypatch.setattr(verification, "measure", tampered)
    ended = rdebench("--solver", "average", "--threshold", 1, "--instances", 5, "--out", "kept")
    assert ended.code == 1
    assert "the optimum is in doubt: small-v1, instance 1: the best RDE is " in ended.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--solver", "averge"), "did you mean 'average'?"),
        (("--suite", "smal-v1"), "did you mean 'small-v1'?"),
        (("--scenario", "smal-v1", "--solver", "average"), "did you mean 'small-v1'?"),
        (("--plugin", "none.py"), "no such plugin file"),
        (("--threshold", "2"), "'--threshold'"),
        (("--threshold", "nan"), "'--threshold'"),
        (("--instances", "0"), "'--instances'"),
        (
            ("--solver", "untrained", "--plugin", "plugin.py", "--instances", "1"),
            "untrained cannot be verified: untrained has not been trained for small-v1; run: rdebench train",
        ),
        (("--across", "--suite", "small-v1", "--jobs", "1"), "--across does not take --suite, --jobs"),
        (("--across", "--solver", "average"), "average does not learn"),
    ],
)
def test_wrong_usage_is_told_in_plain_words(rdebench: Any, words: tuple[str, ...], message: str) -> None:
    ended = rdebench(*words)
    assert ended.code == 2, ended.out
    assert message in ended.err
