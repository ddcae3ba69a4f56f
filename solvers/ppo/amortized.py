"""Amortised search: a policy that imitates the best assignments known, one user after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...problems import RDEProblem, Scenario
from ...problems.rde import IntArray
from ..base import Budget, Solution
from .answers import best_of
from .equivariant import EquivariantLearner
from .learner import Point

if TYPE_CHECKING:
    from .instances import Group

WIDTH = 48
RESCUE = 64


class Amortized(EquivariantLearner):
    """Autoregressive policy trained by expert iteration, greedy; power and bandwidth are optimal for what it chooses.

    It sees the root prices, the plan that they lead to and what single changes of that plan are worth, and learns
    which assignment to choose instead; the answer is the better of both. Not a policy gradient: it imitates its own
    best samples after improvement.
    """

    name: ClassVar[str] = "amortized"
    deterministic: ClassVar[bool] = False
    sees_plan: ClassVar[bool] = True
    samples: ClassVar[int] = 1

    def train(
        self,
        scenarios: Sequence[Scenario],
        *,
        seed: int,
        budget: Budget,
        device: str = "cpu",
        folder: Path | None = None,
        report: Callable[[Point], None] = lambda point: None,
    ) -> None:
        """Train by expert iteration; always on the CPU, where the exact values are computed."""
        from .expert_iteration import ExpertIteration

        training = ExpertIteration(scenarios, seed, WIDTH)
        training.run(budget, folder, report)
        self._policy = training.policy.double()
        self.curve, self.seconds_trained, self.steps_trained = (
            training.curve,
            training.seconds,
            training.steps,
        )
        self.policy_seed, self.trained_on = seed, {s.id: s.content_hash() for s in scenarios}

    def answers(
        self,
        group: Group,
        problems: Sequence[RDEProblem],
        rngs: Sequence[np.random.Generator],
        budgets: Sequence[Budget],
    ) -> list[Solution]:
        """The best of the greedy assignment, the plan and ``samples`` - 1 samples; 64 more where none is feasible."""
        chosen = self._decode(group, self.samples, rngs)
        chosen = np.concatenate([chosen, group.data.plan[:, None]], axis=1)
        return [
            self._answer(group.part(row), problem, chosen[row], rng, budget)
            for row, (problem, rng, budget) in enumerate(zip(problems, rngs, budgets, strict=True))
        ]

    def _answer(
        self, group: Group, problem: RDEProblem, scm: IntArray, rng: np.random.Generator, budget: Budget
    ) -> Solution:
        if not (group.ratios(np.zeros(len(scm), dtype=np.int64), scm) > 0.0).any():
            scm = self._decode(group, RESCUE, [rng])[0]
        return best_of(problem, group, scm, budget)

    def policy_name(self) -> str:
        """The greedy and the sampling solver share a policy."""
        return "amortized"

    def _decode(self, group: Group, count: int, rngs: Sequence[np.random.Generator]) -> IntArray:
        """Assignments ``[N, count, M]`` of the instances of a group, the greedy one first."""
        import torch

        from .autoregressive import Batch
        from .expert_iteration import sampling_noise

        noise = np.concatenate([sampling_noise(rng, 1, count, group) for rng in rngs])
        batch = Batch.of(group, np.arange(len(group)), torch.float64)
        return np.asarray(self._policy.decode(batch, torch.from_numpy(noise)).numpy())

    def tensors(self) -> dict[str, Any]:
        """The policy's weights, in single precision."""
        return {name: value.detach().float() for name, value in self._policy.state_dict().items()}

    def use_tensors(self, tensors: dict[str, Any]) -> None:
        """Make the policy from its weights, in double precision, so that answers are the same on every machine."""
        from .autoregressive import AutoregressivePolicy

        self._policy = AutoregressivePolicy(tensors["from_pair.bias"].shape[0])
        self._policy.load_state_dict(tensors)
        self._policy.double()


class AmortizedBestOf64(Amortized):
    """The amortised policy's greedy assignment and 63 samples of it; the best by exact value."""

    name: ClassVar[str] = "amortized-best-of-64"
    samples: ClassVar[int] = 64
