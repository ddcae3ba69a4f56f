"""PPO as in the paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from ...problems import Scenario
from .box import BoxPPO

if TYPE_CHECKING:
    from stable_baselines3 import PPO

    from .sb3_training import Training


class PPOPaper(BoxPPO):
    """PPO with the paper's hyper-parameters and Algorithm 1, (13)-(16), on the reward (12); reported as it comes out.

    Learning rate 3e-5, 2,048 steps a roll-out, batches of 64, 15 epochs, gamma 0.995; what the paper leaves out is
    stable-baselines3's default: clip range 0.2, GAE with lambda 0.95, two layers of 64.
    """

    name: ClassVar[str] = "ppo-paper"

    def model(self, scenario: Scenario, training: Training, seed: int, device: str) -> PPO:
        """The paper's settings, whatever the budget."""
        return self._ppo(scenario, seed, device)

    def learn_rewards(
        self,
        scenario: Scenario,
        *,
        seed: int,
        steps: int,
        report: Callable[[int], None] = lambda steps: None,
    ) -> list[float]:
        """Train without validation: also on scenarios without a single feasible instance, which have no gap.

        Args:
            scenario: One with one number of users.
            seed: Decides every random choice.
            steps: Decisions; the roll-out in which they are reached is the last.
            report: Told after each roll-out how many decisions were taken.

        Returns:
            Mean reward (12) of each roll-out, in order.
        """
        from .reward_curve import RewardCurve

        model, curve = self._ppo(scenario, seed, "cpu"), RewardCurve(report)
        model.learn(steps, callback=curve)
        self.adopt(model, scenario, seed)
        self.steps_trained = model.num_timesteps
        return curve.rewards

    def _ppo(self, scenario: Scenario, seed: int, device: str) -> PPO:
        """64 environments of 32 steps: as an episode is one step, the 2,048 are the same as in a single one."""
        from stable_baselines3 import PPO

        from .vec_env import BatchedRDE

        environment = BatchedRDE(scenario, 64, pool=self.pool)
        environment.seed(seed)
        return PPO(
            "MlpPolicy",
            environment,
            learning_rate=3e-5,
            n_steps=2048 // environment.num_envs,
            batch_size=64,
            n_epochs=15,
            gamma=0.995,
            gae_lambda=0.95,
            clip_range=0.2,
            seed=seed,
            device=device,
        )
