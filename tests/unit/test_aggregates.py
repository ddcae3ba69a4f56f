"""What the leaderboard states about each solver, against values worked out by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from rdebench.leaderboard.aggregates import (
    ALL,
    instance_gaps,
    summarise,
    summarise_refuted,
    summarise_refuted_view,
    summarise_view,
)
from rdebench.leaderboard.stats import interquartile_mean

from ..results import SCENARIOS, SOLVERS, XSS, all_infeasible, result_rows, stress, with_status


def of(summary, solver, scenario=ALL):
    return summary[(summary["solver"] == solver) & (summary["scenario"] == scenario)].iloc[0]


def of_view(rows, solver):
    return summarise_view(rows).set_index("solver").loc[solver]


def test_every_solver_is_summarised_over_all_scenarios_and_each():
    summary = summarise(result_rows("paper-v1", SCENARIOS, 5, SOLVERS))
    assert len(summary) == len(SOLVERS) * (1 + len(SCENARIOS))
    assert set(summary.loc[summary["scenario"] == ALL, "total"]) == {15}
    assert set(summary.loc[summary["scenario"] != ALL, "total"]) == {5}


def test_a_row_is_the_plain_mean_and_quantiles_of_its_instances():
    rows = result_rows("paper-v1", SCENARIOS, 5, SOLVERS)
    mine = rows[rows["solver"] == "average"]
    row = of(summarise(rows), "average")
    assert row["gap"] == pytest.approx(mine["gap"].mean())
    assert row["rde"] == pytest.approx(mine["rde"].mean())
    assert row["reward"] == pytest.approx(mine["reward"].mean())
    assert row["seconds"] == pytest.approx(np.sort(mine["solve_seconds"])[7])
    assert row["seconds_p99"] == pytest.approx(mine["solve_seconds"].quantile(0.99))
    assert row["gap_low"] < row["gap"] < row["gap_high"]
    assert of(summarise(rows), "exhaustive")["optimal_share"] == 1.0


@pytest.mark.parametrize("status", ["error", "time_limit", "memory_limit", "invalid", "violated"])
def test_failed_and_violated_runs_count_as_a_gap_of_one_and_no_rde(status):
    rows = result_rows("s", ["a-v1"], 10, {"one": (0.1, 1.0)})
    lost = with_status(rows, rows["instance"] < 2, status)
    if status != "violated":
        lost["gap"] = lost["gap"].mask(lost["status"] == status)  # a referee that leaves it open
    row = of(summarise(lost), "one")
    kept = rows[rows["instance"] >= 2]
    assert row["gap"] == pytest.approx((kept["gap"].sum() + 2) / 10)
    assert row["rde"] == pytest.approx(kept["rde"].sum() / 10)
    assert row["feasible_share"] == 0.8
    assert (row["failed"], row["violated"]) == ((0, 2) if status == "violated" else (2, 0))


def test_an_incumbent_at_the_time_limit_is_an_answer_and_no_failure():
    rows = result_rows("s", ["a-v1"], 10, {"one": (0.1, 1.0)})
    late = rows.assign(status=rows["status"].mask(rows["instance"] < 3, "time_limit"))
    late.loc[late["instance"] == 0, ["rde", "gap"]] = np.nan
    row = of(summarise(late), "one")
    assert (row["failed"], row["failed_time_limit"], row["feasible_share"]) == (1, 1, 0.9)
    assert row["gap"] == pytest.approx((rows.loc[rows["instance"] > 0, "gap"].sum() + 1) / 10)


def test_skipped_runs_are_counted_and_enter_no_average():
    rows = result_rows("s", ["a-v1"], 10, {"one": (0.1, 1.0)})
    row = of(summarise(with_status(rows, rows["instance"] < 4, "skipped")), "one")
    assert (row["total"], row["ran"], row["skipped"]) == (10, 6, 4)
    assert row["gap"] == pytest.approx(rows.loc[rows["instance"] >= 4, "gap"].mean())
    assert row["feasible_share"] == 1.0


def test_a_solver_without_a_single_run_has_no_averages():
    rows = result_rows("s", ["a-v1"], 3, {"one": (0.1, 1.0)})
    row = of(summarise(with_status(rows, rows["instance"] >= 0, "skipped")), "one")
    assert row["ran"] == 0
    assert row[["gap", "rde", "reward", "seconds", "feasible_share"]].isna().all()


def test_refuted_instances_are_kept_apart():
    rows = stress()
    assert of(summarise(rows), "average")["total"] == 39
    refuted = summarise_refuted(rows)
    assert of(refuted, "average")["right_share"] == 1.0
    assert of(refuted, "random")["right_share"] == 0.0
    assert of(refuted, "random")["violation_latency"] == 0.8
    assert summarise(all_infeasible()).empty
    assert np.isinf(of(summarise_refuted(all_infeasible()), "random")["violation_latency"])


def test_rates_of_two_kinds_are_never_averaged_even_by_a_solver_that_ran_on_one():
    summary = summarise(stress())
    for solver in ("average", "exhaustive"):
        assert np.isnan(of(summary, solver)["rde"])
        assert np.isnan(of(summary, solver)["reward"])
    assert np.isfinite(of(summary, XSS, "near-m6-v1")["rde"])


def test_no_gap_without_a_bound():
    rows = result_rows("s", ["a-v1"], 4, {"one": (0.1, 1.0)}).assign(bound=np.nan, gap=np.nan)
    assert instance_gaps(rows).isna().all()
    assert of(summarise(rows), "one")["bounded"] == 0


def test_a_solver_has_the_least_badge_of_its_rows():
    rows = result_rows("paper-v1", SCENARIOS, 5, SOLVERS)
    assert set(summarise(rows.drop(columns="badge", errors="ignore"))["badge"]) == {""}
    first, second, *_ = rows["solver"].unique()
    rows["badge"] = "re-run"
    rows.loc[rows.index[rows["solver"] == first][0], "badge"] = "re-scored"
    summary = summarise(rows)
    assert of(summary, first)["badge"] == "re-scored"
    assert of(summary, first, SCENARIOS[-1])["badge"] == "re-run"
    assert of(summary, second)["badge"] == "re-run"
    rows.loc[rows.index[rows["solver"] == first][1], "badge"] = "claimed"
    assert of(summarise(rows), first)["badge"] == "claimed"


def learner(rows, name, seconds):
    """The rows with a solver that was trained."""
    mine = rows["solver"] == name
    return rows.assign(
        policy=rows["policy"].mask(mine, "p"), fit_seconds=rows["fit_seconds"].mask(mine, seconds)
    )


def with_times(**solvers):
    """Rows of solvers with (gap, seconds), the same on each instance."""
    rows = result_rows("s", ["a-v1"], 8, dict.fromkeys(solvers, (0.1, 1.0)))
    gaps = rows["solver"].map({name: gap for name, (gap, _) in solvers.items()})
    times = rows["solver"].map({name: seconds for name, (_, seconds) in solvers.items()})
    return rows.assign(gap=gaps, solve_seconds=times, status="feasible")


def test_a_view_has_one_row_for_each_solver_over_exactly_its_rows():
    rows = stress()
    view = summarise_view(rows).set_index("solver")
    whole = summarise(rows)
    whole = whole[whole["scenario"] == ALL].drop(columns=["suite", "scenario"]).set_index("solver")
    pd.testing.assert_frame_equal(view, whole)
    part = rows[rows["scenario"] == "near-m6-v1"]
    assert set(summarise_view(part)["total"]) == {19}
    assert set(summarise_refuted_view(part)["total"]) == {1}
    assert summarise_view(rows.iloc[:0]).empty
    assert list(summarise_view(rows.iloc[:0])) == list(summarise_view(rows))
    assert list(summarise_refuted_view(rows.iloc[:0])) == list(summarise_refuted_view(rows))


def test_the_interquartile_mean_is_over_all_instances_and_its_interval_covers_it():
    rows = result_rows("paper-v1", SCENARIOS, 8, SOLVERS)
    summary = summarise_view(rows).set_index("solver")
    for solver, row in summary.iterrows():
        gaps = rows.loc[rows["solver"] == solver, "gap"]
        assert row["gap_iqm"] == pytest.approx(interquartile_mean(gaps))
        assert row["gap_iqm_low"] <= row["gap_iqm"] <= row["gap_iqm_high"]


def test_more_than_a_quarter_of_failures_shows_in_the_interquartile_mean_and_any_in_the_mean():
    rows = with_times(one=(0.0, 1.0))
    few = summarise_view(with_status(rows, rows["instance"] < 2, "error")).iloc[0]
    many = summarise_view(with_status(rows, rows["instance"] < 4, "error")).iloc[0]
    assert (few["gap"], few["gap_iqm"]) == (0.25, 0.0)
    assert (many["gap"], many["gap_iqm"]) == (0.5, 0.5)


def test_times_are_summed_up_in_four_ways_and_count_those_of_failures():
    rows = with_times(one=(0.1, 1.0))
    rows["solve_seconds"] = [1e-3] * 7 + [10.0]
    row = summarise_view(with_status(rows, rows["instance"] == 7, "time_limit")).iloc[0]
    assert row["seconds"] == 1e-3
    assert row["seconds_mean"] == pytest.approx((7e-3 + 10) / 8)
    assert row["seconds_sgm"] == pytest.approx((2e-3**7 * 10.001) ** (1 / 8) - 1e-3)
    assert row["seconds_p99"] > 9


def test_memory_is_the_median_of_what_was_measured():
    rows = with_times(one=(0.1, 1.0), two=(0.2, 1.0))
    assert summarise_view(rows)["memory"].isna().all()
    rows["peak_memory_bytes"] = np.where(rows["solver"] == "one", 1e8 + rows["instance"], np.nan)
    assert summarise_view(rows).set_index("solver")["memory"].tolist()[0] == 1e8 + 3.5
    assert np.isnan(summarise_view(rows).set_index("solver")["memory"]["two"])


def test_a_run_without_an_allocation_earns_the_least_reward_of_its_instance():
    rows = with_times(one=(0.1, 1.0), two=(0.2, 1.0), three=(0.2, 1.0))
    rows["reward"] = rows["solver"].map({"one": 3.0, "two": -4.0, "three": 1.0})
    lost = with_status(rows, (rows["solver"] == "one") & (rows["instance"] < 4), "error")
    assert of_view(lost, "one")["reward"] == pytest.approx((4 * 3 - 4 * 4) / 8)
    without = lost[lost["solver"] != "two"]
    assert of_view(without, "one")["reward"] == pytest.approx(4 * 3 / 8)
    never = with_status(rows, rows["solver"] == "one", "error")
    assert np.isnan(of_view(never, "one")["reward"])


@pytest.mark.parametrize(
    ("rival", "expected"),
    [
        ((0.1, 3.0), 50),  # 100 s of training against 2 s an instance
        ((0.05, 1.5), 200),
        ((0.1, 1.0), np.inf),
        ((0.1, 0.5), np.inf),
        ((0.2, 50.0), 0),
    ],
)
def test_training_pays_against_the_fastest_that_is_as_good_without(rival, expected):
    rows = learner(with_times(one=(0.1, 1.0), rival=rival, slow=(0.3, 9.0)), "one", 100.0)
    assert of_view(rows, "one")["pays_after"] == expected
    assert np.isnan(of_view(rows, "rival")["pays_after"])


def test_another_learner_and_one_that_skips_are_no_rivals_and_a_partial_learner_is_not_judged():
    rows = with_times(one=(0.1, 1.0), other=(0.1, 0.1), lazy=(0.1, 0.1), rival=(0.1, 2.0))
    rows = learner(learner(rows, "one", 100.0), "other", 1.0)
    rows = with_status(rows, (rows["solver"] == "lazy") & (rows["instance"] == 0), "skipped")
    assert of_view(rows, "one")["pays_after"] == 100
    partial = with_status(rows, (rows["solver"] == "one") & (rows["instance"] == 0), "skipped")
    assert np.isnan(of_view(partial, "one")["pays_after"])


def test_several_rows_of_an_instance_are_seeds():
    rows = with_times(one=(0.1, 1.0))
    again = rows.assign(gap=0.3)
    both = pd.concat([rows, again], ignore_index=True)
    row = summarise_view(both).iloc[0]
    assert (row["total"], row["bounded"], row["gap"]) == (8, 8, pytest.approx(0.2))
    assert (row["gap_low"], row["gap_high"]) == (0, 1)  # Student's t of two seeds, which says nothing here
    uneven = summarise_view(both.iloc[:-1]).iloc[0]
    assert uneven["gap_low"] <= uneven["gap"] <= uneven["gap_high"]
    five = pd.concat([rows.assign(gap=0.2 + 0.01 * seed) for seed in range(5)])
    row = summarise_view(five).iloc[0]
    half = 2.776 * 0.01 * np.sqrt(2.5 / 5)
    assert [row["gap_low"], row["gap_high"]] == pytest.approx([0.22 - half, 0.22 + half], rel=1e-3)


def test_instances_are_counted_once_however_many_seeds_ran_on_them():
    rows = with_times(one=(0.1, 1.0), two=(0.1, 1.0))
    half = rows[(rows["solver"] == "two") & (rows["instance"] < 4)]
    rows = rows[(rows["solver"] == "one")]
    both = pd.concat([rows, rows, half, half], ignore_index=True)
    summary = summarise_view(both).set_index("solver")
    assert summary["total"].tolist() == [8, 8]
    assert summary["ran"].to_dict() == {"one": 8, "two": 4}
    lost = with_status(both, both.index < 2, "error")
    assert summarise_view(lost).set_index("solver").loc["one", ["ran", "failed"]].tolist() == [8, 2]
    skipped = with_status(both, both.index < 1, "skipped")
    assert summarise_view(skipped).set_index("solver").loc["one", ["ran", "skipped"]].tolist() == [8, 1]


def test_medians_of_an_even_number_lie_halfway_and_infinite_ones_give_no_warning():
    rows = with_times(one=(0.1, 1.0))
    rows["solve_seconds"] = [1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0]
    assert summarise_view(rows).iloc[0]["seconds"] == 5
    refuted = all_infeasible(instances=4)
    mine = refuted["solver"] == "average"
    for excess, expected in (
        ([1, 2, np.inf, np.inf], np.inf),
        ([1, 2, 4, np.inf], 3),
        ([np.inf] * 4, np.inf),
    ):
        refuted.loc[mine, "violation_latency"] = excess
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            summary = summarise_refuted_view(refuted).set_index("solver")
        assert summary.loc["average", "violation_latency"] == expected


def test_a_large_view_is_summarised_like_a_small_one():
    rows = result_rows("s", ["a-v1", "b-v1"], 60, SOLVERS)
    shuffled = rows.sample(frac=1, random_state=0)
    first, second = (summarise_view(one).set_index("solver") for one in (rows, shuffled))
    pd.testing.assert_frame_equal(first, second.loc[first.index])
