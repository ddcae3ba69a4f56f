"""PPO as in the paper, trained for a reading of the problem, with the reward curve of its Fig. 4."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...problems import Scenario
from ...solvers.ppo.paper import PPOPaper

STEPS = 300_000
"""150 epochs of 2,000 steps, the paper's Section IV; PPO ends with the roll-out of 2,048 steps that reaches it."""

RECORD = "training.json"


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        solver: Answers with its policy.
        rewards: Mean reward (12) of each roll-out of 2,048 decisions, in order.
        seconds: What the training took.
    """

    solver: PPOPaper
    rewards: list[float]
    seconds: float


def trained(
    scenario: Scenario,
    seed: int,
    folder: Path,
    *,
    steps: int = STEPS,
    report: Callable[[float], None] = lambda share: None,
) -> Trained:
    """Train, or read what was trained before.

    Args:
        scenario: One number of users; training instances are of its ``train`` split.
        seed: Decides every random choice.
        folder: Where finished trainings are kept, by the content of their scenario, seed and steps.
        steps: How many decisions.
        report: Told of the share that is done, after each roll-out.
    """
    place = folder / f"{scenario.content_hash()[:16]}-{steps}-seed{seed}"
    solver = PPOPaper(policy_seed=seed)
    if (place / RECORD).is_file():
        record = json.loads((place / RECORD).read_text())
        solver.load(place)
        return Trained(solver, record["rewards"], record["seconds"])
    began = time.perf_counter()
    rewards = solver.learn_rewards(
        scenario, seed=seed, steps=steps, report=lambda done: report(min(done / steps, 1.0))
    )
    seconds = solver.seconds_trained = time.perf_counter() - began
    solver.command = "rdebench reproduce"
    solver.save(place)
    # Written last: a folder without it is no finished training.
    (place / RECORD).write_text(json.dumps({"rewards": rewards, "seconds": seconds}) + "\n")
    return Trained(solver, rewards, seconds)
