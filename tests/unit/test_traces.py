"""Incumbents: told by solvers, heard by the worker, scored by the referee."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rdebench.bench import listening, scoring
from rdebench.bench.listening import ALL_INCUMBENTS, Timekeeper
from rdebench.bench.tasks import Incumbent, Outcome
from rdebench.bench.traces import trace
from rdebench.problems import Scenario
from rdebench.solvers import Budget, Solution, make_solver

from ..two_users import by_hand, two_users

REWARD = Scenario.load("small-v1").reward_function()


def told(seconds: Any, evaluations: Any, **changes: Any) -> Incumbent:
    decided = by_hand(**changes)
    arrays = {"scm": decided.scm, "power": decided.power, "bandwidth": decided.bandwidth}
    return Incumbent({"seconds": seconds, "evaluations": evaluations}, arrays)


def outcome(status: str, *incumbents: Incumbent) -> Outcome:
    return Outcome(status, "killed after 1 s", {"seconds": 1.0}, {}, incumbents)


def test_nobody_has_to_listen() -> None:
    Budget().report(np.zeros(2, int), np.ones(2), np.ones(2))


def test_the_listener_hears_the_decisions_and_the_evaluations_used() -> None:
    heard: list[tuple[Solution, int]] = []
    budget = Budget(evaluations=10, listener=lambda *told: heard.append(told))
    budget.spend(3)
    budget.report(np.array([0, 1]), np.array([3.0, 7.0]), np.array([1.0, 2.0]))
    ((found, used),) = heard
    assert used == 3
    assert found.power is not None
    assert found.power.tolist() == [3.0, 7.0]


def test_an_incumbent_is_worth_what_the_referee_finds() -> None:
    problem = two_users()
    better = float(problem.evaluate(by_hand()).rde)
    worse = {"bandwidth": np.array([1.0, 1.9])}
    lower = float(problem.evaluate(by_hand(**worse)).rde)
    found = trace(problem, outcome("answered", told(0.1, 1, **worse), told(0.2, 2), told(0.3, 3, **worse)))
    assert lower < better
    assert (found.seconds, found.evaluations, found.rde) == (
        [0.1, 0.2, 0.3],
        [1, 2, 3],
        [lower, better, better],
    )
    assert found.best is not None
    assert found.best["bandwidth"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "strange",
    [
        told(0.2, 2, power=np.array([100.0, 7.0])),
        told(0.2, 2, power=np.array([np.nan, 7.0])),
        told(0.2, 2, power=np.array([3.0, 7.0, 1.0])),
        told(0.2, 2, scm=np.array([0, 2])),
        told(-1.0, 2),
        told(float("nan"), 2),
        told("0.2", 2),
        told(0.2, None),
        told(0.2, -2),
        Incumbent({"seconds": 0.2, "evaluations": 2}, {}),
    ],
)
def test_what_is_no_feasible_allocation_with_a_time_does_not_count(strange: Incumbent) -> None:
    found = trace(two_users(), outcome("answered", told(0.1, 1), strange))
    assert found.evaluations == [1]
    assert trace(two_users(), outcome("answered", strange)).best is None


def test_time_and_evaluations_never_run_backwards() -> None:
    found = trace(two_users(), outcome("answered", told(0.2, 5), told(0.1, 3)))
    assert (found.seconds, found.evaluations) == ([0.2, 0.2], [5, 5])


def test_at_a_time_limit_the_best_incumbent_is_the_answer() -> None:
    problem = two_users()
    row = scoring.score(problem, REWARD, outcome("time_limit", told(0.1, 1)))
    assert row["status"] == "time_limit"
    assert row["rde"] == float(problem.evaluate(by_hand()).rde)
    assert row["power_w"] == [3.0, 7.0]
    assert "its last incumbent is its answer" in row["message"]
    assert row["trace_evaluations"] == [1]


@pytest.mark.parametrize("status", ["error", "memory_limit", "invalid"])
def test_after_other_failures_an_incumbent_is_no_answer(status: str) -> None:
    row = scoring.score(two_users(), REWARD, outcome(status, told(0.1, 1)))
    assert row["status"] == status
    assert "rde" not in row
    assert row["trace_evaluations"] == [1]


def test_a_time_limit_without_a_feasible_incumbent_has_no_answer() -> None:
    row = scoring.score(
        two_users(), REWARD, outcome("time_limit", told(0.1, 1, power=np.array([100.0, 7.0])))
    )
    assert row["status"] == "time_limit"
    assert "rde" not in row


def test_a_solver_that_reports_all_the_time_is_heard_by_its_evaluations_alone() -> None:
    def heard() -> list[int]:
        sent: list[int] = []
        timekeeper = Timekeeper(2, lambda arrays, **header: sent.append(header["evaluations"]))
        decided = by_hand()
        for used in range(1, 5_001):
            timekeeper(Solution(decided.scm, decided.power, decided.bandwidth), used)
        return sent

    first = heard()
    assert first[:ALL_INCUMBENTS] == list(range(1, ALL_INCUMBENTS + 1))
    assert ALL_INCUMBENTS < len(first) < ALL_INCUMBENTS + 80
    assert heard() == first


def test_listening_is_not_counted_as_solving(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 2.0, 5.0, 9.0])
    monkeypatch.setattr(listening, "_clock", lambda: next(now))
    sent: list[float] = []
    timekeeper = Timekeeper(2, lambda arrays, **header: sent.append(header["seconds"]))
    decided = by_hand()
    timekeeper(Solution(decided.scm, decided.power, decided.bandwidth), 1)
    assert sent == [2.0]
    assert timekeeper.seconds == 6.0


def test_what_is_reported_must_be_an_allocation() -> None:
    timekeeper = Timekeeper(2, lambda *_, **__: None)
    with pytest.raises(ValueError, match="power has shape"):
        timekeeper(Solution(np.zeros(2, int), np.zeros(3), np.zeros(2)), 1)


@pytest.mark.parametrize(
    "name",
    ["greedy", "local-search", "genetic", "genetic+exact", "exhaustive", "certified", "slsqp-multistart"],
)
def test_our_searches_report_ever_better_allocations_up_to_their_answer(name: str) -> None:
    if name.startswith("genetic"):
        pytest.importorskip("pymoo")
    problem = Scenario.load("small-v1").instance(4, 0, split="train")
    rdes: list[float] = []

    def listen(found: Solution, used: int) -> None:
        row = scoring.judge(problem, found)
        if row.evaluation is not None and row.evaluation.feasible:
            rdes.append(float(row.evaluation.rde))

    budget = Budget(evaluations=400, listener=listen)
    answer = make_solver(name).solve(problem, rng=np.random.default_rng(0), budget=budget)
    final = scoring.judge(problem, answer).evaluation
    assert final is not None
    assert rdes == sorted(rdes)
    assert rdes[-1] == pytest.approx(float(final.rde), rel=1e-9)
    assert len(rdes) == len(pd.unique(pd.Series(rdes)))


def test_listening_changes_no_answer() -> None:
    problem = Scenario.load("small-v1").instance(3, 0, split="train")
    for name in ("local-search", "certified"):
        answers = [
            make_solver(name).solve(
                problem, rng=np.random.default_rng(0), budget=Budget(evaluations=300, listener=listener)
            )
            for listener in (None, lambda *_: None)
        ]
        assert np.array_equal(answers[0].power, answers[1].power)
