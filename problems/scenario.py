"""Scenarios: versioned, validated descriptions of where instances come from, as TOML files."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .rde import RDEProblem
from .reward import RATE_UNITS, Reading, Reward
from .scm_table import load_table

FORMAT = "rdebench-scenario/1"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Factors = Annotated[tuple[Positive, Positive], Field(description="log-uniform range")]


class ScenarioError(ValueError):
    """A scenario that does not exist or cannot be used; the message says what is allowed."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Section):
    """Budgets and deadline; the power budget is a number, a number per user, or relative to the least power.

    With ``feasible_only`` an instance for which no feasible allocation is found is drawn again.
    """

    power_w: Positive | None = None
    power_w_per_user: Positive | None = None
    least_power_factor: Positive | None = None
    bandwidth_hz: Positive | None = None
    bandwidth_hz_per_user: Positive | None = None
    min_bandwidth_hz: NonNegative
    max_latency_s: Positive
    feasible_only: bool = False

    @model_validator(mode="after")
    def _one_of_each(self) -> Limits:
        power = (self.power_w, self.power_w_per_user, self.least_power_factor)
        if sum(value is not None for value in power) != 1:
            raise ValueError("give exactly one of power_w, power_w_per_user, least_power_factor")
        if (self.bandwidth_hz is None) == (self.bandwidth_hz_per_user is None):
            raise ValueError("give exactly one of bandwidth_hz, bandwidth_hz_per_user")
        return self


class Objective(_Section):
    """lambda and epsilon of (6)."""

    distortion_weight: NonNegative
    epsilon: NonNegative


class Channel(_Section):
    """Where users stand, what distance costs, how it fades, and the noise; ``common`` to all users or not."""

    path_loss: Literal["3gpp-urban-macro", "none"]
    min_distance_m: Positive | None = None
    radius_m: Positive | None = None
    fading: Literal["rayleigh", "none"]
    rayleigh_scale: Positive | None = None
    gain_is: Literal["power", "amplitude"] = "power"
    common: bool = False
    noise_psd_dbm_per_hz: Finite

    @model_validator(mode="after")
    def _complete(self) -> Channel:
        placed = self.min_distance_m is not None and self.radius_m is not None
        if (self.path_loss == "3gpp-urban-macro") != placed:
            raise ValueError(
                "min_distance_m and radius_m go with path_loss 3gpp-urban-macro, and only with it"
            )
        if self.min_distance_m and self.radius_m and self.min_distance_m > self.radius_m:
            raise ValueError("min_distance_m must not exceed radius_m")
        if (self.fading == "rayleigh") != (self.rayleigh_scale is not None):
            raise ValueError("rayleigh_scale goes with fading rayleigh, and only with it")
        return self


class AffineDistortion(_Section):
    """Replaces the zoo's distortions by an affine function of compute power (correlated instances)."""

    at_zero_w: Positive
    per_w: Finite


class Models(_Section):
    """The SCMs: which zoo, how its columns are read, and the payload of each model."""

    zoo: str
    power_unit: Literal["W", "mW"]
    distortion_per_loss: Positive
    payload: dict[str, NonNegative]
    affine_distortion: AffineDistortion | None = None

    @model_validator(mode="after")
    def _known(self) -> Models:
        load_table(
            self.zoo,
            self.payload,
            power_unit=self.power_unit,
            distortion_per_loss=self.distortion_per_loss,
        )
        return self


class Devices(_Section):
    """How users differ: log-uniform factors per user, and per user and model for the distortion."""

    gain: Factors = (1.0, 1.0)
    scm_power: Factors = (1.0, 1.0)
    scm_latency: Factors = (1.0, 1.0)
    payload: Factors = (1.0, 1.0)
    max_latency: Factors = (1.0, 1.0)
    distortion: Factors = (1.0, 1.0)


class RewardReading(_Section):
    """How (12) is read."""

    reading: Reading
    gamma_power: NonNegative
    gamma_latency: NonNegative
    rate_unit: Literal["Mbit/s", "bit/s/Hz"]


