"""The network of maskable PPO: one user's choices, each seen with what taking it would leave."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .network import Encoder
from .turns import TURN_CONTEXT, TURN_FEATURES


class TurnNetwork(nn.Module):
    """Logits over the SCMs of the user whose turn it is, and the value of the state.

    Args:
        width: Width of every layer.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.encoder = Encoder(TURN_FEATURES, TURN_CONTEXT, width)
        self.mixed = nn.Linear(width, width)
        self.head = nn.Linear(width, 1)
        self.value = nn.Linear(width, 1)
        self.log_scale = nn.Parameter(torch.tensor(4.0))
        for layer in (self.head, self.value):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor, context: Tensor, loss: Tensor) -> tuple[Tensor, Tensor]:
        """(logits ``[B, S]``, values ``[B]``) of an observation of :class:`~.turns.PricedTurns`."""
        pairs, instance = self.encoder(tokens[:, None], context)
        out = self.head(torch.relu(self.mixed(pairs[:, 0])))[..., 0]
        return out - self.log_scale.exp() * loss, self.value(instance)[..., 0]
