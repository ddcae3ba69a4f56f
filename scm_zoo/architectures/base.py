"""What every architecture has: an encoder from an image to features on an 8 x 8 grid, and its mirror."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor, nn

Variant = Literal["lite", "full"]
VARIANTS: tuple[Variant, ...] = ("lite", "full")
GRID = 8
"""Side of the latent grid: a quarter of the image's 32 pixels."""


class Backbone(nn.Module):
    """An encoder and a decoder; a new architecture sets the three attributes below in ``__init__``.

    ``lite`` halves the image in its first stage and has three stages, for a CPU; ``full`` follows the published
    network. Both reduce 32 x 32 pixels to the 8 x 8 grid of the latent.

    Attributes:
        family: Name on cards and on the command line.
        features: Channels F between encoder and latent.
        encoder: Images ``[B, 3, 32, 32]`` to features ``[B, F, 8, 8]``.
        decoder: Features ``[B, F, 8, 8]`` to images ``[B, 3, 32, 32]``.
    """

    family: ClassVar[str]
    features: int
    encoder: nn.Module
    decoder: nn.Module


def scaled(channels: int, width: float) -> int:
    """A number of channels times the width multiplier, at least one."""
    return max(1, round(channels * width))


def conv_norm(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (but for its stride), followed by batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Upsample(nn.Module):
    """Repeat each pixel ``factor`` times along both sides."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, features: Tensor) -> Tensor:
        """``[B, F, H, W]`` to ``[B, F, factor H, factor W]``."""
        if self.factor == 1:
            return features
        return nn.functional.interpolate(features, scale_factor=float(self.factor), mode="nearest")