class Scenario(_Section):
    """A versioned source of instances: everything :meth:`sample` needs, and where each constant comes from.

    Changed physics means a new version: results are keyed by :meth:`content_hash`.
    """

    format: Literal["rdebench-scenario/1"]
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*-v[0-9]+$")]
    title: str
    description: str
    users: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    rate: Literal["shannon", "spectral"]
    limits: Limits
    objective: Objective
    channel: Channel
    models: Models
    devices: Devices = Devices()
    reward: RewardReading
    sources: dict[str, str]

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        constants = set(self.constants())
        if missing := sorted(constants - set(self.sources)):
            raise ValueError(f"sources does not say where these come from: {', '.join(missing)}")
        if unknown := sorted(set(self.sources) - constants):
            raise ValueError(f"sources names what is not a constant of this scenario: {', '.join(unknown)}")
        expected = "Mbit/s" if self.rate == "shannon" else "bit/s/Hz"
        if self.reward.rate_unit != expected:
            raise ValueError(f"reward.rate_unit must be {expected} under the {self.rate} rate")
        if self.rate != "shannon" and (self.limits.feasible_only or self.limits.least_power_factor):
            raise ValueError("limits.feasible_only and limits.least_power_factor need the shannon rate")
        return self

    def constants(self) -> dict[str, Any]:
        """Every stated constant as ``section.name -> value``; each must appear in ``sources``."""
        sections = self.model_dump(exclude_none=True, exclude_unset=True)
        flat = {"users": sections["users"], "rate": sections["rate"]}
        for name in ("limits", "objective", "channel", "models", "devices", "reward"):
            flat |= {f"{name}.{key}": value for key, value in sections.get(name, {}).items()}
        return flat

    def sample(self, n: int, seed: int, *, split: Literal["test", "train"] = "test") -> list[RDEProblem]:
        """Draw instances 0 to n - 1.

        Args:
            n: How many.
            seed: Any integer >= 0.
            split: ``train`` draws from streams that no test instance ever uses.

        Returns:
            The instances; number i does not depend on n.
        """
        return [self.instance(index, seed, split=split) for index in range(n)]

    def instance(self, index: int, seed: int, *, split: Literal["test", "train"] = "test") -> RDEProblem:
        """Draw instance number ``index`` alone."""
        from .sampling import draw, stream

        return draw(self, self.users[index % len(self.users)], stream(self.id, split, seed, index))

    def reward_function(self) -> Reward:
        """Equation (12) as this scenario reads it."""
        reading = self.reward
        assert reading.rate_unit in RATE_UNITS
        return Reward(reading.reading, reading.gamma_power, reading.gamma_latency, reading.rate_unit)

    def content_hash(self) -> str:
        """SHA-256 over what decides the instances and their reward, not over titles and sources."""
        data = self.model_dump(exclude={"title", "description", "sources"})
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()

    @classmethod
    def load(cls, name: str | Path) -> Scenario:
        """Read a scenario by its id, or from the path of a TOML file.

        Raises:
            ScenarioError: If there is none, or the file is not a valid scenario.
        """
        shipped = resources.files(__package__).joinpath("scenarios", f"{name}.toml")
        path = Path(name)
        if path.suffix == ".toml":
            if not path.is_file():
                raise ScenarioError(f"{path}: no such scenario file")
            try:
                return cls.parse(path.read_text(encoding="utf-8"), str(path))
            except (OSError, UnicodeDecodeError) as error:
                raise ScenarioError(f"{path}: not a text file: {error}") from None
        if not shipped.is_file():
            near = difflib.get_close_matches(str(name), scenario_ids(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(scenario_ids())}"
            raise ScenarioError(f"no scenario is called {str(name)!r}; {hint}")
        return cls.parse(shipped.read_text(encoding="utf-8"), f"{name}.toml")

    @classmethod
    def parse(cls, text: str, origin: str) -> Scenario:
        """Read the text of a scenario file; ``origin`` is named in errors.

        Raises:
            ScenarioError: If it is not valid; the message names the field.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(f"{origin}: not TOML: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "scenario"
            raise ScenarioError(f"{origin}: {field}: {first['msg']}") from None


def scenario_ids() -> list[str]:
    """Ids of the scenarios that ship with the package."""
    folder = resources.files(__package__).joinpath("scenarios")
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )
