"""Between a latent and the channel: unit power with a pilot, and its undoing at the receiver."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .architectures.base import GRID
from .channel import unit_power
from .linear import spread

_FIRST_PILOT = 3.2
"""Amplitude of the pilot beside latents of unit variance before training: about 1 % of the power at C = 16."""

_LEAST_PILOT = 0.2
"""Least amplitude that a received pilot is taken for; noise can hide it, and it divides."""


class LatentLink(nn.Module):
    """Latents to symbols and back.

    Unit power for each image hides how strong its latent was, that is its contrast, from the receiver. The last
    of the b symbols is therefore a pilot of learned amplitude; received, it restores the scale. Each latent is
    then weighed by its own Wiener gain ``v / (v + noise)``.

    Attributes:
        pilot: Amplitude of the pilot beside the latent.
        log_variance: Logarithm of each latent's variance v, ``[C, 2, 2]``.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.latent = latent
        self.pilot = nn.Parameter(torch.tensor(_FIRST_PILOT))
        self.log_variance = nn.Parameter(torch.zeros(latent, 2, 2))

    def send(self, latent: Tensor) -> Tensor:
        """Latents ``[B, C, 8, 8]`` to complex symbols ``[B, 32 C]``; the pilot takes the place of the last two."""
        symbols = torch.view_as_complex(latent.float().reshape(len(latent), -1, 2).contiguous())
        pilot = self.pilot.expand(len(symbols), 1).to(symbols.dtype)
        return unit_power(torch.cat([symbols[:, :-1], pilot], 1))

    def receive(self, estimate: Tensor, noise_ratio: Tensor) -> tuple[Tensor, Tensor]:
        """Undo :meth:`send`.

        Args:
            estimate: MMSE estimates of the symbols, ``[B, 32 C]``.
            noise_ratio: Noise over signal power of each image, known to the receiver, ``[B, 1]``.

        Returns:
            Latents ``[B, C, 8, 8]``, and the logarithm of the noise in them before the Wiener gain, ``[B, 1, 1, 1]``.
        """
        unbiased = estimate * (1.0 + noise_ratio)
        pilot = unbiased[:, -1:].real.clamp(min=_LEAST_PILOT)
        noise = noise_ratio / 2  # for each real number of a complex symbol
        scale = self.pilot * pilot / (pilot.square() + noise)
        symbols = torch.cat([unbiased[:, :-1], torch.zeros_like(unbiased[:, -1:])], 1) * scale
        latent = torch.view_as_real(symbols).reshape(-1, self.latent, GRID, GRID)
        noise = (scale.square() * noise).reshape(-1, 1, 1, 1)
        variance = spread(self.log_variance.exp())
        return latent * variance / (variance + noise), noise.clamp(min=math.exp(-12)).log()
