"""Images to train and measure on: dead leaves, CIFAR-10, or a folder of image files."""

from __future__ import annotations

import os
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .dead_leaves import dead_leaves
from .errors import ZooError, require_packages

DEAD_LEAVES = "dead-leaves"
_OFFICIAL = "cifar10"
TEST_IMAGES = 1_000
"""Figures on a card are means over this many test images."""

_TEST_SEED, _TRAIN_SEED = 1, 2
_SHAPE = (3, 32, 32)
_ARCHIVE, _UNPACKED = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
_URL = f"https://www.cs.toronto.edu/~kriz/{_ARCHIVE}"
_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
_TRAIN_FILES, _TEST_FILE = [f"data_batch_{number}.bin" for number in range(1, 6)], "test_batch.bin"
_SUFFIXES = {".png", ".webp", ".bmp", ".jpg", ".jpeg"}


class DataError(ZooError):
    """Images that are not there or cannot be used; the message says what is allowed."""


@dataclass(frozen=True)
class Images:
    """A set of images.

    Attributes:
        name: As it stands on cards.
        train: ``uint8 [N, 3, 32, 32]``.
        test: ``uint8 [TEST_IMAGES or fewer, 3, 32, 32]``.
    """

    name: str
    train: Tensor
    test: Tensor


def load_images(folder: Path | None, count: int = 50_000) -> Images:
    """Images of a folder, or dead leaves without one.

    Args:
        folder: None; or a folder with CIFAR-10's binary archive (packed or unpacked), or with image files of
            32 x 32 pixels in ``train`` and ``test``, named on cards as the folder is.
        count: How many dead leaves to draw, or how many of the image files in ``train`` to read.

    Raises:
        DataError: If the folder holds neither.
    """
    if folder is None:
        return Images(DEAD_LEAVES, dead_leaves(count, _TRAIN_SEED), test_leaves())
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; leave --data out to use dead leaves")
    if (folder / _ARCHIVE).is_file():
        return _cifar(_from_archive(folder / _ARCHIVE))
    for place in (folder, folder / _UNPACKED):
        if (place / _TEST_FILE).is_file():
            return _cifar({name: _read(place / name) for name in (*_TRAIN_FILES, _TEST_FILE)})
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        name = folder.resolve().name
        if name in (DEAD_LEAVES, _OFFICIAL):
            raise DataError(f"{folder}: cards call other images {name}; give the folder another name")
        return Images(name, _image_files(folder / "train", count), _image_files(folder / "test", TEST_IMAGES))
    raise DataError(f"{folder}: neither {_ARCHIVE}, nor {_UNPACKED}, nor image files in train and test")


def test_leaves(count: int = TEST_IMAGES) -> Tensor:  # noqa: PT028 (no test)
    """The dead leaves on which every card reports, so that anyone can check it."""
    return dead_leaves(count, _TEST_SEED)


def fetch_cifar10() -> Path:
    """Download CIFAR-10's binary archive, once, and check it; the folder that holds it."""
    require_packages("pooch")
    import pooch  # type: ignore[import-untyped]

    folder = Path(pooch.os_cache("rdebench"))
    try:
        pooch.retrieve(_URL, f"sha256:{_SHA256}", fname=_ARCHIVE, path=folder)
    except (OSError, ValueError) as error:
        raise DataError(f"CIFAR-10 could not be fetched: {error}; name a folder with --data") from None
    return folder


def data_folder(given: Path | None) -> Path | None:
    """The folder given, else the one that RDEBENCH_DATA names, else None."""
    named = os.environ.get("RDEBENCH_DATA")
    return given or (Path(named) if named else None)


def _cifar(files: dict[str, bytes]) -> Images:
    """CIFAR-10's binary files: for each image a label and 3 x 32 x 32 bytes."""
    record = 1 + int(np.prod(_SHAPE))
    tensors = {}
    for name, content in files.items():
        if not content or len(content) % record:
            raise DataError(f"{name} has {len(content)} bytes, not a multiple of {record}: it is damaged")
        pixels = np.frombuffer(content, np.uint8).reshape(-1, record)[:, 1:].reshape(-1, *_SHAPE)
        tensors[name] = torch.from_numpy(pixels.copy())
    train = torch.cat([tensors[name] for name in _TRAIN_FILES])
    return Images(_OFFICIAL, train, tensors[_TEST_FILE][:TEST_IMAGES])


def _from_archive(path: Path) -> dict[str, bytes]:
    """Members of the archive, read without writing anything."""
    found = {}
    try:
        with tarfile.open(path) as archive:
            for name in (*_TRAIN_FILES, _TEST_FILE):
                member = archive.extractfile(f"{_UNPACKED}/{name}")
                found[name] = member.read() if member else b""
    except (tarfile.TarError, zlib.error, KeyError, EOFError, OSError) as error:
        raise DataError(f"{path}: not CIFAR-10's binary archive: {error}") from None
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def _image_files(folder: Path, most: int) -> Tensor:
    """The first image files of a folder, in the order of their names."""
    require_packages("PIL")
    from PIL import Image

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)[:most]
    if not paths:
        raise DataError(f"{folder}: no image files ({', '.join(sorted(_SUFFIXES))})")
    images = torch.empty((len(paths), *_SHAPE), dtype=torch.uint8)
    for number, path in enumerate(paths):
        try:
            with Image.open(path) as file:
                if file.size != (32, 32):  # before it is decoded: a header can promise any size
                    raise DataError(f"{path} has {file.width} x {file.height} pixels; give 32 x 32")
                pixels = np.asarray(file.convert("RGB"))
        except DataError:
            raise
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(f"{path}: not an image, or damaged: {error}") from None
        images[number] = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
    return images
