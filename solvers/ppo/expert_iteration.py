"""Expert iteration: sample, improve the best sample by changes of one user, and learn to choose the result.

No labels and no value function are needed: the best assignment known of a training instance is what the policy
learns to choose there, and better ones are found with the policy's own samples. It is not a policy gradient.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...problems import Scenario
from ...problems.rde import FloatArray, IntArray
from ..base import Budget
from . import checkpoint
from .autoregressive import AutoregressivePolicy, Batch
from .equivariant import VALIDATION_EACH, instances_each
from .instances import Group, training_groups, validate, validation_groups
from .learner import LOGS, Point

BATCH = 64
SAMPLES = 8
LEARNING_RATE = 2e-3
COLDEST, HOTTEST = 0.7, 4.0
"""What is learnt becomes sure of itself; samples over a range of temperatures still find something new."""

REPORT_SECONDS = 20.0


class ExpertIteration:
    """A training that can be stopped, kept and gone on with.

    Args:
        scenarios: Where instances come from.
        seed: Decides weights, instances, batches and samples.
        width: Width of the policy's layers.
    """

    def __init__(self, scenarios: Sequence[Scenario], seed: int, width: int) -> None:
        torch.manual_seed(seed)
        self.policy = AutoregressivePolicy(width)
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=LEARNING_RATE)
        self.rng = np.random.default_rng([seed, 1])
        self.groups = training_groups(scenarios, instances_each(len(scenarios)))
        self.validation = validation_groups(scenarios, VALIDATION_EACH)
        self.known = [Known(group) for group in self.groups]
        self.sizes = np.array([len(group) for group in self.groups], dtype=float)
        self.steps, self.seconds = 0, 0.0
        self.curve: list[Point] = []

    def run(self, budget: Budget, folder: Path | None, report: Callable[[Point], None]) -> None:
        """Train until the budget is used up; the learning rate falls to zero with it."""
        self.resume(folder)
        if folder is not None:
            report = logged(folder, report)
        self.validate(report)
        last_report = self.seconds
        while (left := self._left(budget)) > 0.0:
            began = time.perf_counter()
            for group in self.optimizer.param_groups:
                group["lr"] = LEARNING_RATE * min(1.0, 2.0 * left)
            self._step()
            self.seconds += time.perf_counter() - began
            if self.seconds - last_report > REPORT_SECONDS:
                last_report = self.seconds
                self.validate(report)
                self.keep(folder)
        self.validate(report)
        self.keep(folder)

    def _left(self, budget: Budget) -> float:
        """Share of the budget that is left."""
        steps = 1.0 - self.steps / budget.evaluations if budget.evaluations else 1.0
        seconds = 1.0 - self.seconds / budget.seconds if budget.seconds else 1.0
        return min(steps, seconds)

    def _step(self) -> None:
        which = int(self.rng.choice(len(self.groups), p=self.sizes / self.sizes.sum()))
        group, known = self.groups[which], self.known[which]
        rows = self.rng.choice(len(group), size=min(BATCH, len(group)), replace=False)
        batch = Batch.of(group, rows, torch.float32)
        noise = sampling_noise(self.rng, len(rows), SAMPLES, group).astype(np.float32)
        samples = self.policy.decode(batch, torch.from_numpy(noise)).numpy()
        known.learn(rows, samples)
        self.steps += samples.shape[0] * samples.shape[1]
        logits = self.policy.target_logits(batch, torch.from_numpy(known.scm[rows]))
        log_likelihood = -torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(known.scm[rows]).flatten(), reduction="none"
        )
        usable = torch.from_numpy(np.repeat(known.ratio[rows] > 0.0, group.users).astype(np.float32))
        loss = -(log_likelihood * usable).sum() / usable.sum().clamp(min=1.0)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
        self.optimizer.step()

    def validate(self, report: Callable[[Point], None]) -> None:
        """Add a point to the curve and tell of it."""
        gap, infeasible = validate(self.validation, self._greedy)
        point = Point(self.steps, self.seconds, gap, infeasible)
        if self.curve and self.curve[-1].steps == self.steps:
            return
        self.curve.append(point)
        report(point)

    def _greedy(self, group: Group) -> FloatArray:
        rows = np.arange(len(group))
        noise = torch.zeros(len(group), 1, group.users, group.models)
        scm = self.policy.decode(Batch.of(group, rows, torch.float32), noise).numpy()[:, 0]
        ratio = group.ratios(rows, scm)
        return np.where(ratio > 0.0, ratio, group.ratios(rows, group.data.plan))

    def keep(self, folder: Path | None) -> None:
        """Write a checkpoint."""
        if folder is None:
            return
        tensors = {f"policy/{name}": value for name, value in self.policy.state_dict().items()}
        tensors |= checkpoint.optimizer_tensors(self.optimizer)
        for i, known in enumerate(self.known):
            tensors |= {f"scm/{i}": torch.from_numpy(known.scm), f"ratio/{i}": torch.from_numpy(known.ratio)}
        record: dict[str, Any] = {"steps": self.steps, "seconds": self.seconds}
        record["rng"] = checkpoint.generator_record(self.rng)
        record["curve"] = [[p.steps, p.seconds, p.gap, p.infeasible] for p in self.curve]
        checkpoint.write(folder, tensors, record)

    def resume(self, folder: Path | None) -> None:
        """Go on from a checkpoint, if there is one."""
        found = checkpoint.read(folder)
        if found is None:
            return
        tensors, record = found
        self.policy.load_state_dict({n[7:]: t for n, t in tensors.items() if n.startswith("policy/")})
        checkpoint.use_optimizer_tensors(self.optimizer, tensors)
        for i, known in enumerate(self.known):
            known.scm, known.ratio = tensors[f"scm/{i}"].numpy(), tensors[f"ratio/{i}"].numpy()
        checkpoint.use_generator_record(self.rng, record["rng"])
        self.steps, self.seconds = int(record["steps"]), float(record["seconds"])
        self.curve = [Point(int(p[0]), *p[1:]) for p in record["curve"]]


def sampling_noise(rng: np.random.Generator, count: int, samples: int, group: Group) -> FloatArray:
    """What is added to the logits of ``count`` instances, ``[count, samples, M, S]``: the first sample is greedy."""
    noise = rng.gumbel(size=(count, samples, group.users, group.models))
    noise *= np.geomspace(COLDEST, HOTTEST, samples)[:, None, None]
    noise[:, 0] = 0.0
    return np.asarray(noise)


def logged(folder: Path, report: Callable[[Point], None]) -> Callable[[Point], None]:
    """Write every point for TensorBoard, too."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder / LOGS))

    def both(point: Point) -> None:
        for name, value in (("gap", point.gap), ("infeasible", point.infeasible)):
            writer.add_scalar(f"validation/{name}", value, point.steps)
        writer.flush()
        report(point)

    return both


class Known:
    """The best assignments known of a group's instances, at first the plans that prices lead to.

    Attributes:
        scm: ``[N, M]``.
        ratio: Their values over the root bound, ``[N]``; -inf while none is feasible.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        rows = np.arange(len(group))
        self.scm: IntArray = group.data.plan.copy()
        self.ratio: FloatArray = group.ratios(rows, self.scm)

    def learn(self, rows: IntArray, samples: IntArray) -> None:
        """Improve the best of the samples ``[R, K, M]`` of each instance, and keep what beats the best known."""
        count, size, users = samples.shape
        ratios = self.group.ratios(np.repeat(rows, size), samples.reshape(-1, users)).reshape(count, size)
        best = samples[np.arange(count), ratios.argmax(axis=1)]
        improved, ratio = self.group.improved(rows, best, sweeps=3)
        better = ratio > self.ratio[rows] * (1.0 + 1e-12)
        better |= (ratio > 0.0) & ~(self.ratio[rows] > 0.0)
        self.scm[rows[better]], self.ratio[rows[better]] = improved[better], ratio[better]
