"""Learners in the referee: trained on command or before a run, given their policy, and never able to break a run."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from rdebench.bench import cli, policies, runner, store, training
from rdebench.bench.cells import Limits, SuiteRun
from rdebench.bench.roster import entrants
from rdebench.bench.suite import Suite
from rdebench.problems import Scenario
from rdebench.problems.instance import save
from rdebench.solvers import find_solver

from ..learners import PLUGIN, keep
from ..runs import Silent, comparable, wait_for

KERNELS = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Policies and checkpoints of these tests are their own; compiled kernels are not."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", KERNELS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(policies.VARIABLE, str(tmp_path / "policies"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    Path("plugin.py").write_text(PLUGIN)


@pytest.fixture
def rdebench(monkeypatch, capsys):
    """Call the command; its exit code, output and errors."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["rdebench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code or 0, *capsys.readouterr())

    return call


def run(folder, names, instances=3, jobs=2):
    suite = Suite.load("small-v1")
    limits = Limits(suite.evaluations, None, 20.0)
    entered = tuple(entrants(names, {}, ["plugin.py"]))
    scenarios = (Scenario.load("small-v1"),)
    planned = SuiteRun(suite, "custom", instances, 1, scenarios, entered, limits)
    display = Silent()
    runner.run([planned], Path(folder), jobs, display)
    return store.read_results(folder).rows, display


def kept(name, *scenarios):
    """A policy as if it had been trained."""
    solver = find_solver(name, ["plugin.py"])()
    return keep(solver, [Scenario.load(scenario) for scenario in scenarios or ("small-v1",)])


def trained(rdebench, name, *words):
    words = (name, "--plugin", "plugin.py", "--scenario", "small-v1", "--device", "cpu", *words, "--json")
    code, out, err = rdebench("train", *words)
    assert code == 0, err
    (found,) = json.loads(out)
    return found


def test_without_a_policy_rows_are_skipped_with_the_command_that_trains(rdebench):
    rows, _ = run("results", ["modest"])
    assert set(rows["status"]) == {"skipped"}
    assert rows[["policy", "fit_seconds"]].isna().all(axis=None)
    command = rows["message"][0].partition("run: ")[2]
    assert command == "rdebench train modest --scenario small-v1 --plugin plugin.py"
    assert rdebench(*command.split()[1:])[0] == 0
    rows, display = run("results", ["modest"])
    assert len(display.tasks) == 1, "the new policy did not make the skipped cell stale"
    assert set(rows["status"]) <= {"optimal", "feasible", "violated"}
    path = policies.find(entrants(["modest"], {}, ["plugin.py"])[0].learning, Scenario.load("small-v1"))
    assert set(rows["policy"]) == {policies.Policy.at(path).digest[:16]}
    assert (rows["fit_seconds"] == policies.Policy.at(path).seconds).all()
    assert run("results", ["modest"])[1].tasks == []


def test_where_nothing_can_be_trained_no_command_is_named():
    rows, _ = run("results", ["ppo-paper"])
    assert set(rows["status"]) == {"skipped"}
    assert set(rows["message"]) == {"ppo-paper has one policy for one number of users; small-v1 has 5"}


def test_rows_with_a_policy_do_not_depend_on_the_number_of_workers():
    kept("modest")
    serial, _ = run("serial", ["modest"], instances=26, jobs=1)
    parallel, _ = run("parallel", ["modest"], instances=26, jobs=2)
    assert comparable(serial) == comparable(parallel)
    assert serial["policy"].notna().all()


def test_a_damaged_policy_is_an_error_row_and_nothing_else():
    path = kept("modest")
    np.save(path / "model.npy", 1)
    rows, _ = run("results", ["average", "modest"])
    wrong = rows[rows["solver"] == "modest"]
    assert set(wrong["status"]) == {"error"}
    assert wrong["message"].str.contains("delete the folder and train again").all()
    assert not wrong["message"].str.contains("Traceback|File ").any()
    assert "error" not in set(rows.loc[rows["solver"] == "average", "status"])
    (path / "model.npy").write_bytes(pickle.dumps(os.system))
    rows, _ = run("results", ["average", "modest"])
    assert rows.loc[rows["solver"] == "modest", "message"].str.contains("without pickle").all()


