"""What the referee itself has proved about an instance - a certificate - and where it keeps that."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from ..problems import Allocation, RDEProblem
from . import files, sealed

PHYSICS_VERSION = 1
"""Raised when the problem itself changes; certificates are costly, so they do not depend on source text."""

TIME_LIMIT_S = 120.0

_SECONDS = 100.0
"""What the solver gets of the time limit: past it a certificate carries the best bound so far."""

OPTIMAL_GAP = 1e-6
"""Relative gap at which an allocation counts as optimal."""

_TOLERANCE = 1e-8
"""Relative gap that the referee proves: well below what counts as optimal, so that gaps of rows are not its own."""

_EXACT = 1e-9


def reference(problem: RDEProblem) -> dict[str, Any]:
    """Prove what can be proved about an instance.

    Args:
        problem: The instance.

    Returns:
        A certificate, as :func:`rdebench.solvers.certificate.certify` writes it; ``rdebench audit`` verifies it.
    """
    from ..solvers.certificate import certify

    return certify(problem, tol=_TOLERANCE, seconds=_SECONDS)


def unknown(instance_hash: str) -> dict[str, Any]:
    """The reference of an instance about which nothing is known."""
    return {"instance": instance_hash, "status": "unknown"}


def row(known: dict[str, Any]) -> dict[str, Any]:
    """A reference as a row of ``rows.REFERENCE_SCHEMA``; without a proof of a value there is no value."""
    status = known["status"]
    valued = known if status in ("optimal", "bounded") else {}
    return {
        "instance_hash": known["instance"],
        "status": status,
        "value": valued.get("rde"),
        "source": None if status == "unknown" else "certified",
        **{name: valued.get(name) for name in ("bound", "scm", "power_w", "bandwidth_hz")},
    }


def holds(problem: RDEProblem, known: dict[str, Any]) -> bool:
    """Whether a reference is of this instance, and its allocation is feasible and worth what it says.

    This does not check the proof, which is the verifier's work.
    """
    try:
        if known["instance"] != problem.content_hash() or "steps" not in known:
            return False
        if known["status"] in ("infeasible", "unbounded"):
            return True
        if known["status"] not in ("optimal", "bounded") or known["bound"] is None:
            return False
        if known["rde"] is None:
            return bool(known["status"] == "bounded")
        allocation = Allocation(*(np.array(known[name]) for name in ("scm", "power_w", "bandwidth_hz")))
        evaluation = problem.evaluate(allocation)
        value, bound = float(known["rde"]), float(known["bound"])
    except (KeyError, TypeError, ValueError):
        return False
    closed = known["status"] == "bounded" or value >= bound * (1 - OPTIMAL_GAP)
    proved = value <= bound * (1 + _EXACT) and closed
    return bool(proved and evaluation.feasible and abs(float(evaluation.rde) - value) <= _EXACT * value)


def user_folder() -> Path:
    """Where references are kept for all results of this user."""
    return Path(platformdirs.user_cache_dir("rdebench")) / "references" / f"physics-{PHYSICS_VERSION}"


def file_of(folder: Path, instance_hash: str) -> Path:
    """Where a folder keeps the reference of an instance."""
    return folder / f"{instance_hash}.json"


def encode(known: dict[str, Any]) -> bytes:
    """A reference as the content of a file; sealed, so that a change is noticed."""
    return sealed.seal(known)


def read(folder: Path, instance_hash: str, *, unsealed: bool = False) -> dict[str, Any] | None:
    """The reference kept in a folder; None if there is none, or any byte of it is not as it was written.

    Args:
        folder: The folder.
        instance_hash: Content hash of the instance.
        unsealed: Whether to take one without a seal too; earlier versions wrote no seals.
    """
    try:
        data = sealed.read(file_of(folder, instance_hash))
        known = sealed.parse(data)
        if not unsealed or sealed.FIELD in known:
            known = sealed.unseal(data)
    except (OSError, sealed.SealError):
        return None
    return known if "status" in known and known.get("instance") == instance_hash else None


def find(problem: RDEProblem, folders: Iterable[Path]) -> dict[str, Any] | None:
    """The first reference that holds, in a list of folders; that of the user may be without a seal."""
    instance_hash, own = problem.content_hash(), user_folder()
    found = (read(folder, instance_hash, unsealed=folder == own) for folder in folders)
    return next((known for known in found if known is not None and holds(problem, known)), None)


def keep_for_user(known: dict[str, Any]) -> None:
    """Keep a reference for all results of this user, unless their cache cannot be written."""
    with suppress(OSError):
        files.write_atomically(file_of(user_folder(), known["instance"]), encode(known), lasting=False)
