"""The page: what it says, in which order, and that it is one safe file."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from rdebench.leaderboard.page import render
from rdebench.leaderboard.plots import thin
from rdebench.leaderboard.wording import duration, interval, number, percent, whole_percent

from ..results import SOLVERS, XSS, example_manifest, example_rows, result_rows


@pytest.fixture(scope="module")
def page():
    return render(example_rows(), example_manifest()).replace("\N{NO-BREAK SPACE}", " ")


def section(page, slug):
    return page.partition(f'id="suite-{slug}"')[2].partition("</section>")[0]


def data_of(page):
    """What the scripts read, as strict JSON."""
    text = page.partition('id="suites">')[2].partition("</script>")[0]
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the data"))


def solver_order(html):
    return re.findall(r'<th scope="row" data-sort="([^"]*)"', html)


def test_the_headline_names_the_best_of_those_that_are_not_optimal(page):
    text = section(page, "paper-v1")
    assert "On each of the 75 instances, exhaustive reached the proved optimum." in text
    assert "Of the others that ran on everything, heuristic-rde+exact comes closest: 3." in text


def test_solvers_stand_in_the_order_of_their_gap_and_partial_ones_last(page):
    paper = solver_order(section(page, "paper-v1"))
    assert paper[:3] == ["exhaustive", "heuristic-rde+exact", "average+exact"]
    assert len(paper) == len(SOLVERS)
    stress = section(page, "stress-v1")
    assert solver_order(stress)[len(SOLVERS)] == "exhaustive"
    assert "ran on 19 of 39" in stress
    assert "2 error" in stress


def test_a_suite_without_a_feasible_instance_says_so_and_is_ordered_by_reward(page):
    text = section(page, "paper-literal-v1")
    assert "all 25 are proved infeasible" in text
    assert "The right answer, every time: exhaustive." in text
    assert solver_order(text)[0] == "heuristic-rde+exact"
    assert "48 \N{MULTIPLICATION SIGN}" in text
    assert "∞" in text


def test_names_from_the_data_are_inert(page):
    assert XSS not in page
    assert "<img" not in page
    assert page.count("</script>") == page.count("sha256-") + 1


def test_nothing_is_fetched(page):
    assert not re.search(
        r"<(link|img|iframe|object|base)\b|<script[^>]+src|@import|url\(", page.partition("<script")[0]
    )
    assert "default-src 'none'" in page


def test_the_data_is_strict_json(page):
    suite = data_of(page)["suite-paper-v1"]
    assert suite["facets"] == [["users", ["6", "12"]], ["class", ["paper", "tight"]]]
    assert len(suite["views"]) == 6
    assert suite["index"]["6|"] == suite["index"]["6|paper"]


def test_the_plots_leave_refuted_instances_out(page):
    points = data_of(page)["suite-stress-v1"]["views"][0]["points"]
    exhaustive = next(point for point in points if point["solver"] == "exhaustive")
    assert exhaustive["gaps"] == [0.0] * 19
    assert exhaustive["partial"]


def test_it_tells_how_to_make_it_again(page):
    assert "rdebench run --suite paper-v1 --preset standard --suite-seed 1 --solvers random,average," in page
    assert "rdebench report" in page


def test_equal_rows_give_equal_pages():
    assert render(example_rows(), example_manifest()) == render(example_rows(), example_manifest())


def test_an_empty_result_and_an_empty_manifest_are_pages_too():
    rows = result_rows("paper-v1", ["a-v1"], 2, {"one": (0.1, 1.0)})
    assert "No results yet" in render(rows.iloc[:0], {})
    assert "paper-v1" in render(rows, {})


def test_without_bounds_solvers_are_compared_by_rde():
    rows = result_rows("s", ["a-v1"], 4, SOLVERS).assign(bound=np.nan, gap=np.nan, reference_status="unknown")
    page = render(rows, {})
    assert "No bound is known" in page
    assert solver_order(page)[0] == "exhaustive"


def test_the_headline_claims_no_optimum_where_only_a_bound_is_known():
    rows = result_rows("s", ["a-v1"], 4, {"one": (0.1, 1.0)})
    rows["reference_status"] = "unknown"
    assert "below the best bound known" in render(rows, {})


def test_the_headline_speaks_of_the_bounded_instances_alone():
    rows = result_rows("s", ["a-v1"], 6, SOLVERS)
    rows.loc[rows["instance"] >= 4, ["bound", "gap"]] = np.nan
    rows.loc[rows["instance"] >= 4, ["reference_status", "status"]] = ["unknown", "feasible"]
    page = render(rows, {})
    assert (
        "On each of the 4 instances with a known bound (of 6), exhaustive reached the proved optimum." in page
    )
    assert "4 with a bound" in page


def test_each_view_has_the_tables_and_sentences_of_its_own_rows(page):
    suite = data_of(page)["suite-paper-v1"]
    whole, six = suite["views"][0], suite["views"][suite["index"]["6|"]]
    assert whole["tables"] is None, "the first view's tables are on the page already"
    assert whole["about"] == "75 instances of 3 scenarios: “paper m6 v1”, “paper m12 v1” and “tight m12 v1”."
    assert six["about"] == "25 instances of “paper m6 v1”."
    (table,) = six["tables"]
    assert table["rows"][0][0] == "exhaustive"
    assert len(table["rows"]) == len(SOLVERS)
    assert len(six["advice"]) == 5
    assert "6 users" in six["advice"][1]
    assert {point["instances"] for point in six["points"]} == {25}
    assert (whole["sizes"]["values"], six["sizes"]) == (["6", "12"], None)
    assert (whole["classes"]["values"], six["classes"]) == (["paper", "tight"], None)


def test_a_view_without_an_optimum_has_a_table_and_no_plots(page):
    (view,) = data_of(page)["suite-paper-literal-v1"]["views"]
    assert view["points"] == []
    assert "curves" not in view
    assert view["note"].startswith("No instance here has a feasible optimum.")


def test_families_are_told_under_the_name_and_unknown_ones_are_other():
    manifest = example_manifest()
    for solver in manifest["suites"]["paper-v1"]["solvers"]:
        solver["family"] = {"exhaustive": "exact", "random": "baseline"}.get(solver["name"], "magic")
    page = render(result_rows("paper-v1", ["paper-m6-v1"], 3, SOLVERS), manifest)
    families = dict(data_of(page)["suite-paper-v1"]["families"])
    assert (families["exhaustive"], families["random"], families["average"]) == ("exact", "baseline", "other")
    assert re.search(r'data-sort="exhaustive">exhaustive<small>exact', page)
    assert re.findall(r'type="checkbox" value="(\w+)"', page) == ["exact", "baseline", "other"]
    assert "magic" not in page.partition("<script")[0]


def test_suites_whose_names_read_alike_have_links_of_their_own():
    rows = pd.concat([result_rows(name, ["a-v1"], 2, SOLVERS) for name in ("a b", "a-b", "☃")])
    assert set(data_of(render(rows, {}))) == {"suite-a-b", "suite-a-b-2", "suite-"}


def test_of_many_instances_the_smallest_and_the_largest_gap_are_drawn():
    assert thin([3.0, 1.0, 2.0]) == [1.0, 2.0, 3.0]
    many = thin(np.linspace(1, 0, 1234), 100)
    assert (len(many), many[0], many[-1]) == (100, 0.0, 1.0)
    assert many == sorted(many)


@pytest.mark.slow
def test_a_thousand_instances_of_twelve_solvers_stay_a_page_of_three_megabytes():
    solvers = {f"a-solver-with-a-long-name-{i}": (0.05 * i, 1e-3) for i in range(12)}
    scenarios = [
        f"class-{name}-m{users}-v1" for name in ("tight", "loose") for users in (6, 12, 50, 100, 1000)
    ]
    page = render(result_rows("big", scenarios, 100, solvers), {})
    assert len(data_of(page)["suite-big"]["views"]) == 18
    assert len(page.encode()) < 1_600_000


def test_a_large_result_stays_a_small_page():
    solvers = {f"solver-{i}": (0.05 * i, 1e-3) for i in range(12)}
    assert len(render(result_rows("big", ["a-v1"], 300, solvers), {})) < 700_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (percent(0.08123), "8.12 %"),
        (percent(0.4712), "47.1 %"),
        (percent(2.1e-5), "0.0021 %"),
        (percent(1e-9), "0 %"),
        (percent(np.nan), "\N{EN DASH}"),
        (whole_percent(0.998), ">99 %"),
        (whole_percent(1.0), "100 %"),
        (number(-4.0), "\N{MINUS SIGN}4.000"),
        (number(12345.6), "12,346"),
        (duration(2.5e-5), "25 µs"),
        (duration(0.0042), "4.2 ms"),
        (duration(240), "4.0 min"),
        (interval(0.07, 0.09), "7.00 \N{EN DASH} 9.00 %"),
        (interval(np.nan, np.nan), ""),
    ],
)
def test_numbers_are_printed_for_people(text, expected):
    assert text.replace("\N{NO-BREAK SPACE}", " ") == expected


def test_an_unfinished_run_is_partial():
    rows = pd.concat(
        [
            result_rows("s", ["a-v1"], 4, {"one": (0.1, 1.0)}),
            result_rows("s", ["a-v1"], 2, {"two": (0.0, 1.0)}),
        ]
    )
    assert "ran on 2 of 4" in render(rows, {})
