"""What the bootstrap draws: instances within each stratum, and seeds as wholes; how often each was drawn."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2_000
FEWEST_RESAMPLES = 400
MOST_DRAWN = 4_000_000
"""Draws of all resamples together: of very many instances there are fewer resamples, but never too few."""


def groups_of(strata: ArrayLike) -> NDArray[np.int64]:
    """Number of each instance's stratum; strata of a single instance, which have no spread of their own, are one."""
    labels = np.unique(np.asarray(strata), return_inverse=True)[1].ravel()
    alone = np.bincount(labels)[labels] < 2
    return np.unique(np.where(alone, -1, labels), return_inverse=True)[1].ravel()


def drawn_instances(groups: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """How often each instance was drawn, shape ``[draws, n]``."""
    counts = _counts(tuple(np.bincount(groups).tolist()), seed)
    if (np.diff(groups) >= 0).all():
        return counts
    return counts[:, np.argsort(np.argsort(groups, kind="stable"), kind="stable")]


@lru_cache(maxsize=4)
def _counts(sizes: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """The same of strata of these sizes, one after the other."""
    rng = np.random.default_rng(seed)
    draws = int(np.clip(MOST_DRAWN // sum(sizes), FEWEST_RESAMPLES, RESAMPLES))
    counts = np.empty((draws, sum(sizes)), dtype=np.float32)
    for size, end in zip(sizes, np.cumsum(sizes), strict=True):
        drawn = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
        counts[:, end - size : end] = np.bincount(drawn.ravel(), minlength=draws * size).reshape(draws, size)
    counts.flags.writeable = False
    return counts


def drawn_seeds(seeds: int, draws: int, seed: int) -> NDArray[np.float64]:
    """How often each seed was drawn, shape ``[draws, seeds]``.

    One fewer than there are, so that the variance of the mean is that of the sample, without bias.
    """
    if seeds == 1:
        return np.ones((draws, 1))
    rng = np.random.default_rng([seed, seeds])
    return rng.multinomial(seeds - 1, np.full(seeds, 1 / seeds), size=draws).astype(float)


def drawn_cells(
    table: NDArray[np.float64], instances: NDArray[np.float32], seed: int
) -> NDArray[np.floating]:
    """How often each score was drawn, shape ``[draws, seeds * n]``: a drawn seed on every drawn instance."""
    if len(table) == 1:
        return instances
    seeds = drawn_seeds(len(table), len(instances), seed)
    return (seeds[:, :, None] * instances[:, None, :]).reshape(len(instances), -1)