def test_training_reports_keeps_goes_on_and_starts_over(rdebench):
    first = trained(rdebench, "patient", "--steps", 40, "--seed", 3)
    assert (first["steps"], first["gap"], first["infeasible"]) == (40, 0.5, 0.25)
    about = json.loads((Path(first["policy"]) / "policy.json").read_text())
    assert (
        about["command"]
        == "rdebench train patient --scenario small-v1 --steps 40 --seed 3 --plugin plugin.py"
    )
    assert about["configuration"] == {"policy_seed": 3}
    assert about["curve"] == [[10 * n, pytest.approx(0.02 * n), 0.5, 0.25] for n in (1, 2, 3, 4)]
    words = (
        "train",
        "patient",
        "--plugin",
        "plugin.py",
        "--scenario",
        "small-v1",
        "--seed",
        3,
        "--device",
        "cpu",
    )
    code, out, _ = rdebench(*words, "--steps", 60)
    assert code == 0
    assert "goes on from the checkpoint in" in out
    assert "60 steps, gap 50.000% on validation instances, infeasible 25.0%" in out
    assert "rdebench run --suite small-v1 --solvers patient --plugin" in out
    about = json.loads((Path(first["policy"]) / "policy.json").read_text())
    assert [point[0] for point in about["curve"]] == [50, 60]
    code, out, _ = rdebench(*words, "--steps", 20, "--fresh", "--out", "elsewhere")
    assert code == 0
    assert "goes on" not in out
    assert "RDEBENCH_POLICIES=elsewhere rdebench run" in out
    (path,) = Path("elsewhere/patient").iterdir()
    assert json.loads((path / "policy.json").read_text())["steps"] == 20


def test_one_policy_for_every_scenario_serves_them_all(rdebench):
    words = ("--plugin", "plugin.py", "--device", "cpu", "--json")
    code, out, err = rdebench("train", "patient", "--steps", 10, *words)
    assert code == 0, err
    assert json.loads(out)[0]["scenarios"] == ["paper-m6-v1", "small-v1"]
    rows, _ = run("results", ["patient"])
    assert "skipped" not in set(rows["status"])
    save(Scenario.load("paper-m9-v1").instance(0, 1), "instance.json")
    words = ("solve", "instance.json", "--plugin", "plugin.py", "--json")
    code, out, _ = rdebench(*words, "--solver", "patient")
    assert json.loads(out)["status"] in ("feasible", "violated")
    code, _, err = rdebench(*words, "--solver", "modest")
    assert code == 2
    assert "say with --scenario ID whose policy" in err
    code, _, err = rdebench(*words, "--solver", "modest", "--scenario", "small-v1")
    assert code == 2
    assert "run: rdebench train modest --scenario small-v1 --plugin plugin.py" in err
    kept("modest")
    code, out, _ = rdebench(*words, "--solver", "modest", "--scenario", "small-v1")
    assert len(json.loads(out)["scm"]) == 9


def test_a_run_trains_what_is_missing_and_survives_what_fails(rdebench):
    words = ("run", "--suite", "small-v1", "--instances", 2, "--jobs", 1, "--plugin", "plugin.py")
    names = "average,modest,patient,raiser,fond,narrow"
    code, out, err = rdebench(*words, "--solvers", names, "--train", "--train-seconds", 0.1)
    assert code == 1
    assert "ZeroDivisionError: on purpose" in err
    assert "the training of fond failed" in err
    assert "no pickle" in err
    assert "not trained: narrow cannot be trained on small-v1: narrow does not handle the shannon rate" in out
    rows = store.read_results("results").rows.set_index("solver")["status"]
    skipped = {name for name in names.split(",") if (rows[[name]] == "skipped").all()}
    assert skipped == {"raiser", "fond", "narrow"}
    code, out, _ = rdebench(*words, "--solvers", "modest,patient", "--train")
    assert code == 0
    assert "training" not in out
    assert "2 of 2 cells were already there" in out


