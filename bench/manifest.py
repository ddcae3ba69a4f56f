"""The manifest of a results folder: which suites it holds, who took part, and which cells belong to them."""

from __future__ import annotations

import datetime
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from . import files, sealed
from .cells import GIB, SuiteRun
from .manifest_schema import FORMAT, MOST_INCIDENTS, Manifest
from .provenance import code_hash, git_commit, machine, numerical_versions, versions
from .zoo_data import keep_zoo

FILE = "manifest.json"
_INDENT = 1

_SAME_RUN = ("hash", "instances", "seed", "limits", "scenarios")
"""What must agree for the solvers of two runs of a suite to stand on one board."""


class ResultsError(ValueError):
    """A results folder that cannot be used; the message says why and what to do."""


class DamagedError(ResultsError):
    """A manifest that is not as it was written."""


def load(folder: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Raises:
        ResultsError: If the folder holds no results that this version reads.
    """
    place = folder / FILE
    try:
        data = sealed.read(place)
    except OSError:
        raise ResultsError(
            f"{folder} holds no results ({FILE} is missing); make some: rdebench run --out {folder}"
        ) from None
    except sealed.SealError as error:
        raise DamagedError(f"{place} is not readable: {error}; delete it and run again") from None
    return decode(data, str(place))


def encode(manifest: dict[str, Any]) -> bytes:
    """A manifest as the content of a file; sealed, so that a change is noticed."""
    return sealed.seal(manifest, _INDENT)


def decode(data: bytes, origin: str) -> dict[str, Any]:
    """The manifest in the content of a file.

    Args:
        data: The content of the file.
        origin: What errors name.

    Raises:
        ResultsError: If it is none, or any byte is not as it was written.
    """
    try:
        stated = sealed.parse(data)
        if sealed.FIELD not in stated and stated.get("format") not in (None, FORMAT):
            raise _other_format(stated, origin)
        manifest = sealed.unseal(data, _INDENT)
        if manifest.get("format") != FORMAT:
            raise _other_format(manifest, origin)
        Manifest.model_validate(manifest)
    except sealed.SealError as error:
        raise DamagedError(f"{origin} was changed or is damaged: {error}; delete it and run again") from None
    except ValidationError as error:
        raise DamagedError(
            f"{origin} is not what a run writes: {_first(error)}; delete it and run again"
        ) from None
    return manifest


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, without the value, which may be anything."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part)[:60] for part in first["loc"]) or "manifest"
    return f"{field}: {first['msg']}"


def _other_format(manifest: dict[str, Any], origin: str) -> ResultsError:
    given = str(manifest.get("format"))[:60]
    return ResultsError(
        f"{origin} has the format {given!r}; this version reads {FORMAT!r}: use another folder"
    )


def record(folder: Path, run: SuiteRun) -> list[str]:
    """Enter a run of a suite, with all cells it will have, and write the manifest.

    Results of other sources or package versions are dropped from the manifest, and so is an earlier run of
    the suite on other instances or under other limits; their cells stay on disk and are found again if the
    same run is asked for. Solvers of the same run are added to those that are there.

    Returns:
        What was dropped, as sentences.

    Raises:
        ResultsError: If the folder holds something else, or cannot be written.
    """
    manifest, dropped = _current(folder)
    try:
        entry, name = _entry(folder, run), run.suite.name
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error.strerror}; choose another --out") from None
    earlier = manifest["suites"].get(name)
    if earlier is not None and any(earlier.get(key) != entry[key] for key in _SAME_RUN):
        dropped.append(f"{name}: an earlier run on other instances or under other limits was replaced")
        earlier = None
    if earlier is not None:
        solvers = {solver["name"]: solver for solver in [*earlier["solvers"], *entry["solvers"]]}
        entry["solvers"] = list(solvers.values())
        entry["command"] = _command(run, list(solvers))
    entry["cells"] = [key for solver in entry["solvers"] for key in solver["cells"]]
    manifest["suites"][name] = entry
    manifest["updated"] = _now()
    try:
        Manifest.model_validate(manifest)
    except ValidationError as error:
        raise ResultsError(f"this run cannot be recorded: {_first(error)}") from None
    try:
        files.write_atomically(folder / FILE, encode(manifest))
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error.strerror}; choose another --out") from None
    return dropped


def mark(folder: Path, incidents: list[str]) -> tuple[Path, bytes]:
    """Enter into the manifest what somebody else did to the folder during a run; it stays with the results.

    Returns:
        The file and what is in it now.

    Raises:
        ResultsError: If it cannot be read or written.
    """
    manifest = load(folder)
    known = dict.fromkeys([*manifest.get("incidents", []), *incidents])
    manifest["incidents"] = list(known)[:MOST_INCIDENTS]
    data = encode(manifest)
    try:
        files.write_atomically(folder / FILE, data)
    except OSError as error:
        raise ResultsError(
            f"{folder} cannot be written: {error.strerror}; what is finished is kept"
        ) from None
    return folder / FILE, data


def _current(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The manifest to add to, and what had to be dropped from it."""
    fresh = {
        "format": FORMAT,
        "created": _now(),
        "code_hash": code_hash(),
        "git_commit": git_commit(),
        "versions": versions(),
        "machine": machine(),
        "suites": {},
    }
    if not (folder / FILE).exists():
        return fresh, []
    there = load(folder)
    same_versions = numerical_versions().items() <= there.get("versions", {}).items()
    if there.get("code_hash") == fresh["code_hash"] and same_versions:
        kept = {name: there[name] for name in ("created", "suites", "incidents") if name in there}
        return fresh | kept, []
    names = ", ".join(there.get("suites", {})) or "nothing"
    return fresh, [f"results of another version of the code or its packages were dropped: {names}"]


def _entry(folder: Path, run: SuiteRun) -> dict[str, Any]:
    suite = run.suite
    return {
        "title": suite.title,
        "question": suite.question,
        "hash": suite.content_hash(),
        "preset": run.preset,
        "instances": run.instances,
        "seed": run.seed,
        "limits": asdict(run.limits),
        "scenarios": [
            {
                "id": scenario.id,
                "title": scenario.title,
                "description": scenario.description,
                "hash": scenario.content_hash(),
                "rate": scenario.rate,
                "reward": scenario.reward.reading,
                "reward_unit": scenario.reward.rate_unit,
                "zoo": keep_zoo(folder, scenario),
            }
            for scenario in run.scenarios
        ],
        "solvers": [
            {
                "name": entrant.name,
                "summary": entrant.summary,
                "family": entrant.family,
                "configuration": entrant.configuration,
                "hash": entrant.content_hash(),
                "cells": [cell.key for cell in run.cells_of(entrant)],
            }
            for entrant in run.entrants
        ],
        "command": _command(run, [entrant.name for entrant in run.entrants]),
    }


def _command(run: SuiteRun, solvers: list[str]) -> str:
    """A command that makes the same rows; plugins appear by the name of their file."""
    words = ["rdebench", "run", "--suite", run.suite.name]
    words += ["--instances", str(run.instances)] if run.preset == "custom" else ["--preset", run.preset]
    if solvers != run.suite.solvers:
        words += ["--solvers", ",".join(solvers)]
    for plugin in sorted({Path(entrant.plugin).name for entrant in run.entrants if entrant.plugin}):
        words += ["--plugin", plugin]
    if run.seed != run.suite.seed:
        words += ["--suite-seed", str(run.seed)]
    if run.limits.time_limit != run.suite.time_limit_s:
        words += ["--time-limit", f"{run.limits.time_limit:g}"]
    if run.limits.memory != int(run.suite.memory_limit_gib * GIB):
        words += ["--memory-limit", f"{run.limits.memory / GIB:g}"]
    if run.limits.evaluations not in (None, run.suite.evaluations):
        words += ["--evaluations", str(run.limits.evaluations)]
    if run.limits.seconds is not None:
        words += ["--seconds", f"{run.limits.seconds:g}"]
    return shlex.join(words)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
