"""The manifest of a results folder: which suites it holds, who took part, and which cells belong to them."""

from __future__ import annotations

import datetime
import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import files
from .cells import SuiteRun
from .provenance import code_hash, git_commit, machine, numerical_versions, versions
from .zoo_data import keep_zoo

FORMAT = "rdebench-results/1"
FILE = "manifest.json"

_SAME_RUN = ("hash", "instances", "seed", "limits", "scenarios")
"""What must agree for the solvers of two runs of a suite to stand on one board."""


class ResultsError(ValueError):
    """A results folder that cannot be used; the message says why and what to do."""


def load(folder: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Raises:
        ResultsError: If the folder holds no results that this version reads.
    """
    try:
        manifest = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except OSError:
        raise ResultsError(
            f"{folder} holds no results ({FILE} is missing); make some: rdebench run --out {folder}"
        ) from None
    except ValueError as error:
        raise ResultsError(f"{folder / FILE} is not readable: {error}; delete it and run again") from None
    given = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
    if given != FORMAT:
        raise ResultsError(f"{folder / FILE} has the format {given!r}; this version reads {FORMAT!r}")
    if not _well_formed(manifest.get("suites")):
        raise ResultsError(f"{folder / FILE} is damaged: its suites are not what a run writes; run again")
    return dict(manifest)


def _well_formed(suites: object) -> bool:
    """Whether every suite is an entry with the lists that readers rely on."""
    if not isinstance(suites, dict) or not all(isinstance(suite, dict) for suite in suites.values()):
        return False
    lists = [suite.get(name) for suite in suites.values() for name in ("cells", "scenarios", "solvers")]
    if not all(isinstance(one, list) for one in lists):
        return False
    entries = [
        entry for suite in suites.values() for name in ("scenarios", "solvers") for entry in suite[name]
    ]
    keys = [key for suite in suites.values() for key in suite["cells"]]
    return all(isinstance(entry, dict) for entry in entries) and all(isinstance(key, str) for key in keys)


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
        files.write_atomically(folder / FILE, json.dumps(manifest, indent=1).encode())
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error.strerror}; choose another --out") from None
    return dropped


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
        return fresh | {"created": there["created"], "suites": there["suites"]}, []
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
    if run.limits.evaluations not in (None, run.suite.evaluations):
        words += ["--evaluations", str(run.limits.evaluations)]
    if run.limits.seconds is not None:
        words += ["--seconds", f"{run.limits.seconds:g}"]
    return shlex.join(words)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
