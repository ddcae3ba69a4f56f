"""Budget: what a search may spend, what it says it spent, and what it reports on the way."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any

import numpy as np

from ...problems import Allocation, Evaluation, RDEProblem
from ..base import Budget
from .core import Make, applies, require, told
from .instances import checkable, few_problems
from .observation import DECISIONS, EVALUATIONS, answer, observed, scored

SECONDS, PATIENCE_S = 0.05, 5.0
"""A short time limit, and how long a solver may take under it: whoever respects it needs far less."""

FEW = 7


def check_evaluations_are_within_the_budget(make: Make) -> None:
    """A search stops at its budget of evaluations."""
    for problem in few_problems(make()):
        budget = Budget(evaluations=FEW)
        make().solve(problem, rng=np.random.default_rng(0), budget=budget)
        message = (
            f"spent {budget.used} evaluations of {FEW}; stop when budget.exhausted, cut batches to remaining"
        )
        require(budget.used <= FEW, message)


def check_one_evaluation_is_survived(make: Make) -> None:
    """With a single evaluation a search does not stumble; its answer may be poor, or none."""
    solver = make()
    for problem in few_problems(solver):
        try:
            answer(solver, problem, evaluations=1)
        except Exception as error:
            require(
                False,
                f"with a budget of one evaluation solve raised {told(error)}; keep a first answer ready",
            )


def check_evaluations_are_counted(make: Make) -> None:
    """What is evaluated is spent: every allocation given to ``problem.evaluate``, but for the last answer."""
    for problem in few_problems(make()):
        watched = WatchedProblem(**{field.name: getattr(problem, field.name) for field in fields(problem)})
        budget = Budget(evaluations=EVALUATIONS)
        make().solve(watched, rng=np.random.default_rng(0), budget=budget)
        seen = watched.evaluated
        message = f"evaluated {seen} allocations but spent {budget.used}; call budget.spend(n) for each n"
        require(seen <= budget.used + 1, message)


def check_seconds_are_respected(make: Make) -> None:
    """Under a limit of seconds alone a search stops by itself."""
    solver = make()
    problem = max(checkable(solver), key=lambda problem: problem.users)
    answer(solver, problem, evaluations=FEW)  # what is imported and compiled once does not count
    began = time.perf_counter()
    solver.solve(problem, rng=np.random.default_rng(0), budget=Budget(seconds=SECONDS))
    took = time.perf_counter() - began
    message = f"took {took:.1f} s under a limit of {SECONDS:g} s; look at budget.exhausted in every loop"
    require(took <= PATIENCE_S, message)


def check_reports_have_the_right_form(make: Make) -> None:
    """What is reported as an incumbent can be scored, as an answer can."""
    _with_reports(make)
    for seen in observed(make):
        for report in seen.reports:
            shapes = ", ".join(f"{name} {np.shape(getattr(report, name))}" for name in DECISIONS)
            message = f"reported an incumbent that cannot be scored ({shapes}); report scm, power, bandwidth, each [M]"
            require(scored(seen.problem, report) is not None, message)


def check_answer_is_no_worse_than_reports(make: Make) -> None:
    """The answer is at least as good as the best feasible incumbent that was reported."""
    _with_reports(make)
    for seen in observed(make):
        scores = [scored(seen.problem, report) for report in seen.reports]
        best = max(
            (float(score.rde) for score in scores if score is not None and score.feasible), default=-np.inf
        )
        final = scored(seen.problem, seen.found)
        if best > -np.inf and final is not None and final.violations.sign == 0:
            value = float(final.rde) if final.feasible else -np.inf
            message = f"reported an incumbent of RDE {best:g}, but answered {value:g}; return the best that was seen"
            require(value >= best * (1 - 1e-9), message)


def _with_reports(make: Make) -> None:
    applies(
        any(seen.reports for seen in observed(make)),
        "reports no incumbents; budget.report does, see the docs",
    )


class WatchedProblem(RDEProblem):
    """A problem that counts the allocations that it is asked to score."""

    @property
    def evaluated(self) -> int:
        """How many so far."""
        return int(vars(self).get("_evaluated", 0))

    def evaluate(self, allocation: Allocation) -> Evaluation:
        """Score, and count."""
        found = super().evaluate(allocation)
        count: Any = int(np.prod(np.shape(allocation.scm)[:-1]))
        object.__setattr__(self, "_evaluated", self.evaluated + count)
        return found
