"""Instance files: one problem as JSON, format ``rdebench-instance/1``."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .rde import RDEProblem

FORMAT = "rdebench-instance/1"

PLAUSIBLE_SNR = 1e20
"""Largest full-budget SNR g P / (N0 B) that a file may have: beyond it a unit must be wrong."""

Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]

_FIELDS = {
    "rate": "rate",
    "scm_names": "scm_names",
    "scm_power_w": "scm_power",
    "scm_latency_s": "scm_latency",
    "distortion": "distortion",
    "payload_bits": "payload",
    "gain": "gain",
    "max_latency_s": "max_latency",
    "power_budget_w": "power_budget",
    "bandwidth_budget_hz": "bandwidth_budget",
    "min_bandwidth_hz": "min_bandwidth",
    "noise_psd_w_per_hz": "noise_psd",
    "distortion_weight": "distortion_weight",
    "epsilon": "epsilon",
}


class InstanceError(ValueError):
    """An instance file that cannot be used; the message names the field, what was given and what is allowed."""


class _Instance(BaseModel):
    model_config = ConfigDict(extra="forbid")
    format: Literal["rdebench-instance/1"]
    rate: Literal["shannon", "spectral"]
    scm_names: list[str]
    scm_power_w: list[list[Number]]
    scm_latency_s: list[list[Number]]
    distortion: list[list[Number]]
    payload_bits: list[list[Number]]
    gain: list[Number]
    max_latency_s: list[Number]
    power_budget_w: Number
    bandwidth_budget_hz: Number
    min_bandwidth_hz: Number
    noise_psd_w_per_hz: Number
    distortion_weight: Number
    epsilon: Number


def to_json(problem: RDEProblem) -> str:
    """The instance file of a problem, as text; floats survive the round trip exactly."""
    data: dict[str, object] = {"format": FORMAT}
    for key, attribute in _FIELDS.items():
        value = getattr(problem, attribute)
        data[key] = value.tolist() if isinstance(value, np.ndarray) else value
    return json.dumps(data, allow_nan=False)


def from_json(text: str) -> RDEProblem:
    """Read the text of an instance file.

    Raises:
        InstanceError: If it is not JSON, of another format, or a field is missing, unknown, of a wrong shape,
            sign or unit.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InstanceError(f"not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        given = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise InstanceError(f"format is {given!r}; this version reads {FORMAT!r}")
    try:
        instance = _Instance.model_validate(data)
    except ValidationError as error:
        raise InstanceError(_plain(error)) from None
    for key in ("scm_power_w", "scm_latency_s", "distortion", "payload_bits"):
        _require_rectangle(key, getattr(instance, key))
    fields = {attribute: getattr(instance, key) for key, attribute in _FIELDS.items()}
    try:
        problem = RDEProblem(**fields)
    except ValueError as error:
        name, _, rest = str(error).partition(" ")
        keys = {attribute: key for key, attribute in _FIELDS.items()}
        raise InstanceError(f"{keys.get(name, name)} {rest}") from None
    _require_plausible_units(problem)
    return problem


def save(problem: RDEProblem, path: str | Path) -> None:
    """Write a problem to an instance file."""
    Path(path).write_text(to_json(problem), encoding="utf-8")


def load(path: str | Path) -> RDEProblem:
    """Read an instance file.

    Raises:
        InstanceError: If the file cannot be read or used; the message starts with its path.
    """
    try:
        return from_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, InstanceError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InstanceError(f"{path}: {reason}") from None


def _plain(error: ValidationError) -> str:
    """The first problem pydantic found, as one sentence about one field."""
    first = error.errors()[0]
    field = "".join(f"[{part}]" if isinstance(part, int) else str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(field, [*_FIELDS, "format"], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"use {', '.join(_FIELDS)}"
        return f"{field} is not a field of {FORMAT}; {hint} (units are part of the names)"
    if first["type"] == "missing":
        return f"{field} is missing"
    given = str(first["input"])
    return f"{field} is {given[:60]!r}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _require_rectangle(key: str, rows: list[list[float]]) -> None:
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        odd = next(i for i, length in enumerate(lengths) if length != lengths[0])
        raise InstanceError(
            f"{key} is ragged: row 0 has {lengths[0]} entries, row {odd} has {lengths[odd]}; "
            "every user needs one entry per SCM"
        )


def _require_plausible_units(problem: RDEProblem) -> None:
    with np.errstate(over="ignore"):
        snr = problem.gain.max() * (problem.power_budget / problem.bandwidth_budget) / problem.noise_psd
    if snr > PLAUSIBLE_SNR:
        raise InstanceError(
            f"noise_psd_w_per_hz is {problem.noise_psd:g}, which gives a full-budget SNR of {snr:.1e}, beyond "
            f"{PLAUSIBLE_SNR:.0e}; check that gain is linear, power in W, bandwidth in Hz and noise in W/Hz "
            "(-174 dBm/Hz is 3.98e-21 W/Hz)"
        )
