"""The linear codec: a Karhunen-Loeve transform of 8 x 8 blocks with optimal power, in closed form."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .architectures.base import GRID

BLOCK = 8
"""Side of a transformed block, in pixels."""

_FOLD = 2
"""Side of a block on the latent grid: 8 x 8 pixels lie under 2 x 2 latent positions."""

_VALUES = 3 * BLOCK * BLOCK


class LinearTransform(nn.Module):
    """Blocks of 8 x 8 pixels to ``4 C`` coefficients and back, laid out as the ``C x 8 x 8`` latent.

    :meth:`fit` sets it to the transform that is best in mean squared error: the leading eigenvectors of the
    blocks' covariance (Karhunen-Loeve), each with the power that Lee and Petersen (IEEE Trans. Commun. 1976)
    give it for a noisy channel.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.analyse = nn.Conv2d(3, _FOLD**2 * latent, BLOCK, stride=BLOCK)
        self.synthesise = nn.ConvTranspose2d(_FOLD**2 * latent, 3, BLOCK, stride=BLOCK)

    def forward(self, centred: Tensor) -> Tensor:
        """Images around zero ``[B, 3, 32, 32]`` to latents ``[B, C, 8, 8]``, in full precision."""
        with torch.autocast(centred.device.type, enabled=False):
            return F.pixel_shuffle(self.analyse(centred.float()), _FOLD)

    def inverse(self, latent: Tensor) -> Tensor:
        """Latents ``[B, C, 8, 8]`` to images around zero ``[B, 3, 32, 32]``, in full precision."""
        with torch.autocast(latent.device.type, enabled=False):
            image: Tensor = self.synthesise(F.pixel_unshuffle(latent.float(), _FOLD))
            return image

    @torch.no_grad()
    def fit(self, centred: Tensor, snr_db: float) -> Tensor:
        """Set both directions in closed form.

        Args:
            centred: Images around zero, ``[N, 3, 32, 32]``.
            snr_db: The signal-to-noise ratio for which power is allocated, dB.

        Returns:
            The variance of each latent under the images, ``[C, 2, 2]``; its mean is 1.
        """
        kept = self.analyse.out_channels
        blocks = F.unfold(centred, BLOCK, stride=BLOCK).transpose(1, 2).reshape(-1, _VALUES).double()
        mean = blocks.mean(0)
        eigenvalues, vectors = torch.linalg.eigh(torch.cov(blocks.T))
        eigenvalues, vectors = eigenvalues.flip(0)[:kept].clamp(min=1e-12), vectors.flip(1)[:, :kept]
        power = best_power(eigenvalues, 10.0 ** (-snr_db / 10.0))
        gain = (power / eigenvalues).sqrt()
        rows = ((vectors * gain).T, (vectors / gain).T)
        self.analyse.weight.copy_(rows[0].reshape(kept, 3, BLOCK, BLOCK))
        self.analyse.bias.copy_(-(rows[0] @ mean))  # type: ignore[union-attr]
        self.synthesise.weight.copy_(rows[1].reshape(kept, 3, BLOCK, BLOCK))
        # One bias a colour: the mean block is flat to within a hundredth.
        self.synthesise.bias.copy_(mean.reshape(3, -1).mean(1))  # type: ignore[union-attr]
        return power.reshape(-1, _FOLD, _FOLD).float()


def best_power(variances: Tensor, noise: float) -> Tensor:
    """Power of each coefficient, mean 1, for the least squared error behind linear MMSE reception.

    Minimises sum of ``v noise / (p + noise)``: ``p = max(0, m sqrt(v noise) - noise)``, with m found by bisection.

    Args:
        variances: Variances v, descending, shape ``[K]``.
        noise: Noise power beside unit average signal power.

    Returns:
        Powers, shape ``[K]``; never quite zero, so that the transform stays invertible.
    """
    root = (variances * noise).sqrt()
    low, high = torch.zeros((), dtype=root.dtype), (1.0 + noise) * len(root) / root.max()
    for _ in range(100):
        level = (low + high) / 2
        too_much = (level * root - noise).clamp(min=0.0).mean() > 1.0
        low, high = (low, level) if too_much else (level, high)
    power = (low * root - noise).clamp(min=1e-3)
    return power / power.mean()


def spread(per_block: Tensor) -> Tensor:
    """A value for each latent of one block, ``[C, 2, 2]``, repeated over the grid: ``[C, 8, 8]``."""
    return per_block.repeat(1, GRID // _FOLD, GRID // _FOLD)
