"""Shards: the rows of one cell as the bytes of a parquet file that notices any change."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from . import files, sealed
from .rows import FORMAT, SCHEMA

SHARD_NAME = re.compile(r"(?P<key>[0-9a-f]{64})\.[0-9a-f]{16}\.parquet", re.ASCII)

MOST_BYTES = 256 * 1024 * 1024
MOST_ROWS = 10_000
MOST_VALUES = 20_000_000
MOST_TEXT = 20_000
"""A shard of more is not read, whoever wrote it: a few bytes can unpack to more than any memory."""

_TEXTS = [field.name for field in SCHEMA if pa.types.is_string(field.type)]


class ShardError(ValueError):
    """A shard that is not as it was written, or not of its cell; the message says why."""


def encode_cell(key: str, identity: Mapping[str, Any], rows: Sequence[dict[str, Any]]) -> bytes:
    """A shard: the rows of a finished cell as the bytes of a parquet file.

    Args:
        key: The cell's key.
        identity: What the key is the hash of: under which configuration the rows were made.
        rows: Values by column; a column without a value may be left out.
    """
    metadata = {"format": FORMAT, "cell": key, "identity": json.dumps(identity, sort_keys=True)}
    table = pa.Table.from_pylist(list(rows), SCHEMA.with_metadata(metadata))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True)
    return buffer.getvalue()


def decode_cell(key: str, name: str, data: bytes) -> pa.Table:
    """The rows of a shard, with its metadata.

    Args:
        key: The cell's key.
        name: The name of its file.
        data: The content of its file.

    Raises:
        ShardError: If the content is not the one that the name and the key belong to.
    """
    if name != shard_name(key, data):
        raise ShardError("its content does not have the hash that its name states")
    table = _unpacked(data, checked=True)
    metadata = table.schema.metadata or {}
    if metadata.get(b"format") != FORMAT.encode():
        raise ShardError(f"its rows are not of the format {FORMAT}")
    if metadata.get(b"cell") != key.encode():
        raise ShardError("its rows are of another cell")
    stated_identity(table)
    return table


def salvage_cell(data: bytes) -> pa.Table:
    """What can still be read of a damaged shard, so that the rows at fault can be named.

    Raises:
        ShardError: If nothing can.
    """
    return _unpacked(data, checked=False)


def stated_identity(table: pa.Table) -> dict[str, Any]:
    """The identity in the metadata of a shard's rows.

    Raises:
        ShardError: If it is no JSON object.
    """
    try:
        return sealed.parse((table.schema.metadata or {}).get(b"identity", b""))
    except sealed.SealError as error:
        raise ShardError(f"its identity: {error}") from None


def shard_name(key: str, data: bytes) -> str:
    """The name of a shard's file: it states the content's hash."""
    return f"{key}.{hashlib.sha256(data).hexdigest()[:16]}.parquet"


def read_shard(path: Path) -> bytes:
    """The bytes of a shard.

    Raises:
        OSError: If it cannot be read.
        ShardError: If it is larger than any shard.
    """
    data = files.read_regular(path, MOST_BYTES)
    if len(data) > MOST_BYTES:
        raise ShardError(f"it has more than {MOST_BYTES} bytes")
    return data


def _unpacked(data: bytes, *, checked: bool) -> pa.Table:
    """The table in the bytes of a parquet file. Raises ShardError."""
    try:
        # Texts are read as what is written of them, each once: repeated they could take any memory.
        file = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=checked, read_dictionary=_TEXTS)
        _require_columns(file.schema_arrow)
        _require_small(file.metadata)
        table = file.read(use_threads=False)
        table.validate(full=True)
        _require_short(table)
        return table.cast(SCHEMA.with_metadata(table.schema.metadata))
    except (OSError, MemoryError, OverflowError, UnicodeError, pa.ArrowException) as error:
        raise ShardError(f"it is no parquet file: {(str(error) or 'too large').splitlines()[0]}") from None


def _require_columns(given: pa.Schema) -> None:
    """The columns that a shard has, whatever they hold, before any of it is unpacked. Raises ShardError."""
    types = [field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in given]
    if given.names != SCHEMA.names or types != SCHEMA.types:
        raise ShardError(f"its rows are not of the format {FORMAT}")


def _require_short(table: pa.Table) -> None:
    for column in table.itercolumns():
        if pa.types.is_dictionary(column.type):
            for chunk in column.chunks:
                longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
                if longest > MOST_TEXT:
                    raise ShardError(f"it has a text of {longest} bytes; at most {MOST_TEXT} are read")


def _require_small(metadata: pq.FileMetaData) -> None:
    """What a shard says of its own size, before any of it is unpacked. Raises ShardError."""
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    columns = [group.column(n) for group in groups for n in range(group.num_columns)]
    sizes = {
        "rows": (metadata.num_rows, MOST_ROWS),
        "bytes unpacked": (sum(column.total_uncompressed_size for column in columns), MOST_BYTES),
        "values": (sum(column.num_values for column in columns), MOST_VALUES),
    }
    for what, (size, most) in sizes.items():
        if not 0 <= size <= most:
            raise ShardError(f"it has {size} {what}; at most {most} are read")
