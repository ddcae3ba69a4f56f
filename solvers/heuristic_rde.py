"""The paper's strategy (d), heuristic-RDE: each user takes the SCM that looks best for itself."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rates import transmission_rate
from ..problems.rde import IntArray
from .select_then_share import ExactSharing, SelectThenShare


class HeuristicRDE(SelectThenShare):
    """The SCM of the largest individual r / (lambda D + epsilon) at equal shares (the paper's "heuristic-RDE").

    Each user has the M-th part of both budgets; with ``power_share="remaining"`` the model's own power comes out
    of its part. Deadlines are ignored, as in the paper.
    """

    name: ClassVar[str] = "heuristic-rde"
    family: ClassVar[str] = "baseline"

    def select(self, problem: RDEProblem, rng: np.random.Generator) -> IntArray:
        """Each user's best SCM by its own rate-distortion efficiency."""
        power = np.full(problem.scm_power.shape, problem.power_budget / problem.users)
        if self.power_share == "remaining":
            power = np.maximum(power - problem.scm_power, 0.0)
        bandwidth = problem.bandwidth_budget / problem.users
        rate = transmission_rate(problem.rate, power, bandwidth, problem.gain[:, None], problem.noise_psd)
        denominator = problem.distortion_weight * problem.distortion + problem.epsilon
        own = np.divide(rate, denominator, out=np.full(rate.shape, np.inf), where=denominator > 0)
        return np.asarray(own.argmax(axis=1))


class HeuristicRDEExact(ExactSharing, HeuristicRDE):
    """The SCM of the largest individual RDE, power and bandwidth exact."""

    name: ClassVar[str] = "heuristic-rde+exact"
