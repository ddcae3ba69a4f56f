"""What all learners share: how training is watched, and how a policy is kept and read."""

from __future__ import annotations

import hashlib
import json
import platform
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, ClassVar

from ...problems import Scenario
from ..base import Budget, Solver
from ..registry import SolverError

FORMAT = "rdebench-policy/1"

LOGS = "logs"
"""Folder of the TensorBoard logs beside a checkpoint."""

MIXTURE = (
    "paper-m6-v1",
    "paper-m9-v1",
    "paper-m12-v1",
    "small-v1",
    "class-heterogeneous-v1",
    "class-tight-power-v1",
    "class-tight-latency-v1",
    "class-loose-v1",
    "class-correlated-v1",
    "class-identical-v1",
    "class-near-identical-v1",
    "class-near-infeasible-v1",
    "class-many-users-v1",
    "zoo-m6-v1",
    "zoo-m9-v1",
    "zoo-m12-v1",
)
"""Scenarios that a policy for every scenario is trained on."""


@dataclass(frozen=True)
class Point:
    """One point of a convergence curve.

    Attributes:
        steps: Decisions taken in environments so far.
        seconds: Training time so far, validation not counted.
        gap: Mean of 1 - rde / bound on the validation instances; an infeasible answer counts 1.
        infeasible: Share of infeasible answers.
    """

    steps: int
    seconds: float
    gap: float
    infeasible: float


class PolicyError(SolverError):
    """A policy that cannot be made or read; the message says why and what to do."""


class Learner(Solver):
    """A solver with a trained policy.

    Args:
        policy_seed: Which of the policies trained with different seeds to use.
    """

    family: ClassVar[str] = "learning"
    learns: ClassVar[bool] = True
    packages: ClassVar[tuple[str, ...]] = ("torch",)

    def __init__(self, policy_seed: int = 0) -> None:
        self.policy_seed = policy_seed
        self.curve: list[Point] = []
        self.seconds_trained = 0.0
        self.steps_trained = 0
        self.trained_on: dict[str, str] = {}
        self.command = ""

    @classmethod
    def default_scenarios(cls) -> tuple[str, ...]:
        """Ids of the scenarios a policy for all is trained on; none if a policy serves one scenario."""
        return ()

    @abstractmethod
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
        """Train a policy.

        Args:
            scenarios: Where training instances come from; only their ``train`` split is used.
            seed: Decides every random choice.
            budget: Seconds of training, or decisions (evaluations), or both.
            device: ``cpu`` or ``cuda``.
            folder: Where checkpoints and logs are kept; training goes on from a checkpoint that lies there.
            report: Told of every validation.
        """

    @abstractmethod
    def tensors(self) -> dict[str, Any]:
        """The weights by name, torch tensors."""

    @abstractmethod
    def use_tensors(self, tensors: dict[str, Any]) -> None:
        """Make the policy from its weights."""

    def fit(self, scenario: Scenario, *, seed: int, budget: Budget) -> None:
        """Train on one scenario."""
        self.train([scenario], seed=seed, budget=budget)

    def save(self, path: Path) -> None:
        """Write ``policy.safetensors`` and ``policy.json`` into the folder ``path``."""
        from safetensors.torch import save

        data = save({name: tensor.contiguous() for name, tensor in self.tensors().items()})
        record = {
            "format": FORMAT,
            "policy": self.policy_name(),
            "configuration": self.training_configuration(),
            "physics": self.physics,
            "scenarios": self.trained_on,
            "seed": self.policy_seed,
            "command": self.command,
            "steps": self.steps_trained,
            "seconds": round(self.seconds_trained, 1),
            "machine": platform.processor() or platform.machine(),
            "curve": [[round(value, 6) for value in astuple(point)] for point in self.curve],
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        path.mkdir(parents=True, exist_ok=True)
        (path / "policy.safetensors").write_bytes(data)
        (path / "policy.json").write_text(json.dumps(record, indent=1) + "\n")

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            PolicyError: If files are missing or damaged, or hold the policy of another solver or version.
        """
        from safetensors.torch import load

        try:
            record = json.loads((path / "policy.json").read_text())
            data = (path / "policy.safetensors").read_bytes()
        except (OSError, ValueError) as error:
            raise PolicyError(f"{path} holds no readable policy: {error}; train it again") from None
        expected = {"format": FORMAT, "policy": self.policy_name(), "physics": self.physics}
        for name, value in expected.items():
            if not isinstance(record, dict) or record.get(name) != value:
                raise PolicyError(f"{path}: policy.json says another {name} than {value!r}; train it again")
        if hashlib.sha256(data).hexdigest() != record.get("sha256"):
            raise PolicyError(f"{path}: policy.safetensors is not the file that policy.json tells of")
        try:
            self.use_tensors(load(data))
            self.curve = [Point(int(point[0]), *map(float, point[1:])) for point in record["curve"]]
            self.seconds_trained, self.steps_trained = float(record["seconds"]), int(record["steps"])
            self.trained_on, self.command = dict(record["scenarios"]), str(record["command"])
        except Exception as error:  # whatever the file holds, the answer is one sentence
            raise PolicyError(f"{path}: the policy does not fit this version: {error}") from None
