"""DPN-26: dual path network with two blocks a stage (Chen et al., NeurIPS 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .base import Backbone, Upsample, Variant, conv_norm, scaled

_STAGES = {
    "lite": ((96, 256, 16, 2), (192, 512, 32, 2), (384, 1024, 24, 1)),
    "full": ((96, 256, 16, 1), (192, 512, 32, 2), (384, 1024, 24, 2), (768, 2048, 128, 1)),
}
"""Channels at width 1 of the bottleneck, the residual path and the growth of the dense path; stride."""

_STEM, _GROUPS = 64, 32


class DualPathBlock(nn.Module):
    """A bottleneck whose output is added to the residual path and appended to the dense path."""

    def __init__(
        self, inputs: int, bottleneck: int, residual: int, growth: int, groups: int,
        *, first: bool, stride: int = 1, upscale: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.residual = residual
        self.reduce = conv_norm(inputs, bottleneck, kernel=1)
        self.upsample = Upsample(upscale)
        self.grouped = conv_norm(bottleneck, bottleneck, stride=stride, groups=groups)
        self.expand = conv_norm(bottleneck, residual + growth, kernel=1)
        self.shortcut = (
            conv_norm(inputs, residual + growth, kernel=1, stride=stride) if first else nn.Identity()
        )
        self.outputs = residual + growth + (growth if first else inputs - residual)

    def forward(self, features: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, H / stride * upscale, ...]``."""
        changed = self.upsample(self.reduce(features).relu())
        changed = self.expand(self.grouped(changed).relu())
        kept, size = self.upsample(self.shortcut(features)), self.residual
        return torch.cat([kept[:, :size] + changed[:, :size], kept[:, size:], changed[:, size:]], 1).relu()


class DPN(Backbone):
    """Stages of two dual path blocks after a 3 x 3 stem, and the same in reverse."""

    family = "DPN-26"

    def __init__(self, width: float, variant: Variant) -> None:
        super().__init__()
        stem, groups = scaled(_STEM, width), scaled(_GROUPS, width)
        stages = []
        for bottleneck, residual, growth, stride in _STAGES[variant]:
            # A grouped convolution needs a multiple of its groups.
            inner = groups * max(1, round(bottleneck * width / groups))
            stages.append((inner, scaled(residual, width), scaled(growth, width), stride))
        encoder: list[nn.Module] = [conv_norm(3, stem), nn.ReLU()]
        channels = stem
        for inner, residual, growth, stride in stages:
            for first, step in ((True, stride), (False, 1)):
                block = DualPathBlock(channels, inner, residual, growth, groups, first=first, stride=step)
                encoder.append(block)
                channels = block.outputs
        self.features = channels
        decoder: list[nn.Module] = []
        for inner, residual, growth, stride in reversed(stages):
            for first, step in ((True, 1), (False, stride)):
                block = DualPathBlock(channels, inner, residual, growth, groups, first=first, upscale=step)
                decoder.append(block)
                channels = block.outputs
        decoder.append(nn.Conv2d(channels, 3, 3, padding=1))
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder)
