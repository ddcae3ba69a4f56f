"""The policy of maskable PPO, for sb3-contrib."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor
from torch.distributions import Categorical

from .turn_network import TurnNetwork

PyTorchObs = dict[str, Tensor]


class TurnPolicy(MaskableActorCriticPolicy):
    """Actor and critic on :class:`TurnNetwork`; masked choices have no probability.

    Args:
        width: Width of the network.
    """

    def __init__(self, *args: Any, width: int = 48, **kwargs: Any) -> None:
        self.width = width
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Schedule) -> None:
        self.network = TurnNetwork(self.width)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr_schedule(1.0), eps=1e-5)

    def distribution(self, obs: PyTorchObs, masks: np.ndarray | Tensor | None) -> tuple[Categorical, Tensor]:
        """The distribution over SCMs, and the values ``[B]``."""
        logits, values = self.network(**obs)
        if masks is not None:
            allowed = torch.as_tensor(masks, dtype=torch.bool, device=logits.device).reshape(logits.shape)
            logits = logits.masked_fill(~allowed, -1e9)
        return Categorical(logits=logits), values

    def forward(  # type: ignore[override]
        self, obs: PyTorchObs, deterministic: bool = False, action_masks: np.ndarray | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Actions, values and log probabilities."""
        distribution, values = self.distribution(obs, action_masks)
        actions = distribution.probs.argmax(-1) if deterministic else distribution.sample()  # type: ignore[no-untyped-call]
        return actions, values, distribution.log_prob(actions)  # type: ignore[no-untyped-call]

    def evaluate_actions(  # type: ignore[override]
        self, obs: PyTorchObs, actions: Tensor, action_masks: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Values, log probabilities and entropies of actions taken."""
        distribution, values = self.distribution(obs, action_masks)
        return values, distribution.log_prob(actions), distribution.entropy()  # type: ignore[no-untyped-call]

    def predict_values(self, obs: PyTorchObs) -> Tensor:  # type: ignore[override]
        """Values."""
        return self.distribution(obs, None)[1]

    def _predict(  # type: ignore[override]
        self, observation: PyTorchObs, deterministic: bool = False, action_masks: np.ndarray | None = None
    ) -> Tensor:
        return self.forward(observation, deterministic, action_masks)[0]
