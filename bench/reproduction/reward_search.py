"""The best reward known: how much (12) pays to whoever seeks reward and nothing else. No proof is claimed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...problems import Allocation
from ...problems.action import least_bandwidth
from ...problems.rde import FloatArray, IntArray
from ...problems.reward import Reward
from ...problems.sampling import stream
from ...problems.stack import ProblemStack

TRIES = 2_000
"""Changes tried on each instance; four times as many raise no mean of a reading by more than 0.1 %."""

_WIDEST, _NARROWEST = 2.0, 1e-4
"""Limits of the steps, in natural logarithms of powers and bandwidths."""

_GROW, _SHRINK = 1.5, 0.9
"""Steps that help one time in five neither grow nor shrink on the whole."""


@dataclass(eq=False)
class _Point:
    """A model, a power and a weight for the bandwidth of each user; what (7b) and (7d) ask is left to the reward."""

    scm: IntArray
    log_power: FloatArray
    log_band: FloatArray

    def allocation(self, stack: ProblemStack) -> Allocation:
        """Bandwidth within (7c), as the environment keeps it; under the printed rate less is more, so the least."""
        least, rest = least_bandwidth(stack)
        if stack.rate == "spectral" and (least > 0.0).all():
            bandwidth = np.broadcast_to(least[:, None], self.scm.shape)
        else:
            weight = np.exp(self.log_band - self.log_band.max(axis=1, keepdims=True))
            bandwidth = least[:, None] + weight / weight.sum(axis=1, keepdims=True) * rest[:, None] * (
                1.0 - 1e-12
            )
        return Allocation(self.scm, np.exp(self.log_power), bandwidth)


def best_reward_known(
    stack: ProblemStack,
    reward: Reward,
    starts: Sequence[Allocation],
    *,
    seed: int,
    tries: int = TRIES,
    report: Callable[[float], None] = lambda share: None,
) -> Allocation:
    """Local search on (12): changes of one or a few users, kept where they help.

    Args:
        stack: N problems.
        reward: The reading of (12).
        starts: Answers ``[N, M]`` to begin with; of each problem the best one.
        seed: Decides every random choice.
        tries: Changes tried on each problem.
        report: Told of the share that is done.

    Returns:
        The best allocation found for each problem, ``[N, M]``; never worse than a start.
    """
    rng = stream("best-reward-known", seed)
    values = np.stack([_value(stack, reward, start) for start in starts])
    first = values.argmax(axis=0)
    rows = np.arange(len(stack))
    best = Allocation(
        *(
            np.stack([getattr(start, name) for start in starts])[first, rows]
            for name in ("scm", "power", "bandwidth")
        )
    )
    best_value = values[first, rows]
    point = _Point(
        best.scm.copy(), np.log(np.maximum(best.power, 1e-9)), np.log(np.maximum(best.bandwidth, 1e-9))
    )
    value = _value(stack, reward, point.allocation(stack))
    step = np.full(len(stack), 0.5)
    for n in range(tries):
        tried = _changed(point, step, stack.models, rng)
        worth = _value(stack, reward, tried.allocation(stack))
        better = worth > value
        for name in ("scm", "log_power", "log_band"):
            np.copyto(getattr(point, name), getattr(tried, name), where=better[:, None])
        value = np.where(better, worth, value)
        step = np.clip(step * np.where(better, _GROW, _SHRINK), _NARROWEST, _WIDEST)
        # A search that is stuck at its finest step begins again with large ones.
        step = np.where(step <= _NARROWEST, 0.5, step)
        if n % 500 == 499:
            report((n + 1) / tries)
    found, won = point.allocation(stack), (value > best_value)[:, None]
    return Allocation(
        *(np.where(won, getattr(found, name), getattr(best, name)) for name in ("scm", "power", "bandwidth"))
    )


def _value(stack: ProblemStack, reward: Reward, allocation: Allocation) -> FloatArray:
    return reward(stack, stack.evaluate(allocation))


def _changed(point: _Point, step: FloatArray, models: int, rng: np.random.Generator) -> _Point:
    """One to three users, or all of them, get a little more or less; now and then a user gets another model."""
    shape = point.scm.shape
    share = np.where(rng.random(shape[0]) < 0.2, 1.0, 1.5 / shape[1])
    moved: NDArray[np.bool_] = rng.random(shape) < share[:, None]
    scale = step[:, None] * moved
    drawn = rng.standard_normal((2, *shape))
    switched = rng.random(shape) < np.where(rng.random(shape[0]) < 0.3, 1.5 / shape[1], 0.0)[:, None]
    return _Point(
        np.where(switched, rng.integers(models, size=shape), point.scm),
        point.log_power + scale * drawn[0],
        point.log_band + scale * drawn[1],
    )
