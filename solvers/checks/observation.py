"""What a solver answered, and how answers are compared."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...problems import Allocation, Evaluation, RDEProblem
from ..base import Budget, Solution, Solver
from .core import Make, applies
from .instances import checkable, few_problems

EVALUATIONS = 60
"""Budget of a search in most checks: enough to search, little enough to be quick."""

DECISIONS = ("scm", "power", "bandwidth")


@dataclass(frozen=True)
class Observation:
    """One instance and what the solver answered.

    Attributes:
        problem: The instance.
        found: What ``solve`` returned, which may be anything.
        used: Evaluations that it says it spent.
        reports: Incumbents that it reported.
    """

    problem: RDEProblem
    found: Any
    used: int
    reports: tuple[Solution, ...]


@dataclass
class _Memory:
    """What fresh solvers of one maker answered, by the hash of the instance."""

    answers: dict[str, Observation] = field(default_factory=dict)
    settled: bool | None = None


_memories: weakref.WeakKeyDictionary[Any, _Memory] = weakref.WeakKeyDictionary()


def first_answer(make: Make, problem: RDEProblem) -> Observation:
    """What a fresh solver answers to an instance; solved once for all checks that only look at it."""
    answers = _memories.setdefault(make, _Memory()).answers
    key = problem.content_hash()
    if key not in answers:
        answers[key] = observe(make(), problem)
    return answers[key]


def observed(make: Make) -> list[Observation]:
    """What fresh solvers answer to the small instances.

    Raises:
        NotApplicable: If the solver supports none of them.
    """
    return [first_answer(make, problem) for problem in checkable(make())]


def observe(solver: Solver, problem: RDEProblem, evaluations: int | None = EVALUATIONS) -> Observation:
    """Let a solver answer one instance and listen to what it reports."""
    reports: list[Solution] = []
    budget = Budget(evaluations=evaluations, listener=lambda found, used: reports.append(found))
    found = solver.solve(problem, rng=np.random.default_rng(0), budget=budget)
    return Observation(problem, found, budget.used, tuple(reports))


def answer(solver: Solver, problem: RDEProblem, seed: int = 0, evaluations: int = EVALUATIONS) -> Solution:
    """What the solver answers with a fresh generator and budget."""
    return solver.solve(problem, rng=np.random.default_rng(seed), budget=Budget(evaluations=evaluations))


def decisions(found: object) -> dict[str, NDArray[Any]] | None:
    """The arrays of an answer by name; None if it is no solution, or holds a status or too little."""
    if not isinstance(found, Solution) or found.status is not None:
        return None
    if any(getattr(found, name) is None for name in DECISIONS):
        return None
    return {name: np.asarray(getattr(found, name)) for name in DECISIONS}


def scored(problem: RDEProblem, found: object) -> Evaluation | None:
    """What the referee would make of an answer; None where there is nothing to score."""
    arrays = decisions(found)
    if arrays is None:
        return None
    try:
        return problem.evaluate(Allocation(**arrays))
    except (ValueError, TypeError):
        return None


def settled(make: Make) -> list[RDEProblem]:
    """A few instances, if fresh solvers answer them alike with the same generator.

    Raises:
        NotApplicable: If they do not, so that nothing can be compared.
    """
    problems = few_problems(make())
    memory = _memories.setdefault(make, _Memory())
    if memory.settled is None:
        memory.settled = not differing(make, problems[:2], 0)
    applies(memory.settled, "answers cannot be compared: they differ with the same generator")
    return problems


def differing(make: Make, problems: Sequence[RDEProblem], seed: int) -> bool:
    """Whether a fresh solver answers any of the instances otherwise, with this seed, than the first one did with 0."""
    return any(
        not same(answer(make(), problem, seed=seed), first_answer(make, problem).found)
        for problem in problems
    )


def same(one: object, other: object) -> bool:
    """Whether two answers are identical in decisions and claims."""
    if not (isinstance(one, Solution) and isinstance(other, Solution)):
        return type(one) is type(other)
    arrays = all(equal(getattr(one, name), getattr(other, name)) for name in DECISIONS)
    return arrays and one.status == other.status and equal(one.bound, other.bound)


def alike(one: object, other: object, rounding: float = 1e-6) -> bool:
    """Whether two answers are the same but for rounding: a network rounds several instances otherwise than one."""
    first, second = decisions(one), decisions(other)
    if first is None or second is None:
        return same(one, other)
    assert isinstance(one, Solution)
    assert isinstance(other, Solution)
    if any(first[name].shape != second[name].shape for name in DECISIONS):
        return False
    close = all(_close(first[name], second[name], rounding) for name in ("power", "bandwidth"))
    claims = one.status == other.status and (
        equal(one.bound, other.bound) or _close(one.bound, other.bound, rounding)
    )
    return close and np.array_equal(first["scm"], second["scm"]) and claims


def equally_good(
    here: tuple[RDEProblem, object], there: tuple[RDEProblem, object], factor: float = 1.0
) -> bool:
    """Whether two answers to two forms of one instance have the same value, up to rounding.

    Args:
        here: The instance and its answer.
        there: The same in the other form.
        factor: The value there over the value here.
    """
    one, other = scored(*here), scored(*there)
    if one is None or other is None:
        status = [getattr(found, "status", None) for _, found in (here, there)]
        return (one is None) == (other is None) and status[0] == status[1]
    close = np.isclose(float(other.rde), float(one.rde) * factor, rtol=1e-6, atol=0.0)
    return bool(close and one.feasible == other.feasible)


def equal(one: Any, other: Any) -> bool:
    """Whether two arrays, numbers or Nones are the same; NaN is itself."""
    if one is None or other is None:
        return one is other
    try:
        return bool(np.array_equal(one, other, equal_nan=True))
    except TypeError:  # what cannot be NaN
        return bool(np.array_equal(one, other))


def _close(one: Any, other: Any, rounding: float) -> bool:
    try:
        return bool(np.allclose(one, other, rtol=rounding, atol=0.0, equal_nan=True))
    except TypeError:
        return False
