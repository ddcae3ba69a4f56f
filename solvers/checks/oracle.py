"""The optimum of a small instance, by trying everything."""

from __future__ import annotations

import itertools

import numpy as np

from ...problems import RDEProblem
from ..allocation import InnerSolver

_known: dict[str, float] = {}


def optimum(problem: RDEProblem) -> float:
    """Best RDE over all S^M assignments, without any collapse; -inf if none is feasible, inf if unbounded."""
    key = problem.content_hash()
    if key not in _known:
        scm = np.array(list(itertools.product(range(problem.models), repeat=problem.users)))
        _known[key] = float(InnerSolver(problem).values(scm).max())
    return _known[key]
