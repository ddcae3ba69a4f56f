"""Where work is done: the protocol that every executor keeps, and the one that uses this machine."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Protocol

from . import pool
from .pool import Observer
from .work import Made, Work, made


class ExecutorError(ValueError):
    """Work that cannot be done where it was sent; the message says why and what to do."""


class Display(Observer, Protocol):
    """Who shows how a run goes."""

    def planned(self, cells: int, there: int, instances: int) -> None:
        """``there`` of the ``cells`` are finished already; ``instances`` are to be answered."""

    def warn(self, message: str) -> None:
        """Something that the user should know."""


class Executor(Protocol):
    """Does work, in any order and anywhere, and hands back what is to be kept of it."""

    def execute(self, work: Iterable[Work], display: Display) -> Generator[tuple[Work, Made], None, None]:
        """Do some work and yield each piece as it is finished. Close the generator to stop.

        Args:
            work: The pieces; each is done once.
            display: Told how it goes.

        Raises:
            ExecutorError: If the work cannot be done there.
            SolverError: If a plugin or our own code was edited in the meantime.
        """


class LocalExecutor:
    """Worker processes on this machine.

    Args:
        jobs: How many at a time.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def execute(self, work: Iterable[Work], display: Display) -> Generator[tuple[Work, Made], None, None]:
        """As :meth:`Executor.execute`; no process outlives the generator."""
        with closing(pool.execute(work, self._jobs, display)) as finished:
            for item, outcomes in finished:
                yield item, made(item, outcomes)
