"""Batch: ``solve_batch`` is a quicker loop, nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...problems import RDEProblem
from ..base import Budget, Solution
from .core import Make, require
from .observation import EVALUATIONS, alike, first_answer, settled


def check_batch_answers_every_instance(make: Make) -> None:
    """One answer for each instance, in their order."""
    problems = settled(make)
    found, _ = _batch(make, problems)
    require(
        isinstance(found, list), f"solve_batch returned {type(found).__name__}; return a list of Solutions"
    )
    message = (
        f"solve_batch returned {len(found)} answers to {len(problems)} instances; keep the order, drop none"
    )
    require(len(found) == len(problems), message)


def check_batch_equals_loop(make: Make) -> None:
    """``solve_batch`` gives what a loop over ``solve`` gives, up to rounding."""
    problems = settled(make)
    found, _ = _batch(make, problems)
    for problem, one in zip(problems, found, strict=False):
        message = "solve_batch and solve differ; each instance has its own generator and budget"
        require(alike(one, first_answer(make, problem).found), message)


def check_batch_spends_as_a_loop(make: Make) -> None:
    """``solve_batch`` counts the evaluations of each instance in its own budget."""
    problems = settled(make)
    _, used = _batch(make, problems)
    for problem, spent in zip(problems, used, strict=True):
        alone = first_answer(make, problem).used
        message = f"solve_batch spent {spent} evaluations on an instance, solve {alone}; spend on budgets[i]"
        require(spent == alone, message)


def _batch(make: Make, problems: list[RDEProblem]) -> tuple[Any, list[int]]:
    """The answers of a batch, whatever they are, and what was spent on each."""
    rngs = [np.random.default_rng(0) for _ in problems]
    budgets = [Budget(evaluations=EVALUATIONS) for _ in problems]
    found: list[Solution] = make().solve_batch(problems, rngs=rngs, budgets=budgets)
    return found, [budget.used for budget in budgets]
