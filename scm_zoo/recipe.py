"""How codecs are trained: the recipe, and the presets that the command line offers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .codec import LINEAR
from .loss import ALPHA, BETA

Preset = Literal["smoke", "lite", "full", "paper"]
PRESETS: tuple[Preset, ...] = ("smoke", "lite", "full", "paper")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training, beside the design and the images.

    Attributes:
        epochs: Most passes over the training images.
        batch: Images for each step.
        learning_rate: Of Adam, at its highest.
        linear_factor: What the linear transform and the link learn at, as a share of it.
        schedule: ``cosine`` to zero over all epochs, or ``constant``; both after a warm-up.
        warm_up: Steps over which the learning rate rises from zero.
        weight_decay: Of Adam.
        clip: Largest norm of a gradient.
        patience: Epochs without an improvement of the validation loss before training stops.
        delta: What counts as an improvement.
        fading: ``awgn`` or ``rayleigh``.
        snr_db: Range of the average SNR, uniform in dB.
        alpha: Weight of the MSE in (11).
        beta: Weight of the KL divergence in (9).
        images: Most training images to use; dead leaves are drawn in this number.
        validation: How many of the last training images are held out to watch the loss.
        seed: Of the weights, the order of the images, the noise and the flips.
    """

    epochs: int
    batch: int = 64
    learning_rate: float = 1e-3
    linear_factor: float = 0.3
    schedule: Literal["cosine", "constant"] = "cosine"
    warm_up: int = 200
    weight_decay: float = 1e-5
    clip: float = 5.0
    patience: int = 10
    delta: float = 0.001
    fading: Literal["awgn", "rayleigh"] = "awgn"
    snr_db: tuple[float, float] = (0.0, 20.0)
    alpha: float = ALPHA
    beta: float = BETA
    images: int = 50_000
    validation: int = 1_000
    seed: int = 0


LITE_WIDTHS = {"LeNet": 1.0, "MobileNet": 0.5, "ResNet": 0.25, "DPN-26": 0.125, "linear-klt": 1.0}
"""Width multipliers of the lite zoo, by family: none takes more than about half a millisecond to encode an image."""

_LITE_EPOCHS = {"LeNet": 10, "MobileNet": 8, "ResNet": 9, "DPN-26": 5}
"""Chosen so that the whole lite zoo trains in about three core-hours; larger networks are slower, not better fed."""


def recipe(preset: Preset, family: str, *, seed: int = 0) -> Recipe:
    """The recipe of a preset.

    ``smoke`` takes seconds and shows that training works; ``lite`` made the shipped zoo on two CPU cores; ``full``
    is for a GPU; ``paper`` has the learning rate, batch, stopping and fading that the paper states, and our
    values for the rest.

    Args:
        preset: One of ``PRESETS``.
        family: The family to be trained; under ``lite`` the number of epochs depends on it, and ``linear-klt``,
            which is known in closed form, has none under any.
        seed: Seed of the training.
    """
    if family == LINEAR:
        return replace(recipe(preset, "", seed=seed), epochs=0)
    if preset == "smoke":
        return Recipe(
            epochs=4, batch=32, images=640, validation=128, warm_up=10, learning_rate=2e-3, seed=seed
        )
    if preset == "lite":
        return Recipe(epochs=_LITE_EPOCHS.get(family, 9), seed=seed)
    if preset == "full":
        return Recipe(epochs=200, batch=256, patience=200, seed=seed)
    base = Recipe(
        epochs=200, batch=128, learning_rate=5e-4, linear_factor=1.0, schedule="constant", warm_up=0
    )
    return replace(base, fading="rayleigh", seed=seed)
