"""Policies on what they were not trained on: which are found, what is measured, what is kept."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import platformdirs
import pytest

from rdebench.bench import cli, generalisation, generalisation_rows, policies
from rdebench.bench.manifest import ResultsError
from rdebench.bench.trained_policies import policies_of
from rdebench.problems import Scenario
from rdebench.solvers import Solution, make_solver
from rdebench.solvers.average import Average


class Remembers(Average):
    """Best on instances with as many users as it has seen; breaks the power budget with more."""

    name, learns, general = "remembers", True, True

    def __init__(self, policy_seed: int = 0) -> None:
        self.policy_seed = policy_seed
        self.model, self.power_share, self.most = None, "remaining", 0

    def fit(self, scenario, *, seed, budget):
        self.most = max(scenario.users)

    def save(self, path):
        np.save(path / "most.npy", np.array(self.most))

    def load(self, path):
        self.most = int(np.load(path / "most.npy", allow_pickle=False))

    def solve(self, problem, *, rng, budget):
        assert self.policy_seed < 2
        if problem.models > 4:
            raise ValueError("more models than it has seen")
        found = make_solver("certified").solve(problem, rng=rng, budget=budget)
        scale = 1.0 if problem.users <= self.most else 3.0
        return Solution(found.scm, found.power * scale, found.bandwidth)


@pytest.fixture
def root(tmp_path, monkeypatch):
    kernels = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
    monkeypatch.setenv("NUMBA_CACHE_DIR", kernels)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("RDEBENCH_POLICIES", str(tmp_path / "policies"))
    return tmp_path / "policies"


def train(root, *names, seed=0, solver=None):
    solver, scenarios = solver or Remembers(policy_seed=seed), [Scenario.load(name) for name in names]
    solver.fit(scenarios[-1], seed=seed, budget=None)
    told = {"command": "", "machine": "", "steps": None, "seconds": 1.0}
    return policies.keep(solver, scenarios, seed=seed, root=root, **told)


def test_policies_are_found_mixtures_first(root, tmp_path):
    one = train(root, "small-v1", seed=1)
    train(root, "small-v1", seed=0)
    train(root, "paper-m6-v1", "paper-m9-v1")
    other = tmp_path / "other"
    train(other, "small-v1", seed=1)
    found = policies_of(Remembers(), [root, other, tmp_path / "none"])
    assert [(policy.trained_on, policy.seed) for policy in found] == [
        ("mixture", 0),
        ("small-v1", 0),
        ("small-v1", 1),
    ]
    assert found[2].folder == one


@pytest.mark.parametrize(
    "change",
    [
        {"physics": 2},
        {"policy": "another"},
        {"scenarios": {"small-v1": "old"}},
        {"scenarios": {}},
        {"seed": None},
        {"configuration": {"policy_seed": 0, "width": 9}},
    ],
)
def test_policies_of_something_else_are_left_out(root, change):
    file = train(root, "small-v1") / "policy.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert policies_of(Remembers(), [root]) == []
    file.write_text("{")
    assert policies_of(Remembers(), [root]) == []


def test_the_matrix_says_what_each_training_loses_on_each_test(root):
    train(root, "small-v1", seed=0)
    train(root, "small-v1", seed=1)
    train(root, "paper-m9-v1")
    known = policies_of(Remembers(), [root])
    tests = [generalisation.prepare(Scenario.load(name), 3) for name in ("small-v1", "paper-m9-v1")]
    done = []
    rows, failures = generalisation.across([(Remembers(), known)], tests, lambda: done.append(1))
    assert failures == []
    assert len(done) == 6
    assert len(rows) == 3 * 2 * 3
    entries = {(one.trained_on, one.tested_on): one for one in generalisation.matrix(rows)}
    assert len(entries) == 4
    for (trained_on, tested_on), one in entries.items():
        fails = (trained_on, tested_on) == ("small-v1", "paper-m9-v1")
        assert one.gap == pytest.approx(float(fails), abs=1e-6)
        assert one.infeasible == float(fails)
        assert one.instances == 3
        assert one.policies == (2 if trained_on == "small-v1" else 1)
        assert one.gap_low <= one.gap <= one.gap_high


def test_what_cannot_be_run_costs_no_other_entry(root):
    train(root, "small-v1")
    known = policies_of(Remembers(), [root])
    tests = [generalisation.prepare(Scenario.load(name), 1) for name in ("zoo-m6-v1", "small-v1")]
    rows, failures = generalisation.across([(Remembers(), known)], tests)
    assert set(rows["tested_on"]) == {"small-v1"}
    assert failures == [
        "remembers trained on small-v1 cannot be run on zoo-m6-v1: ValueError: more models than it has seen"
    ]


def test_rows_are_kept_and_read(root, tmp_path):
    train(root, "small-v1")
    known = policies_of(Remembers(), [root])
    rows, _ = generalisation.across(
        [(Remembers(), known)], [generalisation.prepare(Scenario.load("small-v1"), 2)]
    )
    assert generalisation_rows.read(tmp_path) is None
    path = generalisation_rows.write(rows, tmp_path)
    assert generalisation_rows.read(tmp_path).equals(rows)
    assert list(rows.columns) == generalisation_rows.SCHEMA.names
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ResultsError, match="is damaged"):
        generalisation_rows.read(tmp_path)


def test_without_fading_only_distance_tells_channels_apart():
    faded = Scenario.load("paper-m12-v1")
    scenario = generalisation.without_fading(faded)
    assert scenario.id == "paper-m12-no-fading-v1"
    spread = [np.ptp(np.log(one.gain)) for one in scenario.sample(20, 0)]
    assert max(spread) <= 3.76 * np.log(250 / 35) + 1e-9
    assert np.mean(spread) < np.mean([np.ptp(np.log(one.gain)) for one in faded.sample(20, 0)])
    assert scenario.limits == faded.limits


def command(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["rdebench", "verify", "--across", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0, *capsys.readouterr()


def test_the_command_prints_and_keeps_the_matrix(root, tmp_path, monkeypatch, capsys):
    train(root, "small-v1")
    monkeypatch.setattr("rdebench.solvers.find_solver", lambda name: Remembers)
    words = ("--solver", "remembers", "--scenario", "small-v1", "--instances", 2, "--out", tmp_path / "kept")
    code, _, err = command(monkeypatch, capsys, *words)
    assert code == 2
    assert "is not part of rdebench" in err
    monkeypatch.setattr(Remembers, "__module__", "rdebench.solvers.remembers")
    code, out, err = command(monkeypatch, capsys, *words)
    assert code == 0, err
    assert "remembers: mean gap in %" in out
    assert len(generalisation_rows.read(tmp_path / "kept")) == 2
    code, out, _ = command(monkeypatch, capsys, *words, "--json")
    (entry,) = json.loads(out)["entries"]
    assert (entry["trained_on"], entry["instances"]) == ("small-v1", 2)
    code, _, err = command(monkeypatch, capsys, *words, "--scenario", "zoo-m6-v1")
    assert code == 1


def test_a_solver_without_a_policy_is_told_how_to_get_one(root, monkeypatch, capsys):
    monkeypatch.setattr("rdebench.solvers.find_solver", lambda name: Remembers)
    monkeypatch.setattr(Remembers, "__module__", "rdebench.solvers.remembers")
    code, _, err = command(monkeypatch, capsys, "--solver", "remembers")
    assert code == 2
    assert "remembers has no policy; train one: rdebench train remembers" in err
