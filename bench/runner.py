"""A run: which cells are still to do, who does them, and the files that come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..problems import RDEProblem
from . import manifest, reference, store
from .cells import Cell, SuiteRun
from .executor import Display as Display
from .executor import Executor, LocalExecutor
from .ledger import Ledger
from .provenance import code_hash
from .verifier import verify
from .watch import Watch
from .work import Made, Work, cell_work, instances, plain, reference_work

_REFEREE_S = 1e-3
"""What the referee adds to the solve seconds of an instance."""

Cost = dict[tuple[str, str], float]
"""Seconds per instance, by solver and scenario."""


def run(
    runs: Sequence[SuiteRun],
    folder: Path,
    jobs: int,
    display: Display,
    executor: Executor | None = None,
    before: Ledger | None = None,
) -> list[str]:
    """Do what is missing of some suites and keep it in a results folder.

    Every finished cell is kept at once, so an interrupted run loses at most the cells it was working on.

    Args:
        runs: The suites.
        folder: The results folder; made if need be.
        jobs: Worker processes at a time on this machine.
        display: Told how it goes.
        executor: Does the work instead of processes on this machine.
        before: What was in the folder before the plugins were imported; None if that does not matter.

    Returns:
        What somebody else, perhaps a solver, wrote or changed in the folder meanwhile, a sentence each.

    Raises:
        ResultsError: If the folder is in use, holds something else, or cannot be written.
        SolverError: If a plugin or our own code is edited while the run goes on; finished cells are kept.
        ExecutorError: If the executor cannot do the work; finished cells are kept.
    """
    with store.lock(folder):
        watch = Watch(folder, display, before)
        watch.begin(runs)
        for suite_run in runs:
            for sentence in manifest.record(folder, suite_run):
                display.warn(sentence)
        cells = [cell for suite_run in runs for cell in suite_run.cells()]
        listing = store.list_cells(folder)
        there, cost = _finished(folder, cells, listing)
        work = list(_plan(runs, [cell for cell in cells if cell.key not in there], folder, cost))
        display.planned(len(cells), len(there), sum(len(item.indices) for item in work))
        watch.watch()
        try:
            with closing((executor or LocalExecutor(jobs)).execute(work, watch)) as finished:
                for item, made in finished:
                    watch.look()
                    _keep(folder, item, made, listing, watch.ledger)
        finally:
            watch.look(now=True)
        return watch.incidents


def _finished(folder: Path, cells: Sequence[Cell], listing: store.Listing) -> tuple[set[str], Cost]:
    """Keys of the cells that are there already, and what their solvers took."""
    there: set[str] = set()
    seconds: Cost = {}
    counts: dict[tuple[str, str], int] = {}
    for cell in cells:
        if (table := store.read_cell(folder, cell.key, listing)) is not None:
            there.add(cell.key)
            group = (cell.entrant.name, cell.scenario.id)
            seconds[group] = seconds.get(group, 0.0) + _seconds(table)
            counts[group] = counts.get(group, 0) + len(table)
    return there, {group: total / counts[group] for group, total in seconds.items() if counts[group]}


def _seconds(table: pa.Table) -> float:
    return float(pc.sum(table["solve_seconds"]).as_py() or 0.0) + _REFEREE_S * len(table)


def _plan(runs: Sequence[SuiteRun], missing: Sequence[Cell], folder: Path, cost: Cost) -> Iterator[Work]:
    """Work to do: the references of all instances, then suite by suite the cells of one solver after the other."""
    described = {id(scenario): plain(scenario) for suite_run in runs for scenario in suite_run.scenarios}
    referred = set()
    for suite_run in runs:
        for scenario, indices in suite_run.blocks():
            new = [i for i in indices if (scenario.id, suite_run.seed, i) not in referred]
            referred |= {(scenario.id, suite_run.seed, i) for i in new}
            drawn = zip(new, instances(scenario, suite_run.seed, new), strict=True)
            if unknown := tuple(i for i, problem in drawn if not _known(folder, *problem)):
                yield reference_work(scenario, suite_run.seed, unknown, described[id(scenario)])
    for cell in missing:
        each = cost.get((cell.entrant.name, cell.scenario.id))
        expected = None if each is None else each * len(cell.indices)
        yield cell_work(cell, described[id(cell.scenario)], expected)


def _known(folder: Path, problem: RDEProblem, instance_hash: str) -> bool:
    """Whether the reference of an instance is in the results folder, or can be copied there."""
    here = store.references_folder(folder)
    kept = reference.read(here, instance_hash)
    if kept is not None and kept["status"] != "unknown" and reference.holds(problem, kept):
        return True
    known = reference.find(problem, [reference.user_folder()])
    if known is not None and _proved(problem, known):  # anything that runs as this user may have put it there
        store.write_reference(folder, known)
        return True
    return kept is not None and kept["status"] == "unknown" and kept.get("code") == code_hash()


def _proved(problem: RDEProblem, known: dict[str, Any]) -> bool:
    try:
        verify(problem, known)
    except Exception:  # whatever it makes the verifier raise, it is no proof
        return False
    return True


def _keep(folder: Path, item: Work, made: Made, listing: store.Listing, ledger: Ledger) -> None:
    """Write what came of a piece of work; what was proved also serves this user's other results."""
    if item.cell is not None and made.shard is not None:
        key = item.cell.key
        ledger.wrote(store.write_shard(folder, key, made.shard, listing), made.shard, listing.get(key, ()))
    for known in made.references:
        if known["status"] != "unknown":
            reference.keep_for_user(known)
        ledger.wrote(*store.write_reference(folder, known))
