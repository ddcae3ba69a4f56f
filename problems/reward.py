"""Equation (12): the reward of reinforcement learning, in its three readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from .rde import Evaluation, FloatArray, RDEProblem

if TYPE_CHECKING:
    from .stack import ProblemStack

Reading = Literal["hinge", "signed", "absolute"]

RATE_UNITS = {"Mbit/s": 1e6, "bit/s/Hz": 1.0}
"""What a rate is divided by before it enters (12), by the unit the scenario states."""

LATENCY_CAP = 10.0
"""A user's excess latency is capped at this many deadlines: at rate zero latency is infinite."""


@dataclass(frozen=True)
class Reward:
    """How (12) is read. Power counts in W and latency in s.

    Attributes:
        reading: ``hinge`` penalises what exceeds the budget or a user's own deadline (the paper's words),
            ``signed`` takes (12) as printed, so that slack earns reward, ``absolute`` penalises any deviation.
        gamma_power: gamma_1 of (12), per W.
        gamma_latency: gamma_2 of (12), per s.
        rate_unit: Unit of the rates in RDE, a key of :data:`RATE_UNITS`.
    """

    reading: Reading
    gamma_power: float
    gamma_latency: float
    rate_unit: str

    def __call__(self, problem: RDEProblem | ProblemStack, evaluation: Evaluation) -> FloatArray:
        """Reward of scored allocations.

        Args:
            problem: The problem they were scored on, or the stack of problems, one for each.
            evaluation: What its ``evaluate`` returned, batch axes ``[...]``.

        Returns:
            R of (12), shape ``[...]``, always finite.
        """
        excess_power = evaluation.total_power - problem.power_budget
        cap = LATENCY_CAP * problem.max_latency
        excess_latency = np.minimum(evaluation.latency - problem.max_latency, cap)
        if self.reading == "hinge":
            excess_power, excess_latency = np.maximum(excess_power, 0.0), np.maximum(excess_latency, 0.0)
        elif self.reading == "absolute":
            excess_power, excess_latency = np.abs(excess_power), np.abs(excess_latency)
        penalty = self.gamma_power * excess_power + self.gamma_latency * excess_latency.sum(axis=-1)
        return np.asarray(evaluation.rde / RATE_UNITS[self.rate_unit] - penalty)
