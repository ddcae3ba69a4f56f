"""Policies: found by what decides them, kept as a whole, data only, and never believed."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from rdebench.bench import policies
from rdebench.bench.cells import Limits, SuiteRun
from rdebench.bench.policies import Learning, PolicyError
from rdebench.bench.roster import Entrant
from rdebench.bench.suite import Suite
from rdebench.problems import Scenario
from rdebench.solvers import Budget, SolverError, make_solver
from rdebench.solvers.registry import load_plugin

from .. import learners as learners_module
from ..learners import PLUGIN

SMALL, PAPER = Scenario.load("small-v1"), Scenario.load("paper-m6-v1")


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The user's folder of policies and the shipped one, both empty."""
    user, shipped = tmp_path / "user", tmp_path / "shipped"
    monkeypatch.setenv(policies.VARIABLE, str(user))
    monkeypatch.setattr(policies, "shipped_folder", lambda: shipped)
    return user, shipped


@pytest.fixture
def learners(tmp_path):
    """Solvers of the plugin by name."""
    plugin = tmp_path / "plugin.py"
    plugin.write_text(PLUGIN)
    return {solver.name: solver for solver in load_plugin(plugin)}


def keep(solver, scenarios=(SMALL,), model=2, **where):
    return learners_module.keep(solver, scenarios, model, **where)


def test_a_kept_policy_is_found_and_loaded(places, learners):
    assert policies.find(learners["modest"](), SMALL) is None
    path = keep(learners["modest"]())
    assert path.parent == places[0] / "modest"
    assert policies.find(learners["modest"](), SMALL) == path
    solver = learners["modest"]()
    policies.load(solver, path)
    assert int(solver.model) == 2
    about = json.loads((path / "policy.json").read_text())
    assert about["format"] == "rdebench-policy/1"
    assert about["scenarios"] == {"small-v1": SMALL.content_hash()}
    assert (about["seed"], about["seconds"], about["machine"]) == (0, 1.5, "a desk")
    assert policies.Policy.at(path).seconds == 1.5
    assert sorted(entry.name for entry in path.parent.iterdir()) == [path.name]


def test_the_key_covers_what_decides_a_policy(learners):
    def key(changes=(), scenarios=(SMALL,), **options):
        solver = learners["modest"](**options)
        for name, value in dict(changes).items():
            setattr(solver, name, value)
        return Learning.of(solver).key(scenario.content_hash() for scenario in scenarios)

    physics = SMALL.model_copy(update={"rate": "spectral"})
    keys = [key(), key(samples=4), key({"physics": 2}), key({"policy_name": lambda: "other"})]
    keys += [key(scenarios=(physics,)), key(scenarios=(SMALL, PAPER))]
    assert len(set(keys)) == len(keys)
    assert key(scenarios=(PAPER, SMALL)) == key(scenarios=(SMALL, PAPER))
    assert key(scenarios=(SMALL.model_copy(update={"title": "renamed"}),)) == key()


def test_the_exact_scenario_goes_before_the_mixture_and_the_users_before_the_shipped(places, learners):
    user, shipped = places
    general, single = learners["patient"](), learners["modest"]()
    other = Scenario.load("paper-m9-v1")
    mixture = keep(general, (PAPER, SMALL), root=shipped)
    assert [policies.find(general, one) for one in (SMALL, other, None)] == [mixture] * 3
    exact = keep(general, root=shipped)
    assert [policies.find(general, one) for one in (SMALL, other, None)] == [exact, mixture, mixture]
    mine = keep(general, (PAPER, SMALL), root=user)
    assert [policies.find(general, one) for one in (SMALL, other, None)] == [exact, mine, mine]
    assert policies.find(general, SMALL) == exact
    keep(single, (PAPER, SMALL))
    assert policies.find(single, SMALL) is None
    assert policies.find(single, None) is None
    assert policies.find(make_solver("average"), SMALL) is None


def test_a_new_policy_replaces_the_old_one(places, learners):
    old = policies.Policy.at(keep(learners["modest"](), model=1))
    new = policies.Policy.at(keep(learners["modest"](), model=2))
    assert old.path == new.path
    assert old.digest != new.digest
    solver = learners["modest"]()
    with pytest.raises(PolicyError, match="changed during the run"):
        policies.load(solver, new.path, old.digest)
    policies.load(solver, new.path, new.digest)
    assert int(solver.model) == 2
    assert len(list(new.path.parent.iterdir())) == 1


