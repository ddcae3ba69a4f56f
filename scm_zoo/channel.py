"""The wireless channel as a layer without weights: y = h x + n and its equalisation."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Fading = Literal["awgn", "rayleigh"]
FADINGS: tuple[Fading, ...] = ("awgn", "rayleigh")


def unit_power(symbols: Tensor) -> Tensor:
    """Scale the symbols of each image, ``[B, b]``, to an average power ``|x|^2`` of 1."""
    return symbols / (symbols.abs().square().mean(1, keepdim=True) + 1e-12).sqrt()


def transmit(
    symbols: Tensor, snr_db: Tensor, fading: Fading, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Send symbols over the channel and equalise them with perfect channel knowledge.

    y = h x + n with E|h|^2 = 1 and E|n|^2 = 10^(-SNR/10) for each complex symbol; h is one value for each
    image (block fading), 1 under ``awgn``. The linear MMSE estimate of x is h* y / (|h|^2 + E|n|^2): fading is
    therefore AWGN at the SNR ``|h|^2 / E|n|^2``.

    Args:
        symbols: Complex x of unit average power, shape ``[B, b]``.
        snr_db: Average signal-to-noise ratio of each image, dB, shape ``[B]``.
        fading: ``awgn`` or ``rayleigh``.
        generator: Source of the noise and the fading.

    Returns:
        The estimate of x, shape ``[B, b]``, and the ratio E|n|^2 / |h|^2 that the receiver knows, ``[B, 1]``.
    """
    noise_power = 10.0 ** (-snr_db.unsqueeze(1) / 10.0)
    noise = _unit_complex(symbols.shape, generator, symbols.device) * noise_power.sqrt()
    gain = torch.ones((len(symbols), 1), dtype=symbols.dtype, device=symbols.device)
    if fading == "rayleigh":
        gain = _unit_complex((len(symbols), 1), generator, symbols.device)
    strength = gain.abs().square()
    estimate = gain.conj() * (gain * symbols + noise) / (strength + noise_power)
    return estimate, noise_power / strength


def _unit_complex(shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Circular complex normal numbers with unit mean power."""
    return torch.randn(shape, dtype=torch.complex64, generator=generator, device=device)
