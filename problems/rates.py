"""The only rate formulas: equation (3), in its physical and its printed reading."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

RATES = ("shannon", "spectral")


def spectral(
    power: ArrayLike, bandwidth: ArrayLike, gain: ArrayLike, noise_psd: ArrayLike
) -> NDArray[np.float64]:
    """Equation (3) as printed: r = log2(1 + p g / (B N0)).

    Args:
        power: Transmit power p, W, any shape.
        bandwidth: Bandwidth B, Hz, broadcastable.
        gain: Channel power gain g, broadcastable.
        noise_psd: Noise power spectral density N0, W/Hz, broadcastable.

    Returns:
        Rate in bit/s/Hz; 0 where B = 0, where (3) has no value.
    """
    power, bandwidth, gain = np.broadcast_arrays(*(np.asarray(a, float) for a in (power, bandwidth, gain)))
    noise_psd = np.asarray(noise_psd, float)
    snr = np.zeros(power.shape)
    np.divide(power * gain, bandwidth * noise_psd, out=snr, where=bandwidth * noise_psd > 0)
    return np.asarray(np.log1p(np.maximum(snr, 0.0)) / np.log(2.0))


def shannon(
    power: ArrayLike, bandwidth: ArrayLike, gain: ArrayLike, noise_psd: ArrayLike
) -> NDArray[np.float64]:
    """Equation (3) with the bandwidth factor that makes it a rate: r = B log2(1 + p g / (B N0)).

    Jointly concave in (p, B) and homogeneous of degree one; 0 at B = 0, its limit there.

    Args:
        power: Transmit power p, W, any shape.
        bandwidth: Bandwidth B, Hz, broadcastable.
        gain: Channel power gain g, broadcastable.
        noise_psd: Noise power spectral density N0, W/Hz, broadcastable.

    Returns:
        Rate in bit/s.
    """
    share = np.maximum(np.asarray(bandwidth, float), 0.0)
    return np.asarray(share * spectral(power, bandwidth, gain, noise_psd))


def transmission_rate(
    kind: str, power: ArrayLike, bandwidth: ArrayLike, gain: ArrayLike, noise_psd: ArrayLike
) -> NDArray[np.float64]:
    """Equation (3) under the reading ``kind``: ``shannon`` (bit/s) or ``spectral`` (bit/s/Hz)."""
    return (shannon if kind == "shannon" else spectral)(power, bandwidth, gain, noise_psd)