def test_a_training_that_does_not_heed_its_budget_is_ended(rdebench, monkeypatch):
    monkeypatch.setattr(training, "_GRACE_S", 2.0)
    Path("plugin.py").write_text(
        PLUGIN + "class Endless(Modest):\n    name = 'endless'\n"
        "    def fit(self, scenario, *, seed, budget): time.sleep(600)\n"
    )
    words = ["--scenario", "small-v1", "--seconds", "1", "--plugin", "plugin.py"]
    code, _, err = rdebench("train", "endless", *words)
    assert code == 1
    assert "it went on for 4 s, with a budget of 1 s" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("averge",), 2, "did you mean 'average'"),
        (("average",), 2, "average does not learn; these do: "),
        (("modest",), 2, "say which with --scenario"),
        (("modest", "--scenario", "smal-v1"), 2, "did you mean 'small-v1'"),
        (("narrow", "--scenario", "small-v1"), 2, "does not handle the shannon rate"),
        (("raiser", "--scenario", "small-v1"), 1, "ZeroDivisionError: on purpose"),
        (("fond", "--scenario", "small-v1"), 1, "no pickle"),
        (("modest", "--device", "tpu"), 2, "use auto, cpu, cuda"),
        (("modest", "--out", "plugin.py"), 2, "give --out a folder"),
        (
            ("modest", "--scenario", "small-v1", "--out", "plugin.py/x"),
            2,
            "cannot be written: Not a directory",
        ),
        (("patient", "--option", "policy_seed=3"), 2, "use --seed"),
        (("modest", "--option", "samples"), 2, "give KEY=VALUE"),
        (("modest", "--option", "sample=3"), 2, "do not fit"),
        (("modest", "--seconds", "0"), 2, "above zero"),
    ],
)
def test_what_cannot_be_trained_is_told_in_plain_words(rdebench, words, code, said):
    ended, _, err = rdebench("train", *words, "--plugin", "plugin.py")
    assert ended == code
    assert said in err
    assert not list(Path("policies").rglob("policy.json"))


def test_an_option_is_part_of_what_identifies_a_policy(rdebench):
    one, other = trained(rdebench, "modest"), trained(rdebench, "modest", "--option", "samples=5")
    assert one["policy"] != other["policy"]
    assert other["command"].endswith("--option samples=5 --plugin plugin.py")


def test_a_missing_package_is_named_and_no_failure(rdebench):
    body = "\n".join(
        f"    def {name}: import nothing_of_the_kind"
        for name in ("fit(self, scenario, **rest)", "load(self, path)")
    )
    Path("plugin.py").write_text(
        f"{PLUGIN}\nclass Lacking(Modest):\n    'Needs much.'\n    name = 'lacking'\n{body}\n"
    )
    code, _, err = rdebench("train", "lacking", "--plugin", "plugin.py", "--scenario", "small-v1")
    assert code == 2
    assert "lacking needs nothing_of_the_kind, which is not installed" in err
    kept("lacking")
    rows, _ = run("results", ["lacking"], instances=2)
    assert set(rows["status"]) == {"skipped"}
    assert "needs nothing_of_the_kind" in rows["message"][0]


def test_a_scenario_that_a_learner_refuses_is_skipped(rdebench):
    refused = """
class Choosy(Modest):
    "Wants one number of users, and finds that out when it is trained."
    name = "choosy"

    def fit(self, scenario, **rest):
        from rdebench.solvers.ppo.learner import PolicyError
        raise PolicyError("it takes one number of users; name another scenario")
"""
    Path("plugin.py").write_text(PLUGIN + refused)
    reason = "choosy cannot be trained on small-v1: it takes one number of users; name another scenario"
    code, _, err = rdebench("train", "choosy", "--plugin", "plugin.py", "--scenario", "small-v1")
    assert (code, err) == (2, f"error: {reason}\n")
    words = ("run", "--suite", "small-v1", "--instances", 2, "--jobs", 1, "--plugin", "plugin.py")
    code, out, err = rdebench(*words, "--solvers", "choosy,average", "--train")
    assert (code, err) == (0, "")
    assert f"not trained: {reason}\n" in out
    rows = store.read_results("results").rows.set_index("solver")["status"]
    assert set(rows[["choosy"]]) == {"skipped"}
    assert "skipped" not in set(rows[["average"]])


