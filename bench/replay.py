"""Doing a stored cell again under the configuration that it states, and comparing every row."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..problems import Scenario
from . import manifest, store
from .audit import audit
from .cell_checks import DECISIONS, WORTH, Identity, Place, identity_in, shown
from .cells import Cell, Limits
from .executor import Display, LocalExecutor
from .manifest import ResultsError
from .policies import Policy, find
from .provenance import code_hashes, file_hash, numerical_versions
from .roster import Entrant, entrants
from .shards import ShardError, decode_cell, read_shard, shard_name
from .suite import Suite
from .work import cell_work

COMPARED = ("status", "exact", *DECISIONS, "claimed_bound", *WORTH, "trace_evaluations", "trace_rde")
"""What must be the same: not times, not memory, and not messages, which may name places on a machine."""

_FORM = "SUITE/SCENARIO/INSTANCE/SOLVER"


@dataclass(frozen=True)
class Found:
    """A stored cell.

    Attributes:
        place: Where the manifest has it.
        file: Its shard.
        identity: Under which configuration it was made.
        rows: Its rows, by instance.
    """

    place: Place
    file: str
    identity: Identity
    rows: dict[int, dict[str, Any]]


@dataclass
class Replay:
    """What a replay found.

    Attributes:
        rows: Rows that were compared, or scored again.
        rescored: Whether they were only scored again, since a budget of seconds is not reproducible.
        notes: What is not as it was recorded, but does not keep a replay from being done.
        differences: What is not the same, one sentence each.
    """

    rows: int
    rescored: bool = False
    notes: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def locate(folder: Path, row: str) -> Found:
    """The stored cell of a row.

    Args:
        folder: The results folder.
        row: ``SUITE/SCENARIO/INSTANCE/SOLVER``.

    Raises:
        ResultsError: If there is no such row; the message suggests the nearest one.
    """
    described = manifest.load(folder)
    parts = row.split("/", 3)
    if len(parts) != 4:
        raise ResultsError(f"the row is {shown(row)!r}; it must be {_FORM}, as in {_example(described)}")
    suite, scenario, instance, solver = parts
    entry = _named("suite", suite, described["suites"], folder)
    _named("scenario", scenario, {one["id"]: one for one in entry["scenarios"]}, folder)
    wanted = _named("solver", solver, {one["name"]: one for one in entry["solvers"]}, folder)
    if not instance.isdecimal() or int(instance) >= entry["instances"]:
        raise ResultsError(f"the instance is {shown(instance)!r}; use 0 to {entry['instances'] - 1}")
    listing = store.list_cells(folder)
    for key in wanted["cells"]:
        for file in listing.get(key, ()):
            found = _opened(folder, Place(suite, entry, wanted, key), file)
            if found and found.identity.scenario.id == scenario and int(instance) in found.rows:
                return found
    raise ResultsError(f"the cell of {row} is not finished or damaged; see: rdebench audit {folder}")


def replay(folder: Path, found: Found, plugins: Sequence[Path], display: Display) -> Replay:
    """Do a cell again in worker processes of this machine, or score it again if it had a budget of seconds.

    Args:
        folder: The results folder.
        found: The cell.
        plugins: The plugin file that defines its solver, if one does.
        display: Told how it goes.

    Raises:
        ResultsError: If the suite, the scenario, the policy or the plugin here is not the recorded one.
        SolverError: If the solver cannot be set up.
    """
    if found.identity.limits.seconds is not None:
        *_, report = audit(folder, only=found.place.key)
        return Replay(report.rows, rescored=True, differences=report.faults)
    cell, notes = _again(found, plugins)
    display.planned(1, 0, len(cell.indices))
    with closing(LocalExecutor(1).execute([cell_work(cell)], display)) as finished:
        ((_, made),) = finished
    assert made.shard is not None
    table = decode_cell(cell.key, shard_name(cell.key, made.shard), made.shard)
    again = _by_instance(table)
    differences = _differences(found.rows, again)
    if not differences:
        # What is proved about its instances is not in the rows, but decides what they are worth.
        *_, report = audit(folder, only=found.place.key)
        differences = report.faults
    if differences and "time_limit" in {
        row["status"] for rows in (found.rows, again) for row in rows.values()
    }:
        notes.append(
            "a solver was killed at its time limit; what it reaches until then depends on the machine"
        )
    return Replay(len(found.rows), notes=notes, differences=differences)


def _opened(folder: Path, place: Place, file: str) -> Found | None:
    try:
        table = decode_cell(place.key, file, read_shard(store.cells_folder(folder) / file))
        return Found(place, file, identity_in(table, place.key), _by_instance(table))
    except (OSError, ShardError):
        return None


def _by_instance(table: pa.Table) -> dict[int, dict[str, Any]]:
    return {row["instance"]: row for row in table.to_pylist()}


def _again(found: Found, plugins: Sequence[Path]) -> tuple[Cell, list[str]]:
    """The same cell as this installation sets it up, and what is different about that."""
    identity, entry = found.identity, found.place.entry
    suite, scenario = Suite.load(identity.suite), Scenario.load(identity.scenario.id)
    if scenario.content_hash() != identity.scenario.hash:
        raise ResultsError(
            f"the scenario {scenario.id} here is not the one that was run; use the version that was"
        )
    if suite.content_hash() != entry["hash"]:
        raise ResultsError(
            f"the suite {suite.name} here is not the one that was run; use the version that was"
        )
    entrant = _entrant(identity, plugins)
    cell = Cell(
        identity.suite,
        scenario,
        identity.seed,
        tuple(identity.indices),
        entrant,
        Limits(**identity.limits.model_dump()),
        _policy(identity, entrant, scenario),
    )
    return cell, _notes(identity, entrant)


def _entrant(identity: Identity, plugins: Sequence[Path]) -> Entrant:
    solver = identity.solver
    paths = [path for path in plugins if path.is_file() and file_hash(path) == solver.code]
    if solver.plugin is not None and not paths:
        given = f"; {', '.join(map(str, plugins))} is another" if plugins else ""
        raise ResultsError(
            f"{solver.name} was defined by a file {shown(solver.plugin)} with the SHA-256 {solver.code[:16]}..."
            f"{given}; name that file: --plugin {shown(solver.plugin)}"
        )
    if solver.plugin is None and plugins:
        raise ResultsError(f"{solver.name} was not defined by a plugin file; leave --plugin out")
    (entrant,) = entrants([solver.name], {solver.name: solver.options}, paths[:1])
    return entrant


def _policy(identity: Identity, entrant: Entrant, scenario: Scenario) -> Policy | None:
    if identity.policy is None:
        return None
    path = entrant.learning and find(entrant.learning, scenario)
    policy = Policy.at(path) if path else None
    if policy is None or policy.digest != identity.policy:
        state = "there is none here" if policy is None else f"the one here has {policy.digest[:16]}..."
        raise ResultsError(
            f"{entrant.name} had the policy with the SHA-256 {identity.policy[:16]}... on {scenario.id}; {state}"
        )
    return policy


def _notes(identity: Identity, entrant: Entrant) -> list[str]:
    """Sources, packages and arguments that are not the recorded ones."""
    rooms = sorted(room for room, code in code_hashes().items() if identity.code.get(room) != code)
    notes = [f"the sources of {' and '.join(rooms)} are not those that were recorded"] if rooms else []
    here = numerical_versions() | entrant.packages
    for name, recorded in (identity.versions | identity.solver.packages).items():
        if here.get(name) != recorded:
            notes.append(f"{shown(name)} was {shown(recorded)}, here it is {here.get(name, 'not used')}")
    if entrant.configuration != identity.solver.configuration:
        notes.append(f"the arguments of {entrant.name} have other defaults than were recorded")
    if not rooms and identity.solver.plugin is None and entrant.code != identity.solver.code:
        notes.append(f"the source of {entrant.name} is not the one that was recorded")
    return notes


def _differences(recorded: dict[int, dict[str, Any]], again: dict[int, dict[str, Any]]) -> list[str]:
    return [
        f"instance {instance}: {column} {_apart(row[column], again[instance][column])}"
        for instance, row in recorded.items()
        for column in COMPARED
        if row[column] != again[instance][column]
    ]


def _apart(recorded: Any, again: Any) -> str:
    """How two values differ; of lists the first place where they do."""
    if isinstance(recorded, list) and isinstance(again, list):
        if len(recorded) != len(again):
            return f"had {len(recorded)} entries, now {len(again)}"
        pairs = zip(recorded, again, strict=True)
        at, (recorded, again) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
        return f"[{at}] {_apart(recorded, again)}"
    return f"was {shown(repr(recorded))}, now {shown(repr(again))}"


def _named(what: str, given: str, known: dict[str, Any], folder: Path) -> Any:
    if given in known:
        return known[given]
    near = difflib.get_close_matches(given, known, n=1)
    hint = f"did you mean {shown(near[0])!r}?" if near else f"use one of {shown(', '.join(known))}"
    raise ResultsError(f"no {what} is called {shown(given)!r} in {folder}; {hint}")


def _example(described: dict[str, Any]) -> str:
    for name, entry in described["suites"].items():
        for solver in entry["solvers"]:
            return f"{name}/{entry['scenarios'][0]['id']}/0/{shown(solver['name'])}"
    return "small-v1/small-v1/0/average"
