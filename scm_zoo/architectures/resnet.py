"""ResNet-18 (He, Zhang, Ren, Sun, CVPR 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from .base import Backbone, Upsample, Variant, conv_norm, scaled

_STAGES = {"lite": ((64, 2), (128, 2), (256, 1)), "full": ((64, 1), (128, 2), (256, 2), (512, 1))}
"""Channels at width 1 and stride of each stage of two blocks."""


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; it halves (stride 2) or doubles (upscale 2) the sides."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, upscale: int = 1) -> None:
        super().__init__()
        self.first, self.second = conv_norm(inputs, outputs, stride=stride), conv_norm(outputs, outputs)
        self.upsample = Upsample(upscale)
        plain = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if plain else conv_norm(inputs, outputs, kernel=1, stride=stride)

    def forward(self, features: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, H / stride * upscale, ...]``."""
        changed: Tensor = self.second(self.upsample(self.first(features).relu()))
        total: Tensor = changed + self.upsample(self.shortcut(features))
        return total.relu()


class ResNet(Backbone):
    """Stages of two basic blocks after a 3 x 3 stem, and the same in reverse."""

    family = "ResNet"

    def __init__(self, width: float, variant: Variant) -> None:
        super().__init__()
        stages = [(scaled(channels, width), stride) for channels, stride in _STAGES[variant]]
        stem = stages[0][0]
        encoder: list[nn.Module] = [conv_norm(3, stem), nn.ReLU()]
        decoder: list[nn.Module] = [nn.Conv2d(stem, 3, 3, padding=1)]
        previous = stem
        for channels, stride in stages:
            encoder += [BasicBlock(previous, channels, stride), BasicBlock(channels, channels)]
            decoder += [BasicBlock(channels, previous, upscale=stride), BasicBlock(channels, channels)]
            previous = channels
        self.features = previous
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*reversed(decoder))
