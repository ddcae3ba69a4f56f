"""From what an agent emits to an allocation that respects the bandwidth: the maps of both environments.

Every map gives out the whole bandwidth and all the power that the chosen models leave over, so that an agent only
decides who gets what. Each user has its least bandwidth before the rest is shared, because (12) has no term that
would teach it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evaluation import Allocation, FloatArray, IntArray
from .stack import ProblemStack

SHARPNESS = 4.0
"""Logits are this many times what is emitted: two users' shares can differ by e^8, a factor of 3,000.

Optimal shares of power and bandwidth do differ by two to three orders; much more would make an agent's exploration
of one user silence all others.
"""


def scm_of(number: NDArray[np.floating], models: int) -> IntArray:
    """The SCM that a number in [-1, 1] stands for: S equal intervals, in order.

    Args:
        number: Any shape; outside [-1, 1] the first or the last SCM.
        models: S.

    Raises:
        ValueError: If a number is NaN.
    """
    if np.isnan(number).any():
        raise ValueError("the action holds a number that is not one (NaN); use numbers in [-1, 1]")
    interval = np.floor((np.asarray(number, np.float64) + 1.0) * (0.5 * models))
    return np.clip(interval, 0, models - 1).astype(np.int64)


def checked(scm: NDArray[np.integer], models: int) -> IntArray:
    """Indices of SCMs as they are.

    Raises:
        ValueError: If one is out of range.
    """
    scm = np.asarray(scm)
    if scm.min() < 0 or scm.max() >= models:
        raise ValueError(f"the action holds SCM {scm.min()} to {scm.max()}; use 0 to {models - 1}")
    return scm.astype(np.int64)


def shares(number: NDArray[np.floating]) -> FloatArray:
    """Positive shares that sum to one over the last axis, from numbers in [-1, 1]: softmax of the scaled numbers."""
    logits = SHARPNESS * np.clip(np.asarray(number, np.float64), -1.0, 1.0)
    raised = np.exp(logits)
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def fraction(number: NDArray[np.floating], others: NDArray[np.int64] | int) -> FloatArray:
    """The part of what is left that a user takes: 0 is an equal share with the users after it, the last takes all.

    Args:
        number: In [-1, 1].
        others: How many users come after.
    """
    raised = np.exp(SHARPNESS * np.clip(np.asarray(number, np.float64), -1.0, 1.0))
    return np.asarray(raised / (raised + others))


def share_out(
    stack: ProblemStack, scm: IntArray, power: NDArray[np.floating], bandwidth: NDArray[np.floating]
) -> Allocation:
    """The allocation of chosen SCMs and of numbers that stand for shares.

    Args:
        stack: N problems.
        scm: ``[N, M]``.
        power: Numbers in [-1, 1], ``[N, M]``: shares of max(0, P - sum of the models' power).
        bandwidth: Numbers in [-1, 1], ``[N, M]``: shares of the bandwidth beyond everybody's least.
    """
    compute = np.take_along_axis(stack.scm_power, scm[:, :, None], axis=2)[:, :, 0]
    left = np.maximum(stack.power_budget - compute.sum(axis=1), 0.0)
    least, rest = least_bandwidth(stack)
    return Allocation(scm, shares(power) * left[:, None], least[:, None] + shares(bandwidth) * rest[:, None])


def least_bandwidth(stack: ProblemStack) -> tuple[FloatArray, FloatArray]:
    """What every user has of the bandwidth in any case, and what is left over for all of them, Hz, ``[N]`` each."""
    least = np.minimum(stack.min_bandwidth, stack.bandwidth_budget / stack.users)
    return least, np.maximum(stack.bandwidth_budget - least * stack.users, 0.0)


def from_box(stack: ProblemStack, action: NDArray[np.floating]) -> Allocation:
    """The allocation of ``[N, 3M]`` numbers in [-1, 1]: M for the SCMs, M for power, M for bandwidth."""
    users = stack.users
    scm = scm_of(action[:, :users], stack.models)
    return share_out(stack, scm, action[:, users : 2 * users], action[:, 2 * users :])


def from_parts(stack: ProblemStack, action: Mapping[str, NDArray[Any]]) -> Allocation:
    """The allocation of a dictionary: ``scm`` as indices, ``power`` and ``bandwidth`` in [-1, 1], ``[N, M]`` each.

    Raises:
        ValueError: If an index is out of range.
    """
    return share_out(stack, checked(action["scm"], stack.models), action["power"], action["bandwidth"])
