"""Plugins: what ``new-solver`` writes works, and ``check-solver`` survives whatever it is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from rdebench.bench import cli, conformance, policies
from rdebench.bench.commands.new_solver import PLUGIN
from rdebench.bench.tasks import Outcome, Task
from rdebench.solvers.checks import all_checks, name_of

from ..learners import PLUGIN as LEARNERS

ROOT = Path(__file__).resolve().parents[2]

WILD = """
import os, time
from rdebench.solvers import Solution
from rdebench.solvers.greedy import Greedy

class Exiter(Greedy):
    "Ends its process where the value has no limit."
    name = "exiter"
    def solve(self, problem, *, rng, budget):
        if problem.min_bandwidth == 0:
            os._exit(3)
        return super().solve(problem, rng=rng, budget=budget)

class Sleeper(Greedy):
    "Sleeps over a single user."
    name = "sleeper"
    def solve(self, problem, *, rng, budget):
        time.sleep(60 if problem.users == 1 else 0)
        return super().solve(problem, rng=rng, budget=budget)

class Leaver(Greedy):
    "Leaves, with steering characters."
    name = "leaver"
    def solve(self, problem, *, rng, budget):
        if budget.evaluations == 1:
            raise SystemExit("\\x1b[2Jbye\\nbye")
        return super().solve(problem, rng=rng, budget=budget)
"""

PICKLED = """
class Pickled(Fond):
    "Reads its pickle, too."
    name = "pickled"

    def load(self, path): self.model = pickle.loads((path / "model.pkl").read_bytes())
