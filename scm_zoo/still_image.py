"""Still-image files of the formats that Pillow may have, and how many of their bytes are no header."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, features


@dataclass(frozen=True)
class Still:
    """A way to compress one image.

    Attributes:
        name: For reports.
        encode: An image and a quality from 0 to 100 to a file.
        payload: A file to its bytes without headers.
    """

    name: str
    encode: Callable[[Image.Image, int], bytes]
    payload: Callable[[bytes], int]


def best_codec() -> tuple[str, list[Still]]:
    """The best format of this Pillow, and the variants from which each image may choose.

    The order AVIF, WebP, JPEG, JPEG 2000 is that of the distortion (11) measured on 32 x 32 pixels at the rates of the
    zoo; AVIF tuned for SSIM, which makes up most of (11), is ahead of all others at every one of them.
    """
    colours = ("4:2:0", "4:4:4")
    if features.check("avif"):
        return "AVIF", [_avif(colour) for colour in colours]
    if features.check("webp"):
        return "WebP", [Still("WebP", _saver("WEBP", method=6), webp_payload)]
    return "JPEG", [Still(f"JPEG {one}", _saver("JPEG", subsampling=one), jpeg_payload) for one in colours]


def decode(content: bytes) -> np.ndarray:
    """The pixels of a file, ``uint8 [3, H, W]``."""
    with Image.open(io.BytesIO(content)) as file:
        return np.asarray(file.convert("RGB")).transpose(2, 0, 1)


def avif_payload(content: bytes) -> int:
    """Bytes of the coded frame: not the boxes, and of the coded data not the sequence header and delimiters."""
    return sum(_coded(data) for kind, data in _boxes(content) if kind == b"mdat")


def webp_payload(content: bytes) -> int:
    """Bytes of the VP8 frame: not the RIFF and chunk headers, nor the frame's own ten that tell its size."""
    if content[12:16] != b"VP8 ":
        raise ValueError(
            f"a WebP file of kind {content[12:16]!r}; only lossy ones without extensions are counted"
        )
    return int(struct.unpack("<I", content[16:20])[0]) - 10


def jpeg_payload(content: bytes) -> int:
    """Bytes between the start of the scan and the end marker: no tables, no markers."""
    place = 2
    while True:
        marker, length = content[place + 1], content[place + 2 : place + 4]
        place += 2 + int.from_bytes(length, "big")
        if marker == 0xDA:  # start of scan
            return len(content) - place - 2


def _avif(colour: str) -> Still:
    options = {
        "subsampling": colour,
        "speed": 6,
        "codec": "aom",
        "advanced": {"tune": "ssim"},
        "max_threads": 1,
    }
    return Still(f"AVIF {colour}", _saver("AVIF", **options), avif_payload)


def _saver(kind: str, **options: Any) -> Callable[[Image.Image, int], bytes]:
    def encode(image: Image.Image, quality: int) -> bytes:
        file = io.BytesIO()
        image.save(file, kind, quality=quality, **options)
        return file.getvalue()

    return encode


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the top boxes of an ISO base media file."""
    place = 0
    while place < len(content):
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        end = place + size if size else len(content)
        yield kind, content[place + 8 : end]
        place = end


def _coded(data: bytes) -> int:
    """Bytes of the units of an AV1 stream that are neither sequence header (1) nor temporal delimiter (2)."""
    place, total = 0, 0
    while place < len(data):
        header = data[place]
        place += 2 if header & 4 else 1
        size, shift = (0, 0) if header & 2 else (len(data) - place, 0)
        while header & 2:
            byte = data[place]
            size, shift, place = size | (byte & 127) << shift, shift + 7, place + 1
            if byte < 128:
                break
        total += 0 if header >> 3 & 15 in (1, 2) else size
        place += size
    return total
