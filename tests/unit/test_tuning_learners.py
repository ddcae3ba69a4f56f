"""Tuning of learners: a trial is a training of the stated length on the training split, judged by its validations."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rdebench.bench import tuning, tuning_learners
from rdebench.bench.cli import app
from rdebench.problems import Scenario
from rdebench.solvers import SolverError, make_solver
from rdebench.solvers.ppo.learner import Learner, Point

pytest.importorskip("optuna")


class Told(Learner):
    """Its gap is the distance of its option from 3 after training, and 1 before."""

    name, general = "told", False
    tunable = {"option": ("float", 0.0, 10.0, False)}  # noqa: RUF012
    trained = []  # noqa: RUF012

    def __init__(self, option=9.0):
        super().__init__()
        self.option = option

    def train(self, scenarios, *, seed, budget, device="cpu", folder=None, report=print):
        self.trained.append(([one.id for one in scenarios], seed, budget.seconds, budget.evaluations))
        gap = abs(self.option - 3.0) / 10.0
        self.curve = [Point(0, 0.0, 1.0, 1.0), Point(5, 1.0, gap + 0.02, 0.0), Point(7, 2.0, gap, 0.0)]
        self.steps_trained = 7

    def solve(self, problem, *, rng, budget):
        raise AssertionError("a trial is judged by the validations of its training")

    def tensors(self):
        return {}

    def use_tensors(self, tensors):
        pass


class General(Told):
    """One policy for all."""

    general = True


@pytest.fixture
def registered(monkeypatch):
    def register(solver):
        solver.trained.clear()
        monkeypatch.setattr(tuning, "find_solver", lambda name: solver)
        monkeypatch.setattr(tuning, "make_solver", lambda name, **options: solver(**options))

    return register


def tuned(trials):
    scenarios = [Scenario.load(name) for name in ("paper-m6-v1", "paper-m9-v1")]
    return tuning_learners.tune("told", scenarios, trials=trials, seconds=4.0, steps=70, seed=5)


def test_a_trial_is_a_training_on_each_scenario_at_the_same_cost(registered):
    registered(Told)
    found = tuned(12)
    assert Told.trained == [(["paper-m6-v1"], 5, 4.0, 70), (["paper-m9-v1"], 5, 4.0, 70)] * 12
    assert (found.evaluations, found.trials, found.instances) == (12 * 2 * 7, 12, None)
    assert found.default_gap == pytest.approx(0.61)
    assert found.gap == pytest.approx(abs(found.options["option"] - 3.0) / 10.0 + 0.01)
    assert found.gap < 0.3


def test_a_general_policy_is_trained_on_all_scenarios_together(registered):
    registered(General)
    assert tuned(1).evaluations == 7
    assert General.trained == [(["paper-m6-v1", "paper-m9-v1"], 5, 4.0, 70)]


def test_a_learner_that_reports_nothing_is_refused():
    with pytest.raises(SolverError, match="reports no validations"):
        tuning_learners.trained_gap(make_solver("greedy"), [], seconds=1.0, steps=None, seed=0)


def test_command_tunes_ppo_on_training_instances_only(tmp_path, monkeypatch):
    pytest.importorskip("stable_baselines3")
    from rdebench.solvers.ppo import box, tuned

    splits, instance = set(), Scenario.instance

    def watched(self, n, seed, *, split="test"):
        splits.add(split)
        return instance(self, n, seed, split=split)

    monkeypatch.setattr(Scenario, "instance", watched)
    monkeypatch.setattr(tuned.PPOTuned, "pool", 8)
    monkeypatch.setattr(tuned.PPOTuned, "tunable", {"n_epochs": ("int", 1, 8), "width": ("choice", 64, 128)})
    monkeypatch.setattr(box, "VALIDATION", 3)
    out = tmp_path / "tuned.json"
    command = ["tune", "--solvers", "ppo", "--scenario", "paper-m6-v1", "--json", "--out", str(out)]
    done = CliRunner().invoke(app, [*command, "--trials", "2", "--train-steps", "1"])
    assert done.exit_code == 0, done.output
    written = json.loads(out.read_text())
    assert (written["train_seconds"], written["train_steps"], written["split"]) == (None, 1, "train")
    (ppo,) = written["solvers"]
    assert ppo["evaluations"] > 0
    assert 0.0 <= ppo["gap"] <= ppo["default_gap"] <= 1.0
    assert set(ppo["options"]) == set(tuned.PPOTuned.tunable)
    make_solver("ppo", **ppo["options"])
    assert splits == {"train"}


def test_a_scenario_with_several_numbers_of_users_is_explained(tmp_path):
    pytest.importorskip("stable_baselines3")
    out = tmp_path / "tuned.json"
    command = ["tune", "--solvers", "ppo", "--scenario", "small-v1", "--trials", "1", "--out", str(out)]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, SolverError)
    assert "one number of users" in str(done.exception)
    assert not out.exists()
