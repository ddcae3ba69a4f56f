"""What the page is told of policies: only sound ones of today's scenarios, and one's own before those that ship."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from rdebench.bench import generalisation_rows, learner_data, policies
from rdebench.problems import Scenario
from rdebench.solvers.registry import load_plugin

from ..learners import PLUGIN, keep


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """Folders of one's own and of shipped policies, both empty, and a learner that is installed."""
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    plugin = tmp_path / "learners_on_the_page.py"
    plugin.write_text(PLUGIN)
    solver = next(one for one in load_plugin(plugin) if one.name == "patient")()
    monkeypatch.setenv(policies.VARIABLE, str(own))
    monkeypatch.setattr(policies, "shipped_folder", lambda: shipped)
    monkeypatch.setattr(learner_data, "_learners", lambda: [solver, solver])
    return solver, own, shipped


CURVE = [[10, 0.5, 0.6, 0.5], [20, 1.5, 0.25, 0.0]]


def kept(solver, scenario, root, **more):
    return keep(solver, [Scenario.load(scenario)], root=root, curve=CURVE, **more)


def test_a_policy_is_told_once_with_what_it_cost(roots, tmp_path):
    solver, own, shipped = roots
    kept(solver, "small-v1", shipped)
    path = kept(solver, "small-v1", own)
    about = json.loads((path / "policy.json").read_text())
    (path / "policy.json").write_text(json.dumps(about | {"machine": "my desk"}))
    kept(solver, "paper-m6-v1", shipped)
    found, notes = learner_data.read_learners(tmp_path)
    assert notes == []
    assert [(one["trained_on"], one["machine"]) for one in found["policies"]] == [
        ("paper-m6-v1", "a desk"),
        ("small-v1", "my desk"),
    ]
    first = found["policies"][0]
    assert first["policy"] == "patient"
    assert first["curve"] == CURVE
    assert (first["steps"], first["seconds"], first["scenarios"]) == (3, 1.5, 1)
    assert first["parameters"] is None
    assert first["bytes"] == (path / "model.npy").stat().st_size
    assert found["generalisation"] == []


def test_the_header_of_the_weights_says_how_many_numbers_there_are(tmp_path):
    header = json.dumps(
        {"__metadata__": {"a": "b"}, "one": {"shape": [3, 4]}, "two": {"shape": []}, "three": {"shape": [5]}}
    ).encode()
    path = tmp_path / "policy.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert learner_data._parameters(path) == 12 + 1 + 5


@pytest.mark.parametrize("curve", [[[1, 2, 3]], [["a", 1, 1, 1]], [[1, 1, float("inf"), 1]], 7, "point"])
def test_a_policy_with_a_senseless_curve_is_left_out_with_a_note(roots, tmp_path, curve):
    solver, own, _ = roots
    path = kept(solver, "small-v1", own)
    about = json.loads((path / "policy.json").read_text())
    (path / "policy.json").write_text(json.dumps(about | {"curve": curve}))
    found, notes = learner_data.read_learners(tmp_path)
    assert found["policies"] == []
    (note,) = notes
    assert f"{path} is left out" in note


def test_the_matrix_of_the_results_goes_before_the_one_that_ships(roots, tmp_path):
    _, _, shipped = roots
    row = {"solver": "one", "policy": "p", "trained_on": "a", "tested_on": "b", "seed": 0, "feasible": True}
    rows = pd.DataFrame([row | {"instance": k, "gap": 0.1 * k} for k in range(3)])
    shipped.mkdir()
    generalisation_rows.write(rows, shipped)
    (entry,) = learner_data.read_learners(tmp_path)[0]["generalisation"]
    assert entry["gap"] == pytest.approx(0.1)
    generalisation_rows.write(rows.assign(gap=0.5), tmp_path)
    (entry,) = learner_data.read_learners(tmp_path)[0]["generalisation"]
    assert np.isclose(entry["gap"], 0.5)
    (tmp_path / generalisation_rows.FILE).write_bytes(b"PAR1")
    found, notes = learner_data.read_learners(tmp_path)
    assert found["generalisation"] == []
    assert "generalisation" in notes[0]
