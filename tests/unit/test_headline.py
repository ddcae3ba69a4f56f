"""The sentences at the top of a view: true of its rows, and in grammar, whatever these are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rdebench.leaderboard.aggregates import summarise_refuted_view, summarise_view
from rdebench.leaderboard.headline import headline

from ..results import all_infeasible, result_rows, with_status


def said(rows):
    text = headline(rows, summarise_view(rows), summarise_refuted_view(rows))
    return text.replace("\N{NO-BREAK SPACE}", " ")


def two(instances):
    return result_rows("s", ["a-v1"], instances, {"proof": (0.0, 1.0), "quick": (0.1, 1e-3)})


def test_one_instance_is_spoken_of_as_one():
    rows = two(1)
    text = said(rows)
    assert text.startswith("On the only instance, proof reached the proved optimum. Of the others")
    assert text.endswith("below the proved optimum.")
    lost = said(with_status(rows, rows["solver"] == "quick", "error"))
    assert "a violated or failed run counting as 100 %. 1 of 2 runs failed." in lost
    quick = rows[rows["solver"] == "quick"]
    assert said(quick).startswith(
        "No solver that ran on everything reached the proved optimum on the only instance."
    )
    assert said(with_status(quick, quick["instance"] == 0, "error")).endswith("The only run failed.")
    assert said(quick.assign(bound=np.nan, gap=np.nan)).startswith("No bound is known on the only instance:")
    assert said(with_status(rows, rows["instance"] == 0, "skipped")) == "No solver ran on the only instance."


def test_only_instances_with_a_bound_are_said_to_be_solved():
    rows = two(10)
    rows.loc[rows["instance"] >= 5, ["bound", "gap"]] = np.nan
    rows.loc[rows["instance"] >= 5, "status"] = "feasible"
    assert said(rows).startswith("On each of the 5 instances with a known bound (of 10), proof reached")
    rows.loc[rows["instance"] >= 1, ["bound", "gap"]] = np.nan
    assert said(rows).startswith("On the only instance with a known bound (of 10), proof reached")


def test_where_everything_was_skipped_nobody_ran_and_a_bound_may_be_known():
    rows = two(3)
    assert (
        said(with_status(rows, rows["instance"] >= 0, "skipped"))
        == "No solver ran on any of the 3 instances."
    )
    some = with_status(rows, rows["instance"] >= 1, "skipped")
    assert said(some).startswith("No solver ran on all of the 3 instances")


def test_seeds_are_runs_and_not_instances():
    rows = two(4)
    seeds = pd.concat([rows, rows[rows["solver"] == "proof"]], ignore_index=True)
    assert said(seeds).startswith("On each of the 4 instances, proof reached the proved optimum.")
    lost = with_status(seeds, seeds.index == len(seeds) - 1, "error")
    assert "1 of 12 runs failed." in said(lost)
    assert "proof reached" not in said(lost)


def test_only_those_that_always_answer_are_compared_by_reward_where_nothing_is_feasible():
    rows = all_infeasible(instances=4)
    rows.loc[rows["solver"] == "average", "reward"] = 1e9
    assert "every time, average has the highest mean reward" in said(rows)
    first = rows.index[rows["solver"] == "average"][0]
    rows.loc[first, "reward"] = np.nan
    assert "average has" not in said(rows)
