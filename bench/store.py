"""The results folder: one immutable shard for each finished cell, references, and a manifest."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from . import badges, files, manifest, reference
from .manifest import ResultsError
from .rows import REFERENCE_SCHEMA, SCHEMA
from .shards import SHARD_NAME, ShardError, decode_cell, read_shard, shard_name, stated_identity
from .shards import encode_cell as encode_cell
from .verdicts import judge

Listing = dict[str, list[str]]
"""Names of shards by the key of their cell."""


@dataclass(frozen=True, eq=False)
class Results:
    """What a results folder holds.

    Attributes:
        rows: One row per suite, scenario, instance and solver: the columns of ``rows.SCHEMA`` with the final
            ``status``, and ``bound``, ``bound_source``, ``reference_status``, ``reference_rde``, ``gap`` and
            ``badge``, how far its cell was checked here (see :mod:`.badges`).
        manifest: The manifest.
        missing: How many cells of the manifest are not finished.
    """

    rows: pd.DataFrame
    manifest: dict[str, Any]
    missing: int


def read_results(folder: str | Path) -> Results:
    """Read a results folder and judge every row against what is known about its instance.

    Raises:
        ResultsError: If the folder holds no results that this version reads.
        RefereeError: If a feasible row contradicts a reference.
    """
    folder = Path(folder)
    described = manifest.load(folder)
    keys = [key for suite in described["suites"].values() for key in suite["cells"]]
    listing = list_cells(folder)
    shards = [table for key in keys if (table := read_cell(folder, key, listing)) is not None]
    rows = pa.concat_tables([SCHEMA.empty_table(), *shards]).to_pandas()
    judged = judge(rows, read_references(folder, rows))
    known = badges.read(folder, {key: names[0] for key, names in listing.items()}, _instances(rows))
    judged["badge"] = judged["cell"].map(known).astype(object)
    return Results(judged, described, len(keys) - len(shards))


def instances_of(folder: Path, keys: Iterable[str]) -> dict[str, list[str]]:
    """Content hashes of the instances of some cells, by key."""
    listing = list_cells(folder)
    tables = {key: read_cell(folder, key, listing) for key in keys}
    return {key: table["instance_hash"].to_pylist() for key, table in tables.items() if table is not None}


def _instances(rows: pd.DataFrame) -> dict[str, list[str]]:
    return {str(key): list(hashes) for key, hashes in rows.groupby("cell", sort=False)["instance_hash"]}


def read_references(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The references of all instances in some rows, in the columns of ``rows.REFERENCE_SCHEMA``."""
    names = rows["instance_hash"].unique()
    # One after the other: all certificates at once take ten times the memory of what is kept of them.
    known = (reference.read(references_folder(folder), name) or reference.unknown(name) for name in names)
    try:
        return reference_frame(known)
    except (pa.ArrowException, TypeError) as error:
        place = references_folder(folder)
        raise ResultsError(f"{place} holds a file that is no reference: {error}; delete it") from None


def reference_frame(known: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """References in the columns of ``rows.REFERENCE_SCHEMA``."""
    return pa.Table.from_pylist([reference.row(one) for one in known], REFERENCE_SCHEMA).to_pandas()


def references_folder(folder: Path) -> Path:
    """Where a results folder keeps its references."""
    return folder / "references"


def write_shard(folder: Path, key: str, data: bytes, listing: Listing | None = None) -> Path:
    """Keep a shard; it appears as a whole or not at all, and takes the place of any other shard of the cell.

    Args:
        folder: The results folder.
        key: The cell's key.
        data: What :func:`encode_cell` returned.
        listing: What :func:`list_cells` returned, to write many cells after one listing.

    Returns:
        Its file.

    Raises:
        ResultsError: If it cannot be written.
    """
    path = cells_folder(folder) / shard_name(key, data)
    _write(path, data)
    for name in (list_cells(folder) if listing is None else listing).get(key, ()):
        if name != path.name:
            with _told(folder):
                (path.parent / name).unlink(missing_ok=True)
    return path


def read_cell(folder: Path, key: str, listing: Listing | None = None) -> pa.Table | None:
    """The rows of a cell; None if its shard is missing, damaged in any byte, or of another cell or format.

    Args:
        folder: The results folder.
        key: The cell's key.
        listing: What :func:`list_cells` returned, to look for many cells in one listing.
    """
    table = _read(folder, key, listing)
    return None if table is None else table.replace_schema_metadata(None)


def identity_of(folder: Path, key: str, listing: Listing | None = None) -> dict[str, Any] | None:
    """Under which configuration a cell was made, as its shard states it; None as for :func:`read_cell`."""
    table = _read(folder, key, listing)
    return None if table is None else stated_identity(table)


def list_cells(folder: Path) -> Listing:
    """The shards of a results folder by the key of their cell, damaged ones too."""
    found: Listing = {}
    try:
        names = sorted(os.listdir(cells_folder(folder)))
    except OSError:
        return found
    for name in names:
        if match := SHARD_NAME.fullmatch(name):
            found.setdefault(match["key"], []).append(name)
    return found


def cells_folder(folder: Path) -> Path:
    """Where a results folder keeps its shards."""
    return folder / "cells"


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Keep a second run out of a results folder; the lock goes with the process, however it ends.

    Raises:
        ResultsError: If another run has the folder, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / ".lock", "w", encoding="utf-8")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error.strerror}; choose another --out") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ResultsError(
                f"another run is writing to {folder}; wait for it, or choose another --out"
            ) from None
        yield


def write_reference(folder: Path, known: dict[str, Any]) -> tuple[Path, bytes]:
    """Keep what is known about an instance.

    Returns:
        Its file and what is in it.

    Raises:
        ResultsError: If it cannot be written.
    """
    path, data = reference.file_of(references_folder(folder), known["instance"]), reference.encode(known)
    _write(path, data)
    return path, data


def _write(path: Path, data: bytes) -> None:
    with _told(path.parent):
        files.write_atomically(path, data)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResultsError(
            f"{folder} cannot be written: {error.strerror}; what is finished is kept"
        ) from None


def _read(folder: Path, key: str, listing: Listing | None) -> pa.Table | None:
    """The first intact shard of a cell."""
    for name in (list_cells(folder) if listing is None else listing).get(key, ()):
        try:
            return decode_cell(key, name, read_shard(cells_folder(folder) / name))
        except (OSError, ShardError):
            continue
    return None
