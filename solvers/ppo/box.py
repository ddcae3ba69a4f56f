"""What PPO as in the paper and tuned PPO share: one Gaussian action of 3 M numbers for SCMs, power and bandwidth."""

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
        self.adopt(model, scenarios[0], seed)
        self.curve, self.seconds_trained, self.steps_trained = (
            training.curve,
            training.seconds,
            training.steps,
        )

    def adopt(self, model: PPO, scenario: Scenario, seed: int) -> None:
        """Answer with the policy of a trained model from now on."""
        self._policy = model.policy
        self._policy.cpu()
        self._policy.set_training_mode(False)
        self.policy_seed, self.trained_on = seed, {scenario.id: scenario.content_hash()}

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
