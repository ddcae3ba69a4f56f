"""The policies that a reading is tested with: those trained for it, and shipped ones that fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...problems import Scenario
from ...solvers.base import Solver
from ...solvers.extras import missing
from ...solvers.ppo.paper import PPOPaper
from ...solvers.ppo.tuned import PPOTuned
from .. import policies as shipped
from .training import finished


@dataclass(frozen=True)
class Policies:
    """Where policies are looked for.

    Attributes:
        folder: Trainings of this command; None for shipped policies alone.
        seeds: How many trainings of a scenario count, from seed 0 on.
        steps: Decisions of each.
    """

    folder: Path | None
    seeds: int
    steps: int

    def paper(self, scenario: Scenario) -> dict[int, Solver]:
        """PPO as in the paper, trained on a scenario, by seed: trained here, or else shipped."""
        if missing(("torch", "stable_baselines3"), "rl") is not None:
            return {}
        found: dict[int, Solver] = {}
        for seed in range(self.seeds):
            if self.folder is not None and (done := finished(scenario, seed, self.folder, steps=self.steps)):
                found[seed] = done.solver
        return found or _shipped(PPOPaper, scenario)

    def tuned(self, scenario: Scenario) -> dict[int, Solver]:
        """The tuned PPO that ships for a scenario, by seed; its training does not depend on the reading of (12)."""
        return {} if missing(("torch", "stable_baselines3"), "rl") else _shipped(PPOTuned, scenario)


def _shipped(learner: type[PPOPaper] | type[PPOTuned], scenario: Scenario) -> dict[int, Solver]:
    found: dict[int, Solver] = {}
    for seed in range(_MOST_SHIPPED):
        solver = learner(policy_seed=seed)
        learning = shipped.Learning.of(solver)
        assert learning is not None
        place = shipped.shipped_folder() / learning.policy / learning.key([scenario.content_hash()])
        if place.is_dir():
            shipped.load(solver, place)
            found[seed] = solver
    return found


_MOST_SHIPPED = 5
