"""The page: what it says, in which order, and that it is one safe file."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from rdebench.leaderboard.page import render
from rdebench.leaderboard.wording import duration, interval, number, percent, whole_percent

from ..results import SCENARIOS, SOLVERS, XSS, example_manifest, example_rows, result_rows


@pytest.fixture(scope="module")
def page():
    return render(example_rows(), example_manifest()).replace("\N{NO-BREAK SPACE}", " ")


def section(page, slug):
    return page.partition(f'id="suite-{slug}"')[2].partition("</section>")[0]


def solver_order(html):
    return re.findall(r'<th scope="row" data-sort="([^"]*)"', html)


def test_the_headline_names_the_best_of_those_that_are_not_optimal(page):
    text = section(page, "paper-v1")
    assert "On each of the 75 instances, exhaustive reached the proved optimum." in text
    assert "Of the others that ran on everything, heuristic-rde+exact comes closest: 3." in text


def test_solvers_stand_in_the_order_of_their_gap_and_partial_ones_last(page):
    paper = solver_order(section(page, "paper-v1"))
    assert paper[:3] == ["exhaustive", "heuristic-rde+exact", "average+exact"]
    assert len(paper) == len(SOLVERS) * (1 + len(SCENARIOS))
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
    assert page.count("</script>") == 4


def test_nothing_is_fetched(page):
    assert not re.search(
        r"<(link|img|iframe|object|base)\b|<script[^>]+src|@import|url\(", page.partition("<script")[0]
    )
    assert "default-src 'none'" in page


def test_the_data_is_strict_json(page):
    text = page.partition('id="plots">')[2].partition("</script>")[0]
    plots = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the data"))
    assert len(plots["suite-paper-v1"]) == 1 + len(SCENARIOS)


def test_the_plots_leave_refuted_instances_out(page):
    data = json.loads(page.partition('id="plots">')[2].partition("</script>")[0])
    exhaustive = next(
        point for point in data["suite-stress-v1"][0]["points"] if point["solver"] == "exhaustive"
    )
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


def test_a_large_result_stays_a_small_page():
    solvers = {f"solver-{i}": (0.05 * i, 1e-3) for i in range(12)}
    assert len(render(result_rows("big", ["a-v1"], 1000, solvers), {})) < 1_000_000


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
