"""Suites: which solvers meet on which scenarios, with how many instances, as TOML files."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..problems import Scenario

FORMAT = "rdebench-suite/1"

PRESETS = ("quick", "standard", "full")

FIRST = ("zoo-v1", "paper-v1")
"""Suites that are listed before the others: the main one, and the paper's beside it."""

Instances = Annotated[int, Field(ge=1)]


class SuiteError(ValueError):
    """A suite that does not exist or cannot be used; the message says what is allowed."""


class Presets(BaseModel):
    """Instances per scenario under each preset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quick: Instances
    standard: Instances
    full: Instances


class Suite(BaseModel):
    """A question, and the scenarios and solvers that answer it.

    Attributes:
        name: Versioned name, also that of its file.
        title: Heading of its page.
        question: What it answers, one plain sentence.
        scenarios: Ids of its scenarios.
        seed: Seed of its instances.
        presets: Instances per scenario.
        solvers: Names of the solvers that run by default.
        options: Constructor arguments of some of the solvers, by name.
        evaluations: Allocations that a search may try on an instance, or None; exact solvers are not cut short.
        time_limit_s: Wall-clock limit of one instance, s; a solver that exceeds it is killed.
        memory_limit_gib: Limit of a solver's memory, GiB; one that exceeds it is killed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["rdebench-suite/1"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*-v[0-9]+$")]
    title: str
    question: str
    scenarios: Annotated[list[str], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)]
    presets: Presets
    solvers: Annotated[list[str], Field(min_length=1)]
    options: dict[str, dict[str, Any]] = {}
    evaluations: Annotated[int, Field(ge=1)] | None = None
    time_limit_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    memory_limit_gib: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 4.0

    @model_validator(mode="after")
    def _each_once(self) -> Suite:
        for name in ("scenarios", "solvers"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name} names something twice")
        if unknown := sorted(set(self.options) - set(self.solvers)):
            raise ValueError(f"options are given for {', '.join(unknown)}, not among the solvers")
        return self

    def instances(self, preset: str) -> int:
        """Instances per scenario under a preset.

        Raises:
            SuiteError: If there is no such preset.
        """
        if preset not in PRESETS:
            raise SuiteError(f"preset is {preset!r}; {_hint(preset, list(PRESETS))}")
        return int(getattr(self.presets, preset))

    def content_hash(self) -> str:
        """SHA-256 over what decides the instances and what may be spent on them.

        That is the content of its scenarios, seed, presets, budgets and limits; not words, nor who takes part.
        """
        decides = ("format", "name", "seed", "presets", "evaluations", "time_limit_s", "memory_limit_gib")
        content = self.model_dump(include=set(decides))
        content["scenarios"] = {name: Scenario.load(name).content_hash() for name in self.scenarios}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def require_frozen(self) -> None:
        """Refuse a published suite that is not what was published: its rows would bear a name that is taken.

        Raises:
            SuiteError: If it, or one of its scenarios, was edited.
        """
        published = frozen().get(self.name)
        if published is not None and published != self.content_hash():
            raise SuiteError(
                f"{self.name} is frozen, and is not what was published under that name: the suite or one of its "
                f"scenarios ({', '.join(self.scenarios)}) was edited; give what was edited a new version"
            )

    @classmethod
    def load(cls, name: str) -> Suite:
        """Read a suite that ships with the package.

        Raises:
            SuiteError: If there is none of that name; the message suggests the nearest one.
        """
        if name not in suite_names():
            raise SuiteError(f"no suite is called {name!r}; {_hint(name, suite_names())}")
        text = resources.files(__package__).joinpath("suites", f"{name}.toml").read_text(encoding="utf-8")
        return cls.parse(text, f"{name}.toml")

    @classmethod
    def parse(cls, text: str, origin: str) -> Suite:
        """Read the text of a suite file; ``origin`` is named in errors.

        Raises:
            SuiteError: If it is not valid; the message names the field.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise SuiteError(f"{origin}: not TOML: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "suite"
            raise SuiteError(f"{origin}: {field}: {first['msg']}") from None


def frozen() -> dict[str, str]:
    """Content hashes of the suites that are published, by name."""
    text = resources.files(__package__).joinpath("suites", "frozen.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def suite_names() -> list[str]:
    """Names of the suites that ship with the package, the main one first."""
    folder = resources.files(__package__).joinpath("suites")
    names = {entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")}
    return [name for name in FIRST if name in names] + sorted(names.difference(FIRST))


def _hint(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
