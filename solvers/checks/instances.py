"""The instances that solvers are checked on: small enough to know the optimum."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from ...problems import RDEProblem, Scenario
from ...problems.rde import IntArray
from ..base import Solver
from .core import applies

SCENARIO = "small-v1"
TABLES = ("scm_power", "scm_latency", "distortion", "payload")
_FEW_USERS = (2, 3)


@functools.cache
def drawn() -> tuple[RDEProblem, ...]:
    """The instances themselves: nine, of the training split, six of them of the Shannon rate."""
    shannon = Scenario.load(SCENARIO).sample(6, 0, split="train")
    spectral = [
        problem.replace(rate="spectral", payload=problem.payload / problem.bandwidth_budget * problem.users)
        for problem in shannon[:3]
    ]
    return (*shannon, *spectral)


def small_problems(solver: Solver) -> list[RDEProblem]:
    """Instances of two to six users, of both rates, that the solver supports; fresh copies, as it may damage them."""
    return [problem.replace() for problem in drawn() if solver.supports(problem) is None]


def checkable(solver: Solver) -> list[RDEProblem]:
    """The same, of which there is at least one.

    Raises:
        NotApplicable: If the solver supports none, with the reason that it gives.
    """
    problems = small_problems(solver)
    applies(problems, f"supports none of the small instances: {solver.supports(drawn()[0])}")
    return problems


def few_problems(solver: Solver) -> list[RDEProblem]:
    """Up to four of the smaller ones, of both rates, for properties that need several answers to each.

    Raises:
        NotApplicable: If the solver supports none.
    """
    problems = checkable(solver)
    few = {(problem.rate, problem.users): problem for problem in problems if problem.users in _FEW_USERS}
    return list(few.values()) or problems[:4]


def supported(solver: Solver, problems: Sequence[RDEProblem], what: str) -> list[RDEProblem]:
    """Those instances that the solver supports.

    Raises:
        NotApplicable: If it supports none; ``what`` says what they are.
    """
    found = [problem for problem in problems if solver.supports(problem) is None]
    applies(found, f"supports no {what}")
    return found


def infeasible(solver: Solver) -> list[RDEProblem]:
    """Instances that nothing satisfies: the models alone ask for more power than there is."""
    problems = [
        problem.replace(power_budget=problem.power_budget * 1e-6) for problem in few_problems(solver)[:2]
    ]
    return supported(solver, problems, "instance without enough power")


def unbounded(solver: Solver) -> list[RDEProblem]:
    """Instances of the spectral rate without a least bandwidth, whose value grows without end."""
    problems = [problem for problem in small_problems(solver) if problem.rate == "spectral"][:1]
    applies(problems, "supports none of the small instances of the spectral rate")
    return supported(
        solver, [problem.replace(min_bandwidth=0.0) for problem in problems], "unbounded instance"
    )


def easy(solver: Solver) -> list[RDEProblem]:
    """Instances in which every choice of models leaves power, bandwidth and time in plenty."""
    problems = [
        problem.replace(power_budget=problem.power_budget * 100, max_latency=problem.max_latency * 1000)
        for problem in few_problems(solver)
    ]
    return supported(solver, problems, "instance with plenty of everything")


def of_identical_users(solver: Solver) -> list[RDEProblem]:
    """Instances whose users are all like their first."""
    problems = [take_users(problem, np.zeros(problem.users, int)) for problem in few_problems(solver)]
    return supported(solver, problems, "instance of identical users")


def smallest(solver: Solver) -> list[RDEProblem]:
    """One user and one model."""
    problem = take_users(drawn()[0], np.zeros(1, int))
    one = problem.replace(
        scm_names=problem.scm_names[:1], **{name: getattr(problem, name)[:, :1] for name in TABLES}
    )
    return supported(solver, [one], "instance of one user")


def take_users(problem: RDEProblem, users: IntArray) -> RDEProblem:
    """The instance of these users, in this order, with the same budgets."""
    names = (*TABLES, "gain", "max_latency")
    return problem.replace(**{name: getattr(problem, name)[users] for name in names})


def take_models(problem: RDEProblem, models: IntArray) -> RDEProblem:
    """The same instance with its models in this order."""
    tables = {name: getattr(problem, name)[:, models] for name in TABLES}
    return problem.replace(scm_names=tuple(problem.scm_names[model] for model in models), **tables)


def scaled(problem: RDEProblem, factors: dict[str, float]) -> RDEProblem:
    """The same instance in other units: fields multiplied by factors."""
    return problem.replace(**{name: getattr(problem, name) * factor for name, factor in factors.items()})
