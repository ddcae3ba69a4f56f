"""The columns of a set of SCMs that the problem needs, and the published zoos; measured ones: ``card_zoo.py``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from .rde import FloatArray

POWER_UNITS = {"W": 1.0, "mW": 1e-3}


@dataclass(frozen=True, eq=False)
class SCMTable:
    """S models on a reference device, in SI units.

    Attributes:
        names: Names of the models.
        power: Compute power pc, W, shape ``[S]``.
        latency: Compute latency tau, s, shape ``[S]``.
        distortion: D, shape ``[S]``.
        payload: Payload x, bit (bit/Hz under the spectral rate), shape ``[S]``.
    """

    names: tuple[str, ...]
    power: FloatArray
    latency: FloatArray
    distortion: FloatArray
    payload: FloatArray


def zoo_names() -> list[str]:
    """Names of the published zoos that ship with the package."""
    folder = resources.files(__package__).joinpath("zoos")
    return sorted(
        entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")
    )


def load_table(
    zoo: str, payload: Mapping[str, float], *, power_unit: str, distortion_per_loss: float
) -> SCMTable:
    """Read a published zoo under the stated readings.

    Args:
        zoo: Name of the zoo, for example ``paper-table1``.
        payload: Payload of each model, bit or bit/Hz; its keys select the models and their order.
        power_unit: Unit in which the power column is read, a key of :data:`POWER_UNITS`.
        distortion_per_loss: Factor from the loss (11) to the distortion D.

    Returns:
        The table.

    Raises:
        ValueError: If the zoo or one of the models does not exist.
    """
    models = _published(zoo)
    unknown = sorted(set(payload) - set(models))
    if unknown or not payload:
        raise ValueError(f"payload names {unknown or 'no model'}; {zoo} has {', '.join(models)}")
    chosen = [models[name] for name in payload]
    return SCMTable(
        names=tuple(payload),
        power=np.array([model["power"] for model in chosen]) * POWER_UNITS[power_unit],
        latency=np.array([model["latency_s"] for model in chosen]),
        distortion=np.array([model["loss"] for model in chosen]) * distortion_per_loss,
        payload=np.array(list(payload.values()), dtype=float),
    )


@cache
def _published(zoo: str) -> dict[str, dict[str, Any]]:
    """The models of a published zoo by their names; read once, as every instance that is drawn needs them."""
    if zoo not in zoo_names():
        raise ValueError(f"zoo is {zoo!r}; use one of {', '.join(zoo_names())}")
    file = resources.files(__package__).joinpath("zoos", f"{zoo}.json")
    return {model["name"]: model for model in json.loads(file.read_text(encoding="utf-8"))["models"]}
