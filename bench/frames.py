"""Messages between the referee and its workers: a JSON header and raw arrays, nothing that can be executed."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 64 * 2**20
"""Longest frame that is read; a longer one is not an answer to any instance."""

MAX_HEADER_BYTES = 16 * 2**20
"""Longest header that is read: certificates are sent in headers, and hostile JSON takes many times its size."""

_MOST_DIGITS = 20
"""Of an integer in a header, with its sign: larger ones are no number of ours, and break what computes with them."""

_NUMBERS = re.compile(r"[<>=|]?[iuf](1|2|4|8|12|16)", re.ASCII)

Header = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

_LENGTH = struct.Struct("<I")


class FrameError(ValueError):
    """Bytes that are not a frame."""


def encode(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """A frame: length of the header, header as JSON, then the bytes of the arrays one after the other.

    Args:
        header: Anything that JSON can hold.
        arrays: Numeric arrays of any shape, by name.
    """
    arrays = arrays or {}
    layout = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    head = json.dumps({"header": dict(header), "arrays": layout}).encode()
    return _LENGTH.pack(len(head)) + head + b"".join(array.tobytes() for array in arrays.values())


def decode(data: bytes) -> tuple[Header, Arrays]:
    """The header and the arrays of a frame.

    Raises:
        FrameError: If the bytes are anything else; a solver's process may send whatever it likes.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        if length > MAX_HEADER_BYTES:
            raise FrameError(f"the header has {length} bytes")
        position = _LENGTH.size + length
        content = json.loads(data[_LENGTH.size : position], parse_int=_integer)
        header, arrays = dict(content["header"]), {}
        for name, (code, shape) in content["arrays"].items():
            if not _NUMBERS.fullmatch(code):  # numpy evaluates what it is told about a type
                raise FrameError(f"an array has the type {str(code)[:60]!r}")
            if min(shape, default=0) < 0:
                raise FrameError(f"an array has the shape {str(shape)[:60]}")
            dtype, count = np.dtype(code), int(np.prod(shape, dtype=np.int64))
            arrays[str(name)] = np.frombuffer(data, dtype, count, position).reshape(shape)
            position += count * dtype.itemsize
    except FrameError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error) as error:
        raise FrameError(f"unreadable: {error}") from None
    return header, arrays


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS or not -(2**63) <= int(digits) < 2**63:
        raise FrameError(f"an integer has {len(digits)} digits")
    return int(digits)
