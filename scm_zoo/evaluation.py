"""What a codec does: figures over the SNR on a set of images, and its distortion curve."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .card import KNOTS_DB, REPORTED_DB, Curve, Evaluation
from .channel import transmit
from .codec import SemanticCodec
from .loss import ALPHA, BETA, kl, mse, ssim

SNR_DB = tuple(sorted({*KNOTS_DB, *REPORTED_DB}))
"""SNRs of every evaluation on a card, dB."""

DRAWS = 5
"""Draws of the noise for each image."""

_BATCH = 100
"""Part of the definition: the noise of image i belongs to its batch, so that fewer images get the same noise."""

_LEAST_MSE = 1e-10
"""PSNR of an image is at most 100 dB."""


@dataclass(frozen=True)
class Samples:
    """Figures of each image under each draw of the noise.

    Attributes:
        snr_db: SNRs, length ``S``.
        mse: Equation (8), shape ``[S, draws, images]``, float64.
        ssim: Equation (10), same shape.
        kl: Equation (9), shape ``[images]``; it does not depend on the channel.
        alpha: Weight of the MSE in (11).
        seed: Of the noise.
    """

    snr_db: tuple[float, ...]
    mse: np.ndarray
    ssim: np.ndarray
    kl: np.ndarray
    alpha: float
    seed: int

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """The figures by their names on a card, each ``[S, draws, images]``."""
        distortion = self.alpha * self.mse + (1.0 - self.alpha) * (1.0 - self.ssim)
        psnr = -10.0 * np.log10(self.mse.clip(_LEAST_MSE))
        loss = distortion + self.kl
        return {"distortion": distortion, "loss": loss, "mse": self.mse, "psnr": psnr, "ssim": self.ssim}

    def summary(self, dataset: str) -> Evaluation:
        """The means, and their standard errors over images."""
        columns = self.columns
        _, draws, images = self.mse.shape
        return Evaluation(
            dataset=dataset, images=images, channel_draws=draws, seed=self.seed, snr_db=list(self.snr_db),
            **{name: _rounded(values.mean((1, 2))) for name, values in columns.items()},
            standard_error=_over_images(columns["distortion"]),
            sem=_over_images(columns["psnr"]),
        )  # fmt: skip


@torch.no_grad()
def sample(
    codec: SemanticCodec, images: Tensor, *, draws: int = DRAWS, seed: int = 0,
    snr_db: Sequence[float] = SNR_DB, alpha: float = ALPHA, beta: float = BETA,
    on_batch: Callable[[], None] | None = None,
) -> Samples:  # fmt: skip
    """Send every image over AWGN, at every SNR, several times; float32, in the state it has after training.

    The mean of the latent is sent, as in use, and the decoded image is clamped to [0, 1]. The same unit noise is
    scaled to every SNR, and is drawn on the CPU whatever device the codec is on.

    Args:
        codec: The codec; it is left in evaluation mode.
        images: ``uint8 [N, 3, 32, 32]``.
        draws: Draws of the noise for each image.
        seed: Of the noise. The noise of image i and draw j depends on nothing else.
        snr_db: SNRs, dB.
        alpha: Weight of the MSE in (11).
        beta: Weight of the KL divergence in (9).
        on_batch: Called after each of the ``ceil(N / 100)`` batches.
    """
    codec.eval()
    device = codec.link.pilot.device
    errors = np.empty((len(snr_db), draws, len(images)))
    similarities, divergences = np.empty_like(errors), np.empty(len(images))
    with _exact(device):
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH].to(device).float() / 255.0
            here = slice(start, start + len(batch))
            mean, log_variance = codec.head(batch)
            divergences[here] = kl(mean, log_variance, values=batch[0].numel(), beta=beta).cpu().numpy()
            symbols = codec.link.send(mean).cpu()
            for draw in range(draws):
                for number, snr in enumerate(snr_db):
                    noise = _generator(seed, draw, start)
                    received = transmit(symbols, torch.full((len(batch),), float(snr)), "awgn", noise)
                    decoded = codec.decode(*(part.to(device) for part in received))
                    errors[number, draw, here] = mse(batch, decoded).cpu().numpy()
                    similarities[number, draw, here] = ssim(batch, decoded).cpu().numpy()
            if on_batch is not None:
                on_batch()
    return Samples(tuple(map(float, snr_db)), errors, similarities, divergences, alpha, seed)


def evaluate(
    codec: SemanticCodec, images: Tensor, dataset: str, *, draws: int = DRAWS, seed: int = 0,
    snr_db: Sequence[float] = SNR_DB, alpha: float = ALPHA, beta: float = BETA,
) -> Evaluation:  # fmt: skip
    """The figures of a card: :func:`sample`, averaged over images and draws.

    Args:
        codec: The codec; it is left in evaluation mode.
        images: ``uint8 [N, 3, 32, 32]``.
        dataset: Name of the images, for the card.
        draws: Draws of the noise for each image.
        seed: Of the noise.
        snr_db: SNRs, dB.
        alpha: Weight of the MSE in (11).
        beta: Weight of the KL divergence in (9).
    """
    samples = sample(codec, images, draws=draws, seed=seed, snr_db=snr_db, alpha=alpha, beta=beta)
    return samples.summary(dataset)


def curve(evaluation: Evaluation) -> Curve:
    """The distortion curve of an evaluation: its values at the nine knots, made to fall by isotonic regression."""
    from scipy.optimize import isotonic_regression

    measured = [evaluation.at("distortion", knot) for knot in KNOTS_DB]
    falling = isotonic_regression(measured, increasing=False).x
    return Curve(dataset=evaluation.dataset, snr_db=list(KNOTS_DB), distortion=falling.tolist())


def interpolate(distortion: Curve, snr_db: np.ndarray | float) -> np.ndarray:
    """Distortion at any SNR between the knots: log D over dB by PCHIP, which keeps it falling.

    Args:
        distortion: The curve of a card.
        snr_db: SNRs, dB, any shape; beyond the knots the value of the nearest one is taken.

    Returns:
        Distortion (11) without KL, same shape.
    """
    from scipy.interpolate import PchipInterpolator

    known = np.asarray(distortion.snr_db)
    fitted = PchipInterpolator(known, np.log(distortion.distortion))
    return np.asarray(np.exp(fitted(np.clip(snr_db, known[0], known[-1]))))


def _rounded(values: np.ndarray) -> list[float]:
    """Six significant digits, so that a card does not change with the order of a sum."""
    return [float(f"{value:.6g}") for value in values]


def _over_images(values: np.ndarray) -> list[float]:
    """Standard error of the mean over images: draws on one image are not independent, so they are averaged first."""
    if values.shape[2] < 2:
        return [0.0] * len(values)
    each = values.mean(1)
    return _rounded(each.std(1, ddof=1) / each.shape[1] ** 0.5)


def _generator(seed: int, draw: int, start: int) -> torch.Generator:
    """The random stream of a seed, a draw and a batch."""
    digest = hashlib.sha256(f"{seed}/noise/{draw}/{start}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


def _exact(device: torch.device) -> AbstractContextManager[object]:
    """On a GPU, full float32 in place of TF32, so that figures agree with those of a CPU."""
    if device.type != "cuda":
        return nullcontext()
    flags: AbstractContextManager[object] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return flags
