"""What is asked of a worker process, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import frames

MOST_INCUMBENTS = 1_000
MOST_INCUMBENT_BYTES = 32 * 2**20
"""What is kept of the incumbents of one instance; past it the latest takes the place of the one before."""

GRACE_S = 60.0
"""What an instance may have taken beyond its time limit on a busy machine before the claim is false."""

MOST_REPORTS = 2 * MOST_INCUMBENTS
"""More incumbents of one instance than a worker ever passes on: whoever sends them keeps the referee busy."""


@dataclass(frozen=True)
class Incumbent:
    """An allocation that a solver reported on its way.

    Attributes:
        header: When, and after how many evaluations, as the worker sent it.
        arrays: Decisions, as the worker sent them.
    """

    header: Mapping[str, Any]
    arrays: frames.Arrays

    @property
    def bytes(self) -> int:
        """Size of its decisions."""
        return sum(array.nbytes for array in self.arrays.values())


@dataclass(frozen=True)
class Outcome:
    """What came of one instance in a worker: ``answered``, or one of the failing statuses.

    Attributes:
        status: ``answered``, ``skipped``, ``time_limit``, ``memory_limit``, ``invalid`` or ``error``.
        message: Why, if it was not answered.
        header: Claims and measurements, as the worker sent them.
        arrays: Decisions, as the worker sent them.
        incumbents: What it reported before, in order.
    """

    status: str
    message: str | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    arrays: frames.Arrays = field(default_factory=dict)
    incumbents: tuple[Incumbent, ...] = ()


@dataclass(frozen=True)
class Task:
    """Work for one process: a request, and the instances it answers one by one.

    Attributes:
        label: What to show while it runs.
        request: What the worker is sent, without the indices; its ``memory`` is the limit, in bytes, of what the
            solver and all processes that it starts may hold.
        indices: Instances, in order.
        time_limit: Wall-clock limit of one instance, s.
        kind: Tasks of one kind may be served by one process after the other, which saves starting it anew; a
            solver only ever shares a process with itself.
    """

    label: str
    request: dict[str, Any]
    indices: tuple[int, ...]
    time_limit: float
    kind: str
