"""The paper's strategy (b), random: random SCMs and random shares."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import FloatArray, IntArray
from .select_then_share import ExactSharing, SelectThenShare


class RandomAllocation(SelectThenShare):
    """Uniformly random SCMs, power and bandwidth by flat Dirichlet shares (the paper's "random")."""

    name: ClassVar[str] = "random"
    family: ClassVar[str] = "baseline"
    deterministic: ClassVar[bool] = False

    def select(self, problem: RDEProblem, rng: np.random.Generator) -> IntArray:
        """Each user's SCM, uniform over all."""
        return rng.integers(problem.models, size=problem.users)

    def shares(self, users: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Uniform over all ways to share."""
        return rng.dirichlet(np.ones(users)), rng.dirichlet(np.ones(users))


class RandomAllocationExact(ExactSharing, RandomAllocation):
    """Uniformly random SCMs, power and bandwidth exact."""

    name: ClassVar[str] = "random+exact"
