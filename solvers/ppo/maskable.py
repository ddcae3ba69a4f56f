"""Maskable PPO: users choose their SCMs in turn, and never one that leaves no feasible completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from ...problems import RDEProblem, Scenario
from ...problems.rde import FloatArray, IntArray
from ..base import Budget, Solution
from .answers import best_of
from .equivariant import VALIDATION_EACH, EquivariantLearner, instances_each
from .hybrid import MOST_MODELS, MOST_USERS
from .learner import Point

if TYPE_CHECKING:
    from .instances import Group
    from .turn_network import TurnNetwork

ROWS = 256
LEARNING_RATE = 1e-3


class PPOMaskable(EquivariantLearner):
    """Maskable PPO over SCMs, one user a turn; exact masks, and optimal power and bandwidth at the end.

    One network for any number of users and SCMs. A mask tests each choice for a completion that meets all deadlines,
    so an answer is feasible wherever a feasible assignment was found at the start.
    """

    name: ClassVar[str] = "ppo-maskable"

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
        """Train by maskable PPO on instances of the scenarios, the largest ones and long lists of SCMs cut."""
        from sb3_contrib import MaskablePPO

        from .instances import shortlisted, training_groups, validate, validation_groups
        from .sb3_training import Training
        from .turn_env import TurnEnv
        from .turn_policy import TurnPolicy

        groups = training_groups(scenarios, instances_each(len(scenarios)))
        groups = [shortlisted(group, MOST_MODELS) for group in groups if group.users <= MOST_USERS]
        watched = validation_groups(scenarios, VALIDATION_EACH)
        environment = TurnEnv(groups, ROWS, seed)
        training = Training(
            budget,
            lambda: validate(watched, self._greedy_ratios),
            report,
            folder,
            lambda: environment.before_draw,
        )
        model = MaskablePPO(
            TurnPolicy,
            environment,
            learning_rate=training.learning_rate(LEARNING_RATE),
            n_steps=24,
            batch_size=1024,
            n_epochs=4,
            gamma=1.0,
            gae_lambda=1.0,
            ent_coef=1e-3,
            vf_coef=0.1,
            max_grad_norm=0.5,
            seed=seed,
            device=device,
        )
        self._network = cast("TurnNetwork", model.policy.network)
        training.run(model)
        self._network.double().cpu()
        self.curve, self.seconds_trained = training.curve, training.seconds
        self.steps_trained = training.steps
        self.policy_seed, self.trained_on = seed, {s.id: s.content_hash() for s in scenarios}

    def answers(
        self,
        group: Group,
        problems: Sequence[RDEProblem],
        rngs: Sequence[np.random.Generator],
        budgets: Sequence[Budget],
    ) -> list[Solution]:
        """The likeliest SCM of each user in turn; draws nothing from the generators."""
        chosen = self._greedy(group)
        return [
            best_of(problem, group.part(row), chosen[row : row + 1], budget)
            for row, (problem, budget) in enumerate(zip(problems, budgets, strict=True))
        ]

    def _greedy(self, group: Group) -> IntArray:
        """Assignments ``[N, M]`` of the instances of a group."""
        import torch

        from .turns import PricedTurns, TurnTable

        turns = PricedTurns(TurnTable.of(group), np.arange(len(group)))
        like = self._network.log_scale
        while not turns.over:
            seen = {name: torch.from_numpy(array).to(like) for name, array in turns.observation().items()}
            with torch.no_grad():
                logits, _ = self._network(**seen)
            turns.choose(np.where(turns.allowed, logits.cpu().numpy(), -np.inf).argmax(axis=1))
        return turns.scm

    def _greedy_ratios(self, group: Group) -> FloatArray:
        return group.ratios(np.arange(len(group)), self._greedy(group))

    def tensors(self) -> dict[str, Any]:
        """The network's weights, in single precision."""
        return {name: value.detach().float() for name, value in self._network.state_dict().items()}

    def use_tensors(self, tensors: dict[str, Any]) -> None:
        """Make the network from its weights, in double precision, so that answers are the same on every machine."""
        from .turn_network import TurnNetwork

        self._network = TurnNetwork(tensors["mixed.bias"].shape[0])
        self._network.load_state_dict(tensors)
        self._network.double()
