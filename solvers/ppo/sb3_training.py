"""Training with stable-baselines3 under a budget of seconds or steps: validation, checkpoints, going on from them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from ..base import Budget
from . import checkpoint
from .learner import LOGS, Point

REPORT_SECONDS = 20.0
REPORTS = 20
"""Points of the curve under a budget of decisions, where the clock must not decide anything."""


class Training(BaseCallback):
    """Stops a training when its budget is used up; between roll-outs it validates and keeps checkpoints.

    Args:
        budget: Seconds of training (validation not counted), or decisions, or both.
        validate: Gives the mean gap and the share of infeasible answers of the policy as it is.
        report: Told of every point.
        folder: Where checkpoints go; None for none.
        keep_best: At the end the policy has the weights of its best validation point, not the last ones.
        generator: The environment's generator before it drew the instances in hand; None if it is not to be kept.
    """

    def __init__(
        self,
        budget: Budget,
        validate: Callable[[], tuple[float, float]],
        report: Callable[[Point], None],
        folder: Path | None = None,
        generator: Callable[[], dict[str, Any]] = dict,
        *,
        keep_best: bool = False,
    ) -> None:
        super().__init__()
        self.budget, self.validate, self.report = budget, validate, report
        self.folder, self.generator, self.keep_best = folder, generator, keep_best
        self.steps, self.seconds = 0, 0.0
        self.curve: list[Point] = []
        self._since, self._done = 0.0, False
        self._best: dict[str, torch.Tensor] = {}
        self._state: tuple[dict[str, torch.Tensor], dict[str, Any]] | None = None

    def left(self) -> float:
        """Share of the budget that is left, between 0 and 1."""
        by_steps = 1.0 - self.steps / self.budget.evaluations if self.budget.evaluations else 1.0
        by_seconds = 1.0 - self.seconds / self.budget.seconds if self.budget.seconds else 1.0
        return max(min(by_steps, by_seconds), 0.0)

    def learning_rate(self, start: float, falls_from: float = 0.5) -> Callable[[float], float]:
        """A schedule that falls to zero over the last part of the budget."""
        return lambda progress: start * min(1.0, self.left() / falls_from)

    def run(self, model: OnPolicyAlgorithm) -> None:
        """Train a model, from the checkpoint in the folder if there is one."""
        self.model = model
        resumed = self._resume(model)
        logs = [] if self.folder is None else ["tensorboard"]
        model.set_logger(configure(None if self.folder is None else str(self.folder / LOGS), logs))
        self._since = time.perf_counter()
        if self.left() > 0.0:
            model.learn(2**62, callback=self, reset_num_timesteps=not resumed, log_interval=None)  # type: ignore[arg-type]
            self._keep()
        if self._best:
            model.policy.load_state_dict({n[5:]: t for n, t in self._best.items()})
            self._point()  # the curve ends with what is kept

    def _on_rollout_start(self) -> None:
        self.seconds += time.perf_counter() - self._since
        self.steps = self.model.num_timesteps
        self._done = self.left() <= 0.0
        due = self._due()
        if due:
            self._point()
        self._state = self._snapshot()
        if due:
            self._keep()
        self._since = time.perf_counter()

    def _due(self) -> bool:
        if self._done or not self.curve:
            return True
        if self.budget.evaluations:
            return self.steps - self.curve[-1].steps >= self.budget.evaluations / REPORTS
        return self.seconds - self.curve[-1].seconds > REPORT_SECONDS

    def _on_step(self) -> bool:
        # A budget that ends within a roll-out is an interruption: nothing is learnt from half a roll-out.
        return not self._done and self.left() > 0.0

    def _point(self) -> None:
        gap, infeasible = self.validate()
        point = Point(self.steps, self.seconds, gap, infeasible)
        self.curve.append(point)
        if self.keep_best and point.gap <= min(earlier.gap for earlier in self.curve):
            weights = self.model.policy.state_dict()
            self._best = {f"best/{name}": value.detach().clone() for name, value in weights.items()}
        self.logger.record("validation/gap", point.gap)
        self.logger.record("validation/infeasible", point.infeasible)
        self.logger.dump(point.steps)
        self.report(point)

    def _snapshot(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """The whole state between two roll-outs."""
        policy = self.model.policy
        tensors = {f"policy/{name}": value for name, value in policy.state_dict().items()}
        tensors |= checkpoint.optimizer_tensors(policy.optimizer) | self._best
        tensors["torch"] = torch.get_rng_state()
        if policy.device.type == "cuda":
            tensors["torch/cuda"] = torch.cuda.get_rng_state(policy.device)
        # stable-baselines3 shuffles with numpy's global generator.
        name, keys, *rest = np.random.get_state()  # noqa: NPY002
        tensors["numpy"] = torch.from_numpy(np.asarray(keys).astype(np.int64))
        record = {"steps": self.steps, "seconds": self.seconds, "numpy": [name, *rest]}
        record |= {"curve": [astuple(point) for point in self.curve], "generator": self.generator()}
        return {name: tensor.detach().clone() for name, tensor in tensors.items()}, record

    def _keep(self) -> None:
        if self.folder is not None and self._state is not None:
            checkpoint.write(self.folder, *self._state)

    def _resume(self, model: OnPolicyAlgorithm) -> bool:
        found = checkpoint.read(self.folder)
        if found is None:
            return False
        tensors, record = found
        model.policy.load_state_dict({n[7:]: t for n, t in tensors.items() if n.startswith("policy/")})
        checkpoint.use_optimizer_tensors(model.policy.optimizer, tensors)
        self._best = {name: tensor for name, tensor in tensors.items() if name.startswith("best/")}
        torch.set_rng_state(tensors["torch"])
        if model.device.type == "cuda" and "torch/cuda" in tensors:  # else it began on a CPU
            torch.cuda.set_rng_state(tensors["torch/cuda"], model.device)
        name, *rest = record["numpy"]
        np.random.set_state((name, tensors["numpy"].numpy().astype(np.uint32), *rest))  # noqa: NPY002
        self.steps, self.seconds = int(record["steps"]), float(record["seconds"])
        model.num_timesteps = self.steps
        self.curve = [Point(int(p[0]), *p[1:]) for p in record["curve"]]
        environment = model.get_env()
        if record["generator"] and environment is not None:
            checkpoint.use_generator_record(environment.get_attr("rng")[0], record["generator"])
        return True
