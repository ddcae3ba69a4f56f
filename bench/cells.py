"""Cells: the smallest piece of a run that is computed, kept and reused as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..problems import Scenario
from .policies import Policy, find
from .provenance import code_hashes, numerical_versions
from .roster import Entrant
from .rows import FORMAT
from .suite import Suite

BLOCK = 25
"""Consecutive instances in a cell; part of what identifies a cell."""

GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """What a solver may spend on one instance.

    Attributes:
        evaluations: Allocations that a search may try, or None; exact solvers are not cut short by it.
        seconds: Time that the solver is told it has, or None; its rows are not reproducible.
        time_limit: Wall-clock limit after which it is killed, s.
        memory: Limit of its memory after which it is killed, bytes; all its processes together.
    """

    evaluations: int | None
    seconds: float | None
    time_limit: float
    memory: int = 4 * GIB


@dataclass(frozen=True)
class Cell:
    """One solver on a block of instances of one scenario, as part of a suite; with its policy if it has learnt."""

    suite: str
    scenario: Scenario
    seed: int
    indices: tuple[int, ...]
    entrant: Entrant
    limits: Limits
    policy: Policy | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that can change a row of the cell, readable and as JSON holds it."""
        entrant = self.entrant
        identity = {
            "format": FORMAT,
            "code": code_hashes(),
            "versions": numerical_versions(),
            "suite": self.suite,
            "scenario": {"id": self.scenario.id, "hash": self.scenario.content_hash()},
            "seed": self.seed,
            "indices": self.indices,
            "solver": {
                "name": entrant.name,
                "options": entrant.options,
                "configuration": entrant.configuration,
                "plugin": entrant.plugin and Path(entrant.plugin).name,
                "code": entrant.code,
                "packages": entrant.packages,
                "hash": entrant.content_hash(),
            },
            "limits": asdict(self.limits),
            "policy": self.policy and self.policy.digest,
        }
        return dict(json.loads(json.dumps(identity)))

    @cached_property
    def key(self) -> str:
        """SHA-256 of the identity."""
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class SuiteRun:
    """A suite as asked for: how many instances, which solvers, under which limits.

    Attributes:
        suite: The suite.
        preset: ``quick``, ``standard``, ``full``, or ``custom``.
        instances: Instances per scenario.
        seed: Seed of the instances.
        scenarios: Its scenarios.
        entrants: The solvers.
        limits: What each may spend on an instance.
    """

    suite: Suite
    preset: str
    instances: int
    seed: int
    scenarios: tuple[Scenario, ...]
    entrants: tuple[Entrant, ...]
    limits: Limits

    def blocks(self) -> Iterator[tuple[Scenario, tuple[int, ...]]]:
        """The blocks of instances, scenario by scenario."""
        for scenario in self.scenarios:
            for first in range(0, self.instances, BLOCK):
                yield scenario, tuple(range(first, min(first + BLOCK, self.instances)))

    @cached_property
    def policies(self) -> dict[tuple[str, str], Policy]:
        """Policies by solver and scenario, as they were when first asked for; a run does not change its policies."""
        return {
            (entrant.name, scenario.id): Policy.at(path)
            for entrant in self.entrants
            for scenario in self.scenarios
            if entrant.learning is not None and (path := find(entrant.learning, scenario)) is not None
        }

    def cells_of(self, entrant: Entrant) -> list[Cell]:
        """The cells of one solver."""
        policies = self.policies
        limits = replace(self.limits, evaluations=None) if entrant.exact else self.limits
        return [
            Cell(
                self.suite.name,
                scenario,
                self.seed,
                indices,
                entrant,
                limits,
                policies.get((entrant.name, scenario.id)),
            )
            for scenario, indices in self.blocks()
        ]

    def cells(self) -> list[Cell]:
        """All cells, solver by solver."""
        return [cell for entrant in self.entrants for cell in self.cells_of(entrant)]
