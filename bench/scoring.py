"""From an outcome to a row: the referee's own evaluation of what a solver decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..problems import Allocation, RDEProblem, Reward
from ..solvers.base import Solution
from . import answers
from .pool import Outcome
from .rows import FAILURES, VIOLATIONS

_UNSCORED = (*FAILURES, "skipped")


def score(problem: RDEProblem, reward: Reward, outcome: Outcome) -> dict[str, Any]:
    """The part of a row that says what a solver decided and what that is worth.

    Args:
        problem: The referee's own copy of the instance.
        reward: How the scenario reads (12).
        outcome: What came from the solver's process; nothing in it is believed.

    Returns:
        Values of the columns from ``status`` to ``peak_memory_bytes``; a column without a value is left out.
    """
    measured = {
        "solve_seconds": _number(outcome.header.get("seconds")),
        "evaluations": _count(outcome.header.get("evaluations")),
        "peak_memory_bytes": _count(outcome.header.get("peak_memory")),
    }
    if outcome.status in _UNSCORED:
        return measured | {"status": outcome.status, "message": outcome.message}
    if outcome.status != "answered":
        return measured | {"status": "error", "message": "the solver's process sent an unknown status"}
    try:
        return measured | _judged(problem, reward, outcome)
    except ValueError as error:
        return measured | {"status": "invalid", "message": str(error)}


def _judged(problem: RDEProblem, reward: Reward, outcome: Outcome) -> dict[str, Any]:
    """Raises ValueError if the answer cannot be scored."""
    decided: Mapping[str, Any] = outcome.arrays
    solution = Solution(
        *(decided.get(name) for name in answers.DECISIONS),
        bound=outcome.header.get("bound"),
        status=outcome.header.get("claim"),
    )
    arrays, bound, claim = answers.checked(solution, problem.users)
    if claim is not None:
        return {"status": claim}
    allocation = Allocation(arrays["scm"], arrays["power"], arrays["bandwidth"])
    with np.errstate(all="ignore"):
        evaluation = problem.evaluate(allocation)
        earned = float(reward(problem, evaluation))
    totals = (evaluation.rde, evaluation.total_power, evaluation.total_bandwidth, earned)
    if not np.isfinite(totals).all():
        raise ValueError("power or bandwidth is too large to be scored")
    return {
        "status": "feasible" if evaluation.feasible else "violated",
        "scm": arrays["scm"].tolist(),
        "power_w": arrays["power"].astype(np.float64).tolist(),
        "bandwidth_hz": arrays["bandwidth"].astype(np.float64).tolist(),
        "claimed_bound": bound,
        "rde": float(evaluation.rde),
        "reward": earned,
        "total_power_w": float(evaluation.total_power),
        "total_bandwidth_hz": float(evaluation.total_bandwidth),
        **{f"violation_{name}": float(getattr(evaluation.violations, name)) for name in VIOLATIONS},
    }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**63 else None
