"""A zoo of two linear codecs, made in seconds; measured on a few dead leaves."""

from __future__ import annotations

from pathlib import Path

import torch

from rdebench.scm_zoo import cost
from rdebench.scm_zoo.codec import Design, SemanticCodec
from rdebench.scm_zoo.datasets import DEAD_LEAVES, Images, test_leaves
from rdebench.scm_zoo.export import export_model
from rdebench.scm_zoo.recipe import recipe

IMAGES = 60


def linear_codec(snr_db: float = 10.0) -> SemanticCodec:
    """A linear codec for one SNR."""
    codec = SemanticCodec(Design("linear-klt", 1.0, "lite", 8, linear_skip=True))
    codec.initialise(test_leaves(200).float() / 255.0, snr_db)
    return codec.eval()


def write_zoo(folder: Path) -> None:
    """Models ``low`` and ``high``, of one design, made for 0 and for 20 dB."""
    seconds, cost._SECONDS = cost._SECONDS, 0.1
    leaves = Images(DEAD_LEAVES, torch.empty(0), test_leaves(IMAGES))
    try:
        for name, snr_db in (("low", 0.0), ("high", 20.0)):
            export_model(
                linear_codec(snr_db), name=name, recipe=recipe("lite", "linear-klt"), preset="lite",
                dataset_name=DEAD_LEAVES, steps=0, seconds=0.0, hardware="a test", folder=folder, evaluate=[leaves],
            )  # fmt: skip
    finally:
        cost._SECONDS = seconds
