"""A run: which cells are still to do, the workers that do them, and the rows that come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from ..problems import RDEProblem, Scenario
from ..solvers.registry import SolverError
from . import manifest, reference, store
from .cells import Cell, SuiteRun
from .pool import Observer, Outcome, Task, execute
from .provenance import code_hash, current_code_hash
from .rows import POLICY_DIGITS
from .scoring import score


class Display(Observer, Protocol):
    """Who shows how a run goes."""

    def planned(self, cells: int, there: int, instances: int) -> None:
        """``there`` of the ``cells`` are finished already; ``instances`` are to be answered."""

    def warn(self, message: str) -> None:
        """Something that the user should know."""


@dataclass(frozen=True)
class _Work(Task):
    """A task and what it is for: a cell, or the references of some instances (``cell`` is None)."""

    scenario: Scenario
    seed: int
    cell: Cell | None


def run(runs: Sequence[SuiteRun], folder: Path, jobs: int, display: Display) -> None:
    """Do what is missing of some suites and keep it in a results folder.

    Every finished cell is kept at once, so an interrupted run loses at most the cells it was working on.

    Args:
        runs: The suites.
        folder: The results folder; made if need be.
        jobs: Worker processes at a time.
        display: Told how it goes.

    Raises:
        ResultsError: If the folder is in use, holds something else, or cannot be written.
        SolverError: If a plugin or our own code is edited while the run goes on; finished cells are kept.
    """
    with store.lock(folder):
        for suite_run in runs:
            for sentence in manifest.record(folder, suite_run):
                display.warn(sentence)
        cells = [cell for suite_run in runs for cell in suite_run.cells()]
        there = {cell.key for cell in cells if store.read_cell(folder, cell.key) is not None}
        work = list(_plan(runs, there, folder))
        display.planned(len(cells), len(there), sum(len(item.indices) for item in work))
        with closing(execute(work, jobs, display)) as finished:
            for item, outcomes in finished:
                if item.cell is None:
                    _keep_references(folder, item, outcomes)
                else:
                    _keep_rows(folder, item.cell, outcomes)


def _plan(runs: Sequence[SuiteRun], there: set[str], folder: Path) -> Iterator[_Work]:
    """Work to do: the references of all instances, then suite by suite the cells of one solver after the other."""
    referred = set()
    for suite_run in runs:
        for scenario, indices in suite_run.blocks():
            unknown = tuple(i for i in indices if (scenario.id, suite_run.seed, i) not in referred)
            referred |= {(scenario.id, suite_run.seed, i) for i in unknown}
            if unknown := tuple(i for i in unknown if not _known(folder, scenario, i, suite_run.seed)):
                yield _reference_work(scenario, suite_run.seed, unknown)
    for suite_run in runs:
        yield from (_cell_work(cell) for cell in suite_run.cells() if cell.key not in there)


def _reference_work(scenario: Scenario, seed: int, indices: tuple[int, ...]) -> _Work:
    request = {"task": "reference", "scenario": plain(scenario), "seed": seed}
    label = f"reference on {scenario.id}"
    return _Work(label, request, indices, reference.TIME_LIMIT_S, "reference", scenario, seed, None)


def _cell_work(cell: Cell) -> _Work:
    entrant, limits = cell.entrant, cell.limits
    request = {
        "task": "solve",
        "scenario": plain(cell.scenario),
        "seed": cell.seed,
        "solver": entrant.name,
        "options": entrant.options,
        "plugins": [entrant.plugin] if entrant.plugin else [],
        "limits": {"seconds": limits.seconds, "evaluations": limits.evaluations},
        "policy": cell.policy and {"path": str(cell.policy.path), "digest": cell.policy.digest},
    }
    label = f"{entrant.name} on {cell.scenario.id}"
    kind = entrant.content_hash()
    return _Work(label, request, cell.indices, limits.time_limit, kind, cell.scenario, cell.seed, cell)


def _keep_rows(folder: Path, cell: Cell, outcomes: dict[int, Outcome]) -> None:
    edited = cell.entrant.plugin if cell.entrant.changed() else None
    if edited or current_code_hash() != code_hash():
        raise SolverError(
            f"{edited or 'the source code of rdebench'} was changed during the run, so rows could be of either "
            "version; everything finished before is kept: run again"
        )
    store.write_cell(folder, cell.key, [_row(cell, index, outcomes[index]) for index in cell.indices])


def _row(cell: Cell, index: int, outcome: Outcome) -> dict[str, Any]:
    problem, policy = _instance(cell.scenario, index, cell.seed), cell.policy
    return {
        "suite": cell.suite,
        "scenario": cell.scenario.id,
        "scenario_hash": cell.scenario.content_hash(),
        "instance": index,
        "instance_hash": problem.content_hash(),
        "suite_seed": cell.seed,
        "users": problem.users,
        "models": problem.models,
        "rate": problem.rate,
        "solver": cell.entrant.name,
        "solver_hash": cell.entrant.content_hash(),
        "policy": policy and policy.digest[:POLICY_DIGITS],
        "fit_seconds": policy and policy.seconds,
        "cell": cell.key,
        **score(problem, cell.scenario.reward_function(), outcome),
    }


def _keep_references(folder: Path, item: _Work, outcomes: dict[int, Outcome]) -> None:
    """Keep what was proved; that nothing was proved is kept here only, and only for this version of the code."""
    for index, outcome in outcomes.items():
        problem = _instance(item.scenario, index, item.seed)
        known = outcome.header.get("reference")
        if isinstance(known, dict) and reference.holds(problem, known):
            reference.keep_for_user(known)
        else:
            known = reference.unknown(problem.content_hash()) | {"code": code_hash()}
        store.write_reference(folder, known)


def _known(folder: Path, scenario: Scenario, index: int, seed: int) -> bool:
    """Whether the reference of an instance is in the results folder, or can be copied there."""
    problem, here = _instance(scenario, index, seed), store.references_folder(folder)
    known = reference.find(problem, [here, reference.user_folder()])
    kept = reference.read(here, problem.content_hash())
    if known is None:
        return kept is not None and kept.get("status") == "unknown" and kept.get("code") == code_hash()
    if kept != known:
        store.write_reference(folder, known)
    return True


def plain(scenario: Scenario) -> dict[str, Any]:
    """A scenario as a worker reads it."""
    return scenario.model_dump(mode="json", exclude_unset=True)


def _instance(scenario: Scenario, index: int, seed: int) -> RDEProblem:
    return _drawn(scenario.model_dump_json(exclude_unset=True), index, seed)


@lru_cache(maxsize=10_000)
def _drawn(scenario: str, index: int, seed: int) -> RDEProblem:
    return Scenario.model_validate_json(scenario).instance(index, seed)
