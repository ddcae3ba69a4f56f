"""The rows of a generalisation table, as a file of a results folder."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from . import files
from .manifest import ResultsError

FORMAT = "rdebench-generalisation/1"
FILE = "generalisation.parquet"

SCHEMA = pa.schema(
    [
        ("solver", pa.string()),
        ("policy", pa.string()),
        ("trained_on", pa.string()),
        ("tested_on", pa.string()),
        ("instance", pa.int32()),
        ("seed", pa.int64()),
        ("gap", pa.float64()),
        ("feasible", pa.bool_()),
    ]
)
"""One row per policy and instance: ``policy`` is its key, ``trained_on`` a scenario's id or ``mixture``, ``seed`` that
of the training, ``gap`` 1 - RDE / proved bound, and 1 where the answer breaks a constraint."""


def write(rows: pd.DataFrame, folder: Path) -> Path:
    """Keep rows in a folder, as ``FILE``; what was there is replaced.

    Raises:
        ResultsError: If it cannot be written.
    """
    table = pa.Table.from_pandas(rows, SCHEMA, preserve_index=False)
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"format": FORMAT}), buffer, write_page_checksum=True)
    try:
        files.write_atomically(folder / FILE, buffer.getvalue())
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error.strerror}; choose another --out") from None
    return folder / FILE


def read(folder: Path) -> pd.DataFrame | None:
    """The rows kept in a folder; None if there are none.

    Raises:
        ResultsError: If the file is damaged or of another format.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()), page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(f"{path} is damaged: {error}; make it again: rdebench verify --across") from None
    if (table.schema.metadata or {}).get(b"format") != FORMAT.encode():
        raise ResultsError(f"{path} is not of the format {FORMAT}; make it again: rdebench verify --across")
    return table.to_pandas()
