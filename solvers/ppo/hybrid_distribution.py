"""A distribution over hybrid actions for stable-baselines3: a categorical part, and a continuous one that goes with it.

The action of a user is (SCM, numbers); the mean of the numbers depends on the SCM. As stable-baselines3 takes one
array for an action, the parts lie side by side: all SCMs first, then all first numbers, then all second ones.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class HybridDistribution:
    """Independent users, each with a categorical choice and Gaussian numbers whose mean depends on it.

    Args:
        logits: ``[B, M, S]``.
        means: ``[B, M, S, C]``; C may be zero.
        log_std: Logs of the standard deviations, ``[C]``.
        present: Which users count, ``[B, M]``; the others' actions have no probability and no entropy.
    """

    def __init__(self, logits: Tensor, means: Tensor, log_std: Tensor, present: Tensor) -> None:
        self.log_probabilities = logits.log_softmax(-1)
        self.means, self.log_std, self.present = means, log_std, present

    def sample(self) -> Tensor:
        """Actions ``[B, M * (1 + C)]``."""
        choice = torch.distributions.Categorical(logits=self.log_probabilities).sample()  # type: ignore[no-untyped-call]
        mean = self._mean_of(choice)
        return self._joined(choice, mean + self.log_std.exp() * torch.randn_like(mean))

    def mode(self) -> Tensor:
        """The likeliest SCMs and the means that go with them, ``[B, M * (1 + C)]``."""
        choice = self.log_probabilities.argmax(-1)
        return self._joined(choice, self._mean_of(choice))

    def log_prob(self, actions: Tensor) -> Tensor:
        """Log density of actions, ``[B]``."""
        choice, numbers = self.split(actions)
        discrete = self.log_probabilities.gather(2, choice[..., None])[..., 0]
        apart = (numbers - self._mean_of(choice)) / self.log_std.exp()
        continuous = (-0.5 * apart**2 - self.log_std - 0.5 * math.log(2.0 * math.pi)).sum(-1)
        return ((discrete + continuous) * self.present).sum(-1)

    def entropy(self) -> Tensor:
        """Entropy, ``[B]``."""
        discrete = -(self.log_probabilities.exp() * self.log_probabilities.clamp(min=-1e9)).sum(-1)
        continuous = (self.log_std + 0.5 * math.log(2.0 * math.pi * math.e)).sum()
        return ((discrete + continuous) * self.present).sum(-1)

    def split(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """SCMs ``[B, M]`` and numbers ``[B, M, C]`` of actions."""
        parts = actions.reshape(len(actions), 1 + self.log_std.shape[0], -1)
        return parts[:, 0].round().long(), parts[:, 1:].transpose(1, 2)

    def _mean_of(self, choice: Tensor) -> Tensor:
        count = self.means.shape[-1]
        return self.means.gather(2, choice[..., None, None].expand(-1, -1, 1, count))[:, :, 0]

    def _joined(self, choice: Tensor, numbers: Tensor) -> Tensor:
        return torch.cat([choice[:, None].to(numbers.dtype), numbers.transpose(1, 2)], 1).flatten(1)
