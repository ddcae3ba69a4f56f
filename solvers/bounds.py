"""Bounds on the RDE of a whole problem from prices: the root bound, and rows that rule assignments out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..problems.rde import FloatArray, IntArray
from .allocation import InnerSolver

MAX_ROWS = 96
_ROW_MEMORY = 3e7


@dataclass(frozen=True, eq=False)
class Prices:
    """Price pairs: theta, bandwidth over power, and mu, nats per unit of power; infinite mu proves infeasibility.

    Attributes:
        theta: Shape ``[J]``.
        mu: Shape ``[J]``.
    """

    theta: FloatArray
    mu: FloatArray

    @classmethod
    def none(cls) -> Prices:
        """No price pair at all."""
        return cls(np.empty(0), np.empty(0))


class PricedProblem:
    """A problem in normalised units with the operations that prices allow.

    Args:
        inner: The problem.
        allowed: Which pairs of user and SCM are still in the running, ``[M, S]``.
    """

    def __init__(self, inner: InnerSolver, allowed: NDArray[np.bool_]) -> None:
        self.shannon = inner.problem.rate == "shannon"
        self.snr = np.ascontiguousarray(inner.snr)
        self.nats = np.where(allowed, inner.nats, np.inf)
        self.compute = np.ascontiguousarray(inner.compute)
        self.floor = inner.floor
        self.weight = np.ascontiguousarray(inner.distortion)
        self.epsilon = inner.problem.epsilon

    def root(self) -> tuple[float, float, float]:
        """The smallest bound over all prices, in nats over the denominator, and its theta and mu.

        Negative if the prices prove that nothing is feasible.
        """
        from .price_kernel import root_bound

        row = np.empty_like(self.nats)
        return root_bound(
            self.shannon, self.snr, self.nats, self.compute, self.floor, self.weight, self.epsilon, row
        )

    def least_price(self, theta: float) -> float:
        """Smallest admissible mu at a theta."""
        from .price_kernel import least_price

        return least_price(self.shannon, self.snr, theta)

    def row(self, theta: float, mu: float) -> tuple[float, FloatArray]:
        """Constant and earnings ``[M, S]`` at one price pair."""
        from .price_kernel import fill_row

        row = np.empty_like(self.nats)
        return fill_row(self.shannon, self.snr, self.nats, self.compute, self.floor, theta, mu, row), row

    def losses(self, prices: Prices, q: float) -> tuple[FloatArray, FloatArray]:
        """Losses of every choice in every row at q, ``[M, S, J]``, and the slacks ``[J]``.

        Assignments whose losses exceed the slack of any row are worse than q, or infeasible.
        """
        from .price_kernel import fill_row, row_losses

        users, models = self.nats.shape
        loss, slack = np.empty((users, models, len(prices.theta))), np.empty(len(prices.theta))
        row, one = np.empty_like(self.nats), np.empty_like(self.nats)
        nothing = np.zeros_like(self.weight)
        for j, (theta, mu) in enumerate(zip(prices.theta, prices.mu, strict=True)):
            constant = fill_row(self.shannon, self.snr, self.nats, self.compute, self.floor, theta, mu, row)
            proof = np.isinf(mu)
            weight, epsilon = (nothing, 0.0) if proof else (self.weight, self.epsilon)
            slack[j] = row_losses(constant, row, weight, epsilon, 0.0 if proof else q, one)
            loss[:, :, j] = one
        broken = np.isnan(slack) | np.isnan(loss).any(axis=(0, 1))  # overflow: such a row proves nothing
        loss[:, :, broken], slack[broken] = 0.0, np.inf
        return loss, slack

    def favourites(self, theta: float, mu: float, q: float) -> IntArray:
        """The assignment that looks best at the prices and q, ``[M]``."""
        from .price_kernel import argmax_row

        scm = np.zeros(len(self.nats), dtype=np.int64)
        argmax_row(
            self.row(theta, mu)[1], np.zeros_like(self.weight) if np.isinf(mu) else self.weight, q, scm
        )
        return scm

    def rows_around(self, theta: float, mu: float) -> Prices:
        """Price pairs that rule assignments out: around the root optimum, and pure feasibility rows.

        The best prices of a single assignment lie near those of the root: with surplus, on the curve of least
        prices of power; without, above it; infeasible ones have no finite price.
        """
        count = int(np.clip(_ROW_MEMORY / self.nats.size, 3, MAX_ROWS))
        if not self.shannon:
            spread = np.exp(np.linspace(-1.5, 1.5, max(count - 1, 2)))
            return Prices(np.zeros(len(spread) + 2), np.concatenate([[mu], mu * spread, [np.inf]]))
        pairs = [(theta, mu)]
        side = np.geomspace(0.004, 1.6, max(count // 6, 1))
        curve = theta * np.exp(np.concatenate([side, -side]))
        pairs += [(t, self.least_price(t)) for t in curve]
        for excess in (1.02, 1.1, 1.4, 2.5):
            coarse = theta * np.exp(np.linspace(-0.8, 0.8, max(count // 12, 1)))
            pairs += [(t, excess * max(self.least_price(t), mu)) for t in coarse]
        pairs += [(t, np.inf) for t in theta * np.exp(np.linspace(-2.0, 2.0, max(count // 6, 1)))]
        thetas, mus = np.array(pairs).T
        return Prices(thetas, mus)
