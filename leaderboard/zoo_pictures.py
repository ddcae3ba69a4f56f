"""The pictures of a zoo: the same images through every model, cut out of one sheet for each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .wording import MINUS, SPACE
from .zoo_models import Model

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
"""What may stand in a style sheet, where nothing is escaped."""


@dataclass(frozen=True)
class Tile:
    """One picture: where it stands, which part of which sheet it shows, and what it says."""

    sheet: int
    row: int
    column: int
    across: float
    down: float
    text: str
    note: str
    label: str


@dataclass(frozen=True)
class Strip:
    """One image through every model at every SNR."""

    title: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Pictures:
    """The strips of a zoo: one sheet (base64 of a WebP) for the originals and for each model, cut up into tiles."""

    dataset: str
    sheets: tuple[str, ...]
    names: tuple[str, ...]
    ratios: tuple[str, ...]
    images: int
    strips: tuple[Strip, ...]


def zoo_pictures(models: Sequence[Model], index: Mapping[str, Any] | None) -> Pictures | None:
    """The strips of the models whose pictures were made with the weights that their cards name."""
    if index is None:
        return None
    known = index["models"]
    shown = [m for m in models if m.name in known and known[m.name]["weights_sha256"] == m.weights_sha256]
    if not shown:
        return None
    files, ratios, images = index["data"], list(index["snr_db"]), int(index["images"])
    if not all(_BASE64.fullmatch(text) for text in files.values()):
        return None
    strips = []
    for image in range(images):
        down = 100.0 * image / max(1, images - 1)
        tiles = [Tile(0, 0, 0, 0.0, down, "", "", "original")]
        for sheet, model in enumerate(shown, 1):
            figures = known[model.name]
            for column, snr in enumerate(ratios):
                psnr, ssim = figures["psnr"][image][column], figures["ssim"][image][column]
                across = 100.0 * column / max(1, len(ratios) - 1)
                label = f"{model.name} at {snr:g} dB: PSNR {psnr:.1f} dB, SSIM {ssim:.2f}"
                tiles.append(
                    Tile(sheet, sheet, column + 1, across, down, f"{psnr:.1f}", f"{ssim:.2f}", label)
                )
        strips.append(Strip(f"Image {image + 1}", tuple(tiles)))
    return Pictures(
        dataset=str(index["dataset"]),
        sheets=(files[index["originals"]], *(files[known[model.name]["file"]] for model in shown)),
        names=tuple(model.name for model in shown),
        ratios=tuple(f"{snr:g}{SPACE}dB".replace("-", MINUS) for snr in ratios),
        images=images,
        strips=tuple(strips),
    )
