"""Random instances for tests: every class, both rates, and the edges."""

from __future__ import annotations

import numpy as np

from rdebench.problems import RDEProblem


def random_problem(
    rng: np.random.Generator,
    users: int,
    models: int,
    rate: str = "shannon",
    *,
    min_share: float = 0.0,
    snr_decades: tuple[float, float] = (1.0, 6.0),
    demand: float = 0.6,
    compute: float = 0.4,
    max_latency: float = 10.0,
) -> RDEProblem:
    """A problem in units of one (power, bandwidth and noise), so that gains are full-budget SNRs.

    Args:
        rng: Source of randomness.
        users: M.
        models: S.
        rate: Reading of (3).
        min_share: Least bandwidth over the budget, times M.
        snr_decades: Exponents between which the gains are spread.
        demand: Least rates relative to what an equal share carries; above about 1 most are infeasible.
        compute: Compute power of the hungriest models, times M, over the budget.
        max_latency: Deadline, s.
    """
    gain = 10.0 ** rng.uniform(*snr_decades, users)
    carried = np.log2(1 + gain) / users if rate == "shannon" else np.log2(1 + gain / max(min_share, 1e-9))
    latency = rng.uniform(0.1, 0.7, (users, models)) * max_latency
    payload = rng.uniform(0.2, 1.0, (users, models)) * demand * carried[:, None] * (max_latency - latency)
    return RDEProblem(
        rate=rate,
        scm_names=tuple(f"model-{s}" for s in range(models)),
        scm_power=rng.uniform(0.1, 1.0, (users, models)) * compute / users,
        scm_latency=latency,
        distortion=rng.uniform(0.2, 1.0, (users, models)),
        payload=payload,
        gain=gain,
        max_latency=np.full(users, max_latency),
        power_budget=1.0,
        bandwidth_budget=1.0,
        min_bandwidth=min_share / users,
        noise_psd=1.0,
        distortion_weight=1.0,
        epsilon=1e-3,
    )
