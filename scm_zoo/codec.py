"""A semantic codec: encoder, variational head, channel, decoder (the paper's Fig. 2, equations (1) and (2))."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .architectures import FAMILIES, Variant
from .architectures.base import GRID
from .channel import Fading, transmit
from .linear import LinearTransform
from .link import LatentLink
from .loss import distortion, kl

LINEAR = "linear-klt"
"""The family without a network: the linear transform alone, and the floor that a learned model has to beat."""

_PILOTS = tuple(2.0 + 0.5 * step for step in range(21))
"""Amplitudes among which the pilot is chosen where nothing learns it."""

_LOG_VARIANCE_RANGE = (-12.0, 4.0)
"""Limits of the head's log-variance: its exponential stays finite whatever a first step does."""


@dataclass(frozen=True)
class Design:
    """What a codec is before it is trained.

    Attributes:
        family: A key of ``FAMILIES``, or ``linear-klt``.
        width: Multiplier of every number of channels.
        variant: ``lite`` or ``full``.
        latent: Channels C of the 8 x 8 latent: ``b = 32 C`` complex symbols.
        linear_skip: Whether the linear transform runs beside the network, and is its starting point.
    """

    family: str
    width: float
    variant: Variant
    latent: int
    linear_skip: bool

    def __post_init__(self) -> None:
        if self.family not in (*FAMILIES, LINEAR):
            raise ValueError(f"family is {self.family!r}; use one of {', '.join((*FAMILIES, LINEAR))}")
        if self.family == LINEAR and not self.linear_skip:
            raise ValueError(f"linear_skip is False, but {LINEAR} has nothing else")

    @property
    def symbols(self) -> int:
        """Complex symbols b for each image."""
        return GRID * GRID * self.latent // 2


class SemanticCodec(nn.Module):
    """One SCM: images to channel symbols and back."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        latent = design.latent
        self.link = LatentLink(latent)
        self.linear = LinearTransform(latent) if design.linear_skip else None
        self.backbone = (
            None if design.family == LINEAR else FAMILIES[design.family](design.width, design.variant)
        )
        if self.backbone is not None:
            self.to_latent = nn.Conv2d(self.backbone.features, 2 * latent, 1)
            self.from_latent = nn.Conv2d(latent + 1, self.backbone.features, 1)

    @torch.no_grad()
    def initialise(self, images: Tensor, snr_db: float = 10.0) -> None:
        """Start from the best linear transform of some images ``[N, 3, 32, 32]`` in [0, 1], if it has the skip.

        The network's share of latent and image starts near nothing, so that training begins at the floor.
        """
        if self.linear is not None:
            self.link.log_variance.copy_(self.linear.fit(images - 0.5, snr_db).log())
        if self.backbone is None:
            self._choose_pilot(images[:500], snr_db)
        else:
            latent = self.design.latent
            assert self.to_latent.bias is not None
            # A head almost without noise: the first steps learn to copy, not to average.
            self.to_latent.weight[latent:] *= 0.1
            self.to_latent.bias[latent:] = -5.0
            if self.linear is not None:
                self.to_latent.weight[:latent] *= 0.02
                self.to_latent.bias[:latent] = 0.0
                last = [layer for layer in self.backbone.decoder.modules() if isinstance(layer, nn.Conv2d)][
                    -1
                ]
                for parameter in last.parameters():
                    parameter.zero_()

    def _choose_pilot(self, images: Tensor, snr_db: float) -> None:
        """Set the pilot, which is learned elsewhere, to the best in squared error of some amplitudes."""
        snr = torch.full((len(images),), snr_db)

        def error(amplitude: float) -> float:
            self.link.pilot.fill_(amplitude)
            decoded = self(images, snr, "awgn", torch.Generator().manual_seed(0))
            return float((images - decoded).square().mean())

        self.link.pilot.fill_(min(_PILOTS, key=error))

    def head(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latent of images in [0, 1], each ``[B, C, 8, 8]``."""
        centred = images - 0.5
        if self.backbone is None:
            assert self.linear is not None
            mean = self.linear(centred)
            return mean, torch.full_like(mean, _LOG_VARIANCE_RANGE[0])
        mean, log_variance = self.to_latent(self.backbone.encoder(centred)).float().chunk(2, 1)
        if self.linear is not None:
            mean = mean + self.linear(centred)
        return mean, log_variance.clamp(*_LOG_VARIANCE_RANGE)

    def encode(self, images: Tensor) -> Tensor:
        """Equation (1): images ``[B, 3, 32, 32]`` in [0, 1] to complex symbols ``[B, b]`` of unit average power."""
        return self.link.send(self.head(images)[0])

    def decode(self, estimate: Tensor, noise_ratio: Tensor) -> Tensor:
        """Equation (2): equalised symbols and their noise, as ``transmit`` returns them, to images in [0, 1]."""
        return self._reconstruct(estimate, noise_ratio).clamp(0.0, 1.0)

    def _reconstruct(self, estimate: Tensor, noise_ratio: Tensor) -> Tensor:
        latent, log_noise = self.link.receive(estimate, noise_ratio)
        if self.backbone is None:
            assert self.linear is not None
            return self.linear.inverse(latent) + 0.5
        # The network is told the noise as one more channel, in units that keep it small.
        known = torch.cat([latent, (log_noise / 4.0).expand(-1, 1, GRID, GRID)], 1)
        image: Tensor = self.backbone.decoder(self.from_latent(known)).float()
        return image.sigmoid() if self.linear is None else image + self.linear.inverse(latent) + 0.5

    def forward(self, images: Tensor, snr_db: Tensor, fading: Fading, generator: torch.Generator) -> Tensor:
        """Send images over the channel: ``[B, 3, 32, 32]`` to reconstructions of the same shape."""
        return self.decode(*transmit(self.encode(images), snr_db, fading, generator))

    def training_loss(
        self,
        images: Tensor,
        snr_db: Tensor,
        fading: Fading,
        generator: torch.Generator,
        alpha: float,
        beta: float,
    ) -> tuple[Tensor, Tensor]:
        """Equation (11) and the mean squared error (8), both averaged over the batch.

        The latent is drawn around its mean, as a variational autoencoder trains, and the image is not clamped,
        so that gradients flow from everywhere.
        """
        mean, log_variance = self.head(images)
        drawn = torch.randn(mean.shape, generator=generator, device=mean.device)
        latent = mean + (0.5 * log_variance).exp() * drawn
        decoded = self._reconstruct(*transmit(self.link.send(latent), snr_db, fading, generator))
        divergence = kl(mean, log_variance, values=images[0].numel(), beta=beta)
        loss = (distortion(images, decoded, alpha) + divergence).mean()
        return loss, (images - decoded.detach().clamp(0.0, 1.0)).square().mean()
