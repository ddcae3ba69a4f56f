"""Hearing of a solver's incumbents in its own process, and passing them on to the referee."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..solvers.base import Solution
from . import answers

ALL_INCUMBENTS = 200
SPARSE_GROWTH = 1.05
"""So many incumbents of an instance are passed on; after that one for each 5 % more evaluations."""

_clock = time.perf_counter
"""Kept from before any solver is imported, so that a solver cannot slow it down."""


class Timekeeper:
    """Times one instance without the time that listening takes, and passes its incumbents on.

    A solver that reports all the time is heard less and less often, by its count of evaluations alone, so that what
    is heard does not depend on the machine.

    Args:
        users: M.
        send: Sends the decisions by name, with ``seconds`` and ``evaluations``.
    """

    def __init__(self, users: int, send: Callable[..., None]) -> None:
        self._users, self._send = users, send
        self._heard, self._last = 0, -1
        self._listening = 0.0
        self._started = _clock()

    @property
    def seconds(self) -> float:
        """Time since the start, without listening, s."""
        return _clock() - self._started - self._listening

    def __call__(self, found: Solution, used: int) -> None:
        """Hear of an incumbent found after ``used`` evaluations.

        Raises:
            ValueError: If it is not an allocation.
        """
        began = _clock()
        if self._heard < ALL_INCUMBENTS or used >= self._last * SPARSE_GROWTH + 1:
            arrays, _, _ = answers.checked(found, self._users)
            self._heard, self._last = self._heard + 1, used
            seconds: Any = began - self._started - self._listening
            self._send(arrays, seconds=seconds, evaluations=int(used))
        self._listening += _clock() - began
