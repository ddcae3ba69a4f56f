"""The radio channel: where users stand, what distance costs, and how it fades."""

from __future__ import annotations

import numpy as np

from .rde import FloatArray


def urban_macro_path_loss(distance_m: FloatArray) -> FloatArray:
    """Path loss of the 3GPP urban macro cell at 2 GHz: 128.1 + 37.6 log10(d / km) dB (TR 36.942, 4.5.2).

    Args:
        distance_m: Distance to the base station, m, any shape.

    Returns:
        Path loss, dB.
    """
    return 128.1 + 37.6 * np.log10(np.asarray(distance_m, float) / 1000.0)


def uniform_in_cell(
    rng: np.random.Generator, users: int, min_distance_m: float, radius_m: float
) -> FloatArray:
    """Distances of users placed uniformly over the area between two radii, m, shape ``[users]``."""
    return np.sqrt(rng.uniform(min_distance_m**2, radius_m**2, users))


def rayleigh_amplitude(rng: np.random.Generator, users: int, scale: float) -> FloatArray:
    """Amplitudes |h| of a Rayleigh-faded channel, shape ``[users]``.

    Args:
        rng: Source of randomness.
        users: M.
        scale: Scale sigma of the Rayleigh distribution; E|h|^2 = 2 sigma^2, so that 1/sqrt(2) has unit mean power.

    Returns:
        |h|, one per user.
    """
    return rng.rayleigh(scale, users)
