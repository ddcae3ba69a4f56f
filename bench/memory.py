"""How much memory workers use, with all that they have started, seen from outside."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from time import monotonic

import psutil

from .process import WorkerProcess

_EVERY_S = 0.2
_LARGEST_SHARE = 0.03
"""Of the time that is spent on weighing: on a machine with thousands of processes it is done less often."""


class Scales:
    """Weighs workers from time to time."""

    def __init__(self) -> None:
        self._due = monotonic() + _EVERY_S

    def weigh(self, workers: Iterable[WorkerProcess]) -> dict[int, int]:
        """Bytes that each worker holds by the process id of its guard; empty if it is not yet time."""
        began = monotonic()
        if began < self._due:
            return {}
        children: dict[int, list[psutil.Process]] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                children.setdefault(process.ppid(), []).append(process)
        held = {}
        for worker in workers:
            worker.family = _below(worker.pid, children)
            held[worker.pid] = _held(worker.family)
        now = monotonic()
        self._due = now + max(_EVERY_S, (now - began) / _LARGEST_SHARE)
        return held


def _below(pid: int, children: dict[int, list[psutil.Process]]) -> list[psutil.Process]:
    """All descendants of a process."""
    found = list(children.get(pid, ()))
    for process in found:  # grows while it is gone through
        found += children.get(process.pid, ())
    return found


def _held(processes: list[psutil.Process]) -> int:
    """Resident memory, in bytes; what several share counts once where the system can tell."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            alone = len(processes) == 1 or not psutil.LINUX
            total += process.memory_info().rss if alone else process.memory_full_info().pss
    return total
