"""What counts as an answer: checked in the solver's process, and again in the referee's."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ..solvers.base import Proof, Solution

PROOFS = get_args(Proof)
DECISIONS = ("scm", "power", "bandwidth")


def checked(solution: object, users: int) -> tuple[dict[str, NDArray[Any]], float | None, str | None]:
    """Take a solution apart.

    Args:
        solution: What ``solve`` returned.
        users: M.

    Returns:
        The arrays ``[M]`` by name (none with a claim of proof), the claimed bound and the claim. A bound of
        plus infinity is no bound.

    Raises:
        ValueError: If it is no answer; the message says why.
    """
    if not isinstance(solution, Solution):
        raise ValueError(f"solve returned {type(solution).__name__}; it must return a Solution")
    if solution.status is not None:
        if solution.status not in PROOFS:
            raise ValueError(f"status is {str(solution.status)[:60]!r}; use None, {' or '.join(PROOFS)}")
        if any(getattr(solution, name) is not None for name in DECISIONS):
            raise ValueError(f"status is {solution.status} but there are decisions; give one or the other")
        return {}, None, str(solution.status)
    arrays = {name: _numbers(name, getattr(solution, name), users) for name in DECISIONS}
    return arrays, _bound(solution.bound), None


def _numbers(name: str, value: object, users: int) -> NDArray[Any]:
    if value is None:
        raise ValueError(f"{name} is None; it must hold one number per user, or status must say why not")
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} has type {array.dtype}; it must be a numeric array")
    if array.shape != (users,):
        raise ValueError(f"{name} has shape {array.shape}; it must be ({users},), one number per user")
    return array


def _bound(value: Any) -> float | None:
    if value is None:
        return None
    try:
        bound = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"bound is a {type(value).__name__}; it must be a number or None") from None
    if math.isnan(bound) or bound == -math.inf:
        raise ValueError(f"bound is {bound}; it must be a number or None")
    return None if bound == math.inf else bound


def is_empty(solution: object) -> bool:
    """Whether a solution holds neither decisions nor a claim: the solver found nothing."""
    if not isinstance(solution, Solution) or solution.status is not None:
        return False
    return all(getattr(solution, name) is None for name in DECISIONS)
