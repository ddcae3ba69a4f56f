"""Pictures of what a zoo's models do: the same few images through each of them, at several SNRs."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from .card import Card, read_zoo
from .codec import SemanticCodec
from .datasets import DEAD_LEAVES, test_leaves
from .errors import ZooError, require_packages
from .loss import mse, ssim
from .picture_index import FOLDER, INDEX, ORIGINALS, PictureIndex, Sheet
from .zoo import load_codec

IMAGES = 4
"""How many images are shown: the first of the test images on which every card reports, whatever they are."""

SNR_DB = (-4.0, 0.0, 5.0, 10.0, 20.0)
_NOISE_SEED = 1


def draw_pictures(folder: Path, images: int = IMAGES, snr_db: Sequence[float] = SNR_DB) -> Path:
    """Send the same images through every model of a zoo and keep what comes out, as ``FOLDER/pictures``.

    For each model a lossless WebP of 32 x 32 pixels an image, a row for each image and a column for each SNR; the
    originals in one column; and an index in JSON with the PSNR and SSIM of each reconstruction and the SHA-256 of
    the weights that made it. An image meets the same noise in all models of one rate, louder or softer by the SNR.

    Args:
        folder: A folder of cards and weights.
        images: How many images.
        snr_db: SNRs, dB.

    Returns:
        The path of the index.

    Raises:
        ZooError: If a card or its weights cannot be trusted, or Pillow is missing or cannot write WebP.
    """
    cards = read_zoo(folder)
    originals = test_leaves(images)
    target = folder / FOLDER
    target.mkdir(exist_ok=True)
    (target / ORIGINALS).write_bytes(_webp(_tiled(originals[:, None])))
    index = PictureIndex.model_validate(
        {
            "schema": "rdebench-pictures/1",
            "dataset": DEAD_LEAVES,
            "images": images,
            "side": originals.shape[-1],
            "snr_db": list(snr_db),
            "originals": ORIGINALS,
            "models": {card.name: _draw(card, folder, originals, snr_db) for card in cards},
        }
    )
    path = target / INDEX
    path.write_text(index.model_dump_json(by_alias=True) + "\n", encoding="utf-8")
    return path


def reconstructions(codec: SemanticCodec, originals: Tensor, snr_db: Sequence[float]) -> Tensor:
    """What a receiver sees, over AWGN.

    Args:
        codec: The model, in evaluation mode.
        originals: ``uint8 [N, 3, 32, 32]``.
        snr_db: K signal-to-noise ratios, dB.

    Returns:
        ``uint8 [N, K, 3, 32, 32]``.
    """
    decoded = torch.empty((len(originals), len(snr_db), *originals.shape[1:]), dtype=torch.uint8)
    with torch.no_grad():
        for number, image in enumerate(originals.float() / 255.0):
            for column, ratio in enumerate(snr_db):
                # One generator an image: the noise depends on the image and the rate, not on the model or the SNR.
                noise = torch.Generator().manual_seed(_NOISE_SEED + number)
                seen = codec(image[None], torch.tensor([ratio]), "awgn", noise)[0]
                decoded[number, column] = (seen * 255.0).round().byte()
    return decoded


def _draw(card: Card, folder: Path, originals: Tensor, snr_db: Sequence[float]) -> Sheet:
    """Write one model's file; its entry in the index."""
    decoded = reconstructions(load_codec(card, folder), originals, snr_db)
    file = f"{card.name}.webp"
    (folder / FOLDER / file).write_bytes(_webp(_tiled(decoded)))
    before = originals[:, None].expand_as(decoded).flatten(0, 1).float() / 255.0
    after = decoded.flatten(0, 1).float() / 255.0
    errors, alike = mse(before, after).view(decoded.shape[:2]), ssim(before, after).view(decoded.shape[:2])
    return Sheet(
        file=file,
        weights_sha256=card.weights.sha256,
        psnr=[[round(-10.0 * math.log10(max(one, 1e-10)), 2) for one in row] for row in errors.tolist()],
        ssim=[[round(one, 4) for one in row] for row in alike.tolist()],
    )


def _tiled(images: Tensor) -> Tensor:
    """Images ``[rows, columns, 3, H, W]`` side by side: ``[rows H, columns W, 3]``."""
    rows, columns, colours, height, width = images.shape
    return images.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, colours)


def _webp(pixels: Tensor) -> bytes:
    """Pixels ``uint8 [H, W, 3]`` as a lossless file."""
    require_packages("PIL")
    from PIL import Image, features

    if not features.check("webp"):
        raise ZooError(
            "this Pillow cannot write WebP; install it from a wheel: pip install --force-reinstall pillow"
        )
    content = io.BytesIO()
    Image.fromarray(pixels.numpy()).save(content, "WEBP", lossless=True, quality=100, method=6)
    return content.getvalue()
