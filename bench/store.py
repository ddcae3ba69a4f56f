"""The results folder: one immutable shard for each finished cell, references, and a manifest."""

from __future__ import annotations

import fcntl
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from . import files, manifest, reference
from .manifest import ResultsError
from .rows import FORMAT, REFERENCE_SCHEMA, SCHEMA
from .verdicts import judge


@dataclass(frozen=True, eq=False)
class Results:
    """What a results folder holds.

    Attributes:
        rows: One row per suite, scenario, instance and solver: the columns of ``rows.SCHEMA`` with the final
            ``status``, and ``bound``, ``bound_source``, ``reference_status``, ``reference_rde`` and ``gap``.
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
    shards = [table for key in keys if (table := read_cell(folder, key)) is not None]
    rows = pa.concat_tables([SCHEMA.empty_table(), *shards]).to_pandas()
    return Results(judge(rows, read_references(folder, rows)), described, len(keys) - len(shards))


def read_references(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The references of all instances in some rows, in the columns of ``rows.REFERENCE_SCHEMA``."""
    names = rows["instance_hash"].unique()
    known = [reference.read(references_folder(folder), name) or reference.unknown(name) for name in names]
    try:
        table = pa.Table.from_pylist([reference.row(one) for one in known], REFERENCE_SCHEMA)
    except (pa.ArrowException, TypeError) as error:
        place = references_folder(folder)
        raise ResultsError(f"{place} holds a file that is no reference: {error}; delete it") from None
    return table.to_pandas()


def references_folder(folder: Path) -> Path:
    """Where a results folder keeps its references."""
    return folder / "references"


def write_cell(folder: Path, key: str, rows: Sequence[dict[str, Any]]) -> None:
    """Keep the rows of a finished cell; the shard appears as a whole or not at all.

    Raises:
        ResultsError: If it cannot be written.
    """
    metadata = {"format": FORMAT, "cell": key}
    table = pa.Table.from_pylist(list(rows), SCHEMA.with_metadata(metadata))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True)
    _write(_shard(folder, key), buffer.getvalue())


def read_cell(folder: Path, key: str) -> pa.Table | None:
    """The rows of a cell; None if its shard is missing, damaged, or of another cell or format."""
    try:
        data = _shard(folder, key).read_bytes()
        table = pq.read_table(io.BytesIO(data), page_checksum_verification=True)
    except (OSError, pa.ArrowException):
        return None
    metadata = table.schema.metadata or {}
    labelled = metadata.get(b"format") == FORMAT.encode() and metadata.get(b"cell") == key.encode()
    return table.replace_schema_metadata(None) if labelled and table.schema.equals(SCHEMA) else None


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


def write_reference(folder: Path, known: dict[str, Any]) -> None:
    """Keep what is known about an instance.

    Raises:
        ResultsError: If it cannot be written.
    """
    _write(reference.file_of(references_folder(folder), known["instance"]), reference.encode(known))


def _write(path: Path, data: bytes) -> None:
    try:
        files.write_atomically(path, data)
    except OSError as error:
        raise ResultsError(
            f"{path.parent} cannot be written: {error.strerror}; what is finished is kept"
        ) from None


def _shard(folder: Path, key: str) -> Path:
    return folder / "cells" / f"{key}.parquet"
