"""A made-up zoo of cards with the fields that the problem reads; figures like those of the shipped one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SNR_DB = (0.0, 5.0, 10.0, 20.0)

MODELS = {
    # name: (complex symbols, distortion at 10 dB, s for each image, W)
    "LeNet-C8": (256, 0.0395, 72e-6, 0.16),
    "LeNet-C16": (512, 0.0228, 75e-6, 0.16),
    "MobileNet-C8": (256, 0.0380, 236e-6, 0.26),
    "MobileNet-C16": (512, 0.0221, 240e-6, 0.26),
    "ResNet-C8": (256, 0.0365, 365e-6, 0.36),
    "ResNet-C16": (512, 0.0215, 370e-6, 0.36),
    "DPN-26-C8": (256, 0.0360, 510e-6, 0.46),
    "DPN-26-C16": (512, 0.0213, 520e-6, 0.46),
    "linear-klt-C8": (256, 0.0405, 15e-6, 0.11),
    "linear-klt-C16": (512, 0.0246, 15e-6, 0.11),
}


def card(name: str) -> dict[str, Any]:
    """One card, of a measurement of 1,000 images."""
    symbols, distortion, seconds, watts = MODELS[name]
    values = [distortion * factor for factor in (3.0, 1.7, 1.0, 0.6)]
    other = {"dataset": "dead-leaves", "snr_db": list(SNR_DB), "distortion": [2 * value for value in values]}
    return {
        "schema": "rdebench-card/1",
        "name": name,
        "rate": {"symbols": symbols},
        "eval": [other, other | {"dataset": "cifar10-mixed", "distortion": values}],
        "cost": {"latency": {"seconds": seconds * 1_000, "images": 1_000}, "power": {"watts": watts}},
    }


def write_zoo(folder: Path) -> Path:
    """Write all cards into a folder, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        (folder / f"{name}.json").write_text(json.dumps(card(name)), encoding="utf-8")
    return folder
