"""MobileNet: depthwise separable convolutions (Howard et al., arXiv 1704.04861, 2017)."""

from __future__ import annotations

from torch import nn

from .base import Backbone, Upsample, Variant, conv_norm, scaled

_BLOCKS = {
    "lite": ((64, 2), (128, 2), (128, 1), (256, 1), (256, 1), (256, 1)),
    "full": (
        (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
        (1024, 1), (1024, 1),
    ),
}  # fmt: skip
"""Channels at width 1 and stride of each block."""


def separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """A depthwise 3 x 3 and a pointwise convolution."""
    return nn.Sequential(
        conv_norm(inputs, inputs, stride=stride, groups=inputs), nn.ReLU(),
        conv_norm(inputs, outputs, kernel=1), nn.ReLU(),
    )  # fmt: skip


def mirrored(inputs: int, outputs: int, upscale: int) -> nn.Sequential:
    """The reverse of :func:`separable`: pointwise, repeat pixels, depthwise."""
    return nn.Sequential(
        conv_norm(inputs, outputs, kernel=1), nn.ReLU(), Upsample(upscale),
        conv_norm(outputs, outputs, groups=outputs), nn.ReLU(),
    )  # fmt: skip


class MobileNet(Backbone):
    """A stem and a chain of separable blocks, and the same in reverse."""

    family = "MobileNet"

    def __init__(self, width: float, variant: Variant) -> None:
        super().__init__()
        stem = scaled(32, width)
        encoder: list[nn.Module] = [conv_norm(3, stem), nn.ReLU()]
        decoder: list[nn.Module] = [nn.Conv2d(stem, 3, 3, padding=1)]
        previous = stem
        for channels, stride in ((scaled(at_full, width), stride) for at_full, stride in _BLOCKS[variant]):
            encoder.append(separable(previous, channels, stride))
            decoder.append(mirrored(channels, previous, stride))
            previous = channels
        self.features = previous
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*reversed(decoder))
