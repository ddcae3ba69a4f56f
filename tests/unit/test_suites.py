"""Suites: what ships is consistent, and what is wrong is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rdebench.bench.suite import PRESETS, Suite, SuiteError, frozen, suite_names
from rdebench.problems import Scenario
from rdebench.solvers import make_solver

VALID = """
format = "rdebench-suite/1"
name = "mine-v1"
title = "Mine"
question = "Which is best?"
scenarios = ["small-v1"]
seed = 1
time_limit_s = 10.0
solvers = ["average", "random"]
presets = { quick = 25, standard = 100, full = 400 }
"""


@pytest.mark.parametrize("name", suite_names())
def test_a_shipped_suite_names_scenarios_and_solvers_that_exist(name: str) -> None:
    suite = Suite.load(name)
    assert suite.name == name
    assert suite.question.endswith("?")
    for scenario in suite.scenarios:
        assert Scenario.load(scenario).id == scenario
    for solver in suite.solvers:
        make_solver(solver, **suite.options.get(solver, {}))


def test_the_suites_ship_with_the_main_one_first_and_the_presets_of_the_paper() -> None:
    others = ["classes-v1", "paper-literal-v1", "scale-v1", "small-v1"]
    assert suite_names() == ["zoo-v1", "paper-v1", *others]
    for name, quick in (("zoo-v1", 5), ("paper-v1", 25)):
        assert [Suite.load(name).instances(preset) for preset in PRESETS] == [quick, 100, 400]


def test_the_main_suite_has_the_solvers_of_the_paper_suite_and_comes_first_on_the_page() -> None:
    assert Suite.load("zoo-v1").solvers == Suite.load("paper-v1").solvers
    makefile = Path(__file__).resolve().parents[2] / "Makefile"
    (suites,) = re.findall(r"^SUITES := (.*)$", makefile.read_text(encoding="utf-8"), re.MULTILINE)
    assert suites.split()[:2] == ["zoo-v1", "paper-v1"]


def test_the_literal_suite_shares_the_whole_budget() -> None:
    options = Suite.load("paper-literal-v1").options
    assert options == {name: {"power_share": "budget"} for name in ("average", "random", "heuristic-rde")}


def test_an_unknown_suite_or_preset_is_met_with_the_nearest_one() -> None:
    with pytest.raises(SuiteError, match="did you mean 'paper-v1'"):
        Suite.load("papr-v1")
    with pytest.raises(SuiteError, match="did you mean 'quick'"):
        Suite.load("paper-v1").instances("quik")
    with pytest.raises(SuiteError, match="use one of quick, standard, full"):
        Suite.load("paper-v1").instances("zzz")


@pytest.mark.parametrize("name", ["../suites/paper-v1", "", "/etc/passwd", "paper-v1.toml"])
def test_a_name_is_not_a_path(name: str) -> None:
    with pytest.raises(SuiteError, match="no suite is called"):
        Suite.load(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 1", "seed = -1", "seed: Input should be greater than or equal to 0"),
        ("seed = 1", "sed = 1", "seed: Field required"),
        ('["small-v1"]', "[]", "scenarios: List should have at least 1 item"),
        ('["average", "random"]', '["average", "average"]', "solvers names something twice"),
        ("quick = 25", "quick = 0", "presets.quick: Input should be greater"),
        ("10.0", "inf", "time_limit_s: Input should be a finite number"),
        ("presets", "options = { averag = {} }\npresets", "options are given for averag"),
        ("seed = 1", "seed = ", "not TOML"),
        ("suite/1", "suite/2", "format: Input should be 'rdebench-suite/1'"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_sentence(old: str, new: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        Suite.parse(VALID.replace(old, new), "mine.toml")


def test_the_hash_covers_the_content() -> None:
    one, other = Suite.parse(VALID, ""), Suite.parse(VALID.replace("seed = 1", "seed = 2"), "")
    assert one.content_hash() == Suite.parse(VALID, "").content_hash() != other.content_hash()


@pytest.mark.parametrize("name", suite_names())
def test_a_published_suite_is_frozen(name: str) -> None:
    suite = Suite.load(name)
    assert frozen()[name] == suite.content_hash(), "an edited suite or scenario needs a new version"
    suite.require_frozen()


@pytest.mark.parametrize(
    "edit", [{"seed": 2}, {"evaluations": 999}, {"time_limit_s": 1.0}, {"scenarios": ["paper-m6-v1"]}]
)
def test_an_edited_suite_is_refused_under_its_old_name(edit: dict[str, object]) -> None:
    suite = Suite.load("small-v1").model_copy(update=edit)
    with pytest.raises(SuiteError, match=r"is frozen.*give what was edited a new version"):
        suite.require_frozen()


def test_an_edited_scenario_is_refused_under_the_old_name_of_its_suite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = Scenario.load("small-v1")
    edited = real.model_copy(update={"rate": "spectral"})
    monkeypatch.setattr(Scenario, "load", classmethod(lambda cls, name: edited))
    with pytest.raises(SuiteError, match=r"scenarios \(small-v1\) was edited"):
        Suite.load("small-v1").require_frozen()


def test_words_and_solvers_of_a_frozen_suite_may_change() -> None:
    suite = Suite.load("small-v1").model_copy(update={"title": "Other", "solvers": ["average"]})
    suite.require_frozen()
