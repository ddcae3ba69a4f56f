"""Statistics against values worked out by hand, against scipy, and against rliable."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import rliable.metrics
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rdebench.leaderboard import seeds, stats

REFERENCE = json.loads((Path(__file__).parents[1] / "oracles" / "rliable_intervals.json").read_text())
"""Made by rliable_intervals.py beside it."""

MONTE_CARLO = 0.1
"""Share of an interval's width that its ends may be off: over four standard errors of 2,000 resamples."""

tables = arrays(
    float,
    st.tuples(st.integers(1, 6), st.integers(1, 12)),
    elements=st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1, width=32)),
)


def halves(table):
    """Two strata, the instances taking turns."""
    return np.arange(table.shape[1]) % 2


def close(found, expected):
    value, low, high = expected
    assert found.value == pytest.approx(value, abs=1e-12)
    assert [found.low, found.high] == pytest.approx([low, high], abs=MONTE_CARLO * (high - low))


def test_means_by_hand():
    assert stats.interquartile_mean([9, 1, 3, 2, 0, 4, 8, 100]) == (2 + 3 + 4 + 8) / 4
    assert stats.interquartile_mean([5, 1, 3]) == 3
    assert stats.shifted_geometric_mean([3, 8], 1) == pytest.approx(5)
    assert stats.shifted_geometric_mean([0, 0], 1e-3) == pytest.approx(0, abs=1e-15)
    assert np.isnan([stats.interquartile_mean([]), stats.shifted_geometric_mean([], 1)]).all()


@given(tables)
def test_point_estimates_are_those_of_rliable(table):
    once = np.ones((1, table.size))
    assert stats.interquartile_mean(table) == pytest.approx(rliable.metrics.aggregate_iqm(table), abs=1e-9)
    assert stats.trimmed_mean(table.ravel(), once)[0] == pytest.approx(rliable.metrics.aggregate_iqm(table))
    assert stats.mean(table.ravel(), once)[0] == pytest.approx(rliable.metrics.aggregate_mean(table))


@given(tables, st.integers(0, 3))
def test_the_probability_of_improvement_is_that_of_rliable(table, seed):
    other = np.random.default_rng(seed).permuted(table, axis=1)
    theirs = rliable.metrics.probability_of_improvement(-table, -other)
    assert stats.probability_of_improvement(table, other) == pytest.approx(theirs)
    both = stats.probability_of_improvement(table, other) + stats.probability_of_improvement(other, table)
    assert both == pytest.approx(1)


def test_a_tie_counts_half_and_differences_within_the_tolerance_are_ties():
    ours, theirs = np.array([[0.1, 0.2, 0.3]]), np.array([[0.2, 0.2, 0.1]])
    assert stats.probability_of_improvement(ours, theirs) == 0.5
    assert stats.probability_of_improvement(ours, theirs, tolerance=0.15) == pytest.approx(1 / 3)
    assert stats.probability_of_improvement(np.array([[0.0], [1.0]]), np.array([[0.5]])) == 0.5


@given(tables)
def test_the_interquartile_mean_lies_between_the_extremes_in_any_order(table):
    value = stats.interquartile_mean(table)
    assert table.min() - 1e-12 <= value <= table.max() + 1e-12
    assert stats.interquartile_mean(table[::-1, ::-1]) == pytest.approx(value)


def test_a_drawn_sample_is_trimmed_as_if_it_were_written_out():
    rng = np.random.default_rng(0)
    values = rng.random(11)
    drawn = rng.multinomial(11, np.full(11, 1 / 11), size=20).astype(float)
    written = [np.repeat(values, counts.astype(int)) for counts in drawn]
    assert stats.trimmed_mean(values, drawn) == pytest.approx(
        [scipy.stats.trim_mean(one, 0.25) for one in written]
    )
    assert stats.mean(values, drawn) == pytest.approx([one.mean() for one in written])


@pytest.mark.parametrize("name", ["few", "many", "skewed"])
@pytest.mark.parametrize(("key", "statistic"), [("iqm", stats.trimmed_mean), ("mean", stats.mean)])
def test_stratified_intervals_are_those_of_rliable(name, key, statistic):
    table = np.array(REFERENCE[name]["scores"])
    runs, tasks = table.shape
    # What rliable calls a run of a task is an instance of a scenario here.
    close(
        stats.bootstrap(table.ravel()[None], np.tile(np.arange(tasks), runs), statistic), REFERENCE[name][key]
    )


def test_the_interval_of_a_probability_joins_two_exact_ones_and_agrees_with_the_sign_test():
    won, lost, tied = 8, 1, 3
    scores = np.array([-1.0] * won + [1.0] * lost + [0.0] * tied)[None]
    found = stats.improvement_interval(scores, 0 * scores)
    win = scipy.stats.binomtest(won, won + lost).proportion_ci()
    decide = scipy.stats.binomtest(won + lost, won + lost + tied).proportion_ci()
    assert found.value == (won + tied / 2) / 12
    assert found.low == pytest.approx(0.5 + (win.low - 0.5) * decide.low)
    assert found.high == pytest.approx(0.5 + (win.high - 0.5) * decide.high)
    for won in range(21):
        scores = np.array([-1.0] * won + [1.0] * (20 - won) + [0.0] * 5)[None]
        found = stats.improvement_interval(scores, 0 * scores)
        assert (found.low > 0.5 or found.high < 0.5) == (scipy.stats.binomtest(won, 20).pvalue <= 0.05)


def test_few_instances_or_seeds_never_settle_who_wins():
    ours = np.full((1, 5), 0.1)
    assert stats.improvement_interval(ours, ours + 0.1).low < 0.5
    assert stats.improvement_interval(np.full((1, 6), 0.1), np.full((1, 6), 0.2)).low > 0.5
    many = np.full((3, 200), 0.1)
    assert stats.improvement_interval(many, many + 0.1).low < 0.5
    assert stats.improvement_interval(many, many[:1] + 0.1).low < 0.5
    tied = stats.improvement_interval(many[:1], many[:1])
    assert tied.low < tied.value == 0.5 < tied.high


@pytest.mark.parametrize(("instances", "ties"), [(5, 0.0), (10, 0.0), (25, 0.0), (25, 0.6), (100, 0.3)])
@pytest.mark.parametrize("won", [0.5, 0.9])
def test_the_interval_of_a_probability_covers_it(instances, ties, won):
    rng = np.random.default_rng(0)
    outcomes = rng.choice(
        [0.0, -1.0, 1.0], (400, 1, instances), p=[ties, (1 - ties) * won, (1 - ties) * (1 - won)]
    )
    found = [stats.improvement_interval(one, 0 * one) for one in outcomes]
    truth = ties / 2 + (1 - ties) * won
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.93


@settings(max_examples=25, deadline=None)
@given(tables, st.sampled_from([stats.mean, stats.trimmed_mean]))
def test_intervals_hold_for_any_scores(table, statistic):
    found = stats.bootstrap(table, halves(table), statistic)
    assert np.isnan(found.low) == (table.size < 2)
    if table.size > 1:
        assert table.min() - 1e-9 <= found.low <= found.high <= table.max() + 1e-9
    other = table[::-1] * 0.5
    ahead, behind = stats.paired(other, table, halves(table)), stats.paired(table, other, halves(table))
    assert ahead.value == pytest.approx(-behind.value)
    odds = stats.improvement_interval(other, table)
    if table.size > 1:
        assert ahead.low <= ahead.high
    assert np.isnan(odds.low) == (table.shape[1] < 2)
    if table.shape[1] > 1:
        assert -1e-9 <= odds.low <= odds.value <= odds.high <= 1 + 1e-9


def test_what_differs_by_a_constant_differs_by_it_in_every_draw():
    scores = np.random.default_rng(0).random((1, 40))
    found = stats.paired(scores, scores + 0.25, np.zeros(40))
    assert [found.value, found.low, found.high] == pytest.approx([-0.25] * 3)
    apart = stats.bootstrap(scores, np.zeros(40))
    assert apart.high - apart.low > 0.1


def test_a_difference_between_strata_is_no_uncertainty():
    scores = np.concatenate([np.full(10, 0.1), np.full(10, 0.9)])[None]
    found = stats.bootstrap(scores, np.repeat(["a", "b"], 10))
    assert [found.low, found.high] == pytest.approx([0.5, 0.5])
    loose = stats.bootstrap(scores, np.zeros(20))
    assert loose.low < 0.4 < 0.6 < loose.high


def test_scenarios_of_one_instance_are_one_stratum_and_not_certain():
    scores = np.random.default_rng(0).random((1, 20))
    alone = stats.bootstrap(scores, np.arange(20))
    assert alone == stats.bootstrap(scores, np.zeros(20))


def test_the_order_of_the_instances_does_not_matter_to_who_is_drawn():
    scores = np.random.default_rng(0).random(12)
    strata = np.tile(["a", "b", "c"], 4)
    order = np.argsort(strata, kind="stable")
    assert stats.mean_interval(scores, strata=strata) == pytest.approx(
        stats.mean_interval(scores[order], strata=strata[order])
    )


def test_seeds_are_drawn_as_wholes():
    """One training answers every instance: more instances do not make up for few trainings."""
    rng = np.random.default_rng(0)
    levels = rng.normal(0.5, 0.1, (30, 1))
    found = stats.bootstrap(levels + np.zeros((30, 200)), np.zeros(200))
    expected = 2 * 1.96 * levels.std(ddof=1) / np.sqrt(30)
    assert found.high - found.low == pytest.approx(expected, rel=0.1)


def test_the_interval_over_seeds_and_instances_adds_their_variances():
    rng = np.random.default_rng(1)
    scores = rng.normal(0.5, 0.1, (20, 1)) + rng.normal(0.0, 0.2, (1, 50))
    found = stats.bootstrap(scores, np.zeros(50))
    variance = scores.mean(axis=1).var(ddof=1) / 20 + scores.mean(axis=0).var() / 50
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.1)


def test_fewer_resamples_of_very_many_instances_and_the_same_again():
    scores = np.random.default_rng(0).random((1, 30_000))
    found = stats.bootstrap(scores, np.zeros(30_000))
    assert found.low < found.value < found.high
    assert found == stats.bootstrap(scores, np.zeros(30_000))


@pytest.mark.parametrize(("scores", "strata"), [([0.1, 0.2], [0, 0]), ([[0.1, 0.2]], [0]), ([[]], [])])
def test_scores_that_do_not_fit_their_strata_are_refused(scores, strata):
    with pytest.raises(ValueError, match=r"must be \[seeds, n\]"):
        stats.bootstrap(scores, strata)


def test_the_interval_of_a_mean_is_that_of_scipy():
    sample = np.random.default_rng(0).exponential(0.1, 75)
    low, high = stats.mean_interval(sample)
    theirs = scipy.stats.bootstrap(
        (sample,), np.mean, n_resamples=20_000, batch=1_000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert [low, high] == pytest.approx([theirs.low, theirs.high], abs=MONTE_CARLO * (high - low))
    assert low < sample.mean() < high
    assert (low, high) == stats.mean_interval(sample)


@pytest.mark.parametrize("sample", [[], [0.3], [0.2] * 9, [0.0] * 24 + [1.0], [0.0, 1.0], [0.1, 0.1 + 1e-17]])
def test_degenerate_samples_give_no_warning(sample):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = stats.mean_interval(sample)
    assert np.isnan(low) == (len(sample) < 2)
    assert len(sample) < 2 or low <= np.mean(sample) <= high


def test_an_exchange_of_names_on_few_instances_is_tried_in_all_ways():
    ours = np.array([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]])
    assert stats.exchange_p_value(ours, ours + 0.1) == pytest.approx(2 / 2**6)
    assert stats.exchange_p_value(ours[:, :5], ours[:, :5] + 0.1) == pytest.approx(2 / 2**5)
    # Of the eight ways only that one and its reverse make so large a difference; ties change nothing.
    some = ours + np.array([[0.1, 0.2, 0.3, 0.0, 0.0, 1e-9]])
    assert stats.exchange_p_value(ours, some, tolerance=1e-6) == pytest.approx(2 / 8)
    assert stats.exchange_p_value(ours, ours) == 1
    assert stats.exchange_p_value(ours[:, :1], ours[:, :1] + 1) == 1


def test_a_few_failures_outweigh_many_small_losses_in_the_exchange_test():
    """What is tested is the mean, which orders the solvers, not who wins more often."""
    failing = np.where(np.arange(100) < 20, 1.0, 0.0)[None]
    assert stats.exchange_p_value(failing, np.full((1, 100), 0.001)) < 0.01
    assert stats.probability_of_improvement(failing, np.full((1, 100), 0.001)) == 0.8


def test_a_crossed_interval_of_one_seed_is_students():
    scores = np.random.default_rng(0).random(9)
    found = stats.crossed_interval(scores[None])
    theirs = scipy.stats.ttest_1samp(scores, 0).confidence_interval()
    assert [found.value, found.low, found.high] == pytest.approx([scores.mean(), theirs.low, theirs.high])
    pair = stats.crossed_difference(scores[None], scores[None, ::-1])
    test = scipy.stats.ttest_rel(scores, scores[::-1]).confidence_interval()
    assert [pair.low, pair.high] == pytest.approx([test.low, test.high])


def test_a_crossed_interval_of_seeds_that_answer_all_alike_is_students_over_the_seeds():
    levels = np.array([0.1, 0.15, 0.3])
    found = stats.crossed_interval(levels[:, None] + np.zeros((3, 50)))
    theirs = scipy.stats.ttest_1samp(levels, 0).confidence_interval()
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high])


def test_crossed_intervals_of_little_or_equal_scores():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scores in ([[0.3]], [[0.3], [0.4]], np.empty((1, 0)), np.empty((3, 0))):
            assert np.isnan(stats.crossed_interval(scores).low)
        assert stats.crossed_interval([[0.3, 0.3]] * 2) == stats.Interval(0.3, 0.3, 0.3)
        apart = stats.crossed_interval([[0.1, 0.9, 0.1, 0.9]], ["a", "b", "a", "b"])
    assert [apart.low, apart.high] == pytest.approx([0.5, 0.5])
    with pytest.raises(ValueError, match=r"must be \[seeds, n\]"):
        stats.crossed_interval([0.1, 0.2])


@pytest.mark.parametrize(("seeds", "spread"), [(1, 0.0), (3, 0.3), (5, 0.05), (5, 1.0)])
def test_crossed_intervals_cover_the_mean_of_few_seeds(seeds, spread):
    rng, missed = np.random.default_rng(0), 0
    for _ in range(600):
        scores = rng.normal(0, spread, (seeds, 1)) + rng.normal(0, 1, 30) + rng.normal(0, 0.3, (seeds, 30))
        found = stats.crossed_interval(scores)
        missed += not found.low <= 0 <= found.high
    assert 0.02 < missed / 600 < 0.09


def test_the_difference_of_two_learners_is_welchs():
    ours, theirs = np.array([[0.1], [0.2], [0.3]]), np.array([[0.4], [0.6]])
    found = seeds.seed_difference(ours, theirs)
    test = scipy.stats.ttest_ind(ours.ravel(), theirs.ravel(), equal_var=False).confidence_interval()
    assert [found.value, found.low, found.high] == pytest.approx([-0.3, test.low, test.high])
    assert np.isnan(seeds.seed_difference(ours, theirs[:1]).low)
    same = seeds.seed_difference(ours * 0 + 1, theirs * 0)
    assert (same.value, same.low, same.high) == (1, 1, 1)


def test_so_many_more_seeds_find_the_difference_four_times_in_five():
    ours = np.array([0.10, 0.14, 0.12, 0.09, 0.15])[:, None]
    theirs = ours + 0.015
    more = seeds.more_seeds_needed(ours, theirs)
    rng, size = np.random.default_rng(0), 5 + more
    spread = ours.std(ddof=1)
    first = rng.normal(0.0, spread, (4_000, size))
    second = rng.normal(0.015, spread, (4_000, size))
    found = scipy.stats.ttest_ind(first, second, axis=1, equal_var=False).pvalue < 0.05
    assert more > 0
    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_no_seeds_more_for_what_is_settled_and_no_number_for_what_is_equal():
    ours = np.array([[0.1], [0.11], [0.12]])
    assert seeds.more_seeds_needed(ours, ours + 1) == 0
    assert seeds.more_seeds_needed(ours, ours[::-1]) is None
    assert seeds.more_seeds_needed(ours, ours + 1e-9) is None
    assert seeds.more_seeds_needed(ours[:1], ours[:1] + 1) is None
    assert seeds.more_seeds_needed(ours * 0, ours * 0 + 1) == 0
    assert seeds.more_seeds_needed(ours, np.array([[0.2]])) == 0
