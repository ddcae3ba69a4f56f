"""What the referee itself knows about an instance, and where it keeps that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from ..problems import Allocation, RDEProblem
from ..problems.sampling import stream
from ..solvers.base import Budget, Solution
from . import files

PHYSICS_VERSION = 1
"""Raised when the problem itself changes; references are costly, so they do not depend on source text."""

TIME_LIMIT_S = 120.0

OPTIMAL_GAP = 1e-6
"""Relative gap at which an allocation counts as optimal."""

_EXACT = 1e-9


def reference(problem: RDEProblem) -> dict[str, Any]:
    """Prove what can be proved about an instance.

    Args:
        problem: The instance.

    Returns:
        A row of ``rows.REFERENCE_SCHEMA``: status ``optimal`` (with value, bound and decisions),
        ``infeasible``, ``unbounded``, or ``unknown`` if the instance is too large.
    """
    from ..solvers.exhaustive import Exhaustive

    solver = Exhaustive()
    if solver.supports(problem) is not None:
        return unknown(problem.content_hash())
    solution = solver.solve(problem, rng=stream("reference"), budget=Budget())
    known = unknown(problem.content_hash()) | {"source": solver.name}
    if solution.status is not None:
        return known | {"status": solution.status}
    return _optimal(problem, known, solution)


def unknown(instance_hash: str) -> dict[str, Any]:
    """The reference of an instance about which nothing is known."""
    nothing = dict.fromkeys(("value", "bound", "source", "scm", "power_w", "bandwidth_hz"))
    return {"instance_hash": instance_hash, "status": "unknown", **nothing}


def holds(problem: RDEProblem, known: dict[str, Any]) -> bool:
    """Whether a reference is of this instance, and its allocation is feasible and worth what it says."""
    try:
        if known["instance_hash"] != problem.content_hash():
            return False
        if known["status"] != "optimal":
            return known["status"] in ("infeasible", "unbounded")
        allocation = Allocation(*(np.array(known[name]) for name in ("scm", "power_w", "bandwidth_hz")))
        evaluation = problem.evaluate(allocation)
        value, bound = float(known["value"]), float(known["bound"])
    except (KeyError, TypeError, ValueError):
        return False
    proved = value <= bound * (1 + _EXACT) and value >= bound * (1 - OPTIMAL_GAP)
    return proved and bool(evaluation.feasible) and abs(float(evaluation.rde) - value) <= _EXACT * value


def user_folder() -> Path:
    """Where references are kept for all results of this user."""
    return Path(platformdirs.user_cache_dir("rdebench")) / "references" / f"physics-{PHYSICS_VERSION}"


def file_of(folder: Path, instance_hash: str) -> Path:
    """Where a folder keeps the reference of an instance."""
    return folder / f"{instance_hash}.json"


def encode(known: dict[str, Any]) -> bytes:
    """A reference as the content of a file."""
    return json.dumps(known).encode()


def read(folder: Path, instance_hash: str) -> dict[str, Any] | None:
    """The reference kept in a folder; None if there is none or it cannot be read."""
    try:
        known = json.loads(file_of(folder, instance_hash).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and known.get("instance_hash") == instance_hash else None


def find(problem: RDEProblem, folders: Iterable[Path]) -> dict[str, Any] | None:
    """The first reference that holds, in a list of folders."""
    instance_hash = problem.content_hash()
    found = (read(folder, instance_hash) for folder in folders)
    return next((known for known in found if known is not None and holds(problem, known)), None)


def keep_for_user(known: dict[str, Any]) -> None:
    """Keep a reference for all results of this user, unless their cache cannot be written."""
    with suppress(OSError):
        files.write_atomically(file_of(user_folder(), known["instance_hash"]), encode(known))


def _optimal(problem: RDEProblem, known: dict[str, Any], solution: Solution) -> dict[str, Any]:
    if solution.scm is None or solution.power is None or solution.bandwidth is None or solution.bound is None:
        return known
    evaluation = problem.evaluate(Allocation(solution.scm, solution.power, solution.bandwidth))
    proved = known | {
        "status": "optimal",
        "value": float(evaluation.rde),
        # An allocation may use the tolerance of the constraints, and then exceed the bound in the last digits.
        "bound": max(float(solution.bound), float(evaluation.rde)),
        "scm": solution.scm.tolist(),
        "power_w": solution.power.tolist(),
        "bandwidth_hz": solution.bandwidth.tolist(),
    }
    return proved if holds(problem, proved) else known
