"""Every policy there is of a solver, with what it was trained on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..problems import Scenario
from ..solvers.base import Solver
from . import policy_files

MIXTURE = "mixture"
"""What a policy is trained on that has seen more than one scenario."""

SEED_OPTION = "policy_seed"
"""The constructor's argument in which policies of one training configuration may differ."""


@dataclass(frozen=True)
class Policy:
    """A policy as it lies in a folder.

    Attributes:
        folder: Where; its name is the policy's key.
        trained_on: Id of its one scenario, or ``MIXTURE``.
        seed: Seed of the training.
        configuration: The training configuration.
    """

    folder: Path
    trained_on: str
    seed: int
    configuration: dict[str, Any]


def policies_of(solver: Solver, roots: Iterable[Path]) -> list[Policy]:
    """The policies of a solver that are trained on scenarios as they are today, mixtures first.

    Args:
        solver: The solver; policies of its configuration count, whatever their seed.
        roots: Folders of policies: the first that holds a key decides.
    """
    found: dict[str, Policy] = {}
    for root in roots:
        for file in sorted((root / solver.policy_name()).glob("*/policy.json")):
            policy = _described(file, solver)
            if policy is not None:
                found.setdefault(file.parent.name, policy)
    return sorted(found.values(), key=lambda one: (one.trained_on != MIXTURE, one.trained_on, one.seed))


def _described(file: Path, solver: Solver) -> Policy | None:
    """None for what cannot be read, is of other physics, or has seen other versions of its scenarios."""
    try:
        about = policy_files.description(file.parent)
        scenarios, configuration = dict(about["scenarios"]), dict(about["configuration"])
        if about["policy"] != solver.policy_name() or about["physics"] != solver.physics or not scenarios:
            return None
        if _but_seed(configuration) != _but_seed(solver.training_configuration()):
            return None
        if any(Scenario.load(name).content_hash() != known for name, known in scenarios.items()):
            return None
        trained_on = MIXTURE if len(scenarios) > 1 else next(iter(scenarios))
        return Policy(file.parent, trained_on, int(about["seed"]), configuration)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _but_seed(configuration: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(configuration), default=repr))
    return {name: value for name, value in plain.items() if name != SEED_OPTION}
