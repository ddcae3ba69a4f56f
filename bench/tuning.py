"""Tuning: every solver gets the same number of trials on training instances, and the cost is kept with the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problems import Allocation, RDEProblem, Scenario
from ..problems.sampling import stream
from ..solvers import Budget, Solution, Solver, SolverError
from ..solvers.registry import find_solver, make_solver, solver_names

PROOF_S = 20.0
"""Seconds for the bound of a training instance."""


@dataclass(frozen=True)
class Tuned:
    """What tuning a solver found, and what that cost.

    Attributes:
        solver: Its name.
        options: Constructor arguments with the least mean gap.
        gap: That mean gap to the certified bound on the training instances; violated answers count as 1.
        default_gap: The same with the solver's defaults, which are the first trial.
        trials: Settings tried, the defaults included.
        instances: Training instances that each was tried on; None for a solver that learns, which takes its own.
        evaluations: Evaluations spent in all; of a solver that learns the decisions that it trained on.
        seconds: Time spent in all, proofs of the bounds excluded.
    """

    solver: str
    options: dict[str, Any]
    gap: float
    default_gap: float
    trials: int
    instances: int | None
    evaluations: int
    seconds: float


@dataclass(frozen=True)
class Training:
    """A training instance with the bound that gaps are measured against.

    Attributes:
        problem: The instance.
        bound: Certified upper bound on its RDE.
        label: What its random numbers are named after.
    """

    problem: RDEProblem
    bound: float
    label: str


def tunable_solvers(*, learning: bool = False) -> list[str]:
    """Names of the registered solvers that declare a search space.

    Args:
        learning: Those that learn, whose trials are trainings, instead of those that need none.
    """
    found = []
    for name in solver_names():
        try:
            solver = find_solver(name)
        except SolverError:  # of another distribution, and broken: that is no reason not to tune the others
            continue
        found += [name] if getattr(solver, "tunable", None) and solver.learns == learning else []
    return found


def training_instances(scenarios: Sequence[str], count: int, seed: int) -> list[Training]:
    """Instances of the training splits with their certified bounds; those proved infeasible are left out.

    Args:
        scenarios: Scenario ids.
        count: Instances of each scenario.
        seed: Seed of the instances.

    Raises:
        ScenarioError: If a scenario does not exist.
        SolverError: If no instance is feasible.
    """
    found = []
    for name in dict.fromkeys(scenarios):
        for index, problem in enumerate(Scenario.load(name).sample(count, seed, split="train")):
            proof = make_solver("certified").solve(
                problem, rng=stream("tune", "bound"), budget=Budget(seconds=PROOF_S)
            )
            if proof.status is None and proof.bound is not None and 0.0 < proof.bound < np.inf:
                found.append(Training(problem, proof.bound, f"{name}/{seed}/{index}"))
    if not found:
        raise SolverError(f"no training instance of {', '.join(scenarios)} is feasible; use other scenarios")
    return found


def tune(
    name: str,
    training: Sequence[Training],
    *,
    trials: int,
    evaluations: int,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> Tuned:
    """Tune a solver with Optuna.

    Args:
        name: The solver.
        training: Instances with bounds.
        trials: Settings to try; the first one is the defaults.
        evaluations: Budget on each instance.
        seed: Seed of the tuner and of the solver; every trial sees the same random numbers.
        advance: Called after each trial.

    Raises:
        SolverError: If the solver does not exist, declares nothing to tune, cannot run here, or Optuna is missing.
    """

    def judge(solver: Solver) -> tuple[float, int]:
        return mean_gap(solver, training, evaluations=evaluations, seed=seed)

    space = tunable_space(name, [(one.label, one.problem) for one in training])
    return search(name, space, judge, trials=trials, seed=seed, instances=len(training), advance=advance)


def search(
    name: str,
    space: dict[str, tuple[Any, ...]],
    judge: Callable[[Solver], tuple[float, int]],
    *,
    trials: int,
    seed: int,
    instances: int | None,
    advance: Callable[[], None],
) -> Tuned:
    """Look for the settings of least gap with Optuna's tree-structured Parzen estimator.

    Args:
        name: The solver.
        space: What :func:`tunable_space` gave.
        judge: Mean gap of a solver made with some settings, and the evaluations that this took.
        trials: Settings to try; the first one is the defaults.
        seed: Seed of the tuner.
        instances: See :class:`Tuned`.
        advance: Called after each trial.

    Raises:
        SolverError: If Optuna is missing.
    """
    try:
        import optuna
    except ImportError:
        raise SolverError("tuning needs optuna; run: pip install 'rdebench[search]'") from None
    defaults = {key: value for key, value in make_solver(name).configuration().items() if key in space}
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spent, started, default_gap = 0, time.perf_counter(), np.nan
    try:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(trials // 3, 2))
        study = optuna.create_study(sampler=sampler)
        study.enqueue_trial(defaults)
        for number in range(trials):
            trial = study.ask()
            gap, used = judge(make_solver(name, **_suggested(trial, space)))
            study.tell(trial, gap)
            spent += used
            default_gap = gap if number == 0 else default_gap
            advance()
    finally:
        optuna.logging.set_verbosity(before)
    best = study.best_trial
    return Tuned(
        solver=name,
        options=dict(best.params),
        gap=float(best.value),
        default_gap=float(default_gap),
        trials=trials,
        instances=instances,
        evaluations=spent,
        seconds=time.perf_counter() - started,
    )


def tunable_space(name: str, problems: Iterable[tuple[str, RDEProblem]]) -> dict[str, tuple[Any, ...]]:
    """The search space that a solver declares.

    Args:
        name: The solver.
        problems: What it is to be tuned on, each with what to call it.

    Raises:
        SolverError: If it declares none, or does not support one of the problems.
    """
    space: dict[str, tuple[Any, ...]] = getattr(find_solver(name), "tunable", {})
    if not space:
        raise SolverError(
            f"{name} has nothing to tune; use {', '.join(tunable_solvers() + tunable_solvers(learning=True))}"
        )
    solver = make_solver(name)
    for label, problem in problems:
        if (reason := solver.supports(problem)) is not None:
            raise SolverError(f"{name} cannot be tuned on {label}: {reason}")
    return space


def mean_gap(
    solver: Solver, training: Sequence[Training], *, evaluations: int, seed: int
) -> tuple[float, int]:
    """Mean gap over the instances, and evaluations spent."""
    gaps, used = [], 0
    for one in training:
        budget = Budget(evaluations=evaluations)
        solution = solver.solve(one.problem, rng=stream("tune", one.label, seed), budget=budget)
        gaps.append(_gap(one, solution))
        used += budget.used
    return float(np.mean(gaps)), used


def _gap(one: Training, solution: Solution) -> float:
    if solution.scm is None or solution.power is None or solution.bandwidth is None:
        return 1.0
    found = one.problem.evaluate(Allocation(solution.scm, solution.power, solution.bandwidth))
    return max(0.0, 1.0 - float(found.rde) / one.bound) if found.feasible else 1.0


def _suggested(trial: Any, space: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """One value for each parameter: ("int", low, high), ("float", low, high, log) or ("choice", *values)."""
    chosen = {}
    for key, (kind, *limits) in space.items():
        if kind == "int":
            chosen[key] = trial.suggest_int(key, *limits)
        elif kind == "float":
            low, high, log = limits
            chosen[key] = trial.suggest_float(key, low, high, log=log)
        else:
            chosen[key] = trial.suggest_categorical(key, limits)
    return chosen
