"""Scenarios: versioned, validated descriptions of where instances come from, as TOML files."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from .card_zoo import card_table, card_zoo_names, find_card_zoo, read_cards
from .rde import RDEProblem
from .reward import RATE_UNITS, Reading, Reward
from .scm_table import SCMTable, load_table, zoo_names

FORMAT = "rdebench-scenario/1"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
_OF_CARDS = ("models", "images_per_request", "bits_per_real", "reference_snr_db", "dataset")
"""Fields of :class:`Models` that only a measured zoo takes."""

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
    """The SCMs: which zoo, and how it is read.

    A published zoo is read with ``payload`` (bit for each model; selects the models) and ``power_unit``. A
    measured zoo, by its name or the path of its folder, is read with ``models`` and the four fields after it; its
    cards say the rest, as they were when the scenario was read.
    """

    zoo: str
    distortion_per_loss: Positive
    power_unit: Literal["W", "mW"] | None = None
    payload: dict[str, NonNegative] | None = None
    affine_distortion: AffineDistortion | None = None
    models: tuple[str, ...] | None = None
    images_per_request: Annotated[int, Field(ge=1)] | None = None
    bits_per_real: Positive | None = None
    reference_snr_db: Finite | None = None
    dataset: str | None = None
    _cards: dict[str, dict[str, Any]] = PrivateAttr(default_factory=dict)
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def measured(self) -> bool:
        """Whether the zoo is one of cards."""
        return self.models is not None

    @property
    def folder(self) -> Path | None:
        """Where the cards of a measured zoo lie."""
        return self._folder

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models, in their order."""
        return self.models if self.models is not None else tuple(self.payload or ())

    def table(self) -> SCMTable:
        """The columns of the models, on the reference device."""
        if self.payload is not None and self.power_unit is not None:
            return load_table(
                self.zoo,
                self.payload,
                power_unit=self.power_unit,
                distortion_per_loss=self.distortion_per_loss,
            )
        assert self.models is not None
        assert self.images_per_request is not None
        assert self.bits_per_real is not None
        assert self.reference_snr_db is not None
        assert self.dataset is not None
        return card_table(
            self._cards,
            self.models,
            images_per_request=self.images_per_request,
            bits_per_real=self.bits_per_real,
            reference_snr_db=self.reference_snr_db,
            dataset=self.dataset,
            distortion_per_loss=self.distortion_per_loss,
        )

    def content(self) -> dict[str, Any]:
        """What decides the table, for :meth:`Scenario.content_hash`: of cards the columns that are read."""
        if not self.measured:
            return self.model_dump(exclude=set(_OF_CARDS))
        table = self.table()
        columns = {
            name: getattr(table, name).tolist() for name in ("power", "latency", "distortion", "payload")
        }
        affine = self.affine_distortion and self.affine_distortion.model_dump()
        return {"models": list(table.names), **columns, "affine_distortion": affine}

    @model_validator(mode="after")
    def _known(self, info: ValidationInfo) -> Models:
        published, of_cards = ("payload", "power_unit"), _OF_CARDS
        given = {name for name in (*published, *of_cards) if getattr(self, name) is not None}
        if given not in (set(published), set(of_cards)):
            raise ValueError(
                f"give either {' and '.join(published)} (published zoo) or {', '.join(of_cards)} (measured zoo); "
                f"given: {', '.join(name for name in (*published, *of_cards) if name in given) or 'none of them'}"
            )
        folder = find_card_zoo(self.zoo, (info.context or {}).get("folder", Path()))
        if folder is None and self.zoo not in zoo_names():
            known = ", ".join([*zoo_names(), *card_zoo_names()])
            raise ValueError(f"zoo is {self.zoo!r}; use one of {known}, or the path of a folder of cards")
        if self.measured != (self.zoo not in zoo_names()):
            kind, needed = ("measured", of_cards) if folder else ("published", published)
            raise ValueError(f"{self.zoo} is a {kind} zoo; it is read with {', '.join(needed)}")
        if folder is not None:
            self._cards, self._folder = read_cards(folder), folder
        self.table()
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
        """SHA-256 over what decides the instances and their reward, not over titles and sources.

        Of a measured zoo that is what is read from its cards, wherever they lie and whatever else they say.
        """
        data = self.model_dump(exclude={"title", "description", "sources", "models"})
        data["models"] = self.models.content()
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
                return cls.parse(path.read_text(encoding="utf-8"), str(path), path.parent)
            except (OSError, UnicodeDecodeError) as error:
                raise ScenarioError(f"{path}: not a text file: {error}") from None
        if not shipped.is_file():
            near = difflib.get_close_matches(str(name), scenario_ids(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(scenario_ids())}"
            raise ScenarioError(f"no scenario is called {str(name)!r}; {hint}")
        return cls.parse(shipped.read_text(encoding="utf-8"), f"{name}.toml")

    @classmethod
    def parse(cls, text: str, origin: str, folder: Path = Path()) -> Scenario:
        """Read the text of a scenario file; ``origin`` is named in errors, paths in it start from ``folder``.

        Raises:
            ScenarioError: If it is not valid; the message names the field.
        """
        try:
            return cls.model_validate(tomllib.loads(text), context={"folder": folder})
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
