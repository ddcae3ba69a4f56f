"""JSON files that notice a change: canonical text with a field ``sha256`` over the rest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from . import files

MOST_BYTES = 64 * 1024 * 1024
"""Larger files are not read."""

FIELD = "sha256"


class SealError(ValueError):
    """A file that is not as it was written; the message says what is wrong with it."""


def seal(content: dict[str, Any], indent: int | None = None) -> bytes:
    """The content of a file: the canonical text of some JSON data and of its own hash.

    Args:
        content: JSON data without the field ``sha256``; numbers must be finite.
        indent: Spaces by which to indent, for a file that people read; None for one line.
    """
    return _text(content | {FIELD: _digest(content)}, indent)


def unseal(data: bytes, indent: int | None = None) -> dict[str, Any]:
    """Take a sealed file apart.

    Args:
        data: The bytes of the file.
        indent: As it was sealed.

    Returns:
        What was sealed, without the field ``sha256``.

    Raises:
        SealError: If any byte is not as :func:`seal` wrote it.
    """
    content = parse(data)
    if FIELD not in content:
        raise SealError(f"the field {FIELD} is missing")
    # Other spellings of the same data (spaces, doubled keys) are changes as well.
    if _text(content, indent) != data:
        raise SealError("its text is not the one that was written")
    digest = content.pop(FIELD)
    if digest != _digest(content):
        raise SealError(f"its content does not have the {FIELD} that it states")
    return content


def parse(data: bytes) -> dict[str, Any]:
    """JSON data from bytes that may be anything.

    Raises:
        SealError: If they are too many, are no JSON, nest too deeply, or are no object.
    """
    if len(data) > MOST_BYTES:
        raise SealError(f"it has {len(data)} bytes; at most {MOST_BYTES} are read")
    try:
        content = json.loads(data, parse_constant=_refuse)
    except RecursionError:
        raise SealError("it nests too deeply") from None
    except ValueError as error:
        raise SealError(f"it is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise SealError("it is no JSON object")
    return content


def read(path: Path) -> bytes:
    """The bytes of a file of at most ``MOST_BYTES``.

    Raises:
        OSError: If it cannot be read.
        SealError: If it is larger.
    """
    data = files.read_regular(path, MOST_BYTES)
    if len(data) > MOST_BYTES:
        raise SealError(f"it has more than {MOST_BYTES} bytes")
    return data


def _text(content: dict[str, Any], indent: int | None = None) -> bytes:
    try:
        return json.dumps(content, indent=indent, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise SealError(f"it cannot be sealed: {error}") from None


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_text(content)).hexdigest()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
