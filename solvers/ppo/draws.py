"""Which instances the rows of a batched environment are about, drawn as the single environments would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gymnasium.utils import seeding

from ...problems.pool import Pool, Source
from ...problems.rde import IntArray

_BLOCK = 256
"""How many numbers a row draws from its generator at a time; as a stream they are the same as one by one."""


class Draws:
    """A generator for each row, and the pool that they choose from.

    Args:
        source: Which instances; a pool is drawn now.
        rows: How many rows, K.
    """

    def __init__(self, source: Source, rows: int) -> None:
        self.source = source
        self.pool = None if source.pool is None else source.draw_pool()
        self._rngs = [seeding.np_random()[0] for _ in range(rows)]
        self._drawn, self._used = np.empty((rows, _BLOCK)), np.full(rows, _BLOCK)

    def seed(self, seeds: Sequence[int | None]) -> None:
        """Start the generators anew where a seed is given."""
        for row, seed in enumerate(seeds):
            if seed is not None:
                self._rngs[row], _ = seeding.np_random(seed)
                self._used[row] = _BLOCK

    def next(self, wanted: Sequence[int | None]) -> tuple[Pool, IntArray, IntArray]:
        """The instances of new episodes.

        Args:
            wanted: The number of the instance of each row, or None to draw one, ``[K]``.

        Returns:
            (pool, the place of each row's instance in it, its number in the scenario), ``[K]`` each.

        Raises:
            ValueError: If a wanted instance is not in the pool or has another number of users.
        """
        free = np.array([number is None for number in wanted])
        for row in np.flatnonzero(free & (self._used == _BLOCK)):
            self._drawn[row], self._used[row] = self._rngs[row].random(_BLOCK), 0
        drawn = self._drawn[np.arange(len(free)), np.minimum(self._used, _BLOCK - 1)]
        self._used += free
        if self.pool is not None and free.all():
            rows = (drawn * len(self.pool)).astype(np.int64)
            return self.pool, rows, np.array([self.source.nth(row) for row in rows.tolist()])
        numbers = [
            self.source.number(float(chance)) if number is None else int(number)
            for number, chance in zip(wanted, drawn, strict=True)
        ]
        if self.pool is None:
            fresh = Pool([self.source.instance(number) for number in numbers])
            return fresh, np.arange(len(numbers)), np.array(numbers)
        return self.pool, np.array([self._place(number) for number in numbers]), np.array(numbers)

    def _place(self, number: int) -> int:
        """Where an instance lies in the pool."""
        assert self.pool is not None
        place = number // len(self.source.scenario.users)
        if number < 0 or place >= len(self.pool) or self.source.nth(place) != number:
            largest = self.source.nth(len(self.pool) - 1)
            raise ValueError(
                f"instance is {number}, which is not in the pool of {len(self.pool)} instances with "
                f"{self.source.users} users; they go from {self.source.nth(0)} to {largest} in steps of "
                f"{len(self.source.scenario.users)}"
            )
        return place
