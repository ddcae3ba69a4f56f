"""Comparisons of the solvers of a view."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from rdebench.leaderboard.comparison import MOST_COMPARED, Scores, improvement, scores

from ..results import SCENARIOS, SOLVERS, XSS, all_infeasible, result_rows, stress, with_status


def test_scores_are_of_solvers_that_ran_on_everything_with_a_bound_best_first():
    found = scores(stress())
    assert "exhaustive" not in found.gaps
    assert next(iter(found.gaps)) == XSS
    assert {table.shape for table in found.gaps.values()} == {(1, 39)}
    assert [table.mean() for table in found.gaps.values()] == sorted(
        table.mean() for table in found.gaps.values()
    )
    assert (found.strata[:19] == "stress-v1/near-m6-v1").all()


def test_scores_pair_the_same_instances_in_whatever_order_the_rows_are():
    rows = result_rows("s", SCENARIOS, 4, SOLVERS)
    mixed = rows.sample(frac=1, random_state=1)
    first, second = scores(rows), scores(mixed)
    for solver, table in first.gaps.items():
        assert np.array_equal(table, second.gaps[solver])


def test_a_difference_has_its_paired_interval():
    rows = result_rows("s", ["a-v1"], 30, SOLVERS)
    rows["gap"] += np.where(rows["solver"] == "average", 0.02, 0.0)
    twin = rows[rows["solver"] == "average"].assign(solver="twin", gap=lambda frame: frame["gap"] + 0.01)
    found = scores(pd.concat([rows, twin]))
    lead = found.difference("twin", "average")
    assert [lead.value, lead.low, lead.high] == pytest.approx([0.01] * 3)
    assert found.difference("random", "exhaustive").low > 0


def test_the_matrix_of_improvement_is_complete_and_adds_up():
    data = improvement(scores(result_rows("s", SCENARIOS, 10, SOLVERS)))
    json.dumps(data, allow_nan=False)
    count = len(SOLVERS)
    assert data["solvers"][0] == "exhaustive"
    for i in range(count):
        assert data["probability"][i][i] is None
        for j in range(count):
            if i != j:
                assert data["probability"][i][j] + data["probability"][j][i] == pytest.approx(1, abs=2e-3)
                assert data["low"][i][j] <= data["probability"][i][j] <= data["high"][i][j]
    assert data["probability"][0][-1] == 1.0


def test_gaps_that_are_none_tie_and_a_failure_loses():
    rows = result_rows("s", ["a-v1"], 10, {"one": (0.1, 1.0), "two": (0.1, 1.0)})
    rows["gap"] = np.where(rows["solver"] == "one", 1e-8, 3e-7)
    assert improvement(scores(rows))["probability"][0][1] == 0.5
    lost = with_status(rows, (rows["solver"] == "one") & (rows["instance"] < 2), "error")
    assert improvement(scores(lost))["solvers"] == ["two", "one"]
    assert improvement(scores(lost))["probability"][0][1] == 0.6


def test_only_the_best_are_compared_and_nothing_where_there_is_nothing():
    many = result_rows("s", ["a-v1"], 3, {f"solver-{i}": (0.01 * (1 + i), 1.0) for i in range(20)})
    assert len(improvement(scores(many))["solvers"]) == MOST_COMPARED
    assert improvement(scores(all_infeasible())) is None
    assert improvement(scores(result_rows("s", ["a-v1"], 3, {"one": (0.1, 1.0)}))) is None
    single = improvement(scores(result_rows("s", ["a-v1"], 1, SOLVERS)))
    assert single["low"][0][1] is None


def twins(rng, instances, seeds=1):
    """Scores of two solvers that are equally good, and now and then fail."""
    fails = rng.random((2, seeds, instances)) < 0.1
    one, other = np.where(fails, 1.0, rng.exponential(0.02, fails.shape))
    return Scores({"one": one, "other": other}, np.zeros(instances, dtype=str))


@pytest.mark.parametrize("instances", [2, 3, 5, 6, 8, 25])
def test_equal_solvers_are_seldom_called_settled_however_few_instances(instances):
    rng = np.random.default_rng(0)
    found = np.mean([twins(rng, instances).settled("one", "other") for _ in range(200)])
    assert found <= (0.08 if instances > 5 else 0)


def test_a_lead_on_every_one_of_six_instances_is_settled():
    gaps = np.linspace(0.1, 0.2, 6)[None]
    found = Scores({"one": gaps, "other": gaps + 0.05}, np.zeros(6, dtype=str))
    assert found.settled("one", "other")
    assert found.settled("other", "one")
    fewer = Scores({name: table[:, :5] for name, table in found.gaps.items()}, found.strata[:5])
    assert fewer.difference("one", "other").high < 0
    assert not fewer.settled("one", "other")


def test_few_seeds_settle_nothing_that_their_spread_explains():
    base = np.random.default_rng(0).random(100)
    one, other = (np.array(levels)[:, None] + base for levels in ([0.1, 0.2, 0.3], [0.15, 0.35, 0.4]))
    found = Scores({"one": one, "other": other}, np.zeros(100, dtype=str))
    assert found.difference("one", "other").low < 0 < found.difference("one", "other").high
    assert not found.settled("one", "other")
    clear = Scores({"one": one, "other": other + 2}, np.zeros(100, dtype=str))
    assert clear.settled("one", "other")
