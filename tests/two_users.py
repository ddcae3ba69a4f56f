"""A problem with two users and two models whose every number can be worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from rdebench.problems import Allocation, RDEProblem


def two_users(**changes: Any) -> RDEProblem:
    """The problem, with some fields changed."""
    fields: dict[str, Any] = {
        "rate": "shannon",
        "scm_names": ("small", "large"),
        "scm_power": [[1.0, 2.0], [0.5, 1.5]],
        "scm_latency": [[1.0, 2.0], [3.0, 4.0]],
        "distortion": [[0.5, 0.125], [0.75, 0.25]],
        "payload": [[8.0, 4.0], [6.0, 12.0]],
        "gain": [1.0, 2.0],
        "max_latency": [10.0, 10.0],
        "power_budget": 16.0,
        "bandwidth_budget": 4.0,
        "min_bandwidth": 0.5,
        "noise_psd": 1.0,
        "distortion_weight": 2.0,
        "epsilon": 0.5,
    }
    return RDEProblem(**(fields | changes))


def by_hand(**changes: Any) -> Allocation:
    """Its allocation: SNR 3 on 1 Hz and SNR 7 on 2 Hz, so 2 and 3 bit/s/Hz, or 2 and 6 bit/s."""
    fields: dict[str, Any] = {
        "scm": np.array([0, 1]),
        "power": np.array([3.0, 7.0]),
        "bandwidth": np.array([1.0, 2.0]),
    }
    return Allocation(**(fields | changes))
