"""The classical way as a reference: a still-image codec, then an ideal channel code."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, __version__, features
from torch import Tensor

from .card import REPORTED_DB, zoo_folder
from .loss import distortion, mse, ssim
from .still_image import Still, best_codec, decode

FORMAT = "rdebench-separate-coding/1"
SYMBOLS = (256, 512)
"""Complex symbols for each image: those of the shipped zoo."""

CHECKED = 4
"""Figures on so many first images are kept apart, so that the file can be checked in seconds."""

_COLUMNS = ("distortion", "psnr", "ssim")


def capacity_bits(symbols: int, snr_db: float) -> float:
    """Bits that an ideal code carries over AWGN in some complex symbols: ``b log2(1 + SNR)``."""
    return symbols * math.log2(1.0 + 10.0 ** (snr_db / 10.0))


def send_still(pixels: np.ndarray, budgets: list[float], ways: list[Still]) -> list[np.ndarray]:
    """What arrives of an image for each budget of bits.

    The largest file whose payload fits is sent, its quality found by bisection; of several ways, the one that
    leaves the least distortion (11). Where nothing fits, the mean colour is sent, free of charge.

    Args:
        pixels: ``uint8 [3, H, W]``.
        budgets: Bits, headers not counted.
        ways: Codecs to choose from.

    Returns:
        An image like ``pixels`` for each budget.
    """
    flat = np.broadcast_to(pixels.mean((1, 2), keepdims=True).round().astype(np.uint8), pixels.shape)
    image = Image.fromarray(pixels.transpose(1, 2, 0))
    arrived = [[flat] for _ in budgets]
    for way in ways:
        files: dict[int, bytes] = {}
        for budget, choices in zip(budgets, arrived, strict=True):
            low, high = -1, 101
            while high - low > 1:
                quality = (low + high) // 2
                if quality not in files:
                    files[quality] = way.encode(image, quality)
                fits = 8 * way.payload(files[quality]) <= budget
                low, high = (quality, high) if fits else (low, quality)
            if low >= 0:
                choices.append(decode(files[low]))
    original = _unit(pixels[None])
    return [
        choices[int(distortion(original.expand(len(choices), -1, -1, -1), _unit(np.stack(choices))).argmin())]
        for choices in arrived
    ]


def separate_coding(
    images: Tensor, dataset: str, *, symbols: tuple[int, ...] = SYMBOLS, snr_db: tuple[float, ...] = REPORTED_DB,
    on_image: Callable[[], None] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Figures of separate coding, one entry for each number of symbols; nothing is kept between calls.

    Args:
        images: ``uint8 [N, 3, 32, 32]``.
        dataset: Their name.
        symbols: Complex symbols for each image.
        snr_db: SNRs, dB; the sender knows them, as an ideal code must.
        on_image: Called after each image.

    Returns:
        Data set, symbols, images, and for each SNR the bits, the mean distortion (11) without KL, PSNR (dB, mean of
        each image's) and SSIM; ``first`` has the figures of the first few images alone.
    """
    _, ways = best_codec()
    points = [(count, snr) for count in symbols for snr in snr_db]
    figures = np.empty((len(_COLUMNS), len(points), len(images)))
    for number, image in enumerate(images.numpy()):
        arrived = send_still(image, [capacity_bits(*point) for point in points], ways)
        original, decoded = _unit(image[None]).expand(len(points), -1, -1, -1), _unit(np.stack(arrived))
        figures[0, :, number] = distortion(original, decoded)
        figures[1, :, number] = -10.0 * mse(original, decoded).clamp(min=1e-10).log10()
        figures[2, :, number] = ssim(original, decoded)
        if on_image is not None:
            on_image()
    entries = []
    for place, count in enumerate(symbols):
        part = figures[:, place * len(snr_db) : (place + 1) * len(snr_db)]
        entry = {"dataset": dataset, "symbols": count, "images": len(images), "snr_db": list(snr_db)}
        entry["bits"] = [round(capacity_bits(count, snr), 1) for snr in snr_db]
        entry |= _means(part)
        entry["first"] = {"images": min(CHECKED, len(images))} | _means(part[:, :, :CHECKED])
        entries.append(entry)
    return entries


def reference_path() -> Path:
    """The file of the shipped reference."""
    return zoo_folder() / "separate-coding.json"


def write_reference(sets: list[tuple[str, Tensor]], path: Path | None = None) -> dict[str, Any]:
    """Compute the reference on some sets of images, given by name, and write it whole or not at all."""
    name, ways = best_codec()
    version = features.version(name.lower()) or "built in"
    reference = {
        "format": FORMAT,
        "codec": name,
        "ways": [way.name for way in ways],
        "versions": {"pillow": __version__, name.lower(): version},
        "meaning": "largest file whose payload, headers not counted, fits into the bits that an ideal channel code "
        "carries in that many complex symbols at that SNR",
        "curves": [entry for dataset, images in sets for entry in separate_coding(images, dataset)],
    }
    path = path or reference_path()
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(reference, indent=1) + "\n", encoding="utf-8")
    aside.replace(path)
    return reference


def _means(figures: np.ndarray) -> dict[str, list[float]]:
    return {
        name: [float(f"{value:.6g}") for value in values.mean(1)]
        for name, values in zip(_COLUMNS, figures, strict=True)
    }


def _unit(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).float() / 255.0
