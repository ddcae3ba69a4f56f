"""Judged rows for other tools, and the leaderboard's tables for a paper."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .rows import SCHEMA

FORMATS = ("csv", "parquet", "latex")
ENDINGS = {".csv": "csv", ".parquet": "parquet", ".tex": "latex"}
"""Which format a file name asks for."""

JUDGED = pa.schema(
    [
        *SCHEMA,
        ("bound", pa.float64()),
        ("bound_source", pa.string()),
        ("reference_status", pa.string()),
        ("reference_rde", pa.float64()),
        ("gap", pa.float64()),
        ("badge", pa.string()),
    ]
)
"""The columns of an exported row: those of a stored one with the final status, and what its judgement adds."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def exported(rows: pd.DataFrame, manifest: Mapping[str, Any], kind: str) -> bytes:
    """Results as the content of a file.

    Args:
        rows: As :func:`rdebench.bench.store.read_results` gives them.
        manifest: The manifest.
        kind: One of ``FORMATS``.

    Returns:
        CSV (UTF-8; lists as JSON), parquet with the schema ``JUDGED``, or LaTeX tables.
    """
    if kind == "latex":
        from ..leaderboard.latex import latex

        return latex(rows, manifest).encode()
    table = pa.Table.from_pandas(rows, JUDGED, preserve_index=False, safe=True)
    table = table.replace_schema_metadata(None)
    buffer = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, buffer)
        return buffer.getvalue()
    return _csv(table).encode()


def _csv(table: pa.Table) -> str:
    frame = pd.DataFrame(index=range(len(table)))
    for field in table.schema:
        values = table[field.name].to_pylist()
        if pa.types.is_list(field.type):
            values = [None if value is None else json.dumps(value) for value in values]
        elif pa.types.is_string(field.type):
            values = [None if value is None else as_text(value) for value in values]
        # As objects: a whole number beside a missing one must not become a fraction.
        frame[field.name] = pd.Series(values, dtype=object)
    return str(frame.to_csv(index=False, lineterminator="\n"))


def as_text(value: str) -> str:
    """Words of a stranger, with an apostrophe where a spreadsheet would compute with them."""
    return f"'{value}" if value.startswith(_FORMULA) else value
