"""What can stand on one board: the same suite, scenarios, limits and problem, and for each instance one answer."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from .cell_checks import Identity, shown
from .manifest import ResultsError
from .replay import COMPARED
from .source import Source, StoredCell


def choose(sources: Sequence[Source]) -> tuple[list[StoredCell], int]:
    """The cells of all sources, each instance of a solver once.

    Args:
        sources: What is to be joined.

    Returns:
        The cells, and how many were left out because all their rows are in others.

    Raises:
        ResultsError: If two sources cannot stand together; the message names both and says what to do.
    """
    _refuse_other_versions(sources)
    by_key: dict[str, StoredCell] = {}
    groups: dict[tuple[str, str, str], list[StoredCell]] = {}
    cells = [cell for source in sources for cell in source.cells]
    for cell in cells:
        if cell.place.key not in by_key:
            by_key[cell.place.key] = cell
            identity = cell.identity
            groups.setdefault((identity.suite, identity.solver.name, identity.scenario.id), []).append(cell)
        elif cell.path.name != by_key[cell.place.key].path.name:
            _require_same_rows(by_key[cell.place.key], cell)
    chosen = [cell for group in groups.values() for cell in _without_repeats(group)]
    return chosen, len(cells) - len(chosen)


def _refuse_other_versions(sources: Sequence[Source]) -> None:
    known: dict[Hashable, tuple[str, Any]] = {}

    def same(what: str, about: Hashable, value: Any, source: str, advice: str) -> None:
        first, other = known.setdefault((what, about), (source, value))
        if other != value:
            raise ResultsError(
                f"{first} and {source} cannot be merged: {what} differ ({_short(other)} and {_short(value)}); {advice}"
            )

    again = "run one of them again with the version and the options of the other"
    for source in sources:
        for suite, entry in source.manifest["suites"].items():
            same(f"the versions of the suite {suite}", suite, entry["hash"], source.name, again)
            same(f"the seeds of the suite {suite}", suite, entry["seed"], source.name, again)
            same(f"the limits of the suite {suite}", suite, entry["limits"], source.name, again)
            for scenario in entry["scenarios"]:
                name = scenario["id"]
                same(f"the versions of the scenario {name}", name, scenario["hash"], source.name, again)
            for solver in entry["solvers"]:
                name = shown(solver["name"])
                same(
                    f"the solvers called {name} in the suite {suite}",
                    (suite, solver["name"]),
                    solver["hash"],
                    source.name,
                    "give one of them another name, or run both with the same version and configuration",
                )
        for cell in source.cells:
            code = cell.identity.code.get("problems")
            same("the versions of the problem (the sources in problems/)", None, code, source.name, again)


def _without_repeats(cells: Sequence[StoredCell]) -> list[StoredCell]:
    """One solver's cells on one scenario; those whose instances are all in a larger one are left out."""
    chosen: list[StoredCell] = []
    having: dict[int, StoredCell] = {}
    for cell in sorted(cells, key=lambda one: -len(one.identity.indices)):
        indices = cell.identity.indices
        others = {id(having[index]): having[index] for index in indices if index in having}
        for other in others.values():
            if unlike := _unlike(other.identity, cell.identity):
                raise ResultsError(
                    f"{other.source} and {cell.source} cannot be merged: both have {_name(cell)}, made with different "
                    f"{unlike}; leave one of them out"
                )
            _require_same_rows(other, cell)
        if not others:
            chosen.append(cell)
            having |= dict.fromkeys(indices, cell)
        elif missing := [index for index in indices if index not in having]:
            raise ResultsError(
                f"{cell.source}: {_name(cell)}: instance {missing[0]} is in a block that overlaps another one"
            )
    return chosen


def _require_same_rows(first: StoredCell, second: StoredCell) -> None:
    """Refuse two answers to one instance; the instances that only one of the two cells has do not matter."""
    rows = first.rows()
    for instance, row in second.rows().items():
        column = next(
            (name for name in COMPARED if instance in rows and rows[instance][name] != row[name]), None
        )
        if column is not None:
            timed = first.identity.limits.seconds is not None or row["status"] == "time_limit"
            why = (
                "; times depend on the machine: leave one of them out"
                if timed
                else (
                    f"; see which of them holds: rdebench replay {first.identity.suite}/{first.identity.scenario.id}/"
                    f"{instance}/{shown(first.identity.solver.name)}"
                )
            )
            raise ResultsError(
                f"{first.source} and {second.source} cannot be merged: both have {_name(second)}, and on instance "
                f"{instance} they differ in {column}{why}"
            )


def _unlike(one: Identity, other: Identity) -> str:
    """The first thing, beside the instances, in which two configurations differ; empty if there is none."""
    first, second = one.model_dump(exclude={"indices"}), other.model_dump(exclude={"indices"})
    for name, value in first.items():
        if value != second[name]:
            if isinstance(value, dict):
                parts = value.keys() | second[name].keys()
                part = min(part for part in parts if value.get(part) != second[name].get(part))
                pair = f"{_short(value.get(part))} and {_short(second[name].get(part))}"
                return f"{name} ({shown(part)}: {pair})"
            return f"{name} ({_short(value)} and {_short(second[name])})"
    return ""


def _name(cell: StoredCell) -> str:
    identity = cell.identity
    return f"{shown(identity.solver.name)} on {identity.scenario.id} of {identity.suite}"


def _short(value: object) -> str:
    text = shown(value)
    return f"{text[:12]}..." if len(text) == 64 else text