"""


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Files and policies of these tests are their own; compiled kernels are not."""
    kernels = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
    monkeypatch.setenv("NUMBA_CACHE_DIR", kernels)
    monkeypatch.setenv(policies.VARIABLE, str(tmp_path / "policies"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rdebench(monkeypatch, capsys):
    """Call the command; its exit code, output and errors."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["rdebench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code or 0, *capsys.readouterr())

    return call


def failures(out):
    """What failed, by solver, from the JSON that was printed."""
    return {
        one["solver"]: {
            check["check"]: check["message"] for check in one["checks"] if check["status"] == "failed"
        }
        for one in json.loads(out)["solvers"]
    }


def test_a_new_solver_is_short_passes_its_checks_and_runs(rdebench):
    code, out, _ = rdebench("new-solver", "my-first-solver", "--out", "mine")
    assert code == 0
    plugin = Path("mine/my_first_solver.py")
    assert len(plugin.read_text().splitlines()) <= 25
    commands = [line.split() for line in out.splitlines() if line.startswith("  rdebench ")]
    assert [command[1] for command in commands] == ["check-solver", "run"]
    code, out, _ = rdebench(*commands[0][1:])
    assert code == 0, out
    assert "0 failed" not in out
    assert "  failed" not in out
    assert len(out.splitlines()) == len(list(all_checks())) + 2
    code, out, err = rdebench(*commands[1][1:], "--instances", 1, "--solvers", "my-first-solver")
    assert code == 0, err
    assert "my-first-solver" in out


def test_a_new_solver_beats_a_random_one(rdebench):
    from rdebench.problems import Allocation, Scenario
    from rdebench.solvers import Budget, make_solver

    rdebench("new-solver", "my-solver")
    values = {}
    for name in ("my-solver", "random"):
        import numpy as np

        values[name] = 0.0
        for problem in Scenario.load("small-v1").sample(10, 3):
            rng, budget = np.random.default_rng(0), Budget()
            found = make_solver(name, ["my_solver.py"]).solve(problem, rng=rng, budget=budget)
            score = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
            values[name] += float(score.rde) if score.feasible else 0.0
    assert values["my-solver"] > 2 * values["random"]


def test_the_test_of_a_new_solver_passes_and_can_fail(rdebench):
    rdebench("new-solver", "my-solver")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_solver.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    plugin = Path("my_solver.py")
    plugin.write_text(plugin.read_text().replace("budget.spend(tries)", "budget.spend(tries * 10)"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "my-solver-evaluations_are_within_the_budget" in done.stdout
    assert "stop when budget.exhausted" in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("3x", "cannot name a solver"),
        ("My-Solver", "cannot name a solver"),
        ("my solver", "cannot name a solver"),
        ("../x", "cannot name a solver"),
        ("lambda", "'lambda' is a word of Python"),
        (300 * "a", "the name has 300 letters; 60 are allowed"),
        ("greedy", "there is a solver 'greedy' already"),
        ("local_search", "there is a solver 'local_search' already"),
        ("json", "would hide the Python module json"),
        ("numpy", "would hide the Python module numpy"),
        ("taken", "taken.py exists already; choose another name, or another --out"),
        ("tested", "test_tested.py exists already"),
    ],
)
def test_names_that_cannot_be_are_refused_in_a_sentence(rdebench, name, said):
    Path("taken.py").touch()
    Path("test_tested.py").touch()
    before = sorted(Path().iterdir())
    code, out, err = rdebench("new-solver", name)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert sorted(Path().iterdir()) == before


def test_a_folder_that_cannot_be_written_is_told(rdebench):
    code, _, err = rdebench("new-solver", "my-solver", "--out", "/proc/x")
    assert code == 2
    assert "choose another --out" in err


@pytest.mark.parametrize("name", ["solution", "solver", "allocation"])
def test_a_class_may_be_called_like_what_it_uses(rdebench, name):
    rdebench("new-solver", name)
    assert rdebench("check-solver", f"{name}.py")[0] == 0


def test_crashes_and_hangs_cost_one_check(rdebench):
    Path("wild.py").write_text(WILD)
    assert (
        rdebench("check-solver", "greedy")[0] == 0
    )  # whatever has to be compiled is, so that a short limit will do
    code, out, _ = rdebench("check-solver", "wild.py", "--time-limit", 6, "--json")
    assert code == 1
    assert not json.loads(out)["sound"]
    found = failures(out)
    assert set(found["exiter"]) == {"unbounded_is_survived"}
    assert "ended with exit code 3" in found["exiter"]["unbounded_is_survived"]
    assert found["sleeper"] == {"one_user_and_one_model": "killed after 6 s"}
    assert set(found["leaver"]) == {"one_evaluation_is_survived"}
    for one in json.loads(out)["solvers"]:
        assert [check["check"] for check in one["checks"]] == [name_of(check) for check in all_checks()]


def test_one_that_always_hangs_is_given_up():
    names = conformance.check_names()
    tasks = [Task(name, {}, (0,), 1.0, "hanger") for name in names]
    fine = Outcome("answered", header={"outcome": {"status": "passed"}})
    killed = Outcome("time_limit", "killed after 1 s")
    came = iter((task, {0: fine if place == 2 else killed}) for place, task in enumerate(tasks))
    found = list(conformance.until_given_up(came, names))
    assert [outcome.check for outcome in found] == names
    assert [outcome.message for outcome in found[:6]] == ["killed after 1 s"] * 2 + [""] + [
        "killed after 1 s"
    ] * 3
    assert {outcome.message for outcome in found[6:]} == {"not run: 3 checks one after the other were killed"}
    assert next(came)[0].label == names[6]


def test_lines_are_plain_text(rdebench):
    text = WILD.replace("os._exit(3)", "raise ValueError('\\x1b[2J[red]')").replace(
        "Ends its", "[bold red]Ends[/] its"
    )
    Path("wild.py").write_text(text[: text.index("class Sleeper")])
    code, out, _ = rdebench("check-solver", "wild.py")
    assert code == 1
    assert "\x1b" not in out
    assert "[bold red]Ends[/] its process" in out
    assert "ValueError:  [2J[red] (wild.py, line 11)" in out
    assert "1 failed" in out


def test_memory_is_limited(rdebench):
    text = "import numpy as np\n" + WILD.replace("os._exit(3)", "self.kept = np.ones(2**28)")
    Path("wild.py").write_text(text[: text.index("class Sleeper")])
    code, out, _ = rdebench("check-solver", "wild.py", "--memory-limit", 1, "--json")
    assert code == 1
    assert set(failures(out)["exiter"]) == {"unbounded_is_survived"}


def test_a_registered_solver_with_options_and_its_known_failures(rdebench):
    code, out, _ = rdebench("check-solver", "average")
    assert code == 0
    assert "known failure models_may_be_renumbered: takes the first model" in out
    code, out, _ = rdebench("check-solver", "local-search", "--option", "pairs=0", "--json")
    assert code == 0
    assert json.loads(out)["sound"]


def test_a_known_failure_that_passes_is_a_failure(rdebench):
    Path("modest.py").write_text(
        "from rdebench.solvers.greedy import Greedy\n"
        "class Modest(Greedy):\n"
        "    'Thinks too little of itself.'\n"
        "    name, known_failures = 'modest', {'batch_equals_loop': 'not yet'}\n"
    )
    code, out, _ = rdebench("check-solver", "modest.py", "--json")
    assert code == 1
    assert "remove it" in failures(out)["modest"]["batch_equals_loop"]


def test_learners_are_trained_for_a_moment(rdebench):
    Path("learners.py").write_text(LEARNERS + PICKLED)
    code, out, _ = rdebench("check-solver", "learners.py", "--json")
    assert code == 1
    found = failures(out)
    by_number = {"models_may_be_renumbered"}
    assert set(found["modest"]) == by_number
    assert set(found["pickled"]) == by_number | {"saved_policy_is_data"}
    assert "no pickle" in found["pickled"]["saved_policy_is_data"]
    assert set(found["raiser"]) == set(found["fond"]) == {conformance.TRAINING}
    assert "fit, save or load raised ZeroDivisionError: on purpose" in found["raiser"][conformance.TRAINING]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gredy",), "did you mean 'greedy'?"),
        (("missing.py",), "no such plugin file"),
        (("broken.py",), "SyntaxError"),
        (("greedy", "--option", "x"), "give KEY=VALUE"),
        (("greedy", "--option", "x=1"), "do not fit"),
        (("greedy", "--time-limit", "0"), "above zero"),
    ],
)
def test_wrong_usage_is_told_in_plain_words(rdebench, words, said):
    Path("broken.py").write_text("def broken(:")
    code, _, err = rdebench("check-solver", *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["new-solver", "check-solver"])
def test_help_has_examples(rdebench, command):
    code, out, _ = rdebench(command, "--help")
    assert code == 0
    assert "Examples" in out


def test_the_document_lists_every_check():
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert not [name for name in map(name_of, all_checks()) if f"| `{name}` |" not in text]


def test_the_template_has_no_line_too_long():
    assert max(map(len, PLUGIN.splitlines())) <= 110
