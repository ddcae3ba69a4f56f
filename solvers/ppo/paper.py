"""PPO as in the paper, and the same design tuned: one Gaussian action of 3M numbers for SCMs, power and bandwidth."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...problems import RDEProblem, Scenario
from ...problems.rde import FloatArray
from ..base import Budget, Solution
from .learner import Learner, Point, PolicyError

if TYPE_CHECKING:
    from stable_baselines3 import PPO

    from .sb3_training import Training
    from .vec_env import BatchedRDE

VALIDATION = 50


class BoxPPO(Learner):
    """PPO on ``rdebench/RDE-v0`` with the Box encoding; a policy serves one scenario and its number of users.

    Attributes:
        pool: Number of instances that training episodes are drawn from.
        keep_best: Whether the policy is that of the best validation point instead of the last one.
    """

    pool: ClassVar[int] = 4096
    keep_best: ClassVar[bool] = False

    @abstractmethod
    def model(self, scenario: Scenario, training: Training, seed: int, device: str) -> PPO:
        """The algorithm with its environment."""

    def train(
        self,
        scenarios: Sequence[Scenario],
        *,
        seed: int,
        budget: Budget,
        device: str = "cpu",
        folder: Path | None = None,
        report: Callable[[Point], None] = lambda point: None,
    ) -> None:
        """Train on one scenario with one number of users, on the reward (12) as the scenario reads it.

        Raises:
            PolicyError: If there are several scenarios or several numbers of users.
        """
        from .sb3_training import Training

        if len(scenarios) != 1 or len(scenarios[0].users) != 1:
            raise PolicyError(
                f"{self.name} has one policy for one scenario with one number of users; name one"
            )
        watched, bounds = _validation(scenarios[0])

        def validate() -> tuple[float, float]:
            from ...problems.stack import ProblemStack

            scored = ProblemStack.of(watched).evaluate(self._decide(watched))
            gaps = np.where(scored.feasible, 1.0 - scored.rde / bounds, 1.0)
            return float(gaps.mean()), float((~scored.feasible).mean())

        training = Training(budget, validate, report, folder, keep_best=self.keep_best)
        model = self.model(scenarios[0], training, seed, device)
        self._policy = model.policy
        training.run(model)
        self._policy.set_training_mode(False)
        self.curve, self.seconds_trained, self.steps_trained = (
            training.curve,
            training.seconds,
            training.steps,
        )
        self.policy_seed, self.trained_on = seed, {s.id: s.content_hash() for s in scenarios}

    def supports(self, problem: RDEProblem) -> str | None:
        """The policy's observation has as many numbers as one number of users and SCMs gives."""
        from ...problems.observation import per_user

        trained = getattr(self, "_policy", None)
        size = problem.users * per_user(problem.models)
        if trained is not None and trained.observation_space.shape != (size,):
            return (
                f"its policy is not for {problem.users} users and {problem.models} SCMs; train one for them"
            )
        return super().supports(problem)

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """The mean action; nothing repairs it."""
        budget.spend()
        decided = self._decide([problem])
        return Solution(decided.scm[0], decided.power[0], decided.bandwidth[0])

    def solve_batch(
        self,
        problems: Sequence[RDEProblem],
        *,
        rngs: Sequence[np.random.Generator],
        budgets: Sequence[Budget],
    ) -> list[Solution]:
        """Answer many instances, those of one rate by one pass through the network."""
        found: dict[int, Solution] = {}
        for budget in budgets:
            budget.spend()
        for rate in {problem.rate for problem in problems}:
            places = [i for i, problem in enumerate(problems) if problem.rate == rate]
            decided = self._decide([problems[i] for i in places])
            answers = zip(places, decided.scm, decided.power, decided.bandwidth, strict=True)
            found |= {place: Solution(*parts) for place, *parts in answers}
        return [found[i] for i in range(len(problems))]

    def _decide(self, problems: Sequence[RDEProblem]) -> Any:
        """Allocations ``[N, M]`` of problems with equal M and S."""
        from ...problems.action import from_box
        from ...problems.observation import features
        from ...problems.stack import ProblemStack

        stack = ProblemStack.of(problems)
        action, _ = self._policy.predict(features(stack).reshape(len(problems), -1), deterministic=True)
        return from_box(stack, action)

    def tensors(self) -> dict[str, Any]:
        """The policy's weights."""
        return {name: value.detach().float() for name, value in self._policy.state_dict().items()}

    def use_tensors(self, tensors: dict[str, Any]) -> None:
        """Make the policy from its weights; their shapes tell its layers and spaces."""
        from gymnasium.spaces import Box
        from stable_baselines3.common.policies import ActorCriticPolicy

        from ...problems.observation import BOUND

        hidden = [
            t.shape[0] for n, t in tensors.items() if n.startswith("mlp_extractor.policy_net") and t.ndim == 2
        ]
        size = tensors["mlp_extractor.policy_net.0.weight"].shape[1]
        actions = tensors["action_net.bias"].shape[0]
        spaces = Box(-BOUND, BOUND, (size,), np.float32), Box(-1.0, 1.0, (actions,), np.float32)
        self._policy = ActorCriticPolicy(*spaces, lambda progress: 0.0, net_arch=hidden)
        self._policy.load_state_dict(tensors)
        self._policy.set_training_mode(False)


