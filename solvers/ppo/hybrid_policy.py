"""Hybrid actions in stable-baselines3: a policy that its PPO trains as any other."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor

from .hybrid_distribution import HybridDistribution
from .hybrid_network import HybridNetwork, Observation

PyTorchObs = dict[str, Tensor]


class HybridPolicy(ActorCriticPolicy):
    """Actor and critic on :class:`HybridNetwork`, with :class:`HybridDistribution`.

    Args:
        width: Width of the network.
        shares: Whether actions carry two numbers a user for power and bandwidth.
    """

    def __init__(self, *args: Any, width: int = 32, shares: bool = True, **kwargs: Any) -> None:
        self.width, self.shares = width, shares
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Schedule) -> None:
        self.network = HybridNetwork(self.width)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr_schedule(1.0), eps=1e-5)

    def distribution(self, obs: PyTorchObs) -> tuple[HybridDistribution, Tensor]:
        """The distribution of actions, and the values ``[B]``."""
        logits, means, values = self.network(Observation(**obs))
        count = 2 if self.shares else 0
        present = obs["present"]
        return HybridDistribution(logits, means[..., :count], self.network.log_std[:count], present), values

    def forward(self, obs: PyTorchObs, deterministic: bool = False) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """Actions, values and log probabilities."""
        distribution, values = self.distribution(obs)
        actions = distribution.mode() if deterministic else distribution.sample()
        return actions, values, distribution.log_prob(actions)

    def evaluate_actions(self, obs: PyTorchObs, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """Values, log probabilities and entropies of actions taken."""
        distribution, values = self.distribution(obs)
        return values, distribution.log_prob(actions), distribution.entropy()

    def predict_values(self, obs: PyTorchObs) -> Tensor:  # type: ignore[override]
        """Values."""
        return self.distribution(obs)[1]

    def _predict(self, observation: PyTorchObs, deterministic: bool = False) -> Tensor:  # type: ignore[override]
        return self.forward(observation, deterministic)[0]
