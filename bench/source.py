"""A results folder or an unpacked bundle that is to be merged: its cells and references, checked for form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import manifest, reference, store, try_shards
from .cell_checks import Identity, Place, check
from .manifest import ResultsError
from .shards import ShardError, decode_cell, read_shard


@dataclass(frozen=True)
class StoredCell:
    """A cell of a source.

    Attributes:
        source: How the source is called in sentences.
        place: Where its manifest has it.
        path: Its shard.
        identity: Under which configuration it was made.
    """

    source: str
    place: Place
    path: Path
    identity: Identity

    def rows(self) -> dict[int, dict[str, Any]]:
        """Its rows, by instance."""
        table = decode_cell(self.place.key, self.path.name, read_shard(self.path))
        return {row["instance"]: row for row in table.to_pylist()}


@dataclass(frozen=True)
class Source:
    """What is to be merged.

    Attributes:
        name: How it is called in sentences: the path that was given.
        folder: Where it lies.
        manifest: Its manifest.
        cells: Its cells, in the order of the manifest.
        references: What it holds about each instance of its rows, by content hash.
        instances: Scenario, seed and number of each of those instances.
    """

    name: str
    folder: Path
    manifest: dict[str, Any]
    cells: list[StoredCell]
    references: dict[str, dict[str, Any]]
    instances: dict[str, tuple[str, int, int]]


def read_source(name: str, folder: Path) -> Source:
    """Read a results folder that may come from anybody, whether or not its numbers are right.

    Args:
        name: How it is called in sentences.
        folder: Where it lies.

    Raises:
        ResultsError: If anything in it is not of the form that a run writes, or is missing.
    """
    described = manifest.load(folder)
    listing = store.list_cells(folder)
    places = [
        Place(suite, entry, solver, key)
        for suite, entry in described["suites"].items()
        for solver in entry["solvers"]
        for key in solver["cells"]
    ]
    if unfinished := [place for place in places if place.key not in listing]:
        raise ResultsError(
            f"{name}: {len(unfinished)} of {len(places)} cells are not finished; finish the run, then merge"
        )
    shards = [store.cells_folder(folder) / listing[place.key][0] for place in places]
    if bad := try_shards.refused(shards):
        shard, reason = next(iter(bad.items()))
        raise ResultsError(f"{name}: {shard.name} was changed or is damaged: {reason}")
    cells, drawn = [], {}
    for place, shard in zip(places, shards, strict=True):
        identity, found = _checked(name, place, shard)
        cells.append(StoredCell(name, place, shard, identity))
        for row in found:
            drawn[row["instance_hash"]] = (identity.scenario.id, identity.seed, row["instance"])
    return Source(name, folder, described, cells, _references(name, folder, sorted(drawn)), drawn)


def _checked(name: str, place: Place, shard: Path) -> tuple[Identity, list[dict[str, Any]]]:
    try:
        checked = check(decode_cell(place.key, shard.name, read_shard(shard)), place)
    except OSError as error:
        raise ResultsError(f"{name}: {shard.name} cannot be read: {error.strerror}") from None
    except ShardError as error:
        raise ResultsError(f"{name}: {shard.name} was changed or is damaged: {error}") from None
    if checked.faults:
        raise ResultsError(f"{name}: {shard.name}: {checked.faults[0]}")
    return checked.identity, checked.rows


def _references(name: str, folder: Path, hashes: Sequence[str]) -> dict[str, dict[str, Any]]:
    place, found = store.references_folder(folder), {}
    for instance_hash in hashes:
        known = reference.read(place, instance_hash)
        if known is None:
            raise ResultsError(
                f"{name}: the reference of the instance {instance_hash[:16]}... is missing or was changed; "
                f"see: rdebench audit {name}"
            )
        found[instance_hash] = known
        try:
            store.reference_frame([known])
        except (ValueError, TypeError, KeyError) as error:
            raise ResultsError(f"{name}: references/{instance_hash}.json is no reference: {error}") from None
    return found
