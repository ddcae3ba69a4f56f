"""Made-up policies for the tests of the page: curves as trainings give them, and a matrix."""

import numpy as np

LEARNERS = {  # gap at the end, decisions a second
    "ppo-paper": (0.41, 840),
    "ppo": (0.13, 4_500),
    "ppo-hybrid": (0.012, 40_000),
    "ppo-hybrid+exact": (0.0006, 30_000),
    "ppo-maskable": (0.003, 5_600),
    "amortized": (0.0005, 4_700),
}
SPECIALISTS = ("ppo-paper", "ppo")


def example_policy(name, trained_on, seed, end, rate=1000.0, seconds=600.0):
    """A policy whose gap falls from 60 % to about ``end``."""
    rng = np.random.default_rng(seed)
    times = np.append(0.015, np.arange(20.0, seconds + 1, 20.5 + rng.random()))
    last = end * rng.lognormal(0, 0.15)
    gaps = last + (0.6 - last) * np.exp(-times / (8 + 100 * end)) * rng.lognormal(0, 0.05, times.size)
    mixture = trained_on == "mixture"
    where = "" if mixture else f" --scenario {trained_on}"
    return {
        "policy": name,
        "key": f"{seed:016x}",
        "trained_on": trained_on,
        "scenarios": 16 if mixture else 1,
        "seed": seed,
        "steps": int(times[-1] * rate),
        "seconds": float(times[-1]),
        "machine": "AMD EPYC, 2 cores",
        "command": f"rdebench train {name}{where} --seconds 600 --seed {seed}",
        "parameters": 39_172,
        "bytes": 158_204,
        "curve": [[t * rate, t, min(gap, 1.0), gap / 10] for t, gap in zip(times, gaps, strict=True)],
    }


def example_entry(solver, trained_on, tested_on, gap, infeasible=0.0):
    """An entry of the matrix."""
    return {
        "solver": solver,
        "trained_on": trained_on,
        "tested_on": tested_on,
        "policies": 5,
        "instances": 50,
        "gap": gap,
        "gap_low": gap * 0.8,
        "gap_high": gap * 1.3,
        "infeasible": infeasible,
    }


def example_learners(seeds=5):
    """Two learners with a policy for each scenario, four with one for all, and a matrix of two of them."""
    policies = [
        example_policy(name, "paper-m12-v1" if name in SPECIALISTS else "mixture", seed, end, rate)
        for name, (end, rate) in LEARNERS.items()
        for seed in range(seeds)
    ]
    policies.append(example_policy("ppo", "paper-m6-v1", 0, 0.06))
    tests = ("paper-m12-v1", "class-heterogeneous-v1", "scale-m100-v1", "zoo-m12-v1")
    entries = [
        example_entry(
            name, place, test, 0.0004 * (1 + k) * (1 if place in (test, "mixture") else 120), 0.03 * (k == 3)
        )
        for name in ("ppo-hybrid+exact", "amortized")
        for place in ("mixture", "paper-m12-v1", "class-heterogeneous-v1")
        for k, test in enumerate(tests)
    ]
    return {"policies": policies, "generalisation": entries}
