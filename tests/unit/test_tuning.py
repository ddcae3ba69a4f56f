"""Tuning: only training instances, equal cost, never worse than the defaults, and plain errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from rdebench.bench import tuning
from rdebench.bench.cli import app
from rdebench.problems import Allocation, Scenario
from rdebench.solvers import SolverError, find_solver, make_solver

pytest.importorskip("optuna")


@pytest.fixture(scope="module")
def training():
    return tuning.training_instances(["small-v1"], 2, seed=3)


def test_instances_are_of_the_training_split(training):
    scenario = Scenario.load("small-v1")
    expected = [problem.content_hash() for problem in scenario.sample(2, 3, split="train")]
    test = {problem.content_hash() for problem in scenario.sample(20, 3)}
    found = [one.problem.content_hash() for one in training]
    assert found == expected
    assert not test.intersection(found)


def test_bounds_are_proved(training):
    for one in training:
        found = make_solver("exhaustive").solve(one.problem, rng=None, budget=tuning.Budget())
        rde = one.problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).rde
        assert one.bound == pytest.approx(rde, rel=2e-6)
        assert one.bound >= rde * (1 - 1e-12)


@pytest.mark.parametrize("name", ["local-search", "genetic"])
def test_tuned_is_no_worse_than_the_defaults_and_repeats(name, training):
    settings = {"trials": 4, "evaluations": 60, "seed": 0}
    one = tuning.tune(name, training, **settings)
    other = tuning.tune(name, training, **settings)
    assert one.gap <= one.default_gap
    assert (one.options, one.gap, one.evaluations) == (other.options, other.gap, other.evaluations)
    assert one.evaluations <= 4 * 2 * 60
    assert set(one.options) == set(find_solver(name).tunable)
    gap, _ = tuning.mean_gap(make_solver(name, **one.options), training, evaluations=60, seed=0)
    assert gap == one.gap


def test_every_search_space_holds_the_defaults():
    for name in tuning.tunable_solvers() + tuning.tunable_solvers(learning=True):
        defaults = make_solver(name).configuration()
        for key, (kind, *limits) in find_solver(name).tunable.items():
            inside = defaults[key] in limits if kind == "choice" else limits[0] <= defaults[key] <= limits[1]
            assert inside, f"{name}: {key} is {defaults[key]}"


def test_infeasible_instances_are_left_out():
    with pytest.raises(SolverError, match="is feasible"):
        tuning.training_instances(["class-infeasible-v1"], 1, seed=0)


def test_a_missing_answer_counts_as_a_gap_of_one(training):
    class Silent(type(make_solver("greedy"))):
        """Answers nothing."""

        def solve(self, problem, *, rng, budget):
            return tuning.Solution(None, None, None, status="infeasible")

    assert tuning.mean_gap(Silent(), training, evaluations=1, seed=0) == (1.0, 0)


def test_command_writes_settings_and_cost(tmp_path):
    out = tmp_path / "tuned.json"
    command = ["tune", "--solvers", "local-search,genetic+exact", "--scenario", "small-v1", "--json"]
    limits = ["--trials", "2", "--instances", "1", "--evaluations", "30", "--out", str(out)]
    done = CliRunner().invoke(app, [*command, *limits])
    assert done.exit_code == 0, done.output
    written = json.loads(out.read_text())
    assert [one["solver"] for one in written["solvers"]] == ["local-search", "genetic+exact"]
    assert written["split"] == "train"
    for one in written["solvers"]:
        assert one["trials"] == 2
        assert 0 < one["evaluations"] <= 60
        assert one["seconds"] > 0
        assert np.isfinite(one["gap"])
        make_solver(one["solver"], **one["options"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--solvers", "greedy"], "greedy has nothing to tune; use genetic"),
        (["--solvers", "gready"], "no solver is called 'gready'"),
        (["--solvers", ","], "no solvers are named"),
        (["--out", "."], "is a folder"),
        (["--scenario", "small-v9"], "did you mean 'small-v1'"),
        (["--solvers", "ppo-paper"], "ppo-paper has nothing to tune; use genetic"),
    ],
)
def test_wrong_usage_is_explained(options, message, monkeypatch, capsys, tmp_path):
    from rdebench.bench import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["rdebench", "tune", "--trials", "1", *options])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
