"""The network all equivariant learners share: pairs of user and SCM, pooled over SCMs and over users.

Renaming users or SCMs renames its outputs and changes nothing else, and it has no weight that belongs to a number
of users or of SCMs: one set of weights serves every size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """Deep sets over pairs: a pair sees itself, its user, and the instance.

    Args:
        token_features: Features of a pair.
        context_features: Features of an instance.
        width: Width of every layer.
    """

    def __init__(self, token_features: int, context_features: int, width: int) -> None:
        super().__init__()
        self.token = nn.Linear(token_features, width)
        self.user = nn.Linear(2 * width, width)
        self.instance = nn.Linear(2 * width + context_features, width)
        self.pair = nn.Linear(3 * width, width)

    def forward(
        self, tokens: Tensor, context: Tensor, present: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Encode a batch.

        Args:
            tokens: ``[B, M, S, token_features]``; the first feature says whether the choice is allowed.
            context: ``[B, context_features]``.
            present: Which users there are, ``[B, M]``, where instances are padded to one size; None: all.

        Returns:
            Encodings of the pairs ``[B, M, S, width]`` and of the instances ``[B, width]``.
        """
        pair = torch.relu(self.token(tokens))
        allowed = tokens[..., :1]
        mean = (pair * allowed).sum(2) / allowed.sum(2).clamp(min=1.0)
        user = torch.relu(self.user(torch.cat([mean, (pair * allowed).amax(2)], -1)))
        if present is None:
            pooled = torch.cat([user.mean(1), user.amax(1)], -1)
        else:
            here = user * present[..., None]
            pooled = torch.cat([here.sum(1) / present.sum(1, keepdim=True), here.amax(1)], -1)
        instance = torch.relu(self.instance(torch.cat([pooled, context], -1)))
        by_pair, by_user, by_instance = torch.split(self.pair.weight, user.shape[-1], dim=1)
        mixed = pair @ by_pair.T + (user @ by_user.T)[:, :, None] + (instance @ by_instance.T)[:, None, None]
        return torch.relu(mixed + self.pair.bias), instance
