"""What solvers that learn have cost and how far they came, for the page: policies as they lie on disk."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..solvers.base import Solver
from ..solvers.registry import SolverError, make_solver, solver_names
from . import generalisation_rows, policies, policy_files
from .manifest import ResultsError
from .trained_policies import MIXTURE, Policy, policies_of

_LENGTH_BYTES = 8
"""A safetensors file begins with the length of its JSON header."""


def read_learners(results: Path) -> tuple[dict[str, Any], list[str]]:
    """The policies of all installed solvers, one's own before those that come with the package, and their matrix.

    Args:
        results: A results folder; rows of ``rdebench verify --across`` in it go before those of the package.

    Returns:
        What :func:`rdebench.leaderboard.page.render` takes, and a sentence on each thing that is left out.
    """
    roots = [policies.user_folder(), policies.shipped_folder()]
    known = {
        policy.folder: (solver.policy_name(), policy)
        for solver in _learners()
        for policy in policies_of(solver, roots)
    }
    found, notes = [], []
    for name, policy in known.values():  # once, though solvers may share policies
        try:
            found.append(_described(name, policy))
        except (policy_files.PolicyError, OSError, ValueError, TypeError, KeyError) as error:
            notes.append(f"the policy {policy.folder} is left out: {str(error).splitlines()[0]}")
    try:
        entries = _matrix([results, policies.shipped_folder()])
    except ResultsError as error:
        entries = []
        notes.append(f"the generalisation table is left out: {error}")
    return {"policies": found, "generalisation": entries}, notes


def _learners() -> list[Solver]:
    """The installed solvers that learn, those that cannot be set up left out."""
    found = []
    for name in solver_names():
        try:
            found.append(make_solver(name))
        except SolverError:
            continue
    return [solver for solver in found if solver.learns]


def _described(name: str, policy: Policy) -> dict[str, Any]:
    """A policy as the page takes it.

    Raises:
        PolicyError, ValueError, TypeError, KeyError: If its description is not what it should be.
    """
    about = policy_files.description(policy.folder)
    steps, seconds = about.get("steps"), about["seconds"]
    files = [path for path in policy.folder.iterdir() if path.name != policy_files.FILE]
    return {
        "policy": name,
        "key": policy.folder.name,
        "trained_on": policy.trained_on,
        "scenarios": len(about["scenarios"]) if policy.trained_on == MIXTURE else 1,
        "seed": policy.seed,
        "steps": None if steps is None else int(steps),
        "seconds": float(seconds),
        "machine": str(about["machine"]),
        "command": str(about["command"]),
        "parameters": _parameters(policy.folder / policy_files.WEIGHTS),
        "bytes": sum(path.stat().st_size for path in files),
        "curve": _points(about.get("curve") or []),
    }


def _points(curve: Iterable[Iterable[Any]]) -> list[list[float]]:
    """Steps, seconds, gap and share of infeasible answers of each point, without points that have no numbers."""
    points = [[float(value) for value in point] for point in curve if None not in point]
    if any(len(point) != 4 or not all(map(math.isfinite, point)) for point in points):
        raise ValueError("a point of its curve is not (steps, seconds, gap, share of infeasible answers)")
    return points


def _parameters(weights: Path) -> int | None:
    """How many numbers were learnt, by the header of the weights; None for a policy of other files."""
    if not weights.is_file():
        return None
    with open(weights, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(_LENGTH_BYTES), "little")))
    return sum(int(math.prod(tensor["shape"])) for name, tensor in header.items() if name != "__metadata__")


def _matrix(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """The generalisation matrix of the first folder that has rows of one; empty if none has.

    Raises:
        ResultsError: If its rows are damaged.
    """
    from .generalisation import as_json, matrix

    for folder in folders:
        rows = generalisation_rows.read(folder)
        if rows is not None:
            return as_json(matrix(rows))
    return []
