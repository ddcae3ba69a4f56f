"""The reward of a training, roll-out by roll-out: what the paper's Fig. 4 shows."""

from __future__ import annotations

from collections.abc import Callable

from stable_baselines3.common.callbacks import BaseCallback


class RewardCurve(BaseCallback):
    """Keeps the mean reward of each roll-out of environments whose episodes are one decision.

    Args:
        report: Told after each roll-out how many decisions were taken.

    Attributes:
        rewards: Mean reward of each roll-out so far.
    """

    def __init__(self, report: Callable[[int], None]) -> None:
        super().__init__()
        self.report = report
        self.rewards: list[float] = []
        self._sum, self._count = 0.0, 0

    def _on_step(self) -> bool:
        self._sum += float(self.locals["rewards"].sum())
        self._count += len(self.locals["rewards"])
        return True

    def _on_rollout_end(self) -> None:
        self.rewards.append(self._sum / self._count)
        self._sum, self._count = 0.0, 0
        self.report(self.num_timesteps)
