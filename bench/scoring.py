"""From an outcome to a row: the referee's own evaluation of what a solver decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problems import Allocation, Evaluation, RDEProblem, Reward
from ..solvers.base import Solution
from . import answers
from .rows import FAILURES, VIOLATIONS
from .tasks import Outcome
from .traces import trace

_UNSCORED = (*FAILURES, "skipped")


@dataclass(frozen=True, eq=False)
class Judged:
    """An answer as the referee sees it.

    Attributes:
        status: ``feasible``, ``violated``, or the claim ``infeasible`` or ``unbounded``.
        allocation: The decisions; None with a claim.
        evaluation: What they are worth; None with a claim.
        bound: The upper bound that the solver claims, if any.
    """

    status: str
    allocation: Allocation | None = None
    evaluation: Evaluation | None = None
    bound: float | None = None


def score(problem: RDEProblem, reward: Reward, outcome: Outcome) -> dict[str, Any]:
    """The part of a row that says what a solver decided and what that is worth.

    Args:
        problem: The referee's own copy of the instance.
        reward: How the scenario reads (12).
        outcome: What came from the solver's process; nothing in it is believed.

    Returns:
        Values of the columns from ``status`` to ``trace_rde``; a column without a value is left out.
    """
    measured = {
        "solve_seconds": _number(outcome.header.get("seconds")),
        "evaluations": _count(outcome.header.get("evaluations")),
        "peak_memory_bytes": _count(outcome.header.get("peak_memory")),
    }
    if outcome.incumbents:
        reported = trace(problem, outcome)
        measured |= reported.columns()
        if outcome.status == "time_limit" and reported.best is not None:
            told = Outcome("answered", None, {}, reported.best)
            found = _columns(problem, reward, told) | {"status": "time_limit"}
            return measured | found | {"message": f"{outcome.message}; its last incumbent is its answer"}
    if outcome.status in _UNSCORED:
        return measured | {"status": outcome.status, "message": outcome.message}
    if outcome.status != "answered":
        return measured | {"status": "error", "message": "the solver's process sent an unknown status"}
    try:
        return measured | _columns(problem, reward, outcome)
    except ValueError as error:
        return measured | {"status": "invalid", "message": str(error)}


def judge(problem: RDEProblem, solution: object) -> Judged:
    """Take a solution apart and evaluate its decisions.

    Raises:
        ValueError: If it is no answer or cannot be scored; the message says why.
    """
    arrays, bound, claim = answers.checked(solution, problem.users)
    if claim is not None:
        return Judged(claim)
    allocation = Allocation(arrays["scm"], arrays["power"], arrays["bandwidth"])
    with np.errstate(all="ignore"):
        evaluation = problem.evaluate(allocation)
    if not np.isfinite((evaluation.rde, evaluation.total_power, evaluation.total_bandwidth)).all():
        raise ValueError("power or bandwidth is too large to be scored")
    return Judged("feasible" if evaluation.feasible else "violated", allocation, evaluation, bound)


def _columns(problem: RDEProblem, reward: Reward, outcome: Outcome) -> dict[str, Any]:
    """Raises ValueError if the answer cannot be scored."""
    decided: Mapping[str, Any] = outcome.arrays
    scm, power, bandwidth = (decided.get(name) for name in answers.DECISIONS)
    claims = {"bound": outcome.header.get("bound"), "status": outcome.header.get("claim")}
    judged = judge(problem, Solution(scm, power, bandwidth, **claims))
    if judged.allocation is None or judged.evaluation is None:
        return {"status": judged.status}
    allocation, evaluation = judged.allocation, judged.evaluation
    return {
        "status": judged.status,
        "scm": allocation.scm.tolist(),
        "power_w": allocation.power.astype(np.float64).tolist(),
        "bandwidth_hz": allocation.bandwidth.astype(np.float64).tolist(),
        "claimed_bound": judged.bound,
        "rde": float(evaluation.rde),
        "reward": float(reward(problem, evaluation)),
        "total_power_w": float(evaluation.total_power),
        "total_bandwidth_hz": float(evaluation.total_bandwidth),
        **{f"violation_{name}": float(getattr(evaluation.violations, name)) for name in VIOLATIONS},
    }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None  # True is no count
