"""The conformance suite: what every solver, ours or a plugin, must do. One function, one property.

Each check takes a function that makes a fresh solver, and raises :class:`ConformanceError` with the likely cause.
"""

from __future__ import annotations

import inspect
import itertools
import random
from collections.abc import Callable, Iterator

import numpy as np

from ..problems import Allocation, RDEProblem, Scenario
from .allocation import InnerSolver
from .base import Budget, Solution, Solver

Make = Callable[[], Solver]
Check = Callable[[Make], None]

_EVALUATIONS = 200


class ConformanceError(AssertionError):
    """A property that the solver lacks, in words."""


def require(condition: object, message: str) -> None:
    """Raise :class:`ConformanceError` unless the condition holds."""
    if not condition:
        raise ConformanceError(message)


def all_checks() -> Iterator[Check]:
    """Every check, in the order of this file."""
    for name, value in list(globals().items()):
        if name.startswith("check_"):
            yield value


def small_problems(solver: Solver) -> list[RDEProblem]:
    """Instances of two to six users, of both rates, that the solver supports."""
    shannon = Scenario.load("small-v1").sample(6, 0, split="train")
    spectral = [
        problem.replace(rate="spectral", payload=problem.payload / problem.bandwidth_budget * problem.users)
        for problem in shannon[:3]
    ]
    return [problem for problem in (*shannon, *spectral) if solver.supports(problem) is None]


def answer(solver: Solver, problem: RDEProblem, seed: int = 0, evaluations: int = _EVALUATIONS) -> Solution:
    """What the solver answers with a fresh generator and budget."""
    return solver.solve(problem, rng=np.random.default_rng(seed), budget=Budget(evaluations=evaluations))


def same(one: Solution, other: Solution) -> bool:
    """Whether two answers are identical in decisions and claims."""
    pairs = ((one.scm, other.scm), (one.power, other.power), (one.bandwidth, other.bandwidth))
    arrays = all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in pairs
    )
    return arrays and (one.status, one.bound) == (other.status, other.bound)


def alike(one: Solution, other: Solution, rounding: float = 1e-6) -> bool:
    """Whether two answers are the same but for rounding: a network rounds several instances otherwise than one."""
    if one.scm is None or other.scm is None:
        return same(one, other)
    pairs = ((one.power, other.power), (one.bandwidth, other.bandwidth))
    close = all(
        a is not None and b is not None and np.allclose(a, b, rtol=rounding, atol=0.0) for a, b in pairs
    )
    return (
        close
        and np.array_equal(one.scm, other.scm)
        and (one.status, one.bound) == (other.status, other.bound)
    )


def optimum(problem: RDEProblem) -> float:
    """Best RDE over all S^M assignments, without any collapse; -inf if none is feasible."""
    scm = np.array(list(itertools.product(range(problem.models), repeat=problem.users)))
    return float(InnerSolver(problem).values(scm).max())


def check_name_and_summary(make: Make) -> None:
    """The list of solvers needs a lower-case name and a first line of docstring."""
    solver = make()
    require(
        isinstance(solver.name, str) and solver.name == solver.name.lower(), "name must be lower-case text"
    )
    require(
        solver.summary(), f"{solver.name} has no docstring; its first line is shown in the list of solvers"
    )


def check_constructor_only_stores(make: Make) -> None:
    """Parameters are kept under their own names, so that the configuration can be recorded."""
    solver = make()
    for name, parameter in inspect.signature(type(solver).__init__).parameters.items():
        if name in ("self", "args", "kwargs"):
            continue
        require(hasattr(solver, name), f"__init__ takes {name!r} but does not store self.{name}")
        if parameter.default is not parameter.empty:
            default = getattr(type(solver)(), name)
            require(default == parameter.default, f"__init__ changes {name!r}; it must only store it")


def check_answer_has_the_right_form(make: Make) -> None:
    """A Solution with one SCM index, power and bandwidth for each user, or a status."""
    solver = make()
    for problem in small_problems(solver):
        found = answer(solver, problem)
        require(isinstance(found, Solution), f"solve returned {type(found).__name__}; return a Solution")
        if found.status is not None:
            require(found.status in ("infeasible", "unbounded"), f"status {found.status!r} is not a proof")
            continue
        for name in ("scm", "power", "bandwidth"):
            shape = np.shape(getattr(found, name))
            require(shape == (problem.users,), f"{name} has shape {shape}; it must be ({problem.users},)")


def check_answer_can_be_scored(make: Make) -> None:
    """The referee can evaluate the decisions: indices in range, finite numbers, nothing negative."""
    solver = make()
    for problem in small_problems(solver):
        found = answer(solver, problem)
        if found.status is None and found.scm is not None:
            assert found.power is not None
            assert found.bandwidth is not None
            try:
                evaluation = problem.evaluate(Allocation(found.scm, found.power, found.bandwidth))
            except ValueError as error:
                raise ConformanceError(f"the answer cannot be scored: {error}") from None
            require(evaluation.violations.sign == 0, "power or bandwidth is negative; clip rounding at zero")


