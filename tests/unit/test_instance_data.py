"""Single instances of results: the same numbers as the referee's, whatever is in the rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rdebench.bench import instance_data, reference, store
from rdebench.bench.instance_data import MOST, MOST_USERS, chosen, read_instance, read_instances
from rdebench.bench.perf_audit import made_up_run, prove, write
from rdebench.leaderboard.allocation import allocation_view
from rdebench.problems import Allocation, Scenario

from ..results import XSS

NAMES = ["one", XSS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("instances") / "results"
    run = made_up_run(NAMES, 27, "small-v1", "small-v1")
    prove(place, run)
    write(place, run)
    return place


@pytest.fixture(scope="module")
def results(folder: Path) -> store.Results:
    return store.read_results(folder)


def of(rows: pd.DataFrame, instance: int) -> pd.DataFrame:
    return rows[rows["instance"] == instance]


def test_an_instance_has_the_numbers_of_the_referee(folder, results):
    found = read_instance(folder, of(results.rows, 4))
    problem = Scenario.load("small-v1").instance(4, 1)
    assert found == json.loads(json.dumps(found))
    assert (found["users"], found["models"]) == (problem.users, list(problem.scm_names))
    assert found["deadline_s"] == pytest.approx(problem.max_latency, rel=1e-3)
    assert set(found["answers"]) == set(NAMES)
    for row in of(results.rows, 4).to_dict("records"):
        answer = found["answers"][row["solver"]]
        evaluation = problem.evaluate(
            Allocation(*(np.array(row[name]) for name in ("scm", "power_w", "bandwidth_hz")))
        )
        assert answer["scm"] == list(row["scm"])
        assert answer["rate"] == pytest.approx(evaluation.rate, rel=1e-3)
        latency = [np.inf if one is None else one for one in answer["latency_s"]]
        assert latency == pytest.approx(evaluation.latency, rel=1e-3)
        assert answer["rde"] == pytest.approx(row["rde"], rel=1e-3)
        assert answer["reward"] == pytest.approx(row["reward"], rel=1e-3)
        assert answer["total_power_w"] == pytest.approx(row["total_power_w"], rel=1e-3)
        assert answer["gap"] == pytest.approx(row["gap"], rel=1e-3)
    known = reference.read(folder / "references", problem.content_hash())
    assert found["optimum"]["source"] == "certificate"
    assert found["optimum"]["scm"] == known["scm"]
    assert found["optimum"]["rde"] == pytest.approx(known["rde"], rel=1e-3)


def test_an_answer_that_cannot_be_scored_has_no_allocation_and_a_skipped_run_is_left_out(folder, results):
    rows = of(results.rows, 4).copy().astype({"scm": object})
    first, second = rows.index
    rows.at[first, "scm"] = [99] * len(rows.at[first, "scm"])
    rows.at[first, "status"] = "invalid"
    rows.at[second, "status"] = "skipped"
    found = read_instance(folder, rows)
    assert set(found["answers"]) == {NAMES[0]}
    assert set(found["answers"][NAMES[0]]) == {"status", "gap", "reward", "seconds"}
    for wrong in ([0], [0.5] * 6, ["x"] * 6, None):
        rows.at[first, "scm"] = wrong
        assert "scm" not in read_instance(folder, rows)["answers"][NAMES[0]]


def test_without_a_certificate_the_best_optimal_row_is_the_optimum(tmp_path, results):
    rows = of(results.rows, 4).copy()
    assert read_instance(tmp_path, rows)["optimum"] is None
    rows["status"] = "optimal"
    assert read_instance(tmp_path, rows)["optimum"]["source"] == NAMES[0]


def test_a_scenario_that_has_changed_is_left_out_and_told(folder, results):
    rows = results.rows.assign(scenario_hash="another")
    with pytest.raises(LookupError, match="not the one that was run"):
        read_instance(folder, of(rows, 4))
    found, notes = read_instances(folder, replace(results, rows=rows))
    assert found == {}
    assert notes == ["small-v1 is left out of the allocations: the scenario here is not the one that was run"]
    with pytest.raises(LookupError, match="instance 4 drawn here is not the one"):
        read_instance(folder, of(results.rows, 4).assign(suite_seed=2))
    gone, notes = read_instances(folder, replace(results, rows=results.rows.assign(scenario="gone-v1")))
    assert gone == {}
    assert "gone-v1" in notes[0]


def made_up(scenarios: int, instances: int, users: int = 6) -> pd.DataFrame:
    """Rows of two solvers; the higher the number of an instance, the easier it is."""
    return pd.DataFrame(
        [
            {"scenario": f"s{n}-v1", "instance": i, "gap": 1 / (i + 1), "users": users, "solver": solver}
            for n in range(scenarios)
            for i in range(instances)
            for solver in NAMES
        ]
    )


def test_chosen_instances_go_from_easy_to_hard_in_every_scenario():
    assert chosen(made_up(1, 9)) == [("s0-v1", 8, "easiest"), ("s0-v1", 4, "median"), ("s0-v1", 0, "hardest")]
    assert len(chosen(made_up(4, 9))) == 12
    assert chosen(made_up(5, 9)) == [(f"s{n}-v1", 4, "median") for n in range(5)]
    many = chosen(made_up(40, 3))
    assert len(many) == MOST
    assert (many[0][0], many[-1][0]) == ("s0-v1", "s39-v1")
    assert chosen(made_up(1, 2)) == [("s0-v1", 0, "median")]
    assert chosen(made_up(1, 3, users=MOST_USERS + 1)) == []
    assert chosen(made_up(1, 1).assign(gap=np.nan)) == [("s0-v1", 0, "median")]


def test_the_page_gets_them_in_its_units_and_no_infinities(folder, results):
    found, notes = read_instances(folder, results)
    assert notes == []
    assert [one["choice"] for one in found["small-v1"]] == list(instance_data.CHOICES[3])
    view = allocation_view(found)
    assert view == json.loads(json.dumps(view))
    for one, shaped in zip(found["small-v1"], view["small-v1"], strict=True):
        assert shaped["label"] == f"small-v1, instance {one['instance']} ({one['choice']})"
        assert shaped["rate_unit"] == "Mbit/s"
        gaps = [answer["gap"] for answer in shaped["answers"].values()]
        assert gaps == sorted(gaps)
        for solver, answer in shaped["answers"].items():
            given = one["answers"][solver]
            assert np.array(answer["power_mw"]) == pytest.approx(np.array(given["power_w"]) * 1e3, rel=1e-2)
            assert np.array(answer["bandwidth_khz"]) == pytest.approx(
                np.array(given["bandwidth_hz"]) / 1e3, rel=1e-2
            )
            assert np.array(answer["rate"]) == pytest.approx(np.array(given["rate"]) / 1e6, rel=1e-2)
        assert shaped["optimum"]["scm"] == one["optimum"]["scm"]


def test_a_latency_without_end_is_none_and_what_does_not_fit_is_refused(folder, results):
    one = read_instance(folder, of(results.rows, 4))
    answer = one["answers"]["one"]
    answer["latency_s"][0] = None
    (shaped,) = allocation_view({"s": [one], "empty": []})["s"]
    assert shaped["answers"]["one"]["latency_s"][0] is None
    answer["scm"][0] = 4
    with pytest.raises(ValueError, match="the SCMs are 0 to 3"):
        allocation_view({"s": [one]})
    answer["scm"] = [0]
    with pytest.raises(ValueError, match="one for each of 6 users"):
        allocation_view({"s": [one]})
