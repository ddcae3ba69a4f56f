"""PPO as in the paper, trained for a reading of the problem, with the reward curve of its Fig. 4."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...problems import Scenario
from ...solvers.ppo.learner import PolicyError
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
    if (there := finished(scenario, seed, folder, steps=steps)) is not None:
        return there
    place, solver = _place(scenario, seed, folder, steps), PPOPaper(policy_seed=seed)
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


def finished(scenario: Scenario, seed: int, folder: Path, *, steps: int = STEPS) -> Trained | None:
    """What was trained before with the same arguments; None if it was not, or not to its end.

    Raises:
        PolicyError: If its policy is damaged.
    """
    place = _place(scenario, seed, folder, steps)
    try:
        record = json.loads((place / RECORD).read_text(encoding="utf-8"))
        rewards, seconds = [float(reward) for reward in record["rewards"]], float(record["seconds"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PolicyError(
            f"{place / RECORD}: is damaged ({error}); delete the folder and train again"
        ) from None
    solver = PPOPaper(policy_seed=seed)
    try:
        solver.load(place)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise PolicyError(f"{place}: cannot be loaded ({error}); delete the folder and train again") from None
    return Trained(solver, rewards, seconds)


def _place(scenario: Scenario, seed: int, folder: Path, steps: int) -> Path:
    return folder / f"{scenario.content_hash()[:16]}-{steps}-seed{seed}"