def check_problem_is_left_alone(make: Make) -> None:
    """Solving changes nothing in the problem, which others share."""
    solver = make()
    for problem in small_problems(solver):
        before = problem.content_hash()
        answer(solver, problem)
        require(problem.content_hash() == before, "solve changed the problem; work on copies of its arrays")


def check_same_seed_same_answer(make: Make) -> None:
    """The generator is the only source of randomness."""
    for problem in small_problems(make()):
        message = "two runs with the same generator differ; draw from rng only"
        require(same(answer(make(), problem), answer(make(), problem)), message)


def check_solver_keeps_no_memory(make: Make) -> None:
    """An answer does not depend on what was solved before."""
    solver = make()
    problems = small_problems(solver)
    for problem in problems:
        answer(solver, problem)
    for problem in problems:
        message = "the answer depends on earlier instances; keep no state between calls of solve"
        require(same(answer(solver, problem), answer(make(), problem)), message)


def check_deterministic_if_it_says_so(make: Make) -> None:
    """With the flag ``deterministic`` the seed does not matter."""
    solver = make()
    if solver.deterministic:
        for problem in small_problems(solver):
            message = "answers differ between seeds; set deterministic = False"
            require(same(answer(solver, problem, seed=0), answer(solver, problem, seed=1)), message)


def check_global_generators_are_left_alone(make: Make) -> None:
    """Neither reads nor seeds the global generators of numpy and Python."""
    solver = make()
    for problem in small_problems(solver):
        before = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002
        answer(solver, problem)
        after = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002
        require(before == after, "solve used a global random generator; use rng")


def check_budget_is_respected(make: Make) -> None:
    """A search stops at its budget of evaluations."""
    solver = make()
    for problem in small_problems(solver):
        budget = Budget(evaluations=7)
        solver.solve(problem, rng=np.random.default_rng(0), budget=budget)
        require(budget.used <= 7, f"spent {budget.used} evaluations of 7; stop when budget.exhausted")


def check_unsupported_problems_are_refused(make: Make) -> None:
    """``supports`` gives a reason for rates and sizes outside the flags."""
    solver = make()
    problem = Scenario.load("small-v1").sample(1, 0)[0]
    for rate in {"shannon", "spectral"} - set(solver.rates):
        message = f"rates leaves out {rate}, but supports(problem) returns None for it"
        require(solver.supports(problem.replace(rate=rate)) is not None, message)


def check_batch_equals_loop(make: Make) -> None:
    """``solve_batch`` gives what a loop over ``solve`` gives, up to rounding."""
    solver = make()
    problems = small_problems(solver)
    rngs = [np.random.default_rng(0) for _ in problems]
    budgets = [Budget(evaluations=_EVALUATIONS) for _ in problems]
    batch = solver.solve_batch(problems, rngs=rngs, budgets=budgets)
    for problem, found in zip(problems, batch, strict=True):
        require(alike(found, answer(make(), problem)), "solve_batch and solve differ")


def check_exact_finds_the_optimum(make: Make) -> None:
    """With the flag ``exact`` its value is the optimum over all assignments."""
    solver = make()
    if not solver.exact:
        return
    for problem in small_problems(solver):
        found, best = answer(solver, problem, evaluations=10**9), optimum(problem)
        if found.scm is None or found.power is None or found.bandwidth is None:
            require(not np.isfinite(best), f"claims {found.status}, but an allocation has RDE {best:g}")
            continue
        rde = float(problem.evaluate(Allocation(found.scm, found.power, found.bandwidth)).rde)
        require(abs(rde / best - 1) <= 1e-6, f"says exact, but found {rde:g} where the optimum is {best:g}")


def check_bounds_are_valid(make: Make) -> None:
    """A claimed bound is never below the optimum, and a claimed proof is true."""
    solver = make()
    for problem in small_problems(solver):
        found, best = answer(solver, problem), optimum(problem)
        if found.bound is not None:
            message = f"claims the bound {found.bound:g}, but an allocation has RDE {best:g}"
            require(found.bound >= best * (1 - 1e-9), message)
        if found.status == "infeasible":
            require(best == -np.inf, f"claims infeasible, but an allocation has RDE {best:g}")
        if found.status == "unbounded":
            require(best == np.inf, f"claims unbounded, but the optimum is {best:g}")


def check_one_user_and_one_model(make: Make) -> None:
    """The smallest problem is a problem."""
    solver = make()
    problem = Scenario.load("small-v1").sample(1, 0)[0]
    tables = ("scm_power", "scm_latency", "distortion", "payload")
    smallest = problem.replace(
        scm_names=problem.scm_names[:1],
        gain=problem.gain[:1],
        max_latency=problem.max_latency[:1],
        **{name: getattr(problem, name)[:1, :1] for name in tables},
    )
    if solver.supports(smallest) is None:
        found = answer(solver, smallest)
        answered = found.scm is not None and found.scm.shape == (1,)
        require(found.status is not None or answered, "one user and one SCM is not answered")
