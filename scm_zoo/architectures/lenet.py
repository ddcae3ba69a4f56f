"""LeNet: two 5 x 5 convolutions with pooling (LeCun, Bottou, Bengio, Haffner, Proc. IEEE 1998)."""

from __future__ import annotations

from torch import nn

from .base import Backbone, Upsample, Variant, scaled


class LeNet(Backbone):
    """The convolutions of LeNet-5; the latent takes the place of its dense layers. ``lite`` and ``full`` agree."""

    family = "LeNet"

    def __init__(self, width: float, variant: Variant) -> None:
        super().__init__()
        first, second = scaled(6, width), scaled(16, width)
        self.features = second
        self.encoder = nn.Sequential(
            nn.Conv2d(3, first, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
            nn.Conv2d(first, second, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.ReLU(), Upsample(2), nn.Conv2d(second, first, 5, padding=2),
            nn.ReLU(), Upsample(2), nn.Conv2d(first, 3, 5, padding=2),
        )  # fmt: skip