class PPOPaper(BoxPPO):
    """PPO with the paper's hyper-parameters and Algorithm 1, (13)-(16), on the reward (12); reported as it comes out.

    Learning rate 3e-5, 2,048 steps a roll-out, batches of 64, 15 epochs, gamma 0.995; what the paper leaves out is
    stable-baselines3's default: clip range 0.2, GAE with lambda 0.95, two layers of 64.
    """

    name: ClassVar[str] = "ppo-paper"

    def model(self, scenario: Scenario, training: Training, seed: int, device: str) -> PPO:
        """64 environments of 32 steps: as an episode is one step, the 2,048 are the same as in a single one."""
        from stable_baselines3 import PPO

        environment = _environment(scenario, 64, self.pool, seed)
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


class PPOTuned(BoxPPO):
    """PPO on the paper's action space, tuned: many environments at once, a falling learning rate, wider layers.

    The settings come from a search by Optuna on training instances and two longer trainings after it, and the policy
    is that of the best validation point; see ``docs/solvers.md``.
    """

    name: ClassVar[str] = "ppo"
    keep_best: ClassVar[bool] = True
    tunable: ClassVar[dict[str, tuple[Any, ...]]] = {
        "rows": ("choice", 128, 256, 512),
        "batch_size": ("choice", 256, 512, 1024),
        "n_epochs": ("int", 3, 8),
        "learning_rate": ("float", 1e-4, 2e-3, True),
        "entropy": ("choice", 0.0, 1e-3),
        "log_std": ("float", -3.5, -1.5, False),
        "scm_log_std": ("float", -2.5, -0.5, False),
        "width": ("choice", 64, 128, 256),
    }

    def __init__(
        self,
        policy_seed: int = 0,
        rows: int = 512,
        n_steps: int = 8,
        batch_size: int = 1024,
        n_epochs: int = 5,
        learning_rate: float = 1e-3,
        entropy: float = 0.0,
        log_std: float = -1.5,
        scm_log_std: float = -0.7,
        width: int = 128,
    ) -> None:
        super().__init__(policy_seed)
        self.rows, self.n_steps, self.batch_size, self.n_epochs = rows, n_steps, batch_size, n_epochs
        self.learning_rate, self.entropy, self.width = learning_rate, entropy, width
        self.log_std, self.scm_log_std = log_std, scm_log_std

    def model(self, scenario: Scenario, training: Training, seed: int, device: str) -> PPO:
        """Batched environments; shares are explored finely, as deadlines bind, and SCMs coarsely, as they are few."""
        from stable_baselines3 import PPO

        model = PPO(
            "MlpPolicy",
            _environment(scenario, self.rows, self.pool, seed),
            learning_rate=training.learning_rate(self.learning_rate, falls_from=1.0),
            n_steps=self.n_steps,
            batch_size=self.batch_size,
            n_epochs=self.n_epochs,
            gamma=1.0,
            gae_lambda=1.0,
            clip_range=0.2,
            ent_coef=self.entropy,
            policy_kwargs={"log_std_init": self.log_std, "net_arch": [self.width, self.width]},
            seed=seed,
            device=device,
        )
        model.policy.log_std.data[: scenario.users[0]] = self.scm_log_std
        return model


def _environment(scenario: Scenario, rows: int, pool: int, seed: int) -> BatchedRDE:
    from .vec_env import BatchedRDE

    environment = BatchedRDE(scenario, rows, pool=pool)
    environment.seed(seed)
    return environment


def _validation(scenario: Scenario) -> tuple[list[RDEProblem], FloatArray]:
    """Validation instances, and proved bounds on their RDE."""
    from ..certified import Certified
    from .instances import PROVE_SECONDS, VALIDATION_FIRST

    problems, bounds = [], []
    for n in range(VALIDATION):
        problem = scenario.instance(VALIDATION_FIRST + n, 0, split="train")
        rng, budget = np.random.default_rng(0), Budget(seconds=PROVE_SECONDS)
        bound = Certified().solve(problem, rng=rng, budget=budget).bound
        if bound is not None:
            problems.append(problem)
            bounds.append(bound)
    return problems, np.array(bounds)