def test_what_save_writes_must_be_data(places, learners):
    keep(learners["modest"]())

    def saves(write):
        solver = learners["modest"]()
        solver.save = write
        with pytest.raises(PolicyError) as refused:
            keep(solver)
        return str(refused.value)

    assert "no pickle" in saves(lambda path: (path / "model.pkl").write_bytes(b"\x80\x04."))
    assert "no pickle" in saves(lambda path: (path / "model.pt").write_bytes(b"PK"))
    assert "no pickle" in saves(lambda path: (path / "folder").mkdir())
    assert "no pickle" in saves(lambda path: os.symlink("/dev/null", path / "a.json"))
    objects = np.array([None], dtype=object)
    assert "without pickle" in saves(lambda path: np.save(path / "a.npy", objects, allow_pickle=True))
    assert "without pickle" in saves(lambda path: (path / "a.safetensors").write_bytes(b"\x80\x04" * 9))
    assert "without pickle" in saves(lambda path: (path / "a.json").write_text("{"))
    assert "without pickle" in saves(lambda path: (path / "a.parquet").write_bytes(b"PAR1"))
    assert "no weights" in saves(lambda path: None)
    assert "choose another --out" in refused_place(learners["modest"]())
    path = policies.find(learners["modest"](), SMALL)
    assert int(np.load(path / "model.npy")) == 2, "a refused policy replaced a sound one"
    assert len(list(path.parent.iterdir())) == 1


def test_a_folder_is_checked_without_leaving_anything_in_it(tmp_path):
    policies.check_writable(tmp_path / "new" / "modest")
    assert not list((tmp_path / "new" / "modest").iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(PolicyError, match=r"file/modest cannot be written: .*; choose another --out"):
        policies.check_writable(tmp_path / "file" / "modest")


def refused_place(solver):
    from pathlib import Path

    with pytest.raises(PolicyError) as refused:
        keep(solver, root=Path("/proc/policies"))
    return str(refused.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: (path / "policy.json").unlink(), "cannot be read"),
        (lambda path: (path / "policy.json").write_text("{"), "cannot be read"),
        (lambda path: (path / "policy.json").write_text("[]"), "has the format 'list'"),
        (lambda path: (path / "policy.json").write_text('{"format": "rdebench-policy/9"}'), "policy/9"),
        (
            lambda path: (path / "policy.json").write_text('{"format": "rdebench-policy/1"}'),
            "which scenarios",
        ),
        (lambda path: np.save(path / "model.npy", 3), "model.npy: not what was trained"),
        (lambda path: (path / "model.npy").unlink(), "no weights"),
        (lambda path: np.save(path / "more.npy", 3), "more.npy: not what was trained"),
        (lambda path: (path / "evil.pkl").write_bytes(b"\x80"), "no pickle"),
        (lambda path: path.rename(path.with_name("0" * 16)), "not a policy of modest in this configuration"),
    ],
)
def test_a_damaged_policy_is_refused_before_it_is_loaded(places, learners, damage, said):
    path = keep(learners["modest"]())
    damage(path)
    (path,) = path.parent.iterdir()
    solver = learners["modest"]()
    solver.load = lambda path: pytest.fail("it was loaded")
    with pytest.raises(PolicyError, match=said):
        policies.load(solver, path)
    assert len(policies.Policy.at(path).digest) == 64


def test_a_policy_that_the_solver_cannot_load_is_told_in_plain_words(places, learners):
    solver = learners["modest"]()

    def load(path):
        raise KeyError("layer.0")

    path, solver.load = keep(solver), load
    with pytest.raises(PolicyError, match=r"modest cannot load it: KeyError.*train again"):
        policies.load(solver, path)


def test_what_does_not_learn_or_has_no_decent_name_has_no_policy(learners):
    average = make_solver("average")
    with pytest.raises(SolverError, match="does not learn"):
        policies.load(average, None)
    with pytest.raises(SolverError, match="does not learn"):
        keep(average)
    solver = learners["modest"]()
    solver.policy_name = lambda: "../elsewhere"
    with pytest.raises(SolverError, match="lower-case letters"):
        Learning.of(solver)


def test_the_key_of_a_cell_covers_the_content_of_its_policy(places, learners):
    def cell():
        entrant = Entrant(
            "modest", "x", "other", {}, {}, False, Learning.of(learners["modest"]()), None, "code"
        )
        limits = Limits(None, None, 10.0)
        run = SuiteRun(Suite.load("small-v1"), "custom", 1, 1, (SMALL,), (entrant,), limits)
        return run.cells()[0]

    keys = [cell().key]
    assert cell().policy is None
    for model in (1, 2):
        path = keep(learners["modest"](), model=model)
        assert cell().policy == policies.Policy.at(path)
        keys.append(cell().key)
    assert len(set(keys)) == 3
    assert cell().key == keys[-1]


def test_fit_learns_what_the_policy_keeps(places, learners):
    solver = learners["modest"]()
    solver.fit(SMALL, seed=0, budget=Budget())
    path = keep(solver, model=int(solver.model))
    policies.load(other := learners["modest"](), path)
    assert int(other.model) == int(solver.model)
