"""Chunks: how much work goes to another machine in one piece, by what such work has cost so far."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from .work import Work

TARGET_S = 20.0
"""What a chunk should take: long beside the start of a process, short beside a run."""

MOST_INSTANCES = 10_000
"""Instances in a chunk, however cheap: it is done again if its machine is lost."""

Group = tuple[str, str]
"""Solver and scenario: what has one cost."""


class Chunks:
    """Hands out work in chunks, each of one solver on one scenario.

    A chunk is one cell while the cost of its group is unknown. Later it takes about ``TARGET_S``, and less towards
    the end, so that all threads stay busy.

    Args:
        work: The pieces, in the order in which they should be done.
    """

    def __init__(self, work: Iterable[Work]) -> None:
        self._waiting = deque(work)
        self._left: dict[Group, int] = defaultdict(int)
        self._seconds: dict[Group, float] = defaultdict(float)
        self._instances: dict[Group, int] = defaultdict(int)
        for item in self._waiting:
            group = self._group(item)
            self._left[group] += len(item.indices)
            if item.expected_seconds is not None and group not in self._instances:
                self.learn(item, item.expected_seconds)

    def __len__(self) -> int:
        return len(self._waiting)

    def learn(self, item: Work, seconds: float) -> None:
        """A piece of work took so long, its share of the start of its process included."""
        self._seconds[self._group(item)] += seconds
        self._instances[self._group(item)] += len(item.indices)

    def cost(self, item: Work) -> float | None:
        """Seconds per instance of work like this; None if none is done yet."""
        group = self._group(item)
        return self._seconds[group] / self._instances[group] if group in self._instances else None

    def take(self, threads: int) -> list[Work]:
        """The next chunk, of at least one piece of work.

        Args:
            threads: How many threads share what is left.
        """
        first = self._waiting[0]
        most = self._most(first, threads)
        chunk: list[Work] = []
        size = 0
        while self._waiting and _like(self._waiting[0], first):
            if chunk and size + len(self._waiting[0].indices) > most:
                break
            chunk.append(self._waiting.popleft())
            size += len(chunk[-1].indices)
        self._left[self._group(first)] -= size
        return chunk

    def _most(self, item: Work, threads: int) -> float:
        """Instances in the next chunk."""
        cost = self.cost(item)
        if cost is None:
            return 0.0
        known = {group: self._seconds[group] / count for group, count in self._instances.items()}
        mean = sum(known.values()) / len(known)
        left = sum(count * known.get(group, mean) for group, count in self._left.items())
        seconds = min(TARGET_S, left / (2 * max(threads, 1)))
        return min(seconds / max(cost, 1e-9), MOST_INSTANCES)

    @staticmethod
    def _group(item: Work) -> Group:
        return item.kind, item.scenario.id


def _like(one: Work, other: Work) -> bool:
    """Whether two pieces of work differ in nothing but their instances."""
    return one.seed == other.seed and one.request == other.request and _suite(one) == _suite(other)


def _suite(item: Work) -> str | None:
    return None if item.cell is None else item.cell.suite
