"""A check on the times that a solver's process reports: it could report whatever it likes."""

from __future__ import annotations

import math
from time import monotonic

_SLACK_S = 1.0
_SLACK_EACH_S = 0.2
_SLACK_SHARE = 0.1
"""By how much the referee may be ahead before it objects: a busy machine may stop a process for a while."""

_BETWEEN_S = 0.5
"""What may pass between two instances, which is the worker's own work, before it counts as the solver's."""


class Stopwatch:
    """Knows of a row of instances how long each took at least.

    The referee has seen when an instance was begun, and when it was still under way. Between these two moments the
    solver was at work, however busy the machine was, so no honest report is contradicted.
    """

    def __init__(self) -> None:
        self._begun = self._seen = 0.0
        self._off = True
        self._reported = self._least = self._slack = 0.0

    def rest(self) -> None:
        """What passes until the next instance begins is no solver's work: a process is started."""
        self._off = True

    def start(self) -> None:
        """An instance has begun."""
        if not self._off:
            self._least += max(self.least - _BETWEEN_S, 0.0)
        self._off = False
        self._begun = self._seen = monotonic()

    def still_running(self, moment: float) -> None:
        """It was under way at a ``moment`` of the monotonic clock, s."""
        self._seen = max(self._seen, moment)

    @property
    def least(self) -> float:
        """What the instance has taken at least by now, s."""
        return self._seen - self._begun

    def stop(self, reported: object) -> str | None:
        """The instance has ended.

        Args:
            reported: The seconds that the solver's process says it took.

        Returns:
            What is wrong with that, or None.
        """
        least = self.least
        self._begun = self._seen = monotonic()
        if not isinstance(reported, int | float) or not math.isfinite(reported) or reported < 0:
            return "the solver's process reports no time that it took"
        self._reported += reported
        self._least += least
        self._slack += _SLACK_EACH_S
        if self._least <= self._reported * (1 + _SLACK_SHARE) + self._slack + _SLACK_S:
            return None
        told = (
            f"the solver's process reports {self._reported:.3g} s of work so far; by the referee's clock it was "
            f"at least {self._least:.3g} s"
        )
        self._reported = self._least = self._slack = 0.0
        return told
