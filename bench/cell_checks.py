"""Whether the rows of a shard are those of its cell, and each of them can be: all but what they are worth."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from .rows import FORMAT, POLICY_DIGITS, STATUSES, VIOLATIONS
from .shards import ShardError, stated_identity
from .tasks import GRACE_S, MOST_INCUMBENTS

ANSWERS = ("feasible", "violated")

DECISIONS = ("scm", "power_w", "bandwidth_hz")

WORTH = (
    "rde",
    "reward",
    "total_power_w",
    "total_bandwidth_hz",
    *(f"violation_{name}" for name in VIOLATIONS),
)
"""Columns that follow from the decisions."""

_TRACE = ("trace_seconds", "trace_evaluations", "trace_rde")


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Scenario(_Part):
    id: str
    hash: str


class _Solver(_Part):
    name: str
    hash: str
    options: dict[str, Any]
    configuration: dict[str, Any]
    plugin: str | None
    code: str
    packages: dict[str, str]


class _Limits(_Part):
    evaluations: int | None
    seconds: float | None
    time_limit: float
    memory: int


class Identity(_Part):
    """Under which configuration a cell was made; see :attr:`rdebench.bench.cells.Cell.identity`."""

    format: str
    code: dict[str, str]
    versions: dict[str, str]
    suite: str
    scenario: _Scenario
    seed: int
    indices: list[int]
    solver: _Solver
    limits: _Limits
    policy: str | None


@dataclass(frozen=True)
class Place:
    """Where the manifest has a cell: the suite, the suite's entry and the solver's entry in it, and the key."""

    suite: str
    entry: dict[str, Any]
    solver: dict[str, Any]
    key: str


@dataclass(frozen=True)
class Checked:
    """The rows of a shard, and what is wrong with them.

    Attributes:
        identity: Under which configuration they were made.
        rows: All rows, by column.
        sound: The rows that can be scored again: of an instance of the suite, decisions well formed if there are any.
        faults: What is wrong, one sentence each.
    """

    identity: Identity
    rows: list[dict[str, Any]]
    sound: list[dict[str, Any]]
    faults: list[str]


def check(table: pa.Table, place: Place) -> Checked:
    """Check the rows of a shard against its identity, and that against the manifest.

    Args:
        table: As :func:`rdebench.bench.shards.decode_cell` returns it.
        place: Where the manifest has it.

    Raises:
        ShardError: If the identity is not what the cell's key is the hash of, or not of the form that it has.
    """
    identity = identity_in(table, place.key)
    faults = [f"the manifest has it {what}" for what in _misplaced(identity, place)]
    rows = table.to_pylist()
    found, expected = Counter(row["instance"] for row in rows), Counter(identity.indices)
    if found != expected:
        gone, more = sorted((expected - found).keys()), sorted(map(str, (found - expected).keys()))
        faults += [f"instance {index} is missing" for index in gone[:10]]
        faults += [f"instance {index[:20]} is there too often" for index in more[:10]]
    if any(after <= before for before, after in pairwise(identity.indices)):
        faults.append("its instances are not each there once, in order")
    faults += _misjudged(rows, identity, place)
    sound = []
    for row in rows:
        strange, malformed = _strange(row, identity, place.key), _malformed(row)
        faults += [f"{name(row)}: {fault}" for fault in (*strange, *malformed, *_implausible(row, identity))]
        if not strange and not malformed:
            sound.append(row)
    return Checked(identity, rows, sound, faults)


def identity_in(table: pa.Table, key: str) -> Identity:
    """The identity that a shard states.

    Raises:
        ShardError: As :func:`check`.
    """
    stated = stated_identity(table)
    if hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest() != key:
        raise ShardError("its identity does not have the hash that is the key of its cell")
    try:
        identity = Identity.model_validate(stated)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part)[:60] for part in first["loc"])
        raise ShardError(f"its identity: {field}: {first['msg']}") from None
    if identity.format != FORMAT:
        raise ShardError(f"its rows are not of the format {FORMAT}")
    return identity


def name(row: dict[str, Any]) -> str:
    """How a row is called in sentences."""
    parts = (row["suite"], row["scenario"], f"instance {row['instance']}", row["solver"])
    return ", ".join(shown(part) for part in parts)


def shown(value: object) -> str:
    """A value that may come from anybody, fit for a terminal: no control characters, not too long."""
    text = "".join(character if character.isprintable() else "?" for character in str(value)[:201])
    return text if len(text) <= 200 else text[:197] + "..."


def _misplaced(identity: Identity, place: Place) -> list[str]:
    """How identity and manifest differ."""
    entry, limits = place.entry, dict(place.entry["limits"])
    scenarios = {scenario["id"]: scenario["hash"] for scenario in entry["scenarios"]}
    given = identity.limits.model_dump()
    if given["evaluations"] is None:  # exact solvers are not cut short
        limits["evaluations"] = None
    stated = {
        "suite": (identity.suite, place.suite),
        "seed": (identity.seed, entry["seed"]),
        "solver": (identity.solver.name, place.solver["name"]),
        "hash of the solver": (identity.solver.hash, place.solver["hash"]),
        "configuration": (identity.solver.configuration, place.solver["configuration"]),
        "hash of the scenario": (identity.scenario.hash, scenarios.get(identity.scenario.id)),
        "limits": (given, limits),
    }
    wrong = [
        f"under the {what} {shown(manifest)}, the shard says {shown(shard)}"
        for what, (shard, manifest) in stated.items()
        if shard != manifest
    ]
    about = identity.solver.model_dump(include={"name", "configuration", "code", "packages"})
    if hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest() != identity.solver.hash:
        wrong.append(
            f"under the hash {identity.solver.hash[:16]}..., which the solver in the shard does not have"
        )
    if not all(0 <= index < entry["instances"] for index in identity.indices):
        wrong.append(f"among {entry['instances']} instances, the shard has others")
    return wrong


def _misjudged(rows: list[dict[str, Any]], identity: Identity, place: Place) -> list[str]:
    """Rows with a flag that their limits contradict: exact solvers, and no others, have no budget of evaluations."""
    limits = identity.limits
    if limits.seconds is None and place.entry["limits"]["evaluations"] is None:
        return []  # nobody has one
    expected = limits.seconds is None and limits.evaluations is None
    return [
        f"{name(row)}: exact is {row['exact']}, with its limits it is {expected}"
        for row in rows
        if row["exact"] is not expected
    ]


def _strange(row: dict[str, Any], identity: Identity, key: str) -> list[str]:
    """Columns in which a row is not one of its cell."""
    expected = {
        "cell": key,
        "suite": identity.suite,
        "scenario": identity.scenario.id,
        "scenario_hash": identity.scenario.hash,
        "suite_seed": identity.seed,
        "solver": identity.solver.name,
        "solver_hash": identity.solver.hash,
        "policy": identity.policy and identity.policy[:POLICY_DIGITS],
    }
    return [
        f"{column} is {shown(row[column])}, in its cell it is {shown(value)}"
        for column, value in expected.items()
        if row[column] != value
    ] + ([] if row["instance"] in identity.indices else ["the instance is not one of its cell"])


def _malformed(row: dict[str, Any]) -> list[str]:
    """Whether the columns that go with its status are there, no others, and of the right length."""
    status = row["status"]
    if status not in STATUSES or status == "optimal":
        return [f"the status is {shown(status)}, which no row is stored with"]
    answered = status in ANSWERS or (status == "time_limit" and row["scm"] is not None)
    wrong = [
        f"{column} is {'missing' if answered else 'there'}, with the status {status}"
        for column in (*DECISIONS, *WORTH)
        if (row[column] is None) == answered
    ]
    if row["claimed_bound"] is not None and status not in ANSWERS:
        wrong.append(f"claimed_bound is there, with the status {status}")
    if wrong or not answered:
        return wrong
    users, models = row["users"], row["models"]
    for column in DECISIONS:
        values = row[column]
        if len(values) != users or not all(value is not None and math.isfinite(value) for value in values):
            wrong.append(f"{column} does not hold one number for each of {users} users")
    if not wrong and not all(0 <= model < (models or 0) for model in row["scm"]):
        wrong.append(f"scm holds an index that is not below {models}")
    return wrong


def _implausible(row: dict[str, Any], identity: Identity) -> list[str]:
    """Measurements that cannot be."""
    wrong = []
    for column in ("solve_seconds", "fit_seconds", "evaluations", "peak_memory_bytes"):
        if (value := row[column]) is not None and not (math.isfinite(value) and value >= 0):
            wrong.append(f"{column} is {value!r}")
    most = identity.limits.time_limit + GRACE_S
    if not wrong and (row["solve_seconds"] or 0.0) > most:
        wrong.append(f"solve_seconds is {row['solve_seconds']!r}, beyond its time limit")
    if row["fit_seconds"] is not None and identity.policy is None:
        wrong.append("fit_seconds is there, but it had no policy")
    return wrong + _bad_trace(row)


def _bad_trace(row: dict[str, Any]) -> list[str]:
    columns = [row[column] for column in _TRACE]
    if all(column is None for column in columns):
        return []
    if any(column is None or len(column) != len(columns[0] or ()) for column in columns):
        return ["the columns of its trace are not of one length"]
    if not 0 < len(columns[0]) <= MOST_INCUMBENTS:
        return [f"its trace has {len(columns[0])} entries"]
    wrong = []
    for column, values in zip(_TRACE, columns, strict=True):
        if not all(value is not None and math.isfinite(value) for value in values) or values[0] < 0:
            wrong.append(f"{column} holds something that is no number >= 0")
        elif any(after < before for before, after in pairwise(values)):
            wrong.append(f"{column} decreases")
    if not wrong and row["status"] == "time_limit" and row["rde"] is not None:
        best = row["trace_rde"][-1]
        if not math.isclose(best, row["rde"], rel_tol=1e-12):
            wrong.append(f"trace_rde ends with {best!r}, the answer at the time limit has {row['rde']!r}")
    return wrong
