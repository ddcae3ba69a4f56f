"""Hybrid PPO: one network chooses SCMs and shares for all users at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from ...problems import RDEProblem, Scenario
from ...problems.rde import FloatArray, IntArray
from ..base import Budget, Solution
from .answers import best_of, in_units, unsorted
from .equivariant import VALIDATION_EACH, EquivariantLearner, instances_each
from .learner import Point

if TYPE_CHECKING:
    from .hybrid_distribution import HybridDistribution
    from .hybrid_network import HybridNetwork
    from .instances import Group

ROWS = 512
MOST_USERS, MOST_MODELS = 16, 4
LEARNING_RATE = 2e-3
SAMPLES = 64


class PPOHybrid(EquivariantLearner):
    """PPO over SCMs and shares at once, feasible by construction: a hybrid of categorical and Gaussian actions.

    One network for any number of users and SCMs sees prices at the root of the relaxation. Budgets and deadlines hold
    by projection, in closed form but for one bisection; no inner problem is solved but where the fallback is needed.
    """

    name: ClassVar[str] = "ppo-hybrid"
    deterministic: ClassVar[bool] = False
    shares: ClassVar[bool] = True
    entropy: ClassVar[float] = 0.0

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
        """Train by PPO on instances of the scenarios, the largest ones and long lists of SCMs cut."""
        from stable_baselines3 import PPO

        from .hybrid_policy import HybridPolicy
        from .instances import shortlisted, training_groups, validate, validation_groups
        from .one_shot_env import OneShotEnv
        from .sb3_training import Training

        groups = training_groups(scenarios, instances_each(len(scenarios)))
        groups = [shortlisted(group, MOST_MODELS) for group in groups if group.users <= MOST_USERS]
        watched = validation_groups(scenarios, VALIDATION_EACH)
        environment = OneShotEnv(groups, ROWS, self.shares, seed)
        training = Training(
            budget,
            lambda: validate(watched, self._greedy_ratios),
            report,
            folder,
            lambda: environment.before_draw,
        )
        model = PPO(
            HybridPolicy,
            environment,
            learning_rate=training.learning_rate(LEARNING_RATE),
            n_steps=8,
            batch_size=1024,
            n_epochs=3,
            gamma=1.0,
            gae_lambda=1.0,
            ent_coef=self.entropy,
            vf_coef=0.1,
            max_grad_norm=0.5,
            policy_kwargs={"shares": self.shares},
            seed=seed,
            device=device,
        )
        self._network = cast("HybridNetwork", model.policy.network)
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
        """The likeliest actions; where the SCMs are infeasible, 64 samples, then the plan of the root prices."""
        distribution = self._distribution(group)
        actions = self._mode(distribution)
        chances = distribution.log_probabilities.numpy()
        together = zip(problems, rngs, budgets, chances, *actions, strict=True)
        return [
            self._answer(group.part(row), problem, rng, budget, chance, scm, wanted, surplus)
            for row, (problem, rng, budget, chance, scm, wanted, surplus) in enumerate(together)
        ]

    def _answer(
        self,
        group: Group,
        problem: RDEProblem,
        rng: np.random.Generator,
        budget: Budget,
        log_probabilities: FloatArray,
        scm: IntArray,
        wanted: FloatArray,
        surplus: FloatArray,
    ) -> Solution:
        budget.spend()
        if self.shares:
            met, power, share = group.shares(0, scm, wanted, surplus)
            if met:
                return in_units(problem, *(unsorted(group, array) for array in (scm, power, share)))
        elif group.ratios(np.zeros(1, dtype=np.int64), scm[None])[0] > 0.0:
            return best_of(problem, group, scm[None], budget)
        noise = rng.gumbel(size=(SAMPLES, *log_probabilities.shape))
        return best_of(problem, group, (log_probabilities + noise).argmax(axis=-1), budget)

    def _distribution(self, group: Group) -> HybridDistribution:
        import torch

        from .hybrid_distribution import HybridDistribution
        from .hybrid_network import Observation

        seen = Observation.of(group, np.arange(len(group)), self._network.log_std)
        with torch.no_grad():
            logits, means, _ = self._network(seen)
        parts = (logits, means, self._network.log_std.detach(), seen.present)
        count = 2 if self.shares else 0
        logits, means, log_std, present = (part.cpu() for part in parts)
        return HybridDistribution(logits, means[..., :count], log_std[:count], present)

    def _mode(self, distribution: HybridDistribution) -> tuple[IntArray, FloatArray, FloatArray]:
        """SCMs and the two logits of the likeliest actions, each ``[N, M]``."""
        scm, numbers = distribution.split(distribution.mode())
        if not self.shares:
            nothing = np.zeros(scm.shape)
            return scm.numpy(), nothing, nothing
        shares = numbers.double().numpy()
        return scm.numpy(), shares[..., 0], shares[..., 1]

    def _greedy_ratios(self, group: Group) -> FloatArray:
        scm, wanted, surplus = self._mode(self._distribution(group))
        rows = np.arange(len(group))
        return group.share_ratios(rows, scm, wanted, surplus) if self.shares else group.ratios(rows, scm)

    def tensors(self) -> dict[str, Any]:
        """The network's weights, in single precision."""
        return {name: value.detach().float() for name, value in self._network.state_dict().items()}

    def use_tensors(self, tensors: dict[str, Any]) -> None:
        """Make the network from its weights, in double precision, so that answers are the same on every machine."""
        from .hybrid_network import HybridNetwork

        self._network = HybridNetwork(tensors["mixed.bias"].shape[0])
        self._network.load_state_dict(tensors)
        self._network.double()


class PPOHybridExact(PPOHybrid):
    """Hybrid PPO that learns the SCMs only: power and bandwidth are optimal for what it chooses."""

    name: ClassVar[str] = "ppo-hybrid+exact"
    shares: ClassVar[bool] = False
    entropy: ClassVar[float] = 0.01
