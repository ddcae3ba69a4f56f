"""The index of a zoo's pictures, read without torch or Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .card import Name

FOLDER, INDEX, ORIGINALS = "pictures", "index.json", "originals.webp"
MOST_BYTES = 1_000_000
"""Largest file of pictures that is read: a page has to stay small."""

File = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*\.webp$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sheet(_Section):
    """One model's pictures: a row for each image, a column for each SNR.

    Attributes:
        file: A lossless WebP.
        weights_sha256: Of the weights that made it.
        psnr: Of each picture against its original, dB, ``[images][SNRs]``.
        ssim: Likewise.
    """

    file: File
    weights_sha256: str
    psnr: list[list[Finite]]
    ssim: list[list[Finite]]


class PictureIndex(_Section):
    """What lies in the folder of pictures beside a zoo's cards.

    Attributes:
        dataset: What the originals are: the first ``images`` of its test images.
        side: Of each picture, in pixels.
        snr_db: SNRs of the columns, dB.
        originals: A lossless WebP of one column.
        models: The sheet of each model.
    """

    schema_: Annotated[Literal["rdebench-pictures/1"], Field(alias="schema")]
    dataset: str
    images: Annotated[int, Field(ge=1, le=64)]
    side: Annotated[int, Field(ge=1)]
    snr_db: Annotated[list[Finite], Field(min_length=1, max_length=16)]
    originals: File
    models: Annotated[dict[Name, Sheet], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> PictureIndex:
        for name, sheet in self.models.items():
            for table in (sheet.psnr, sheet.ssim):
                if len(table) != self.images or any(len(row) != len(self.snr_db) for row in table):
                    raise ValueError(f"{name} needs psnr and ssim for each of the images and SNRs")
        return self

    def files(self) -> list[str]:
        """Names of all files of pictures."""
        return [self.originals, *(sheet.file for sheet in self.models.values())]


def read_pictures(folder: Path) -> tuple[PictureIndex, dict[str, bytes]] | None:
    """The pictures of a zoo, if it has any.

    Args:
        folder: The folder of its cards.

    Returns:
        The index and the content of its files by their names; None if there is no index.

    Raises:
        ValueError: If the index or a file is not what it should be.
        OSError: If a file cannot be read.
    """
    place = folder / FOLDER
    if not (place / INDEX).is_file():
        return None
    index = PictureIndex.model_validate_json((place / INDEX).read_bytes())
    contents = {name: (place / name).read_bytes() for name in index.files()}
    for name, content in contents.items():
        if not is_lossless_webp(content):
            raise ValueError(f"{place / name}: not a lossless WebP of at most {MOST_BYTES:,} bytes")
    return index, contents


def is_lossless_webp(content: bytes) -> bool:
    """Whether some bytes begin as a small lossless WebP does."""
    return len(content) <= MOST_BYTES and content[:4] == b"RIFF" and content[8:16] == b"WEBPVP8L"
