"""The design of the paper, tuned as a practitioner would who stays with one flat network and one Gaussian action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...problems import Scenario
from .box import BoxPPO

if TYPE_CHECKING:
    from stable_baselines3 import PPO

    from ...problems import Allocation
    from ...problems.stack import ProblemStack
    from .sb3_training import Training

_KEPT, _COPIES = "features_extractor.", ("pi_features_extractor.", "vf_features_extractor.")
"""Beginnings of the names that one and the same part has in stable-baselines3's policies."""


class PPOTuned(BoxPPO):
    """PPO on the paper's action space, tuned: users by gain, standardised observations, a reward that is to scale.

    One flat network emits 3 M numbers for SCMs, power and bandwidth as in the paper; it sees no prices, and nothing
    repairs its answer. What the settings come from, and what each change is worth, is told in ``docs/solvers.md``.
    The policy is that of the best validation point.

    Args:
        policy_seed: Which of the policies trained with different seeds to use.
        rows: Environments at a time.
        n_steps: Steps of each between updates.
        batch_size: Of the gradient steps.
        n_epochs: Passes over the steps of a roll-out.
        learning_rate: Of Adam; it falls to zero linearly.
        clip_range: Of the ratio of probabilities.
        log_std: Log of the spread of exploration at the start, for shares.
        scm_log_std: The same for SCMs.
        width: Of the two hidden layers.
        penalty: Weight of what exceeds deadlines and budgets in the reward.
        knee: Excess from which on it weighs like its logarithm, in deadlines.
        fine: What an infeasible answer costs besides.
    """

    name: ClassVar[str] = "ppo"
    known_failures: ClassVar[Mapping[str, str]] = {
        "models_may_be_renumbered": "the box of the paper orders models along an interval"
    }
    pool: ClassVar[int] = 16_384
    keep_best: ClassVar[bool] = True
    tunable: ClassVar[dict[str, tuple[Any, ...]]] = {
        "rows": ("choice", 512, 1024, 2048),
        "batch_size": ("choice", 1024, 2048),
        "n_epochs": ("int", 3, 6),
        "learning_rate": ("float", 1e-3, 4e-3, True),
        "clip_range": ("choice", 0.1, 0.2, 0.3),
        "log_std": ("float", -2.5, -1.2, False),
        "scm_log_std": ("float", -1.0, -0.4, False),
        "width": ("choice", 64, 128),
        "penalty": ("float", 0.1, 1.0, True),
        "knee": ("float", 0.03, 0.3, True),
        "fine": ("choice", 0.0, 0.1, 0.3),
    }

    def __init__(
        self,
        policy_seed: int = 0,
        rows: int = 1024,
        n_steps: int = 4,
        batch_size: int = 1024,
        n_epochs: int = 4,
        learning_rate: float = 2.8e-3,
        clip_range: float = 0.1,
        log_std: float = -1.9,
        scm_log_std: float = -0.8,
        width: int = 64,
        penalty: float = 0.3,
        knee: float = 0.03,
        fine: float = 0.1,
    ) -> None:
        super().__init__(policy_seed)
        self.rows, self.n_steps, self.batch_size, self.n_epochs = rows, n_steps, batch_size, n_epochs
        self.learning_rate, self.clip_range, self.width = learning_rate, clip_range, width
        self.log_std, self.scm_log_std = log_std, scm_log_std
        self.penalty, self.knee, self.fine = penalty, knee, fine

    def model(self, scenario: Scenario, training: Training, seed: int, device: str) -> PPO:
        """Batched environments; shares are explored finely, as deadlines bind, and SCMs coarsely, as they are few."""
        from stable_baselines3 import PPO

        from .sorted_box import SortedBox

        environment = SortedBox(
            scenario,
            self.rows,
            pool=self.pool,
            seed=seed,
            penalty=self.penalty,
            knee=self.knee,
            fine=self.fine,
        )
        mean, scale = environment.centre
        parts = self._parts(mean.size) | {"features_extractor_kwargs": {"mean": mean, "scale": scale}}
        model = PPO(
            "MlpPolicy",
            environment,
            learning_rate=training.learning_rate(self.learning_rate, falls_from=1.0),
            n_steps=self.n_steps,
            batch_size=self.batch_size,
            n_epochs=self.n_epochs,
            gamma=1.0,
            gae_lambda=1.0,
            clip_range=self.clip_range,
            vf_coef=1.0,
            policy_kwargs={"log_std_init": self.log_std, "net_arch": [self.width, self.width], **parts},
            seed=seed,
            device=device,
        )
        model.policy.log_std.data[: scenario.users[0]] = self.scm_log_std
        return model

    def _parts(self, size: int) -> dict[str, Any]:
        import torch

        from .sorted_box import Centred

        nothing = np.zeros(size, np.float32)
        return {
            "activation_fn": torch.nn.SiLU,
            "features_extractor_class": Centred,
            "features_extractor_kwargs": {"mean": nothing, "scale": nothing},
        }

    def _answer(self, stack: ProblemStack) -> Allocation:
        from .sorted_box import by_gain, in_order

        ordered, order = by_gain(stack)
        return in_order(super()._answer(ordered), order)

    def tensors(self) -> dict[str, Any]:
        """The policy's weights; actor and critic standardise alike, so that is kept once."""
        return {name: value for name, value in super().tensors().items() if not name.startswith(_COPIES)}

    def use_tensors(self, tensors: dict[str, Any]) -> None:
        """Make the policy from its weights."""
        parts = {name: value for name, value in tensors.items() if name.startswith(_KEPT)}
        copies = {copy + name.removeprefix(_KEPT): value for copy in _COPIES for name, value in parts.items()}
        super().use_tensors(tensors | copies)
