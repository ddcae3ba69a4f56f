"""Edges: the smallest instance, ties, and instances that have no answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...problems import RDEProblem
from ..base import Solution, Solver
from .core import Make, require, told
from .instances import infeasible, of_identical_users, smallest, unbounded
from .observation import answer, decisions


def check_one_user_and_one_model(make: Make) -> None:
    """The smallest problem is a problem."""
    _survived(make, smallest, "one user and one model")


def check_identical_users(make: Make) -> None:
    """Users that are all alike are no special case."""
    _survived(make, of_identical_users, "users that are all alike")


def check_infeasible_is_survived(make: Make) -> None:
    """An instance that nothing satisfies gets an answer that breaks something, or a proof; no exception."""
    _survived(make, infeasible, "an instance that nothing satisfies")


def check_unbounded_is_survived(make: Make) -> None:
    """An instance whose value grows without end gets some answer, or the proof; no exception."""
    _survived(make, unbounded, "an instance whose value has no limit")


def _survived(make: Make, instances: Callable[[Solver], list[RDEProblem]], what: str) -> None:
    for problem in instances(make()):
        try:
            found = answer(make(), problem)
        except Exception as error:
            require(False, f"{what}: solve raised {told(error)}; answer anything, or refuse it in supports")
        if isinstance(found, Solution) and found.status is None:
            arrays = decisions(found)
            require(arrays is not None, f"{what}: no answer; answer anything, or refuse it in supports")
            for name, array in (arrays or {}).items():
                sound = array.dtype.kind not in "f" or bool(np.isfinite(array).all())
                require(sound, f"{what}: {name} holds NaN or infinity; look for a division by zero")
