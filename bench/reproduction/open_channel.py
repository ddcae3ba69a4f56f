"""What the paper leaves open about the rate (3) and its channel, numbered as in ``docs/problem.md``."""

from __future__ import annotations

import numpy as np

from .decisions import Alternative, Decision
from .open_problem import SIZES, for_all

_EQUAL_BAND = 30e6 / 12
"""Hz of each of 12 users; a payload in bit over it is one in bit/Hz with the same deadline."""

_SPREAD = 0.2 / float(np.sqrt(2.0 - np.pi / 2.0))
"""Scale of the Rayleigh amplitude whose standard deviation is 0.2."""

_UNIT_POWER = float(np.sqrt(0.5))

_RATE = Decision(
    1,
    "(3) has no factor B",
    {"main": "Shannon rate, with the factor", "literal": "as printed, at least 180 kHz a user"},
    {
        "main": (
            Alternative(
                "rate-spectral",
                "as printed, at least 180 kHz a user, the same payloads over the equal band",
                {
                    "rate": "spectral",
                    "reward.rate_unit": "bit/s/Hz",
                    "limits.min_bandwidth_hz": 180e3,
                    "limits.feasible_only": None,
                    "models.payload": {name: bits / _EQUAL_BAND for name, bits in SIZES.items()},
                },
            ),
        ),
        "literal": (
            Alternative(
                "rate-shannon",
                "Shannon rate, the same payload times the equal band",
                {
                    "rate": "shannon",
                    "reward.rate_unit": "Mbit/s",
                    "limits.min_bandwidth_hz": 0.0,
                    "models.payload": for_all(552.0 * _EQUAL_BAND),
                },
            ),
            Alternative(
                "band-15-khz", "as printed, at least 15 kHz a user", {"limits.min_bandwidth_hz": 15e3}
            ),
            Alternative("band-1-hz", "as printed, at least 1 Hz a user", {"limits.min_bandwidth_hz": 1.0}),
            Alternative("band-none", "as printed, no least bandwidth", {"limits.min_bandwidth_hz": 0.0}),
        ),
    },
)


_NOISE = Decision(
    2,
    "N0 is called noise power and multiplied by B",
    dict.fromkeys(("main", "literal"), "a density, -174 dBm/Hz"),
    {
        "main": (
            Alternative(
                "noise-167",
                "-167 dBm/Hz, a receiver with a noise figure of 7 dB",
                {"channel.noise_psd_dbm_per_hz": -167.0},
            ),
            Alternative(
                "noise-134",
                "-134 dBm/Hz, infeasible instances kept",
                {"channel.noise_psd_dbm_per_hz": -134.0, "limits.feasible_only": None},
            ),
        ),
        "literal": tuple(
            Alternative(f"noise{level}", f"{level} dBm/Hz", {"channel.noise_psd_dbm_per_hz": float(level)})
            for level in (-154, -134, -94)
        ),
    },
)


_CHANNEL = Decision(
    16,
    '"Rayleigh with standard deviation 0.2", no path loss',
    {
        "main": "urban macro path loss, |h|^2 of unit mean",
        "literal": "|h| of scale 0.2, no path loss",
    },
    {
        "main": (
            Alternative("gain-amplitude", "|h| instead of |h|^2", {"channel.gain_is": "amplitude"}),
            Alternative(
                "gain-scale",
                "scale 0.2, infeasible instances kept",
                {"channel.rayleigh_scale": 0.2, "limits.feasible_only": None},
            ),
            Alternative(
                "gain-no-path-loss",
                "scale 0.2 and no path loss",
                {
                    "channel.path_loss": "none",
                    "channel.min_distance_m": None,
                    "channel.radius_m": None,
                    "channel.rayleigh_scale": 0.2,
                },
            ),
        ),
        "literal": (
            Alternative("gain-power", "|h|^2", {"channel.gain_is": "power"}),
            Alternative("gain-deviation", "standard deviation 0.2", {"channel.rayleigh_scale": _SPREAD}),
            Alternative(
                "gain-unit",
                "|h|^2 of unit mean",
                {"channel.gain_is": "power", "channel.rayleigh_scale": _UNIT_POWER},
            ),
            Alternative(
                "gain-path-loss",
                "|h|^2 of unit mean, and urban macro path loss",
                {
                    "channel.path_loss": "3gpp-urban-macro",
                    "channel.min_distance_m": 35.0,
                    "channel.radius_m": 250.0,
                    "channel.gain_is": "power",
                    "channel.rayleigh_scale": _UNIT_POWER,
                },
            ),
        ),
    },
)

DECISIONS = (_RATE, _NOISE, _CHANNEL)
