"""Incumbents that a solver reported on its way, scored by the referee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problems import Allocation, RDEProblem
from ..solvers.base import Solution
from . import answers
from .tasks import Incumbent, Outcome

_MOST_USERS = 200_000
"""Users of all incumbents that are scored in one call."""


@dataclass(frozen=True)
class Trace:
    """What the incumbents of one instance are worth.

    Attributes:
        seconds: When each was reported, s after the start, never decreasing.
        evaluations: Evaluations used until then, never decreasing.
        rde: Best feasible RDE until then.
        best: Decisions of the best, by name; None without a feasible one.
    """

    seconds: list[float]
    evaluations: list[int]
    rde: list[float]
    best: dict[str, Any] | None

    def columns(self) -> dict[str, Any]:
        """The columns of a row; none if nothing feasible was reported."""
        if self.best is None:
            return {}
        return {
            "trace_seconds": self.seconds,
            "trace_evaluations": self.evaluations,
            "trace_rde": self.rde,
        }


def trace(problem: RDEProblem, outcome: Outcome) -> Trace:
    """Score the incumbents of an outcome; those that are no allocation or not feasible do not count.

    Args:
        problem: The referee's own copy of the instance.
        outcome: What came from the solver's process; nothing in it is believed.
    """
    stamped = [one for one in outcome.incumbents if _is_stamped(one)]
    worth = zip(stamped, _worth(problem, stamped), strict=True)
    kept = [(one, rde) for one, rde in worth if rde is not None]
    if not kept:
        return Trace([], [], [], None)
    seconds = np.array([float(one.header["seconds"]) for one, _ in kept])
    evaluations = np.array([one.header["evaluations"] for one, _ in kept], dtype=np.int64)
    rde = np.array([rde for _, rde in kept])
    return Trace(
        np.maximum.accumulate(seconds).tolist(),
        np.maximum.accumulate(evaluations).tolist(),
        np.maximum.accumulate(rde).tolist(),
        kept[int(rde.argmax())][0].arrays,
    )


def _is_stamped(one: Incumbent) -> bool:
    """Whether an incumbent says when it was found."""
    seconds, evaluations = one.header.get("seconds"), one.header.get("evaluations")
    timed = isinstance(seconds, int | float) and 0 <= seconds < np.inf
    return timed and isinstance(evaluations, int) and 0 <= evaluations < 2**63


def _worth(problem: RDEProblem, incumbents: Sequence[Incumbent]) -> list[float | None]:
    """RDE of each incumbent; None for one that is no allocation or not feasible."""
    worth: list[float | None] = [None] * len(incumbents)
    decided = [(n, arrays) for n, one in enumerate(incumbents) if (arrays := _decisions(problem, one))]
    at_once = max(1, _MOST_USERS // problem.users)
    for first in range(0, len(decided), at_once):
        some = decided[first : first + at_once]
        batch = Allocation(*(np.stack([arrays[name] for _, arrays in some]) for name in answers.DECISIONS))
        with np.errstate(all="ignore"):
            found = problem.evaluate(batch)
        for (n, _), rde, feasible in zip(some, found.rde, found.feasible, strict=True):
            worth[n] = float(rde) if feasible and np.isfinite(rde) else None
    return worth


def _decisions(problem: RDEProblem, one: Incumbent) -> dict[str, Any] | None:
    """The decisions of an incumbent by name; None if they are no allocation."""
    scm, power, bandwidth = (one.arrays.get(name) for name in answers.DECISIONS)
    try:
        arrays, _, _ = answers.checked(Solution(scm, power, bandwidth), problem.users)
    except ValueError:
        return None
    chosen = arrays["scm"]
    if chosen.dtype.kind not in "iu" or not 0 <= chosen.min() <= chosen.max() < problem.models:
        return None
    if not all(np.isfinite(arrays[name]).all() for name in ("power", "bandwidth")):
        return None
    return arrays | {"scm": chosen.astype(np.int64)}
