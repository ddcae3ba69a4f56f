"""Curves of a view against values worked out by hand, and what holds of them whatever the rows are."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from rdebench.leaderboard.aggregates import REFUTED, summarise_view
from rdebench.leaderboard.curves import PROFILE_TARGET, by_facet, curves

from ..results import SCENARIOS, SOLVERS, XSS, result_rows, stress, with_status


def run(solver, seconds, gap, instance=0, trace=(), status="feasible", **changes):
    """A run on an instance whose bound is 100; ``trace`` holds the seconds and the gap of its incumbents."""
    return {
        "suite": "s-v1",
        "scenario": "s-v1",
        "instance": instance,
        "solver": solver,
        "status": status,
        "rde": 100 * (1 - gap),
        "bound": 100.0,
        "gap": gap,
        "reference_status": "optimal",
        "solve_seconds": seconds,
        "trace_seconds": [time for time, _ in trace] if trace else None,
        "trace_rde": [100 * (1 - gap) for _, gap in trace] if trace else None,
        "users": 6,
    } | changes


def at(grid, values, where):
    """The value of a step curve."""
    return values[np.searchsorted(grid, where, side="right") - 1]


def test_a_target_is_reached_when_an_incumbent_or_the_answer_is_near_enough():
    found = curves(
        pd.DataFrame(
            [
                run("search", 8.0, 0.0, trace=[(1.0, 0.5), (2.0, 0.05), (4.0, 0.005)]),
                run("search", 8.0, 0.2, 1, trace=[(2.0, 0.6)]),
                run("quick", 0.5, 0.05),
                run("quick", 0.5, 0.2, 1),
            ]
        )
    )
    seconds, shares = found["runtime"]["seconds"], found["runtime"]["shares"]
    # Of two runs and four targets each: 10 % at 2 s, 1 % at 4 s, 0.1 % and 1e-6 at 8 s, and none on the other.
    for when, pairs in ((0.5, 0), (1.9, 0), (2.2, 1), (3.9, 1), (4.5, 2), (8.0, 4)):
        assert at(seconds, shares["search"], when) == pairs / 8
    assert (at(seconds, shares["quick"], 0.5), shares["quick"][-1]) == (1 / 8, 1 / 8)
    assert (seconds[0], seconds[-1]) == (0.5, 8.0)


def test_the_gap_falls_from_one_to_that_of_the_answers():
    found = curves(
        pd.DataFrame(
            [
                run("search", 8.0, 0.1, trace=[(1.0, 0.5), (2.0, 0.1)]),
                run("search", 4.0, 0.2, 1),
            ]
        )
    )
    seconds, gaps = found["anytime"]["seconds"], found["anytime"]["gaps"]["search"]
    for when, mean in ((1.0, 0.75), (1.9, 0.75), (2.2, 0.55), (3.9, 0.55), (4.3, 0.15), (8.0, 0.15)):
        assert at(seconds, gaps, when) == pytest.approx(mean)


def test_a_profile_compares_the_times_of_answers_within_one_per_cent():
    found = curves(
        pd.DataFrame(
            [
                run("a", 1.0, 0.0),
                run("b", 2.0, 0.009, trace=[(0.1, 0.009)]),  # the answer came at two seconds
                run("c", 0.1, 0.02),  # quick, and not near enough
                run("a", 9.0, 0.0, 1),
                run("b", 3.0, 0.0, 1),
                run("c", 3.0, 0.0, 1),
            ]
        )
    )
    ratios, shares = found["profile"]["ratios"], found["profile"]["shares"]
    assert {solver: line[0] for solver, line in shares.items()} == {"a": 0.5, "b": 0.5, "c": 0.5}
    assert at(ratios, shares["b"], 2.1) == 1
    assert (at(ratios, shares["a"], 2.9), shares["a"][-1]) == (0.5, 1)
    assert shares["c"][-1] == 0.5
    assert (ratios[0], ratios[-1]) == (1.0, 3.0)


@pytest.mark.parametrize("status", ["violated", "error", "invalid", "memory_limit", "time_limit"])
def test_a_run_without_a_feasible_answer_reaches_nothing_whatever_it_found_on_its_way(status):
    lost = run(
        "lost", 1.0, 1.0, trace=[(0.2, 0.0)], status=status, rde=50.0 if status == "violated" else np.nan
    )
    found = curves(
        pd.DataFrame([lost, run("fine", 0.5, 0.0), run("lost", 1.0, 0.0, 1), run("fine", 0.5, 0.0, 1)])
    )
    assert found["runtime"]["shares"]["lost"][-1] == 0.5
    assert found["profile"]["shares"]["lost"][-1] == 0.5
    assert found["anytime"]["gaps"]["lost"][-1] == 0.5
    assert found["runtime"]["shares"]["fine"][-1] == 1


def test_what_was_there_when_the_time_limit_struck_counts():
    found = curves(pd.DataFrame([run("slow", 2.0, 0.05, trace=[(0.2, 0.05)], status="time_limit")]))
    assert found["runtime"]["shares"]["slow"][0] == 0.25
    assert found["anytime"]["gaps"]["slow"][-1] == 0.05


def test_without_the_time_of_a_run_that_of_its_last_incumbent_counts_and_else_it_is_never():
    limit = {"status": "time_limit", "solve_seconds": np.nan}
    found = curves(
        pd.DataFrame(
            [run("told", 0, 0.0, trace=[(0.2, 0.5), (0.4, 0.0)], **limit), run("silent", 0, 0.0, **limit)]
        )
    )
    seconds, shares = found["runtime"]["seconds"], found["runtime"]["shares"]
    assert (seconds[0], seconds[-1]) == (0.2, 0.4)
    assert (shares["told"][-2], shares["told"][-1], shares["silent"][-1]) == (0, 1, 0)


def test_an_incumbent_better_than_the_answer_or_later_than_the_run_is_not_more_than_the_answer():
    found = curves(
        pd.DataFrame([run("odd", 1.0, 0.05, trace=[(0.5, 0.0), (3.0, 0.0)]), run("far", 5.0, 0.0)])
    )
    assert found["runtime"]["shares"]["odd"][-1] == 0.25
    assert at(found["anytime"]["seconds"], found["anytime"]["gaps"]["odd"], 0.6) == 0.05
    assert at(found["anytime"]["seconds"], found["anytime"]["gaps"]["odd"], 5.0) == 0.05


def test_refuted_instances_and_those_without_a_bound_are_left_out_and_the_latter_counted():
    rows = pd.DataFrame(
        [
            run("a", 1.0, 0.0),
            run("a", 1.0, np.nan, 1, rde=50.0, bound=np.nan, reference_status="unknown"),
            run("a", 1.0, 0.0, 2, bound=np.nan, status="infeasible", reference_status="infeasible"),
        ]
    )
    found = curves(rows)
    assert (found["instances"], found["unbounded"]) == (1, 1)
    assert found["runtime"]["shares"]["a"][-1] == 1
    nothing = curves(rows[rows["reference_status"] != "optimal"])
    assert nothing["runtime"] == {"seconds": [], "shares": {}}
    assert nothing["profile"] == {"ratios": [], "shares": {}}
    assert curves(rows[:0])["anytime"] == {"seconds": [], "gaps": {}}


def test_a_solver_that_skipped_has_no_curve_beside_those_that_met_the_hard_instances_too():
    rows = pd.DataFrame(
        [
            run("a", 1.0, 0.0),
            run("a", np.nan, np.nan, 1, status="skipped", rde=np.nan),
            run("b", 2.0, 0.5),
            run("b", 2.0, 0.5, 1),
        ]
    )
    found = curves(rows)
    assert set(found["anytime"]["gaps"]) == set(found["runtime"]["shares"]) == {"b"}
    assert found["anytime"]["gaps"]["b"][-1] == 0.5


def with_traces(rows):
    """The rows, each with incumbents that end somewhere near its answer."""
    rng = np.random.default_rng(0)
    steps = [np.sort(rng.uniform(0, 1.1, rng.integers(0, 6))) for _ in range(len(rows))]
    return rows.assign(
        trace_seconds=[some * seconds for some, seconds in zip(steps, rows["solve_seconds"], strict=True)],
        trace_rde=[some * rde for some, rde in zip(steps, rows["rde"], strict=True)],
    )


@pytest.mark.parametrize(
    "rows",
    [
        result_rows("paper-v1", SCENARIOS, 8, SOLVERS),
        with_traces(result_rows("paper-v1", SCENARIOS, 8, SOLVERS)),
        with_traces(stress()),
    ],
    ids=["without traces", "with traces", "stress"],
)
def test_shares_rise_somebody_is_fastest_and_gaps_end_where_the_table_has_them(rows):
    found = curves(rows)
    assert found == json.loads(json.dumps(found))
    skipped = rows.loc[(rows["status"] == "skipped") & ~rows["reference_status"].isin(REFUTED), "solver"]
    assert set(found["anytime"]["gaps"]) == set(rows["solver"]) - set(skipped)
    lengths = {"runtime": "seconds", "anytime": "seconds", "profile": "ratios"}
    for figure, grid in lengths.items():
        (lines,) = (value for key, value in found[figure].items() if key != grid)
        points = np.array(list(lines.values()))
        assert points.shape == (len(lines), len(found[figure][grid]))
        assert len(found[figure][grid]) <= 40
        assert (np.diff(found[figure][grid]) > 0).all()
        assert ((points >= 0) & (points <= 1)).all()
        steps = np.diff(points, axis=1)
        assert (steps <= 0).all() if figure == "anytime" else (steps >= 0).all()
    # Each instance that somebody solved has its fastest solver at a ratio of one.
    drawn = rows[rows["solver"].isin(set(found["anytime"]["gaps"])) & ~rows["reference_status"].isin(REFUTED)]
    solved = drawn.assign(near=drawn["gap"] <= PROFILE_TARGET).groupby(["scenario", "instance"])["near"].any()
    assert sum(line[0] for line in found["profile"]["shares"].values()) >= solved.mean() - 5e-3
    gaps = summarise_view(rows).set_index("solver")["gap"]
    for solver, line in found["anytime"]["gaps"].items():
        assert line[-1] == pytest.approx(gaps[solver], rel=5e-3, abs=1e-6)


def test_many_solvers_fit_in_twelve_thousand_bytes():
    many = {f"solver-number-{n}": (0.4 / (n + 1), 1e-4 * 2.0**n) for n in range(23)}
    found = curves(with_traces(result_rows("paper-v1", SCENARIOS, 20, many)))
    assert len(json.dumps(found, separators=(",", ":"))) < 12_000


def test_gaps_by_size_come_in_the_order_of_the_sizes_with_an_interval():
    rows = pd.concat(
        [
            result_rows("s-v1", [f"s-m{users}-v1"], 10, SOLVERS, seed=users).assign(users=users)
            for users in (12, 6)
        ],
        ignore_index=True,
    )
    rows = with_status(rows, (rows["solver"] == "random") & (rows["users"] == 6), "skipped")
    rows = with_status(rows, (rows["solver"] == "average") & (rows["instance"] == 0), "violated")
    found = by_facet(rows, "users")
    assert found == json.loads(json.dumps(found))
    assert [entry["value"] for entry in found] == [6] * (len(SOLVERS) - 1) + [12] * len(SOLVERS)
    for entry in found:
        mine = rows[(rows["solver"] == entry["solver"]) & (rows["users"] == entry["value"])]
        assert entry["gap"] == pytest.approx(mine["gap"].mean(), rel=5e-3, abs=1e-9)
        assert entry["low"] <= entry["gap"] * 1.01 + 1e-9
        assert entry["high"] >= entry["gap"] * 0.99 - 1e-9
        assert entry["n"] == 10


def test_gaps_by_class_keep_the_order_of_the_rows_and_one_run_has_no_interval():
    rows = pd.DataFrame([run(XSS, 1.0, 0.1) | {"class": "tight"}, run(XSS, 1.0, 0.2, 1) | {"class": "loose"}])
    assert by_facet(rows, "class") == [
        {"value": "tight", "solver": XSS, "gap": 0.1, "low": None, "high": None, "n": 1},
        {"value": "loose", "solver": XSS, "gap": 0.2, "low": None, "high": None, "n": 1},
    ]


def test_gaps_by_a_facet_are_those_of_the_table_with_several_scenarios_and_with_seeds():
    rows = result_rows("s-v1", ["a-m6-v1", "b-m6-v1"], 8, {"one": (0.1, 1.0), "two": (0.3, 1.0)})
    rows.loc[rows["scenario"] == "b-m6-v1", "gap"] += 0.3
    again = rows[rows["solver"] == "two"].assign(gap=lambda frame: frame["gap"] * 1.1)
    rows = pd.concat([rows, again], ignore_index=True).assign(users=6)
    table = summarise_view(rows).set_index("solver")
    for entry in by_facet(rows, "users"):
        mine = table.loc[entry["solver"]]
        assert entry["n"] == mine["bounded"] == 16
        assert [entry["gap"], entry["low"], entry["high"]] == pytest.approx(
            mine[["gap", "gap_low", "gap_high"]].tolist(), rel=5e-3
        )
