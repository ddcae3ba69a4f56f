"""From what a policy chose to an answer: always a feasible one where any of its means finds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...problems import RDEProblem
from ...problems.rde import FloatArray, IntArray
from ..allocation import InnerSolver
from ..base import Budget, Solution
from ..incumbent import Allowance, Incumbent

if TYPE_CHECKING:
    from .instances import Group


def unsorted(group: Group, values: np.ndarray) -> np.ndarray:
    """Values of sorted users ``[..., M]`` in the problem's order of users."""
    result = np.empty_like(values)
    result[..., group.data.order[0]] = values
    return result


def best_of(problem: RDEProblem, group: Group | None, samples: IntArray | None, budget: Budget) -> Solution:
    """The best of a policy's assignments with its exact allocation.

    Where none is feasible: the plan that the root prices lead to, with changes of one user; then everybody's least
    power.

    Args:
        problem: The instance.
        group: Its description, alone in a group; None if it has none.
        samples: Assignments of the sorted users, ``[K, M]``.
        budget: Every assignment tried counts as one evaluation.
    """
    tried = Incumbent(InnerSolver(problem), Allowance(budget))
    if group is not None and samples is not None:
        tried.values(unsorted(group, samples))
    if tried.scm is None and group is not None:
        from .instances import described

        ((planned, _),), _ = described([problem])
        improved, _ = planned.improved(np.zeros(1, dtype=np.int64), planned.data.plan, sweeps=problem.users)
        tried.values(unsorted(planned, improved))
    if tried.scm is None:
        power = np.where(np.isfinite(problem.min_rate), problem.scm_power, np.inf)
        rate = np.where(np.isfinite(problem.min_rate), problem.min_rate, np.inf)
        tried.values(np.stack([power.argmin(axis=1), rate.argmin(axis=1)]))
    return tried.answer()


def in_units(problem: RDEProblem, scm: IntArray, power: FloatArray, share: FloatArray) -> Solution:
    """Decisions of all users ``[M]``, power and bandwidth in budgets, as an answer in W and Hz."""
    return Solution(scm, power * problem.power_budget, share * problem.bandwidth_budget)
