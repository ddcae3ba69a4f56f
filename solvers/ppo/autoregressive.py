"""An autoregressive policy: users choose one after the other, each seeing what those before it have taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...problems.rde import IntArray
from .description import CONTEXT_FEATURES, TOKEN_FEATURES
from .instances import Group
from .network import Encoder

STATE_FEATURES = 6


@dataclass(frozen=True, eq=False)
class Batch:
    """Instances of one shape as tensors; see :class:`~.description.Description`."""

    tokens: Tensor
    context: Tensor
    loss: Tensor
    cost: Tensor
    plan: Tensor
    allowed: Tensor

    @classmethod
    def of(cls, group: Group, rows: IntArray, dtype: torch.dtype) -> Batch:
        """The instances at ``rows``."""
        data = group.data
        loss = np.where(data.allowed[rows], data.loss[rows], 1e3)
        cost = np.where(data.allowed[rows], data.cost[rows], 1e3)
        floats = {"tokens": data.tokens[rows], "context": data.context[rows], "loss": loss, "cost": cost}
        others = {"plan": data.plan[rows], "allowed": data.allowed[rows]}
        tensors = {name: torch.from_numpy(np.asarray(array)).to(dtype) for name, array in floats.items()}
        return cls(**tensors, **{name: torch.from_numpy(array) for name, array in others.items()})


class AutoregressivePolicy(nn.Module):
    """Logits of a user's SCMs: minus the loss at the root prices, a bonus for the plan, and what is learnt.

    Args:
        width: Width of every layer.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.encoder = Encoder(TOKEN_FEATURES, CONTEXT_FEATURES, width)
        self.from_pair = nn.Linear(width, width)
        self.from_state = nn.Linear(STATE_FEATURES, width, bias=False)
        self.head = nn.Linear(width, 1)
        self.log_scale = nn.Parameter(torch.tensor(3.0))
        self.plan_bonus = nn.Parameter(torch.tensor(2.0))
        self.change_scale = nn.Parameter(torch.tensor(2.0))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def prepare(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What does not depend on choices: pair encodings ``[B, M, S, width]`` and base logits ``[B, M, S]``."""
        pairs, _ = self.encoder(batch.tokens, batch.context)
        planned = torch.nn.functional.one_hot(batch.plan, batch.loss.shape[2])
        base = self.plan_bonus * planned - self.log_scale.exp() * batch.loss
        base = base + self.change_scale * batch.tokens[..., -1]
        return self.from_pair(pairs), base.masked_fill(~batch.allowed, -torch.inf)

    def logits(self, pairs: Tensor, base: Tensor, state: Tensor) -> Tensor:
        """Logits over the SCMs; ``state`` is ``[..., S, STATE_FEATURES]``."""
        correction: Tensor = self.head(torch.relu(pairs + self.from_state(state)))
        return base + correction[..., 0]

    def target_logits(self, batch: Batch, target: Tensor) -> Tensor:
        """Logits ``[B, M, S]`` of every user, those before it having chosen as in ``target [B, M]``."""
        pairs, base = self.prepare(batch)
        taken = _Taken.of(batch)
        chosen_cost = batch.cost.gather(2, target[..., None])[..., 0]
        chosen_loss = batch.loss.gather(2, target[..., None])[..., 0]
        spent = chosen_cost.cumsum(1) - chosen_cost
        lost = (chosen_loss - taken.planned_loss).cumsum(1) - (chosen_loss - taken.planned_loss)
        users = torch.arange(batch.plan.shape[1])
        return self.logits(pairs, base, taken.state(users, spent, lost, batch))

    @torch.no_grad()
    def decode(self, batch: Batch, noise: Tensor) -> Tensor:
        """Assignments ``[B, K, M]``.

        Args:
            batch: The instances.
            noise: Added to the logits, ``[B, K, M, S]``: zeros to choose greedily, Gumbel noise to sample.
        """
        pairs, base = self.prepare(batch)
        taken = _Taken.of(batch)
        count, samples, users = noise.shape[:3]
        spent, lost = (torch.zeros(count, samples, dtype=noise.dtype) for _ in range(2))
        chosen = torch.empty(count, samples, users, dtype=torch.long)
        for m in range(users):
            state = taken.state(m, spent, lost, batch)
            logits = self.logits(pairs[:, None, m], base[:, None, m], state) + noise[:, :, m]
            choice = logits.argmax(-1)
            chosen[:, :, m] = choice
            spent = spent + batch.cost[:, m].gather(1, choice)
            lost = lost + batch.loss[:, m].gather(1, choice) - taken.planned_loss[:, m, None]
        return chosen


@dataclass(frozen=True, eq=False)
class _Taken:
    """Budgets along the order of users, in mean shares of a user."""

    planned_loss: Tensor
    planned_after: Tensor
    cheapest_after: Tensor

    @classmethod
    def of(cls, batch: Batch) -> _Taken:
        planned_cost = batch.cost.gather(2, batch.plan[..., None])[..., 0]
        planned_loss = batch.loss.gather(2, batch.plan[..., None])[..., 0]
        cheapest = batch.cost.amin(2)

        def after(column: Tensor) -> Tensor:
            return column.sum(1, keepdim=True) - column.cumsum(1)

        return cls(planned_loss, after(planned_cost), after(cheapest))

    def state(self, user: Tensor | int, spent: Tensor, lost: Tensor, batch: Batch) -> Tensor:
        """Features of each choice of a user, given the priced budget spent and the value lost before it.

        With all users at once, ``spent`` is ``[B, M]`` and so is the result; with one user, ``[B, K]``.
        """
        cost, loss = batch.cost[:, user], batch.loss[:, user]
        planned, cheapest = self.planned_after[:, user], self.cheapest_after[:, user]
        planned_loss = self.planned_loss[:, user]
        if isinstance(user, int):  # an axis of samples between instances and choices
            cost, loss = cost[:, None], loss[:, None]
            planned, cheapest, planned_loss = planned[:, None], cheapest[:, None], planned_loss[:, None]
        users = float(batch.plan.shape[1])
        as_planned = users - (spent + planned)[..., None] - cost
        at_least = users - (spent + cheapest)[..., None] - cost
        value = (lost - planned_loss)[..., None] + loss
        features = [
            torch.tanh(as_planned),
            torch.tanh(10.0 * as_planned),
            torch.tanh(at_least),
            torch.tanh(5.0 * at_least / users),
            torch.tanh(value),
            torch.tanh(20.0 * value),
        ]
        return torch.stack(features, -1)
