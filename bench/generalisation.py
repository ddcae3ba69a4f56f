"""Policies on what they were not trained on: another number of users, class, fading or set of SCMs (Section V)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..leaderboard.stats import mean_interval
from ..problems import Allocation, RDEProblem, Scenario, ScenarioError
from ..problems.sampling import stream
from ..solvers.base import Budget, Solution, Solver
from . import policies, reference
from .generalisation_rows import SCHEMA
from .trained_policies import Policy

SOLVERS = ("ppo-hybrid+exact", "amortized")

TESTS = (
    "paper-m12-v1",
    "class-heterogeneous-v1",
    "class-tight-power-v1",
    "class-tight-latency-v1",
    "paper-m6-v1",
    "scale-m100-v1",
    "zoo-m12-v1",
)
"""What policies are tested on by default, besides ``paper-m12-v1`` without fading."""

INSTANCES = 50
SEED = 1
"""Seed of the test instances, the one of the suites."""


@dataclass(frozen=True, eq=False)
class Test:
    """Instances of one scenario whose bound is proved.

    Attributes:
        scenario: Its id.
        problems: The instances.
        bounds: Their bounds, shape ``[n]``.
        indices: Their numbers.
    """

    scenario: str
    problems: list[RDEProblem]
    bounds: list[float]
    indices: list[int]


@dataclass(frozen=True)
class Entry:
    """One entry of the matrix: policies of a solver trained on one thing and tested on another.

    Attributes:
        solver: Name.
        trained_on: What the policies have seen.
        tested_on: Id of the scenario of the instances.
        policies: How many policies; they differ in their seeds.
        instances: How many instances.
        gap: Mean gap over policies and instances.
        gap_low: Lower end of its 95 % interval, bootstrapped over instances.
        gap_high: Upper end.
        infeasible: Share of answers that break a constraint.
    """

    solver: str
    trained_on: str
    tested_on: str
    policies: int
    instances: int
    gap: float
    gap_low: float
    gap_high: float
    infeasible: float


def without_fading(scenario: Scenario) -> Scenario:
    """The same scenario with distance as the only difference between channels."""
    content = scenario.model_dump(mode="json", exclude_unset=True)
    name, _, version = scenario.id.rpartition("-")
    content["id"], content["title"] = f"{name}-no-fading-{version}", f"{scenario.title}, without fading"
    content["channel"] = {
        key: value for key, value in content["channel"].items() if key != "rayleigh_scale"
    } | {"fading": "none"}
    content["sources"].pop("channel.rayleigh_scale", None)
    return Scenario.model_validate(content)


def default_tests() -> list[Scenario]:
    """The scenarios that policies are tested on unless others are named."""
    return [*(Scenario.load(name) for name in TESTS), without_fading(Scenario.load(TESTS[0]))]


def prepare(scenario: Scenario, instances: int) -> Test:
    """Draw test instances and prove their bounds, or take the proofs that are kept for this user.

    Raises:
        ScenarioError: If no instance has an answer with a bound.
    """
    test = Test(scenario.id, [], [], [])
    for index, problem in enumerate(scenario.sample(instances, SEED)):
        known = reference.find(problem, [reference.user_folder()])
        if known is None:
            known = reference.reference(problem)
            reference.keep_for_user(known)
        if known["status"] in ("optimal", "bounded") and known["bound"] is not None:
            test.problems.append(problem)
            test.bounds.append(float(known["bound"]))
            test.indices.append(index)
    if not test.problems:
        raise ScenarioError(f"{scenario.id}: none of {instances} instances has an answer with a proved bound")
    return test


def evaluate(solver: Solver, policy: Policy, test: Test) -> list[dict[str, Any]]:
    """Rows of one policy on the instances of one test, in the columns of ``generalisation_rows.SCHEMA``.

    Args:
        solver: The solver, with the policy loaded.
        policy: The policy.
        test: The instances.

    Returns:
        The rows; none if the solver does not handle an instance.
    """
    if any(solver.supports(problem) is not None for problem in test.problems):
        return []
    solutions = solver.solve_batch(
        test.problems,
        rngs=[stream("across", test.scenario, SEED, index, solver.name) for index in test.indices],
        budgets=[Budget() for _ in test.indices],
    )
    rows = []
    for problem, bound, index, solution in zip(
        test.problems, test.bounds, test.indices, solutions, strict=True
    ):
        gap, feasible = _gap(problem, bound, solution)
        rows.append(
            {
                "solver": solver.name,
                "policy": policy.folder.name,
                "trained_on": policy.trained_on,
                "tested_on": test.scenario,
                "instance": index,
                "seed": policy.seed,
                "gap": gap,
                "feasible": feasible,
            }
        )
    return rows


def _gap(problem: RDEProblem, bound: float, solution: Solution) -> tuple[float, bool]:
    if solution.scm is None or solution.power is None or solution.bandwidth is None:
        return 1.0, False
    found = problem.evaluate(Allocation(solution.scm, solution.power, solution.bandwidth))
    if not found.feasible:
        return 1.0, False
    return (max(0.0, 1.0 - float(found.rde) / bound) if bound > 0 else 0.0), True


def across(
    trained: Sequence[tuple[Solver, Sequence[Policy]]],
    tests: Sequence[Test],
    advance: Callable[[], None] = lambda: None,
) -> tuple[pd.DataFrame, list[str]]:
    """Every policy on every test, in this process: only for solvers of this package.

    Args:
        trained: Solvers and the policies of each; a solver is set up anew for each policy, as it was trained.
        tests: The tests.
        advance: Called after each policy on each test.

    Returns:
        The rows, columns of ``generalisation_rows.SCHEMA``, and what could not be run, a sentence each.
    """
    rows, failures = [], []
    for solver, known in trained:
        for policy in known:
            for test in tests:
                try:
                    rows += evaluate(_loaded(solver, policy), policy, test)
                except Exception as error:  # the other entries of a long table are worth having
                    what = f"{solver.name} trained on {policy.trained_on} cannot be run on {test.scenario}"
                    failures.append(f"{what}: {type(error).__name__}: {error}")
                advance()
    return pa.Table.from_pylist(rows, SCHEMA).to_pandas(), failures


def _loaded(solver: Solver, policy: Policy) -> Solver:
    options = {name: policy.configuration.get(name, value) for name, value in solver.configuration().items()}
    ready = type(solver)(**options)
    policies.load(ready, policy.folder)
    return ready


def matrix(rows: pd.DataFrame) -> list[Entry]:
    """The mean gap of each solver, training and test, with its interval; in the order of the rows."""
    entries = []
    for names, group in rows.groupby(["solver", "trained_on", "tested_on"], sort=False):
        solver, trained_on, tested_on = map(str, names)
        # Policies that differ in their seeds answer the same instances: instances are what is resampled.
        gaps = group.groupby("instance")["gap"].mean().to_numpy()
        low, high = mean_interval(gaps)
        entries.append(
            Entry(
                solver=solver,
                trained_on=trained_on,
                tested_on=tested_on,
                policies=int(group["policy"].nunique()),
                instances=len(gaps),
                gap=float(gaps.mean()),
                gap_low=low,
                gap_high=high,
                infeasible=float((~group["feasible"]).mean()),
            )
        )
    return entries


def as_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The matrix as plain data; an interval of a single instance is null."""
    return [
        {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in asdict(entry).items()
        }
        for entry in entries
    ]
