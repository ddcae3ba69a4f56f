"""Solvers that learn on the page: their curves, what they cost, what carries over, and that none of it can do harm."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from rdebench.leaderboard.aggregates import summarise
from rdebench.leaderboard.learner_curves import mean_curve, student_interval
from rdebench.leaderboard.learners import learners_view
from rdebench.leaderboard.page import render

from ..learner_results import example_entry, example_learners, example_policy
from ..results import SCENARIOS, SOLVERS, XSS, example_manifest, example_rows, result_rows


def page_of(learners):
    return render(example_rows(), example_manifest(), None, learners).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def section():
    return page_of(example_learners()).partition('id="learners"')[2].partition("</section>")[0]


def row(section, name):
    return section.partition(f'data-sort="{name}"')[2].partition("</tr>")[0]


def curve(*points):
    return [[0, seconds, gap, 0.0] for seconds, gap in points]


def test_the_mean_of_curves_begins_where_all_seeds_have_and_ends_with_their_last_values():
    first = curve((0.0, 0.9), (10.0, 0.5), (100.0, 0.1))
    second = curve((0.0, 0.9), (20.0, 0.7), (200.0, 0.3))
    points = mean_curve([first, second])
    assert points[0].seconds == pytest.approx(20.0)
    assert points[0].gap == pytest.approx((0.5 - 0.4 / 9 + 0.7) / 2)
    assert points[-1].seconds == pytest.approx(200.0)
    assert points[-1].gap == pytest.approx((0.1 + 0.3) / 2)
    assert all(point.low <= point.gap <= point.high for point in points)


def test_one_seed_has_its_own_points_and_no_interval():
    (point,) = mean_curve([curve((0.0, 0.9), (10.0, 0.5))])
    assert (point.seconds, point.gap) == (10.0, 0.5)
    assert np.isnan([point.low, point.high]).all()
    assert mean_curve([curve((0.0, 0.9))]) == []
    assert mean_curve([]) == []


def test_the_interval_is_students():
    low, high = student_interval([0.1, 0.2, 0.3, 0.4, 0.5])
    assert (high + low) / 2 == pytest.approx(0.3)
    assert (high - low) / 2 == pytest.approx(2.7764 * np.sqrt(0.025 / 5), rel=1e-4)
    assert student_interval([0.0, 0.0, 0.001])[0] == 0.0


def test_curves_of_one_place_share_a_panel_and_other_places_are_in_the_table_alone(section):
    view = learners_view(example_learners())
    panels = {panel["title"]: panel["lines"] for panel in view.plot["panels"]}
    assert list(panels) == ["a mixture of 16 scenarios", "paper-m12-v1"]
    assert {line["name"] for line in panels["paper-m12-v1"]} == {"ppo", "ppo-paper"}
    assert {line["seeds"] for lines in panels.values() for line in lines} == {5}
    assert view.names[0] == "ppo-paper"
    assert row(section, "ppo paper-m6-v1")


def test_the_table_says_what_training_costs_and_reaches(section):
    text = row(section, "ppo-paper paper-m12-v1")
    policies = [one for one in example_learners()["policies"] if one["policy"] == "ppo-paper"]
    mean = np.mean([one["curve"][-1][2] for one in policies])
    assert f"{mean * 100:.1f} %" in text
    for part in ("39.2 k", "158 kB", "min", "\N{EN DASH}", ">5</td>"):
        assert part in text
    assert "rdebench train ppo-paper --scenario paper-m12-v1 --seconds 600 --seed 4" in section
    assert section.count("AMD EPYC, 2 cores") == 31


def test_the_headline_names_the_closest_and_the_farthest_of_each_place():
    text = learners_view(example_learners()).headline
    assert "Trained on a mixture of 16 scenarios, amortized is" in text
    assert "Trained on paper-m12-v1, ppo is" in text
    assert "the closest of 2; ppo-paper, the farthest, is at" in text
    alone = learners_view({"policies": [example_policy("ppo", "a-v1", 0, 0.1)], "generalisation": []})
    assert re.fullmatch(r"Trained on a-v1, ppo is .* on average after \S+\smin\.", alone.headline)


def test_the_matrix_marks_what_was_trained_on_and_how_bad_the_rest_is(section):
    matrix = section.partition("<h4>amortized</h4>")[2]
    assert re.findall(r'<th scope="row" data-sort="([^"]*)"', matrix) == [
        "paper-m12-v1",
        "class-heterogeneous-v1",
        "scale-m100-v1",
        "zoo-m12-v1",
    ]
    assert matrix.count("as trained") == 2
    assert "3 % infeasible" in row(matrix, "zoo-m12-v1")
    assert re.findall(r"shade-(\d)", row(matrix, "scale-m100-v1")) == ["1", "3", "3"]


def test_entries_that_are_missing_or_of_one_instance_are_told_as_such():
    lone = example_entry("one", "a-v1", "b-v1", 0.1) | {"instances": 1, "gap_low": None, "gap_high": None}
    content = {
        "policies": [example_policy("one", "a-v1", 0, 0.1) | {"steps": None, "parameters": None}],
        "generalisation": [lone, example_entry("one", "c-v1", "d-v1", 0.1)],
    }
    (matrix,) = learners_view(content).matrices
    assert matrix.instances == "1 to 50 instances"
    assert [cell.text for cell in matrix.table.rows[0].cells[1:]] == [
        "10.0\N{NO-BREAK SPACE}%",
        "\N{EN DASH}",
    ]
    assert page_of(content)


def test_without_policies_there_is_no_section():
    empty = {"policies": [], "generalisation": []}
    assert learners_view(empty) is None
    assert page_of(empty) == page_of(None)


def test_names_from_policies_are_inert():
    bad = example_policy("ppo", "a-v1", 0, 0.1) | dict.fromkeys(("policy", "machine", "command", "key"), XSS)
    page = page_of({"policies": [bad], "generalisation": [example_entry(XSS, XSS, XSS, 0.1)]})
    assert XSS not in page
    assert "<img" not in page
    data = page.partition('id="learner-plot">')[2].partition("</script>")[0]
    assert json.loads(data)["panels"][0]["lines"][0]["name"] == XSS


def test_the_section_is_small():
    assert len(page_of(example_learners())) - len(page_of(None)) < 50_000


def test_the_table_of_solvers_says_what_their_training_took_in_total():
    rows = result_rows("s", SCENARIOS, 4, SOLVERS)
    learner = rows["solver"] == "random"
    rows.loc[learner, "policy"] = rows.loc[learner, "scenario"]
    rows.loc[learner, "fit_seconds"] = 60.0
    summary = summarise(rows)
    totals = summary[summary["solver"] == "random"].set_index("scenario")[["policies", "training"]]
    assert totals.loc["all"].tolist() == [3, 180.0]
    assert totals.loc[SCENARIOS[0]].tolist() == [1, 60.0]
    page = render(rows, {}).replace("\N{NO-BREAK SPACE}", " ")
    assert "3.0 min<small>3 policies\n" in page
    assert "1 policy" in page
    assert '<span class="head">Training</span>' not in render(result_rows("s", SCENARIOS, 4, SOLVERS), {})


def test_neighbours_are_settled_or_get_a_number_of_seeds():
    near = [example_policy("near", "a-v1", seed, 0.1) for seed in range(5)]
    twin = [example_policy("twin", "a-v1", 10 + seed, 0.11) for seed in range(5)]
    far = [example_policy("far", "a-v1", seed, 0.5) for seed in range(5)]
    lone = [example_policy("lone", "a-v1", 0, 0.8)]
    elsewhere = [example_policy("near", "b-v1", seed, 0.1) for seed in range(2)]
    content = {"policies": near + twin + far + lone + elsewhere, "generalisation": []}
    table = learners_view(content).separations
    verdicts = {(row.cells[0].text, row.cells[1].text): row.cells[4] for row in table.rows}
    assert list(verdicts) == [("near", "twin"), ("twin", "far"), ("far", "lone")]
    assert verdicts["twin", "far"].text == "yes"
    assert verdicts["near", "twin"].text == "no"
    assert re.fullmatch(r"about [\d,]+ more seeds each", verdicts["near", "twin"].note)
    assert verdicts["far", "lone"].text == "unknown"
    assert "How many more seeds separate two learners" in page_of(content)


def test_equal_learners_do_not_differ_and_a_learner_alone_is_not_compared():
    same = [example_policy(name, "a-v1", seed, 0.1) for name in ("one", "two") for seed in range(3)]
    (row,) = learners_view({"policies": same, "generalisation": []}).separations.rows
    assert row.cells[4].text == "no difference"
    assert learners_view({"policies": same[:3], "generalisation": []}).separations is None
