"""The paper's claims are judged by numbers with intervals, and every verdict can come out."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from rdebench.bench.reproduction.claims import judge
from rdebench.bench.reproduction.evidence import (
    DEPENDS,
    FAILS,
    HOLDS,
    UNKNOWN,
    all_above,
    gap_interval,
    over_all,
)
from rdebench.bench.reproduction.margins import Margin, margin

from ..reproductions import MEANS, example_exact, example_reading, example_reproduction, example_strategy


def verdict(document, key):
    return next(one for one in judge(document)["claims"] if one["key"] == key)


def readings(*means, **more):
    return {
        "readings": [
            example_reading(f"main-{n}", "main", one, decision=n or None, option=f"choice {n}", **more)
            for n, one in enumerate(means)
        ]
    }


def test_a_margin_is_paired_over_episodes():
    episode = np.random.default_rng(0).standard_normal(50) * 10
    ours = {"mean": float(episode.mean() + 1), "rewards": (episode + 1).tolist()}
    theirs = {"mean": float(episode.mean()), "rewards": episode.tolist()}
    found = margin(ours, theirs)
    assert found.mean == pytest.approx(1)
    assert found.low == pytest.approx(1)
    assert found.high == pytest.approx(1)
    assert found.probability == 1
    assert found.sign == 1
    assert margin(theirs, ours).sign == -1


def test_a_margin_of_two_episodes_by_hand():
    # Differences 1 and 3: mean 2, standard error 1, and Student's t at one degree of freedom is 12.706.
    found = margin({"mean": 2.0, "rewards": [1.0, 3.0]}, {"mean": 0.0, "rewards": [0.0, 0.0]})
    assert (found.low, found.high) == pytest.approx((2 - 12.7062, 2 + 12.7062), rel=1e-4)
    assert found.sign == 0


def test_few_trainings_that_differ_widen_the_interval_however_many_episodes():
    rewards = np.repeat([[0.0], [4.0]], 1000, axis=1)
    found = margin({"mean": 2.0, "rewards": rewards.tolist()}, {"mean": 0.0, "rewards": [0.0] * 1000})
    # Means of the seeds 0 and 4: standard error 2.
    assert (found.low, found.high) == pytest.approx((2 - 2 * 12.7062, 2 + 2 * 12.7062), rel=1e-4)
    assert found.probability == 0.75


def test_equal_strategies_have_no_margin_either_way():
    one = example_strategy(1.0)
    found = margin(one, copy.deepcopy(one))
    assert (found.mean, found.low, found.high, found.probability, found.sign) == (0.0, 0.0, 0.0, 0.5, 0)


def test_without_rewards_the_intervals_of_the_means_decide():
    low, high = {"mean": 0.0, "low": -3.0, "high": 3.0}, {"mean": 6.0, "low": 2.0, "high": 10.0}
    found = margin(high, low)
    assert (found.mean, found.low, found.high) == (6.0, 1.0, 11.0)
    assert found.probability is None
    assert margin({"mean": 6.0}, low).sign == 0


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], UNKNOWN),
        ([HOLDS, HOLDS], HOLDS),
        ([FAILS], FAILS),
        ([HOLDS, FAILS], DEPENDS),
        ([HOLDS, FAILS, UNKNOWN], DEPENDS),
        ([HOLDS, UNKNOWN], UNKNOWN),
        ([FAILS, UNKNOWN], UNKNOWN),
    ],
)
def test_one_verdict_over_all_readings(verdicts, expected):
    assert over_all(verdicts) == expected


def test_ppo_beats_the_baselines_only_if_it_beats_each_of_them():
    assert verdict(readings(MEANS), "beats-baselines")["verdict"] == HOLDS
    worse = MEANS | {"ppo-paper": -14.0}
    assert verdict(readings(worse), "beats-baselines")["verdict"] == FAILS
    found = verdict(readings(MEANS, worse), "beats-baselines")
    assert found["verdict"] == DEPENDS
    assert [one["verdict"] for one in found["findings"]] == [HOLDS, FAILS]
    assert "In 1 of 2 readings" in found["evidence"]
    assert "9.50 more" in found["evidence"]
    assert "than average, the best of them" in found["evidence"]


def test_ppo_that_ends_at_a_baseline_does_not_beat_it():
    document = readings(MEANS)
    strategies = document["readings"][0]["strategies"]
    average = strategies["average"]
    strategies["ppo-paper"] = average | {"rewards": [average["rewards"]] * 5}
    assert verdict(document, "beats-baselines")["verdict"] == FAILS


def test_a_lead_of_almost_nothing_is_level_and_not_won():
    # What there is to gain over "average" is 10.5, so a lead of 0.01 is less than a hundredth of it, however clear.
    document = readings(MEANS)
    strategies = document["readings"][0]["strategies"]
    rewards = [reward + 0.01 for reward in strategies["average"]["rewards"]]
    strategies["ppo-paper"] = example_strategy(-13.49) | {"rewards": [rewards] * 5}
    found = verdict(document, "beats-baselines")
    assert found["verdict"] == FAILS
    assert "0.095 % of what there is to gain" in found["evidence"].replace("\N{NO-BREAK SPACE}", " ")


def test_intervals_that_overlap_cannot_be_told_apart():
    document = readings(MEANS | {"ppo-paper": -13.45})
    document["readings"][0]["strategies"]["ppo-paper"] = example_strategy(-13.45, seeds=5, between=0.3)
    assert verdict(document, "beats-baselines")["verdict"] == UNKNOWN


def test_the_heuristic_is_worst_signed_and_not_under_hinge():
    signed = {"average": -13.5, "random": -16.25, "heuristic-rde": -22.5}
    hinge = {"average": 1.28, "random": 1.52, "heuristic-rde": 2.83}
    assert verdict(readings(signed), "heuristic-worst")["verdict"] == HOLDS
    assert verdict(readings(hinge), "heuristic-worst")["verdict"] == FAILS
    found = verdict(readings(signed, hinge), "heuristic-worst")
    assert found["verdict"] == DEPENDS
    assert "clearly more than average and random" in found["findings"][1]["evidence"]
    without = {name: mean for name, mean in signed.items() if name != "random"}
    assert verdict(readings(without), "heuristic-worst")["findings"] == []


def test_near_optimal_by_the_proved_gap():
    def judged(gap, **more):
        document = readings(MEANS)
        document["readings"][0]["strategies"]["ppo-paper"] |= {"gap": gap, "feasible": 1 - gap, **more}
        return verdict(document, "near-optimal")

    assert judged(0.001, gap_low=0.0005, gap_high=0.002)["verdict"] == HOLDS
    assert judged(0.05, gap_low=0.04, gap_high=0.06)["verdict"] == UNKNOWN
    assert judged(0.6)["verdict"] == FAILS
    assert "60.0 % of its answers" in judged(0.6)["evidence"].replace("\N{NO-BREAK SPACE}", " ")


def test_the_interval_of_a_gap_without_one_holds_for_the_worst_spread():
    low, high = gap_interval({"gap": 0.5, "rewards": [0.0] * 100})
    # Half of the gaps 0 and half 1: the widest spread there is.
    assert (low, high) == pytest.approx((0.5 - 0.098, 0.5 + 0.098), abs=1e-3)
    assert np.isnan(gap_interval({"gap": 0.5})).all()


def test_a_reading_without_an_optimum_says_nothing_about_near_but_what_more_there_is():
    document = readings({name: mean for name, mean in MEANS.items() if name != "optimum"})
    strategies = document["readings"][0]["strategies"]
    strategies["ppo-paper"]["gap"] = None
    strategies["best-reward-known"] = example_strategy(5.0)
    judged = verdict(document, "near-optimal")
    assert judged["verdict"] == UNKNOWN
    assert judged["findings"] == []
    assert "there is no optimum to be near; a search for reward earns" in judged["evidence"]


def test_a_lead_that_may_be_level_cannot_be_told():
    assert all_above({"a": Margin(0.5, 0.1, 0.9, None)}, {"a": 0.2}) == UNKNOWN
    assert all_above({"a": Margin(0.5, 0.3, 0.9, None)}, {"a": 0.2}) == HOLDS
    assert all_above({"a": Margin(0.1, 0.05, 0.15, None)}, {"a": 0.2}) == FAILS
    assert all_above({"a": Margin(0.5, 0.1, 0.9, None)}) == HOLDS


def test_too_hard_is_judged_by_proofs():
    def judged(*exact):
        return verdict({"exact": list(exact)}, "too-hard")

    assert judged(example_exact("paper-m12-v1", 12))["verdict"] == FAILS
    assert judged(example_exact("paper-m12-v1", 12, proved=0))["verdict"] == HOLDS
    assert judged(example_exact("paper-m12-v1", 12, proved=60))["verdict"] == UNKNOWN
    assert judged(example_exact("scale-m100-v1", 100))["verdict"] == UNKNOWN
    assert "all 100 instances" in judged(example_exact("paper-m12-v1", 12))["evidence"]


def test_that_it_scales_cannot_be_told():
    found = verdict({"exact": [example_exact("scale-m100000-v1", 100_000, instances=1)]}, "scales")
    assert found["verdict"] == UNKNOWN
    assert "100,000 users" in found["evidence"]


@pytest.mark.parametrize("document", [{}, {"readings": [], "exact": None, "printed": None}])
def test_an_empty_document_tells_nothing(document):
    judged = judge(document)
    assert {one["verdict"] for one in judged["claims"]} == {UNKNOWN}
    assert judged["sensitivity"] == []


def test_strategies_without_an_answer_are_left_out():
    document = readings(MEANS)
    strategies = document["readings"][0]["strategies"]
    strategies["optimum"] = {"mean": None, "sd": None, "feasible": 0.0, "gap": None}
    strategies["ppo-paper"] = None
    judged = judge(document)
    assert judged["claims"][0]["findings"] == []
    assert judged["sensitivity"][0]["ranking"] == ["average", "random", "heuristic-rde"]


def test_a_verdict_is_json_and_the_document_stays_as_it_is():
    document = example_reproduction()
    before = copy.deepcopy(document)
    assert json.loads(json.dumps(judge(document), allow_nan=False))
    assert document == before


def test_sensitivity_names_pairs_that_swap_and_how_far_means_move():
    rows = {one["reading"]: one for one in judge(example_reproduction())["sensitivity"]}
    assert rows["main"]["swaps"] == []
    assert rows["main"]["moves"] == {}
    signed = rows["main-signed"]
    assert signed["swaps"] == [{"above": "ppo-paper", "below": "average", "clear": True}]
    assert signed["moves"]["ppo-paper"] == pytest.approx(10.0)
    flipped = rows["literal-x100"]
    assert flipped["ranking"] == ["heuristic-rde", "random", "average"]
    assert {(one["above"], one["below"]) for one in flipped["swaps"]} == {
        ("heuristic-rde", "random"), ("heuristic-rde", "average"), ("random", "average"),
    }  # fmt: skip
    assert "literal-none" not in rows


def test_a_swap_within_the_intervals_is_not_clear():
    close = {"average": -1.0, "random": -1.001, "heuristic-rde": -5.0}
    other = {"average": -1.001, "random": -1.0, "heuristic-rde": -5.0}
    row = judge(readings(close, other))["sensitivity"][1]
    assert row["swaps"] == [{"above": "random", "below": "average", "clear": False}]
    assert row["ties"] == [["random", "average"]]


def test_a_reading_is_compared_with_the_one_it_is_a_step_away_from():
    document = readings(MEANS, MEANS | {"average": -30.0}, MEANS | {"average": -31.0})
    document["readings"][2]["against"] = "main-1"
    row = judge(document)["sensitivity"][2]
    assert row["against"] == "main-1"
    assert row["moves"]["average"] == pytest.approx(-1.0)
    assert row["swaps"] == []
