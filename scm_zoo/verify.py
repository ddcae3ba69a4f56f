"""Does a card tell the truth? Weights and figures, checked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from .card import REPORTED_DB, Card, Evaluation
from .cost import count, estimated_watts
from .datasets import DEAD_LEAVES, load_images, test_leaves
from .evaluation import Samples, curve, sample
from .zoo import load_codec

DRAWS = 2
"""Draws of the noise for each image: the first of those behind the card."""

STANDARD_ERRORS = 3.0

_ROUNDING = 0.01
"""Share by which an estimated power may differ: cards round it, and the seconds behind it."""

_ARITHMETIC = 2e-5
"""Share of a value by which it may differ on another machine, whatever the noise."""


@dataclass(frozen=True)
class Check:
    """One figure of a card beside the same figure measured again.

    Attributes:
        figure: Name of the column.
        snr_db: SNR, dB.
        card: What the card says.
        found: What was measured.
        standard_error: Of their difference.
    """

    figure: str
    snr_db: float
    card: float
    found: float
    standard_error: float

    @property
    def holds(self) -> bool:
        """Whether they agree within three standard errors."""
        return abs(self.found - self.card) <= STANDARD_ERRORS * self.standard_error


def check_facts(card: Card, folder: Path) -> list[str]:
    """What needs no images: the file of weights, its tensors, the counts and the curve.

    Returns:
        A sentence for each thing that does not fit.

    Raises:
        CardError: If the weights are missing, damaged, swapped or of another design; nothing else can be checked then.
    """
    codec = load_codec(card, folder)
    encode, total, activations, _ = count(codec)
    found = {
        "params": sum(parameter.numel() for parameter in codec.parameters()),
        "macs_encode": encode,
        "macs_total": total,
        "activation_bytes": activations,
    }
    faults = [
        f"{name} is {getattr(card.cost, name)} on the card, but the model has {value}"
        for name, value in found.items()
        if getattr(card.cost, name) != value
    ]
    for evaluation in card.eval:
        faults += _contradictions(evaluation, card.train.alpha)
    power, estimate = card.cost.power, estimated_watts(codec, card.cost.latency)
    if power.source == "estimated" and abs(power.watts - estimate) > _ROUNDING * estimate:
        faults.append(f"power is {power.watts} W on the card, but its latency and counts give {estimate} W")
    fitted = curve(card.evaluation(card.curve.dataset))
    if fitted.snr_db != card.curve.snr_db or not np.allclose(
        fitted.distortion, card.curve.distortion, rtol=_ARITHMETIC
    ):
        faults.append("curve is not the one that follows from the card's own figures")
    return faults


def _contradictions(evaluation: Evaluation, alpha: float) -> list[str]:
    """Where the columns of one set of images contradict each other: (11) follows from MSE and SSIM."""
    mse, ssim = np.array(evaluation.mse), np.array(evaluation.ssim)
    distortion, loss = np.array(evaluation.distortion), np.array(evaluation.loss)
    divergence = loss - distortion
    faults = []
    if not np.allclose(distortion, alpha * mse + (1 - alpha) * (1 - ssim), rtol=1e-4, atol=1e-5):
        faults.append("distortion is not (11) of its mse and ssim")
    if np.ptp(divergence) > 1e-5:
        faults.append("loss and distortion differ by an amount that depends on the SNR")
    # The mean of a logarithm is never below the logarithm of the mean, and images differ by decibels, not by tens.
    surplus = np.array(evaluation.psnr) + 10 * np.log10(mse.clip(1e-10))
    if surplus.min() < -1e-3 or surplus.max() > 10:
        faults.append("psnr does not fit mse")
    return [f"{evaluation.dataset}: {fault}" for fault in faults]


def check_figures(
    card: Card, folder: Path, dataset: str, images: Tensor, *, on_batch: Callable[[], None] | None = None
) -> list[Check]:
    """Measure the figures of a card again, with the card's own noise, at the SNRs that are reported.

    The tolerance is three standard errors of the difference between the card's mean and this one. On all the
    card's images only the noise makes a difference, and its standard error is taken as if both evaluations had
    drawn it independently. They share it, so a true card differs by less: by rounding if it had two draws. On
    fewer images the tolerance also holds the spread between images, and wrong figures are found less surely.

    Args:
        card: The card.
        folder: The folder with its weights.
        dataset: Name of the images.
        images: ``uint8 [N, 3, 32, 32]``; the first ones of those behind the card.
        on_batch: Called after each batch of 100 images.

    Raises:
        CardError: As :func:`check_facts`, or if the card has no figures on the data set.
    """
    claimed = card.evaluation(dataset)
    codec = load_codec(card, folder)
    snr_db = [snr for snr in REPORTED_DB if snr in claimed.snr_db] or claimed.snr_db
    samples = sample(
        codec, images[: claimed.images], draws=DRAWS, seed=claimed.seed, snr_db=snr_db,
        alpha=card.train.alpha, beta=card.train.beta, on_batch=on_batch,
    )  # fmt: skip
    return _checks(claimed, samples)


def images_to_verify(folder: Path | None, most: int | None) -> tuple[str, Tensor]:
    """Name and test images of a folder, or dead leaves without one.

    Args:
        folder: As for ``load_images``.
        most: How many at most; None for all.
    """
    if folder is None:
        return DEAD_LEAVES, test_leaves() if most is None else test_leaves(most)
    found = load_images(folder, count=1)
    return found.name, found.test[:most]


def _checks(claimed: Evaluation, samples: Samples) -> list[Check]:
    checks = []
    for figure, values in samples.columns.items():
        _, draws, images = values.shape
        noise = values.var(1, ddof=1).mean(1)
        variance = noise * (1 / (images * draws) + 1 / (claimed.images * claimed.channel_draws))
        if 1 < images < claimed.images:
            between = (values.mean(1).var(1, ddof=1) - noise / draws).clip(0.0)
            variance = variance + between * (1 / images + 1 / claimed.images)
        for number, snr in enumerate(samples.snr_db):
            said, found = claimed.at(figure, snr), float(values[number].mean())
            error = float(variance[number]) ** 0.5 + _ARITHMETIC * abs(said) / STANDARD_ERRORS
            checks.append(Check(figure, snr, said, found, error))
    return checks
