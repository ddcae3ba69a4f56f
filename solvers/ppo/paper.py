"""PPO as in the paper, and the same design tuned: one Gaussian action of 3M numbers for SCMs, power and bandwidth."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...problems import RDEProblem, Scenario
from ...problems.rde import FloatArray
from ..base import Budget, Solution
from .learner import Learner, Point, PolicyError

if TYPE_CHECKING:
    from stable_baselines3 import PPO

    from ...problems import Allocation
    from ...problems.stack import ProblemStack
    from .sb3_training import Training

VALIDATION = 50

_KEPT, _COPIES = "features_extractor.", ("pi_features_extractor.", "vf_features_extractor.")
"""Beginnings of the names that one and the same part has in stable-baselines3's policies."""


class BoxPPO(Learner):
    """PPO on ``rdebench/RDE-v0`` with the Box encoding; a policy serves one scenario and its number of users.

    Attributes:
        pool: Number of instances that training episodes are drawn from.
        keep_best: Whether the policy is that of the best validation point instead of the last one.
    """

    known_failures: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("users_may_be_renumbered", "models_may_be_renumbered"),
        "the network of the paper has weights of its own for each user, and orders models along an interval",
    )
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

        if len(scenarios) != 1 or self.trains_on(scenarios[0]) is not None:
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
        self._policy.cpu()
        self._policy.set_training_mode(False)
        self.curve, self.seconds_trained, self.steps_trained = (
            training.curve,
            training.seconds,
            training.steps,
        )
        self.policy_seed, self.trained_on = seed, {s.id: s.content_hash() for s in scenarios}

    def trains_on(self, scenario: Scenario) -> str | None:
        """Only scenarios with one number of users: the network has as many inputs."""
        if len(scenario.users) == 1:
            return None
        return f"{self.name} has one policy for one number of users; {scenario.id} has {len(scenario.users)}"

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

    def _decide(self, problems: Sequence[RDEProblem]) -> Allocation:
        """Allocations ``[N, M]`` of problems with equal M and S."""
        from ...problems.stack import ProblemStack

        return self._answer(ProblemStack.of(problems))

    def _answer(self, stack: ProblemStack) -> Allocation:
        """The mean action on each of N problems, ``[N, M]``."""
        from ...problems.action import from_box
        from ...problems.observation import features

        action, _ = self._policy.predict(features(stack).reshape(len(stack), -1), deterministic=True)
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
        self._policy = ActorCriticPolicy(*spaces, lambda progress: 0.0, net_arch=hidden, **self._parts(size))
        self._policy.load_state_dict(tensors)
        self._policy.set_training_mode(False)

    def _parts(self, size: int) -> dict[str, Any]:
        """Parts of the policy's network that are not stable-baselines3's default, for ``size`` observed numbers."""
        return {}


class PPOPaper(BoxPPO):
    """PPO with the paper's hyper-parameters and Algorithm 1, (13)-(16), on the reward (12); reported as it comes out.

    Learning rate 3e-5, 2,048 steps a roll-out, batches of 64, 15 epochs, gamma 0.995; what the paper leaves out is
    stable-baselines3's default: clip range 0.2, GAE with lambda 0.95, two layers of 64.
    """

    name: ClassVar[str] = "ppo-paper"

    def model(self, scenario: Scenario, training: Training, seed: int, device: str) -> PPO:
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
