"""The network of hybrid PPO: all users at once, a categorical choice of SCM and two numbers for shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...problems.rde import IntArray
from .description import BEST_GAIN, PRICE_CONTEXT, PRICE_FEATURES
from .instances import Group
from .network import Encoder

MOST_LOSS = 20.0
"""Losses at the root prices are cut here: the choice of such an SCM is as good as excluded."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What hybrid PPO sees: prices, but no plan.

    Attributes:
        tokens: Features of pairs, ``[B, M, S, PRICE_FEATURES]``; the first says whether the choice is allowed.
        context: Features of instances, ``[B, PRICE_CONTEXT]``.
        prior: Loss of each choice at the root prices, and the log of its share of the band there, ``[B, M, S, 2]``.
        present: Which users there are, ``[B, M]``.
    """

    tokens: Tensor
    context: Tensor
    prior: Tensor
    present: Tensor

    @classmethod
    def of(cls, group: Group, rows: IntArray, like: Tensor) -> Observation:
        """The instances at ``rows`` of a group, all users present; of the type and on the device of ``like``."""
        arrays = observed(group, rows)
        return cls(**{name: torch.from_numpy(array).to(like) for name, array in arrays.items()})


def observed(group: Group, rows: IntArray) -> dict[str, np.ndarray]:
    """The fields of :class:`Observation` as float32 arrays."""
    data = group.data
    allowed = data.allowed[rows]
    loss = np.minimum(np.where(allowed, data.loss[rows], MOST_LOSS), MOST_LOSS)
    share = np.where(allowed, data.share[rows], 1.0)
    favourite = np.take_along_axis(share, loss.argmin(axis=2)[..., None], axis=2)[..., 0]
    # The user with the best gain is the last one: it takes what the favourites of the others leave.
    rest = 1.0 - favourite[:, :-1].sum(axis=1)
    share[:, -1] = np.maximum(share[:, -1], rest[:, None])
    prior = np.stack([loss, np.log(np.clip(share, 1e-9, 1.0))], axis=-1)
    return {
        "tokens": data.tokens[rows][..., :PRICE_FEATURES],
        "context": data.context[rows][:, :PRICE_CONTEXT],
        "prior": prior.astype(np.float32),
        "present": np.ones(allowed.shape[:2], dtype=np.float32),
    }


class HybridNetwork(nn.Module):
    """Logits of SCMs, means of two share logits for each choice, and the value of an instance.

    Args:
        width: Width of every layer.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.encoder = Encoder(PRICE_FEATURES, PRICE_CONTEXT, width)
        self.mixed = nn.Linear(width, width)
        self.head = nn.Linear(width, 3)
        self.value = nn.Linear(width, 1)
        self.log_scale = nn.Parameter(torch.tensor(4.0))
        self.log_std = nn.Parameter(torch.tensor([-2.0, 0.0]))
        self.to_best = nn.Parameter(torch.tensor(3.0))
        for layer in (self.head, self.value):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, seen: Observation) -> tuple[Tensor, Tensor, Tensor]:
        """(logits ``[B, M, S]``, means ``[B, M, S, 2]``, values ``[B]``).

        The first mean is a log share of the band, with the share at the root prices as its origin; the second
        decides who gets the surplus power, at first mostly the user with the best gain.
        """
        pairs, instance = self.encoder(seen.tokens, seen.context, seen.present)
        out = self.head(torch.relu(self.mixed(pairs)))
        excluded = (seen.tokens[..., 0] == 0.0) & (seen.present[..., None] > 0.0)
        logits = out[..., 0] - self.log_scale.exp() * seen.prior[..., 0]
        best = self.to_best * seen.tokens[..., BEST_GAIN]
        shares = torch.stack([seen.prior[..., 1] + out[..., 1], best + 3.0 * out[..., 2]], -1)
        return logits.masked_fill(excluded, -1e9), shares, self.value(instance)[..., 0]
