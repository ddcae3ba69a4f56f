"""Pieces of a run that are done apart from it, and what is to be kept of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..problems import RDEProblem, Scenario
from ..solvers.registry import SolverError
from . import reference, store
from .cells import Cell
from .provenance import code_hash, current_code_hash
from .rows import POLICY_DIGITS
from .scoring import score
from .tasks import Outcome, Task

REFERENCE = "reference"
"""Kind of the work that proves what is known about instances."""


@dataclass(frozen=True)
class Work(Task):
    """A task and what it is for: a cell, or the references of some instances (``cell`` is None).

    Attributes:
        scenario: Where its instances come from.
        seed: Their seed.
        cell: The cell, or None.
        expected_seconds: What it may take, by what earlier cells of the solver took; None if there are none.
    """

    scenario: Scenario
    seed: int
    cell: Cell | None
    expected_seconds: float | None = None


@dataclass(frozen=True)
class Made:
    """What came of a piece of work: the shard of its cell, or references.

    Attributes:
        shard: Content of the shard; None if the work was about references.
        references: One for each instance; none if the work was a cell.
    """

    shard: bytes | None
    references: tuple[dict[str, Any], ...] = ()


def plain(scenario: Scenario) -> dict[str, Any]:
    """A scenario as a worker reads it."""
    return scenario.model_dump(mode="json", exclude_unset=True)


def reference_work(
    scenario: Scenario, seed: int, indices: tuple[int, ...], described: dict[str, Any] | None = None
) -> Work:
    """The work of proving what can be proved about some instances; ``described`` spares a call of :func:`plain`."""
    request = {"task": "reference", "scenario": described or plain(scenario), "seed": seed}
    label = f"reference on {scenario.id}"
    return Work(label, request, indices, reference.TIME_LIMIT_S, REFERENCE, scenario, seed, None)


def cell_work(
    cell: Cell, described: dict[str, Any] | None = None, expected_seconds: float | None = None
) -> Work:
    """The work of a cell; ``described`` spares a call of :func:`plain`."""
    entrant, limits = cell.entrant, cell.limits
    request = {
        "task": "solve",
        "scenario": described or plain(cell.scenario),
        "seed": cell.seed,
        "solver": entrant.name,
        "options": entrant.options,
        "plugins": [entrant.plugin] if entrant.plugin else [],
        "limits": {"seconds": limits.seconds, "evaluations": limits.evaluations},
        "memory": limits.memory,
        "policy": cell.policy and {"path": str(cell.policy.path), "digest": cell.policy.digest},
    }
    return Work(
        f"{entrant.name} on {cell.scenario.id}",
        request,
        cell.indices,
        limits.time_limit,
        # A process cannot raise its limit on memory again.
        f"{entrant.content_hash()} {limits.memory}",
        cell.scenario,
        cell.seed,
        cell,
        expected_seconds,
    )


def made(work: Work, outcomes: Mapping[int, Outcome]) -> Made:
    """Score what came from the solver's process; the same wherever it is called.

    Args:
        work: The piece of work.
        outcomes: What came of each of its instances; nothing in it is believed.

    Raises:
        SolverError: If the plugin or our own code was edited in the meantime.
    """
    problems = instances(work.scenario, work.seed, work.indices)
    if work.cell is None:
        proved = zip(problems, work.indices, strict=True)
        return Made(None, tuple(_reference(*problem, outcomes[index]) for problem, index in proved))
    cell = work.cell
    edited = cell.entrant.plugin if cell.entrant.changed() else None
    if edited or current_code_hash() != code_hash():
        raise SolverError(
            f"{edited or 'the source code of rdebench'} was changed during the run, so rows could be of either "
            "version; everything finished before is kept: run again"
        )
    return Made(store.encode_cell(cell.key, cell.identity, _rows(cell, problems, outcomes)))


def _rows(
    cell: Cell, problems: list[tuple[RDEProblem, str]], outcomes: Mapping[int, Outcome]
) -> list[dict[str, Any]]:
    policy, reward = cell.policy, cell.scenario.reward_function()
    shared = {
        "suite": cell.suite,
        "scenario": cell.scenario.id,
        "scenario_hash": cell.scenario.content_hash(),
        "suite_seed": cell.seed,
        "solver": cell.entrant.name,
        "solver_hash": cell.entrant.content_hash(),
        # A budget of seconds may cut an exact solver short, which then claims nothing.
        "exact": cell.entrant.exact and cell.limits.seconds is None,
        "policy": policy and policy.digest[:POLICY_DIGITS],
        "fit_seconds": policy and policy.seconds,
        "cell": cell.key,
    }
    return [
        {
            **shared,
            "instance": index,
            "instance_hash": instance_hash,
            "users": problem.users,
            "models": problem.models,
            "rate": problem.rate,
            **score(problem, reward, outcomes[index]),
        }
        for index, (problem, instance_hash) in zip(cell.indices, problems, strict=True)
    ]


def _reference(problem: RDEProblem, instance_hash: str, outcome: Outcome) -> dict[str, Any]:
    """What was proved; that nothing was proved holds only for this version of the code."""
    known = outcome.header.get("reference")
    if isinstance(known, dict) and reference.holds(problem, known):
        return known
    return reference.unknown(instance_hash) | {"code": code_hash()}


def instances(scenario: Scenario, seed: int, indices: Iterable[int]) -> list[tuple[RDEProblem, str]]:
    """The referee's own copies of some instances, each with its content hash."""
    text = scenario.model_dump_json(exclude_unset=True)
    return [_drawn(text, index, seed) for index in indices]


@lru_cache(maxsize=10_000)
def _drawn(scenario: str, index: int, seed: int) -> tuple[RDEProblem, str]:
    problem = _parsed(scenario).instance(index, seed)
    return problem, problem.content_hash()


@lru_cache(maxsize=100)
def _parsed(scenario: str) -> Scenario:
    return Scenario.model_validate_json(scenario)
