"""Aggregates against values worked out by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from rdebench.leaderboard.stats import (
    ALL,
    instance_gaps,
    mean_interval,
    pareto_front,
    summarise,
    summarise_refuted,
    thin,
)

from ..results import SCENARIOS, SOLVERS, XSS, all_infeasible, result_rows, stress, with_status


def of(summary, solver, scenario=ALL):
    return summary[(summary["solver"] == solver) & (summary["scenario"] == scenario)].iloc[0]


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


def test_the_interval_covers_the_mean_and_repeats():
    sample = np.random.default_rng(0).exponential(0.1, 75)
    low, high = mean_interval(sample)
    assert low < sample.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * sample.std() / np.sqrt(75), rel=0.3)
    assert (low, high) == mean_interval(sample)


@pytest.mark.parametrize("sample", [[], [0.3], [0.2] * 9, [0.0] * 24 + [1.0], [0.0, 1.0], [0.1, 0.1 + 1e-17]])
def test_degenerate_samples_give_no_warning(sample):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = mean_interval(sample)
    assert np.isnan(low) == (len(sample) < 2)
    assert len(sample) < 2 or low <= np.mean(sample) <= high


def test_the_pareto_front_keeps_ties_and_ignores_what_has_no_time():
    seconds = [1.0, 2.0, 3.0, 1.0, np.nan]
    assert pareto_front(seconds, [0.5, 0.1, 0.2, 0.5, 0.0]).tolist() == [True, True, False, True, False]
    assert pareto_front([1.0, 2.0], [1e-9, 0.0]).tolist() == [True, False]


def test_thinning_keeps_few_values_and_the_extremes_of_many():
    assert thin([3, 1, 2]) == [1, 2, 3]
    many = thin(np.arange(1000.0))
    assert (len(many), many[0], many[-1]) == (200, 0.0, 999.0)


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
