"""A made-up reproduction of the paper for tests: its numbers are as clear, or as unclear, as a test wants them."""

import numpy as np

MEANS = {"ppo-paper": -4.0, "average": -13.5, "random": -16.25, "heuristic-rde": -22.5, "optimum": -3.0}
SPREAD = {"ppo-paper": 0.2, "average": 0.2, "random": 1.2, "heuristic-rde": 0.2, "optimum": 0.2}
EPISODES, SEEDS = 40, 5


def example_strategy(mean, spread=0.2, *, seeds=1, between=0.0, seed=0, rewards=True, **more):
    """What a reproduction holds of a strategy: exactly this mean, and rewards by episode, or by seed and episode."""
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((seeds, EPISODES)) * spread
    shifts = rng.standard_normal(seeds)[:, None] * between
    matrix = drawn + shifts
    matrix += mean - matrix.mean()
    half = 1.96 * matrix.std() / np.sqrt(EPISODES)
    strategy = {
        "mean": mean,
        "sd": float(matrix.std()),
        "low": mean - half,
        "high": mean + half,
        "feasible": 1.0,
        "gap": None,
    }
    kept = matrix.tolist() if seeds > 1 else matrix[0].tolist()
    return strategy | ({"rewards": kept} if rewards else {}) | more


def example_reading(key, base, means, *, decision=None, title="the base", option=None, **more):
    """A reading with the strategies of ``means``; PPO has five seeds."""
    return {
        "key": key,
        "base": base,
        "decision": decision,
        "title": title,
        "option": option,
        "scenario": f"{base}-m12-v1",
        "scenario_hash": "0" * 64,
        "users": 12,
        "proved_infeasible": 0,
        "strategies": {
            name: example_strategy(
                mean,
                SPREAD.get(name, 0.2),
                seeds=SEEDS if name == "ppo-paper" else 1,
                seed=number,
                **({"gap": 0.4, "feasible": 0.9} if name == "ppo-paper" and base == "main" else {}),
            )
            for number, (name, mean) in enumerate(means.items())
        },
        **more,
    }


def example_reproduction():
    """A document with two bases, other readings, curves, Table I and times of the exact method, not yet judged."""
    worse = MEANS | {"ppo-paper": -14.0}
    flipped = {"average": 1.28, "random": 1.52, "heuristic-rde": 2.83}
    rng = np.random.default_rng(1)
    return {
        "format": "rdebench-reproduction/1",
        "created": "2026-01-01T00:00:00Z",
        "command": "rdebench reproduce --out reproduction",
        "settings": {"episodes": EPISODES, "seeds": SEEDS, "steps": 300_000, "suite_seed": 1},
        "table1": [
            {
                "model": "LeNet",
                "printed": {"power": 120.0, "seconds": 5.1, "objective": 24.65},
                "measured": {
                    "C16": {"power": 0.19, "seconds": 3.8, "objective": 21.3},
                    "C8": {"power": 0.18, "seconds": 3.7, "objective": 33.7},
                },
            },
            {"model": "DPN-26", "printed": {"power": 305.0, "seconds": 9.5, "objective": 10.76}, "measured": None},
        ],
        "readings": [
            example_reading("main", "main", worse),
            example_reading("main-signed", "main", MEANS, decision=11, title="(12) is signed", option="signed"),
            example_reading("literal", "literal", {name: MEANS[name] for name in MEANS if name != "optimum"}),
            example_reading(
                "literal-x100", "literal", flipped, decision=4, title="payload", option="|x| = 100, hinge"
            ),
            {
                "key": "literal-none",
                "base": "literal",
                "decision": 13,
                "title": "bandwidth",
                "option": "a third penalty",
                "reason": "the third term would be 0",
                "strategies": {},
            },
        ],
        "convergence": [
            {
                "base": "main",
                "reading": "hinge",
                "users": users,
                "rewards": (-30 * np.exp(-np.arange(146) / 20) + rng.standard_normal((SEEDS, 146)) - users).tolist(),
                "steps_per_rollout": 2048,
                "seconds": [240.0] * SEEDS,
            }
            for users in (12, 9, 6)
        ],
        "printed": {
            "fig5": {
                "ppo-paper": [-3.92, 0.17],
                "average": [-13.64, 0.21],
                "random": [-16.53, 0.73],
                "heuristic-rde": [-22.06, 0.78],
            }
        },
        "exact": [
            example_exact("paper-m12-v1", 12),
            example_exact("scale-m100000-v1", 100_000, instances=1, seconds=2.4),
        ],
    }  # fmt: skip


def example_exact(scenario, users, instances=100, proved=None, seconds=0.003):
    """How the exact method did on a scenario."""
    return {
        "scenario": scenario,
        "users": users,
        "models": 4,
        "instances": instances,
        "proved": instances if proved is None else proved,
        "infeasible": 0,
        "seconds": seconds,
        "seconds_p99": 3 * seconds,
    }
