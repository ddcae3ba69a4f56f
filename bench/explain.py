"""Why a cell is or is not reused: what it would be made from beside what is in the results folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import store
from .cells import Cell, SuiteRun
from .shards import ShardError

if TYPE_CHECKING:
    from rich.console import Console

_MOST_SHOWN = 4
_DIGITS = 12

Place = tuple[str, str, str]
"""Suite, solver, scenario."""


def explain(folder: Path, runs: Sequence[SuiteRun]) -> Iterator[tuple[Place, str, int]]:
    """Say for every cell of some suites whether the results folder holds it, and if not, why.

    Args:
        folder: The results folder; nothing in it is changed.
        runs: The suites.

    Yields:
        Suite, solver and scenario; the reason in words; how many cells it is true of.
    """
    cells = [cell for run in runs for cell in run.cells()]
    listing = store.list_cells(folder)
    there = {cell.key for cell in cells if store.read_cell(folder, cell.key, listing) is not None}
    wanted = {cell.key for cell in cells}
    kept = _kept(folder, set(listing) - wanted, listing) if len(there) < len(wanted) else {}
    reasons: Counter[tuple[Place, str]] = Counter()
    for cell in cells:
        place = (cell.suite, cell.entrant.name, cell.scenario.id)
        if cell.key in there:
            reason = "reused"
        elif cell.key in listing:
            reason = "done again: its file is damaged"
        else:
            reason = _reason(cell, kept.get((*place, cell.indices[0]), []))
        reasons[place, reason] += 1
    for (place, reason), count in reasons.items():
        yield place, reason, count


def differences(one: Any, other: Any, name: str = "") -> Iterator[str]:
    """Where two identities differ, as ``path: before -> now``."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key), other.get(key), f"{name}.{key}" if name else key)
    elif one != other:
        yield f"{name}: {_short(one)} -> {_short(other)}"


def show(console: Console, runs: Sequence[SuiteRun], folder: Path) -> None:
    """Print a line for each suite, solver, scenario and reason."""
    for (suite, solver, scenario), reason, count in explain(folder, runs):
        cells = f"{count} cell{'s' * (count != 1)}"
        line = f"{suite} / {scenario} / {solver}: {cells} {reason}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _kept(
    folder: Path, keys: set[str], listing: store.Listing
) -> dict[tuple[str, str, str, int], list[dict[str, Any]]]:
    """Identities of other cells in the folder, by suite, solver, scenario and first instance."""
    found: dict[tuple[str, str, str, int], list[dict[str, Any]]] = {}
    for key in sorted(keys):
        try:
            identity = store.identity_of(folder, key, listing)
            if identity is None:
                continue
            place = (identity["suite"], identity["solver"]["name"], identity["scenario"]["id"])
            found.setdefault((*place, identity["indices"][0]), []).append(identity)
        except (ShardError, KeyError, TypeError, IndexError):
            continue
    return found


def _reason(cell: Cell, others: list[dict[str, Any]]) -> str:
    """What tells a cell from the most similar one that is there."""
    if not others:
        return "to do: there is none yet"
    listed = [list(differences(other, cell.identity)) for other in others]
    # The solver's own hash says nothing that its parts do not say.
    told = [[one for one in changes if not one.startswith("solver.hash")] for changes in listed]
    changes = min(told, key=len)
    more = f", and {len(changes) - _MOST_SHOWN} more" if len(changes) > _MOST_SHOWN else ""
    return f"to do: {', '.join(changes[:_MOST_SHOWN])}{more}"


def _short(value: Any) -> str:
    if isinstance(value, str) and len(value) == 64:
        return value[:_DIGITS]
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
