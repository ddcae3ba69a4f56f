"""Cuts of a suite: which there are, what is in them, and that equal ones are one."""

from __future__ import annotations

import pandas as pd
import pytest

from rdebench.leaderboard.views import MOST_VIEWS, choose, class_of, cuts, facets


def rows_of(*scenarios):
    """Two solvers on one instance of each (scenario, users, rate)."""
    return pd.DataFrame(
        [
            {"scenario": scenario, "users": count, "rate": rate, "solver": solver}
            for scenario, count, rate in scenarios
            for solver in ("one", "two")
        ]
    )


CROSSED = rows_of(
    ("class-tight-power-v1", 12, "shannon"),
    ("class-tight-power-v1", 6, "shannon"),
    ("paper-m12-v1", 12, "shannon"),
    ("paper-literal-m12-v1", 12, "spectral"),
)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("class-tight-power-v1", "tight-power"),
        ("paper-m12-v1", "paper"),
        ("paper-literal-m12-v2", "paper-literal"),
        ("small-v1", "small"),
        ("scale-m100000-v1", "scale"),
        ("class-v1", "class"),
        ("-m12-v1", "-m12-v1"),
        ("anything else", "anything else"),
    ],
)
def test_the_class_is_in_the_scenarios_name(scenario, expected):
    assert class_of(scenario) == expected


def test_only_facets_with_several_values_are_offered_and_sizes_rise():
    assert [(facet.column, [value for value, _ in facet.values]) for facet in facets(CROSSED)] == [
        ("users", ["6", "12"]),
        ("class", ["tight-power", "paper", "paper-literal"]),
        ("rate", ["shannon", "spectral"]),
    ]
    assert facets(rows_of(("small-v1", 3, "shannon"))) == ()


def test_the_first_cut_is_everything_and_each_has_exactly_its_rows():
    found = cuts(CROSSED)
    assert len(found.rows[0]) == len(CROSSED)
    assert found.complete
    for key, number in found.index.items():
        chosen = {
            column: value
            for column, value in zip(("users", "class", "rate"), key.split("|"), strict=True)
            if value
        }
        pd.testing.assert_frame_equal(found.rows[number], choose(CROSSED, chosen))
        assert len(found.rows[number]) > 0


def test_equal_cuts_are_one_and_empty_ones_are_none():
    found = cuts(CROSSED)
    assert found.index["|paper-literal|"] == found.index["||spectral"] == found.index["12||spectral"]
    assert "6|paper|" not in found.index
    assert "6||spectral" not in found.index
    assert len({tuple(part.index) for part in found.rows}) == len(found.rows)


def test_a_suite_with_nothing_to_choose_is_one_cut():
    found = cuts(rows_of(("small-v1", 3, "shannon")))
    assert (len(found.rows), found.index, found.facets) == (1, {"": 0}, ())


def test_too_many_combinations_leave_one_facet_at_a_time_and_say_so():
    many = [(f"class-c{c}-v1", users, "shannon") for c in range(12) for users in range(2, 14)]
    found = cuts(rows_of(*many))
    assert not found.complete
    assert len(found.rows) == 1 + 12 + 12 <= MOST_VIEWS
    assert "2|c0" not in found.index
    assert {"2|", "|c0", "|"} <= set(found.index)


def test_rows_without_users_are_cut_by_the_rest_and_never_lost():
    found = cuts(CROSSED.drop(columns="users"))
    assert [facet.column for facet in found.facets] == ["class", "rate"]
    gaps = CROSSED.assign(users=CROSSED["users"].astype(float).where(CROSSED.index > 1))
    found = cuts(gaps)
    assert len(found.rows[0]) == len(CROSSED)
    assert not any(key.startswith("nan") for key in found.index)


def test_names_that_mean_something_to_programs_are_names():
    found = cuts(rows_of(("__proto__", 3, "shannon"), ("constructor", 3, "shannon")))
    assert {"__proto__", "constructor"} <= set(found.index)
