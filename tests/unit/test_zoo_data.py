"""Zoos kept beside results: the page shows the cards that a run used, wherever they lay."""

from __future__ import annotations

import json
import shutil

import pytest

from rdebench.bench.zoo_data import keep_zoo, read_zoos
from rdebench.problems import Scenario
from rdebench.scm_zoo.card import zoo_folder

from ..zoo_results import example_zoo


@pytest.fixture
def scenario(tmp_path):
    """A scenario that draws from a zoo of the user's own, without pictures."""
    shipped = Scenario.load("zoo-m6-v1")
    own = tmp_path / "own"
    own.mkdir()
    for card in (zoo_folder() / shipped.models.zoo).glob("*.json"):
        shutil.copy(card, own)
    given = shipped.model_dump(exclude_none=True, exclude_unset=True)
    given["models"]["zoo"] = "./own"
    return Scenario.model_validate(given, context={"folder": tmp_path})


def manifest_with(*entries):
    return {"suites": {"s": {"scenarios": [{"id": "one", "zoo": entry} for entry in entries]}}}


def test_a_zoo_of_ones_own_outlives_its_folder(scenario, tmp_path):
    results = tmp_path / "results"
    entry = keep_zoo(results, scenario)
    assert entry["name"] == "own"
    shutil.rmtree(tmp_path / "own")
    zoos, notes = read_zoos(results, manifest_with(entry, entry))
    assert notes == []
    assert {card["name"] for card in zoos["own"]["cards"]} >= set(scenario.models.names)
    assert zoos["own"]["pictures"] is None


def test_the_shipped_zoo_has_pictures_of_its_weights(tmp_path):
    entry = keep_zoo(tmp_path, Scenario.load("zoo-m6-v1"))
    zoos, notes = read_zoos(tmp_path, manifest_with(entry))
    assert notes == []
    zoo = zoos["rdebench-lite-v1"]
    hashes = {card["name"]: card["weights"]["sha256"] for card in zoo["cards"]}
    assert {name: sheet["weights_sha256"] for name, sheet in zoo["pictures"]["models"].items()} == hashes


def test_a_published_zoo_keeps_nothing(tmp_path):
    entry = keep_zoo(tmp_path, Scenario.load("paper-m6-v1"))
    assert entry == {"name": "paper-table1"}
    assert read_zoos(tmp_path, manifest_with(entry, None)) == ({}, [])
    assert list(tmp_path.iterdir()) == []


def test_what_is_damaged_is_left_out_and_named(tmp_path):
    (tmp_path / "zoos").mkdir()
    contents = {"cut": "{", "cards": '{"cards": [{"schema": 1}]}', "list": "[]"}
    for name, content in contents.items():
        (tmp_path / "zoos" / name).write_text(content, encoding="utf-8")
    entries = [{"name": name, "file": name} for name in (*contents, "missing")]
    zoos, notes = read_zoos(tmp_path, manifest_with(*entries))
    assert zoos == {}
    assert len(notes) == 4
    assert all(
        f"the zoo {entry['name']} is left out: " in note for entry, note in zip(entries, notes, strict=True)
    )


def test_pictures_that_are_no_webp_are_left_out(tmp_path, scenario):
    entry = keep_zoo(tmp_path, scenario)
    path = tmp_path / "zoos" / entry["file"]
    content = json.loads(path.read_text(encoding="utf-8"))
    pictures = example_zoo()["pictures"]
    data = pictures.pop("data")
    path.write_text(json.dumps(content | {"pictures": {"index": pictures, "data": data}}), encoding="utf-8")
    assert read_zoos(tmp_path, manifest_with(entry))[0]["own"]["pictures"] is not None
    data["originals.webp"] = "R0lGODlhAQABAAAAACw="
    path.write_text(json.dumps(content | {"pictures": {"index": pictures, "data": data}}), encoding="utf-8")
    assert read_zoos(tmp_path, manifest_with(entry))[0]["own"]["pictures"] is None
