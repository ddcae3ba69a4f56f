"""The problem as a general-purpose nonlinear solver sees it: smooth functions of scaled variables, and their slopes."""

from __future__ import annotations

import numpy as np

from ..problems import Allocation
from ..problems.rates import transmission_rate
from ..problems.rde import FloatArray, IntArray
from .allocation import InnerSolver


class SmoothModel:
    """The problem as smooth functions of choices ``[M, S]``, and power and bandwidth over their budgets, ``[M]``."""

    def __init__(self, inner: InnerSolver) -> None:
        problem = inner.problem
        self.inner, self.problem = inner, problem
        self.permitted = np.isfinite(inner.nats)
        self.least = np.where(self.permitted, inner.nats, 0.0)
        self.snr = problem.gain * (problem.power_budget / problem.bandwidth_budget / problem.noise_psd)
        self.floor = min(max(inner.floor, 1e-7), 1.0 / problem.users)
        equal = np.full(problem.users, 1.0 / problem.users)
        self.unit = max(float(self.rates(equal, equal).mean()), 1e-12)
        self.scale = self.unit / max(float(inner.distortion.mean()), 1e-12)

    def rates(self, power: FloatArray, share: FloatArray) -> FloatArray:
        """Rates, nats, ``[M]``."""
        problem = self.problem
        power, bandwidth = power * problem.power_budget, share * problem.bandwidth_budget
        rate = transmission_rate(problem.rate, power, bandwidth, problem.gain, problem.noise_psd)
        return np.asarray(rate / self.inner.rate_unit)

    def slopes(self, power: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derivatives of :meth:`rates` by power and by bandwidth, ``[M]`` each."""
        snr = self.snr * power / share
        if self.problem.rate == "shannon":
            return self.snr / (1.0 + snr), np.log1p(snr) - snr / (1.0 + snr)
        return self.snr / share / (1.0 + snr), -snr / (1.0 + snr) / share

    def random_point(
        self, rng: np.random.Generator, concentration: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Random choices, and random shares of what they leave of power and bandwidth."""
        users, models = self.permitted.shape
        choice = rng.dirichlet(np.full(models, concentration), users) * self.permitted
        choice /= np.maximum(choice.sum(axis=1, keepdims=True), 1e-12)
        left = max(1.0 - float((choice * self.inner.compute).sum()), 0.0)
        power = left * rng.dirichlet(np.full(users, concentration))
        spare = max(1.0 - users * self.floor, 0.0)
        return choice, power, self.floor + spare * rng.dirichlet(np.full(users, concentration))

    def allocation(self, scm: IntArray, power: FloatArray, share: FloatArray) -> Allocation:
        """The decisions in W and Hz, scaled onto the budgets where rounding exceeds them."""
        problem = self.problem
        left = max(1.0 - float(self.inner.compute[np.arange(len(scm)), scm].sum()), 0.0)
        power, spare = np.maximum(power, 0.0), np.maximum(share - self.floor, 0.0)
        power = power * min(1.0, left / max(float(power.sum()), 1e-300))
        most = max(1.0 - self.floor * len(scm), 0.0)
        spare = spare * min(1.0, most / max(float(spare.sum()), 1e-300))
        bandwidth = np.maximum((self.floor + spare) * problem.bandwidth_budget, problem.min_bandwidth)
        return Allocation(scm, power * problem.power_budget, bandwidth)
