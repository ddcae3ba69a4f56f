"""What a manifest may hold: checked strictly, since it may come from anybody."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT = "rdebench-results/2"

MOST_CELLS = 1_000_000
MOST_INCIDENTS = 1_000
_MOST_CONFIGURATION = 100_000

Versioned = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*-v[0-9]+$", max_length=200)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", max_length=200)]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", max_length=2_000)]
Text = Annotated[str, Field(max_length=20_000)]
Keys = Annotated[list[Hash], Field(max_length=MOST_CELLS)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, lt=2**63)]


class Part(BaseModel):
    """A part of a file that may come from anybody: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Zoo(Part):
    """The zoo of a scenario, and the file that keeps its cards."""

    name: Name
    file: Annotated[str, Field(pattern=r"^[0-9a-f]{16}\.json$")] | None = None


class ScenarioEntry(Part):
    """A scenario of a suite; its id is one that ships, never the path of a file."""

    id: Versioned
    title: Line
    description: Text
    hash: Hash
    rate: Name
    reward: Name
    reward_unit: Name
    zoo: Zoo


class SolverEntry(Part):
    """A solver of a suite, and the cells it was to do."""

    name: Name
    summary: Line
    family: Name = "other"
    configuration: dict[str, Any]
    hash: Hash
    cells: Keys

    @model_validator(mode="after")
    def _short(self) -> SolverEntry:
        size = len(json.dumps(self.configuration))
        if size > _MOST_CONFIGURATION:
            raise ValueError(f"configuration has {size} characters; use at most {_MOST_CONFIGURATION}")
        return self


class LimitsEntry(Part):
    """What a solver could spend on one instance."""

    evaluations: Count | None
    seconds: Positive | None
    time_limit: Positive
    memory: Count | None = None


class SuiteEntry(Part):
    """One run of a suite."""

    title: Line
    question: Text
    hash: Hash
    preset: Name
    instances: Count
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    limits: LimitsEntry
    scenarios: Annotated[list[ScenarioEntry], Field(min_length=1, max_length=1_000)]
    solvers: Annotated[list[SolverEntry], Field(max_length=10_000)]
    command: Text
    cells: Keys

    @model_validator(mode="after")
    def _consistent(self) -> SuiteEntry:
        if self.cells != [key for solver in self.solvers for key in solver.cells]:
            raise ValueError("cells are not those of the solvers")
        for what, names in (
            ("solvers", [solver.name for solver in self.solvers]),
            ("scenarios", [scenario.id for scenario in self.scenarios]),
            ("cells", self.cells),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what} holds something twice")
        return self


class Manifest(Part):
    """A manifest; only its seal is left to the file."""

    format: Literal["rdebench-results/2"]
    created: Name
    updated: Name
    code_hash: Hash
    git_commit: Name | None
    versions: Annotated[dict[Name, Name], Field(max_length=100)]
    machine: Annotated[dict[Name, Line | int | None], Field(max_length=100)]
    suites: Annotated[dict[Versioned, SuiteEntry], Field(max_length=1_000)]
    incidents: Annotated[list[Line], Field(max_length=MOST_INCIDENTS)] = []
