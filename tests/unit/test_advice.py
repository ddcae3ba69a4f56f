"""The sentence that recommends a solver: what it says, whatever the rows are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rdebench.leaderboard.advice import advice
from rdebench.leaderboard.aggregates import summarise_view

from ..results import SOLVERS, XSS, all_infeasible, example_rows, result_rows, stress, with_status

FAMILIES = {"proof": "exact", "ppo": "learning", "net": "learning", "quick": "baseline"}


def rows_of(instances=20, scenario="paper-m12-v1", **solvers):
    """Rows of solvers with (gap, seconds); the gaps spread by a tenth, and the times are exact."""
    rows = result_rows("s", [scenario], instances, dict.fromkeys(solvers, (0.1, 1.0)))
    gaps = rows["solver"].map({name: gap for name, (gap, _) in solvers.items()})
    times = rows["solver"].map({name: seconds for name, (_, seconds) in solvers.items()})
    spread = np.random.default_rng(0).uniform(0.9, 1.1, len(rows))
    status = np.where(gaps == 0, "optimal", "feasible")
    return rows.assign(gap=gaps * spread, solve_seconds=times, status=status)


def said(rows, seconds=math.inf, families=FAMILIES):
    return advice(rows, families, seconds).replace("\N{NO-BREAK SPACE}", " ")


def test_it_names_users_time_solver_and_what_its_answers_are_worth():
    rows = rows_of(proof=(0.0, 0.2), ppo=(0.08, 0.002), quick=(0.3, 1e-5))
    text = said(rows, 0.01)
    assert text.startswith(
        "For 12 users and 10 ms an instance (95th percentile), use ppo: all its answers are"
    )
    assert "feasible, and on average it is 8." in text
    assert "% below the proved optimum (95 % interval 7." in text
    assert "Its lead over quick, the next, is settled: 2" in text
    assert text.endswith("It answers in 100 times less time than proof, the fastest proof.")


def test_with_time_enough_the_proof_is_the_advice_and_ppo_is_measured_against_it():
    rows = rows_of(proof=(0.0, 0.2), ppo=(0.08, 0.002), net=(0.01, 0.1))
    text = said(rows)
    assert text.startswith(
        "For 12 users and any time, use proof: all its answers are feasible and proved optimal."
    )
    assert "ppo, the best PPO, is 8." in text
    assert text.endswith("% below in 100 times less time than proof, the fastest proof.")
    without = said(rows[rows["solver"] != "ppo"])
    assert "net, the best that learns, is 0.99 % below in 2.0 times less time" in without
    slow = said(rows_of(proof=(0.0, 0.1), ppo=(0.08, 0.35)))
    assert slow.endswith("below in 3.5 times the time of proof, the fastest proof.")


def test_the_late_answers_decide_what_is_within_the_time():
    rows = rows_of(instances=100, proof=(0.0, 0.001), quick=(0.3, 1e-5))
    rows.loc[(rows["solver"] == "proof") & (rows["instance"] < 5), "solve_seconds"] = 2.0
    assert "use quick:" in said(rows, 0.01)
    assert "No other solver is within that time." in said(rows, 0.01)
    assert "use proof:" in said(rows, 10.0)


def test_those_that_cannot_be_told_apart_are_named():
    rows = rows_of(quick=(0.1, 1e-3), net=(0.1, 2e-3), slow=(0.4, 1.0))
    mean = rows.groupby("solver")["gap"].mean()
    first, second = sorted(["quick", "net"], key=mean.get)
    text = said(rows)
    assert f"use {first}:" in text
    assert f"On these 20 instances it cannot be told apart from {second}." in text
    assert "settled" not in text


def test_of_equals_the_fastest_is_recommended():
    rows = rows_of(proof=(0.0, 0.2), other=(0.0, 0.1), third=(0.0, 0.3), quick=(0.5, 1e-5))
    text = said(rows)
    assert "use other:" in text
    assert "proof and third are as good, but slower." in text
    many = {f"solver-{i}": (0.0, 0.1 + i) for i in range(6)}
    assert "solver-1, solver-2, solver-3 and 2 more are as good" in said(rows_of(**many))


def test_equals_are_those_as_near_to_the_least_gap_and_only_slower_ones_are_called_slower():
    rows = rows_of(proof=(0.1, 0.2), other=(0.1, 0.1), third=(0.1, 0.1), far=(0.1, 0.01))
    plus = {"proof": 0.0, "other": 8e-7, "third": 9e-7, "far": 1.6e-6}
    rows["gap"] = 0.1 + rows["solver"].map(plus)
    text = said(rows)
    assert "use other:" in text  # far is only near to those that are not the best
    assert "proof is as good, but slower. third is as good and as fast." in text
    assert "far is as good" not in text
    rows.loc[rows["solver"] == "proof", "solve_seconds"] = np.nan
    assert "third is as good and as fast. proof is as good." in said(rows)


@pytest.mark.parametrize("instances", [2, 3, 5])
def test_few_instances_settle_no_lead(instances):
    text = said(rows_of(instances=instances, quick=(0.1, 1e-3), net=(0.2, 1e-3), slow=(0.9, 1.0)))
    assert f"{instances} instances are too few to tell whether it is better than net, the next." in text
    assert "settled" not in text
    six = said(rows_of(instances=6, quick=(0.1, 1e-3), net=(0.2, 1e-3)))
    assert "Its lead over net, the next, is settled: 8." in six


def test_nobody_within_the_time():
    text = said(rows_of(proof=(0.0, 0.2), ppo=(0.1, 0.02)), 0.001)
    assert text == (
        "No solver that ran on all of these instances is within 1 ms an instance (95th percentile): "
        "ppo, the fastest, takes 20.0 ms."
    )


def test_infeasible_answers_are_told():
    rows = rows_of(quick=(0.1, 1e-3))
    some = said(with_status(rows, rows["instance"] < 5, "violated"))
    assert "no solver is always feasible; quick does best: 75 % of its answers are feasible" in some
    assert "an infeasible answer counting as 100 %" in some
    assert "There is no other to compare." in some
    none = said(with_status(rows, rows["instance"] >= 0, "violated"), 1.0)
    assert none == (
        "For 12 users and 1 s an instance (95th percentile), "
        "no solver gives a feasible answer to any of these instances."
    )


def test_what_is_said_of_nobody_is_said_of_those_that_ran_on_everything():
    rows = rows_of(quick=(0.1, 1e-3), net=(0.1, 1e-3))
    rows = with_status(rows, (rows["solver"] == "net") & (rows["instance"] == 0), "skipped")
    assert "No other solver ran on all of these instances." in said(rows)
    assert "No other solver that ran on all of these instances is within that time." in said(rows, 1.0)
    lost = with_status(rows, rows["solver"] == "quick", "violated")
    assert said(lost).endswith(
        "no solver that ran on all of these instances gives a feasible answer to any of them."
    )
    some = with_status(rows, (rows["solver"] == "quick") & (rows["instance"] < 5), "violated")
    assert "no solver that ran on all of these instances is always feasible; quick does best" in said(some)
    nobody = with_status(rows, rows["instance"] >= 0, "skipped")
    assert said(nobody) == "No solver ran on any of these instances, so there is none to recommend."


def test_it_says_on_which_instances_a_bound_is_known():
    rows = rows_of(instances=20, quick=(0.1, 1e-3), net=(0.3, 1e-3))
    rows.loc[rows["instance"] >= 10, ["bound", "gap"]] = np.nan
    text = said(rows)
    assert "feasible, and on the 10 of 20 instances with a known bound on average it is 10." in text
    lost = with_status(rows, rows["instance"] < 10, "violated")
    lost.loc[rows["instance"] >= 10, "gap"] = np.nan
    assert said(lost).endswith(
        "no solver gives a feasible answer where a bound is known, so none can be recommended."
    )


def test_where_there_is_nothing_to_recommend_it_says_why():
    assert said(all_infeasible()) == "No instance here has an optimum, so there is no solver to recommend."
    unknown = rows_of(quick=(0.1, 1e-3)).assign(bound=np.nan, gap=np.nan)
    assert said(unknown) == "No bound is known here, so no solver can be recommended for its gap."
    rows = rows_of(quick=(0.1, 1e-3))
    skipping = with_status(rows, rows["instance"] == 0, "skipped")
    assert said(skipping).startswith("No solver ran on all of these instances")
    assert said(rows.iloc[:0]).startswith("No instance here")


def test_a_bound_that_is_no_optimum_is_called_a_bound_and_one_instance_is_little():
    rows = rows_of(quick=(0.1, 1e-3)).assign(reference_status="unknown")
    assert "below the best bound known" in said(rows)
    single = said(rows_of(instances=1, quick=(0.1, 1e-3), net=(0.2, 1e-3)))
    assert "One instance says little about the next." in single


@pytest.mark.parametrize("seconds", [1e-6, 1e-3, 0.01, 1.0, math.inf])
def test_any_rows_get_sentences_and_names_are_text(seconds):
    for _, rows in example_rows().groupby("suite"):
        text = advice(rows, {XSS: "learning", "exhaustive": "exact"}, seconds)
        assert text.endswith(".")
        assert "nan" not in text
        assert text == advice(rows, {XSS: "learning", "exhaustive": "exact"}, seconds, summarise_view(rows))
    assert XSS in advice(stress(), dict.fromkeys(SOLVERS, "search"), math.inf)


def test_users_are_a_range_or_not_told():
    rows = rows_of(quick=(0.1, 1e-3))
    rows.loc[rows["instance"] < 5, "users"] = 6
    assert said(rows).startswith("For 6 to 12 users")
    assert said(rows.drop(columns="users")).startswith("For these instances and any time")
