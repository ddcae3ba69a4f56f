"""Scoring stored decisions again, many instances in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..problems import Allocation, RDEProblem, Reward
from ..problems.stack import ProblemStack
from .cell_checks import DECISIONS, WORTH, name
from .rows import VIOLATIONS

_EXACT = 1e-12
"""Relative difference beyond which a stored score is not the score: the last bits may differ between machines."""

Row = dict[str, Any]


def faults_of(
    rows: Sequence[Row], problems: Mapping[int, tuple[RDEProblem, str]], reward: Reward
) -> list[tuple[Row, str]]:
    """Score answers again and compare every stored number.

    Args:
        rows: Rows of one scenario that :func:`rdebench.bench.cell_checks.check` found sound.
        problems: Instances and their content hashes, by number.
        reward: How the scenario reads (12).

    Returns:
        What is wrong: the row and a sentence.
    """
    found: list[tuple[Row, str]] = []
    answers: dict[tuple[str, int, int], list[Row]] = {}
    for row in rows:
        problem, instance_hash = problems[row["instance"]]
        stated = (row["instance_hash"], row["users"], row["models"], row["rate"])
        if stated != (instance_hash, problem.users, problem.models, problem.rate):
            found.append((row, f"{name(row)}: it is not of the instance it names"))
        elif row["scm"] is not None:
            answers.setdefault((problem.rate, problem.users, problem.models), []).append(row)
    for same_shape in answers.values():
        found += _compared(same_shape, problems, reward)
    return found


def _compared(
    rows: list[Row], problems: Mapping[int, tuple[RDEProblem, str]], reward: Reward
) -> list[tuple[Row, str]]:
    numbers = sorted({row["instance"] for row in rows})
    position = {number: n for n, number in enumerate(numbers)}
    stack = ProblemStack.of([problems[number][0] for number in numbers])
    stack = stack.take(np.array([position[row["instance"]] for row in rows]))
    decided = Allocation(*(np.array([row[column] for row in rows]) for column in DECISIONS))
    with np.errstate(all="ignore"):
        evaluation = stack.evaluate(decided)
        worth = {
            "rde": evaluation.rde,
            "reward": reward(stack, evaluation),
            "total_power_w": evaluation.total_power,
            "total_bandwidth_hz": evaluation.total_bandwidth,
            **{f"violation_{kind}": getattr(evaluation.violations, kind) for kind in VIOLATIONS},
        }
    found = []
    for column in WORTH:
        stored = np.array([row[column] for row in rows], dtype=np.float64)
        for n in np.flatnonzero(_differ(stored, worth[column])):
            given = float(worth[column][n])
            found.append(
                (rows[n], f"{name(rows[n])}: {column} is {float(stored[n])!r}, its decisions give {given!r}")
            )
    for row, feasible in zip(rows, evaluation.feasible.tolist(), strict=True):
        if feasible != (row["status"] != "violated"):
            verdict = "feasible" if feasible else "violated"
            found.append((row, f"{name(row)}: says {row['status']}, but is {verdict}"))
    return found


def _differ(stored: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    same = np.isclose(stored, values, rtol=_EXACT, atol=1e-15) | (stored == values)
    return np.asarray(~same)
