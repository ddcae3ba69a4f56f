"""The training loss: MSE (8), KL divergence (9), SSIM (10) and their sum (11)."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

ALPHA, BETA = 0.8, 1e-4
"""Weight of the MSE in (11) as in the paper, Section IV; weight of the KL divergence in (9), which it leaves open."""

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def mse(image: Tensor, decoded: Tensor) -> Tensor:
    """Equation (8) for each image: mean squared error over its 3 x 32 x 32 values, shape ``[B]``."""
    return (image - decoded).square().flatten(1).mean(1)


def kl(mean: Tensor, log_variance: Tensor, values: int, beta: float = BETA) -> Tensor:
    """Equation (9) for each image: the divergence of the latent from a standard normal, over the N image values."""
    summed = (1.0 + log_variance - mean.square() - log_variance.exp()).flatten(1).sum(1)
    return -0.5 * beta * summed / values


def ssim(image: Tensor, decoded: Tensor) -> Tensor:
    """Equation (10) for each image, in its standard form: 11 x 11 Gaussian windows inside the image.

    The printed denominator multiplies where Wang et al. (2004) add; this is theirs, for values in [0, 1],
    averaged over windows and colours.

    Args:
        image: Originals, shape ``[B, 3, H, W]``.
        decoded: Reconstructions, same shape.

    Returns:
        SSIM, shape ``[B]``.
    """
    count = image.shape[1]
    maps = torch.cat([image, decoded, image * image, decoded * decoded, image * decoded], dim=1)
    window = _gaussian(maps.device).to(maps.dtype).expand(5 * count, 1, _WINDOW)
    # Variances are differences of nearly equal numbers: bfloat16 would leave nothing of them.
    with torch.autocast(maps.device.type, enabled=False):
        smooth = F.conv2d(maps, window.unsqueeze(3), groups=5 * count)
        smooth = F.conv2d(smooth, window.unsqueeze(2), groups=5 * count)
    mean, mean_decoded, square, square_decoded, product = smooth.chunk(5, dim=1)
    variance, variance_decoded = square - mean**2, square_decoded - mean_decoded**2
    covariance = product - mean * mean_decoded
    luminance = (2 * mean * mean_decoded + _C1) / (mean**2 + mean_decoded**2 + _C1)
    structure = (2 * covariance + _C2) / (variance + variance_decoded + _C2)
    similarity: Tensor = (luminance * structure).flatten(1).mean(1)
    return similarity


def distortion(image: Tensor, decoded: Tensor, alpha: float = ALPHA) -> Tensor:
    """Equation (11) without its KL term for each image: what a receiver sees of a codec, shape ``[B]``."""
    return alpha * mse(image, decoded) + (1.0 - alpha) * (1.0 - ssim(image, decoded))


@cache
def _gaussian(device: torch.device) -> Tensor:
    offsets = torch.arange(_WINDOW, device=device) - _WINDOW // 2
    weights: Tensor = torch.exp(-offsets.square() / (2 * _SIGMA**2))
    return weights / weights.sum()
