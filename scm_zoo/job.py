"""A model to train, and how that goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .codec import Design
from .recipe import Preset, Recipe

Phase = Literal["training", "measuring", "done", "failed"]


@dataclass(frozen=True)
class Job:
    """A model to train.

    Attributes:
        name: Of the model, such as ``LeNet-C16``.
        design: What it is.
        recipe: How it is trained.
        preset: Name of the recipe.
        zoo: Folder that gets its card and weights, and ``NAME`` with checkpoint and logs.
        device: ``cpu`` or ``cuda``.
    """

    name: str
    design: Design
    recipe: Recipe
    preset: Preset
    zoo: Path
    device: str

    @property
    def folder(self) -> Path:
        """Where checkpoint and logs are."""
        return self.zoo / self.name


@dataclass(frozen=True)
class Progress:
    """How a job goes.

    Attributes:
        phase: What it does, or how it ended.
        step: Steps done, of ``steps``.
        steps: Most steps of its training.
        epoch: Epochs begun.
        loss: Equation (11) on training batches, smoothed.
        psnr: dB on training batches, smoothed.
        seconds_left: Until the last step at the pace so far.
        validation: Loss on held-out images, at the end of an epoch; else None.
        message: Why it failed.
    """

    phase: Phase
    step: int = 0
    steps: int = 0
    epoch: int = 0
    loss: float = 0.0
    psnr: float = 0.0
    seconds_left: float = 0.0
    validation: float | None = None
    message: str = ""
