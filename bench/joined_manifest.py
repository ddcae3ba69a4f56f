"""The manifest of joined results."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .manifest_schema import FORMAT, MOST_INCIDENTS
from .source import StoredCell

_MOST_SHORT, _MOST_LONG = 200, 2_000


def joined(manifests: Sequence[Mapping[str, Any]], chosen: Sequence[StoredCell]) -> dict[str, Any]:
    """Join manifests whose suites agree.

    Args:
        manifests: The manifests; what only describes is taken from the first that has it.
        chosen: The cells that are kept.

    Returns:
        A manifest in which a suite has all solvers and as many instances as the largest run of it.
    """
    names = dict.fromkeys(name for one in manifests for name in one["suites"])
    codes = sorted({one["code_hash"] for one in manifests})
    incidents = dict.fromkeys(line for one in manifests for line in one.get("incidents", []))
    commits = {one["git_commit"] for one in manifests}
    return {
        "format": FORMAT,
        "created": min(one["created"] for one in manifests),
        "updated": max(one["updated"] for one in manifests),
        # Of several versions neither: a run into this folder must not take itself for one of them.
        "code_hash": codes[0] if len(codes) == 1 else hashlib.sha256("".join(codes).encode()).hexdigest(),
        "git_commit": commits.pop() if len(commits) == 1 else None,
        "versions": _together([one["versions"] for one in manifests], _MOST_SHORT),
        "machine": _together([one["machine"] for one in manifests], _MOST_LONG),
        "suites": {
            name: _suite(name, [one["suites"][name] for one in manifests if name in one["suites"]], chosen)
            for name in names
        },
        **({"incidents": list(incidents)[:MOST_INCIDENTS]} if incidents else {}),
    }


def _suite(name: str, entries: Sequence[Mapping[str, Any]], chosen: Sequence[StoredCell]) -> dict[str, Any]:
    largest = max(entries, key=lambda entry: int(entry["instances"]))
    scenarios = {one["id"]: one for entry in reversed(entries) for one in reversed(entry["scenarios"])}
    ordered = dict.fromkeys(one["id"] for entry in entries for one in entry["scenarios"])
    order = {identifier: n for n, identifier in enumerate(ordered)}
    solvers: dict[str, dict[str, Any]] = {}
    for entry in entries:
        for solver in entry["solvers"]:
            solvers.setdefault(solver["name"], dict(solver))
    cells: dict[str, list[StoredCell]] = {solver: [] for solver in solvers}
    for cell in chosen:
        if cell.place.suite == name:
            cells[cell.place.solver["name"]].append(cell)
    for solver, own in cells.items():
        own.sort(key=lambda cell: (order[cell.identity.scenario.id], cell.identity.indices[0]))
        solvers[solver]["cells"] = [cell.place.key for cell in own]
    return {
        **largest,
        "scenarios": [scenarios[identifier] for identifier in order],
        "solvers": list(solvers.values()),
        "command": _command(
            str(largest["command"]), [str(entry["command"]) for entry in entries], list(solvers)
        ),
        "cells": [key for solver in solvers.values() for key in solver["cells"]],
    }


def _command(largest: str, all_of_them: Sequence[str], solvers: Sequence[str]) -> str:
    """The command of the largest run, for the solvers and with the plugins of all."""
    if len(set(all_of_them)) == 1:
        return largest
    words = _without(_words(largest), ("--solvers", "--plugin"))
    plugins = dict.fromkeys(
        plugin
        for command in all_of_them
        for option, plugin in zip(_words(command), _words(command)[1:], strict=False)
        if option == "--plugin"
    )
    words += ["--solvers", ",".join(solvers)]
    for plugin in plugins:
        words += ["--plugin", plugin]
    return shlex.join(words)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _without(words: Sequence[str], options: Sequence[str]) -> list[str]:
    """Words without some options and their values."""
    kept, skip = [], False
    for word in words:
        if not skip and word not in options:
            kept.append(word)
        skip = not skip and word in options
    return kept


def _together(facts: Sequence[Mapping[str, Any]], most: int) -> dict[str, Any]:
    """Facts by name; where they differ, all of them as text."""
    names = dict.fromkeys(name for one in facts for name in one)
    found: dict[str, Any] = {}
    for name in names:
        values = list(dict.fromkeys(one.get(name) for one in facts if one.get(name) is not None))
        if values:
            found[name] = values[0] if len(values) == 1 else "; ".join(map(str, values))[:most]
    return found