def test_a_scenario_from_a_file_is_named_by_its_file(rdebench):
    scenario = Scenario.load("small-v1")
    Path("own").mkdir()
    text = (resources.files("rdebench.problems") / "scenarios" / "small-v1.toml").read_text()
    Path("own/mine.toml").write_text(text.replace("power_w_per_user = 0.25", "power_w_per_user = 0.5"))
    words = ("train", "modest", "--plugin", "plugin.py", "--scenario", "own/mine.toml", "--json")
    code, out, err = rdebench(*words)
    assert code == 0, err
    (found,) = json.loads(out)
    assert "--scenario mine.toml" in found["command"]
    save(scenario.instance(0, 1), "instance.json")
    use = found["use"].split()
    assert use[:2] == ["rdebench", "solve"]
    assert use[use.index("--scenario") + 1] == "own/mine.toml"
    code, out, err = rdebench(*use[1:], "--json")
    assert "scm" in json.loads(out), err


def test_a_policy_for_other_instances_is_refused_after_it_is_loaded(rdebench):
    fixed = """
class Fixed(Modest):
    "Knows only when it is loaded how many users it is for."
    name = "fixed"

    def supports(self, problem):
        return "its policy is for 3 users" if hasattr(self, "model") and problem.users != 3 else None
"""
    Path("plugin.py").write_text(PLUGIN + fixed)
    kept("fixed")
    save(Scenario.load("paper-m9-v1").instance(0, 1), "instance.json")
    words = ("--solver", "fixed", "--scenario", "small-v1", "--plugin", "plugin.py")
    code, out, err = rdebench("solve", "instance.json", *words)
    assert (code, out) == (2, "")
    assert "its policy is for 3 users; or use the policy of another scenario" in err
    rows, _ = run("results", ["fixed"], instances=5)
    assert set(rows["status"][rows["users"] != 3]) == {"skipped"}


@pytest.mark.parametrize("presses", [1, 2])
def test_an_interruption_keeps_the_checkpoint_and_says_how_to_go_on(presses):
    words = ["train", "patient", "--plugin", "plugin.py", "--scenario", "small-v1", "--steps", "100000"]
    text = PLUGIN if presses == 1 else PLUGIN.replace("not budget.exhausted", "True")
    Path("plugin.py").write_text(text)
    folder = Path("cache/rdebench/training/patient")
    process = subprocess.Popen(
        [sys.executable, "-m", "rdebench.bench.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # also in the background
    )
    try:
        assert process.stdout.readline().startswith("training patient on small-v1; checkpoint")
        wait_for(lambda: any(folder.rglob("checkpoint.json")))
        process.send_signal(signal.SIGINT)
        stopping = process.stdout.readline()
        while "stopping after the current step" not in stopping:
            stopping = process.stdout.readline()
        if presses == 2:
            process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "the same command goes on from there" in out
    assert not list(Path("policies").rglob("policy.json"))
    (checkpoint,) = folder.rglob("checkpoint.json")
    assert json.loads(checkpoint.read_text())["steps"] > 0


def test_the_list_says_who_learns_and_for_what_there_is_a_policy(rdebench, monkeypatch):
    from rdebench.bench.commands import list as listing
    from rdebench.solvers import registry
    from rdebench.solvers.registry import load_plugin

    mine = {
        solver.name: solver for solver in load_plugin("plugin.py") if solver.name in ("modest", "patient")
    }
    monkeypatch.setattr(registry, "solver_names", lambda: [*mine, "average"])
    find = lambda name, plugins=(): mine.get(name) or find_solver(name)  # noqa: E731
    monkeypatch.setattr(registry, "find_solver", find)
    monkeypatch.setattr(policies, "shipped_folder", lambda: Path("shipped"))

    def listed():
        return {item["name"]: item for item in listing._solvers()}

    assert listed()["modest"]["policies"] == listed()["patient"]["policies"] == []
    assert listed()["average"]["policies"] is None
    assert "learns" in listed()["modest"]["flags"]
    kept("modest")
    kept("patient", "paper-m6-v1", "small-v1")
    assert listed()["modest"]["policies"] == ["small-v1"]
    _, out, _ = rdebench("list", "solvers")
    assert "every" in out.split("patient")[1]
