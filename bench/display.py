"""How a run goes, live on a terminal and in few plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .tasks import Task

QUIET_S = 30.0
"""Seconds between two lines where there is no terminal."""


class RunDisplay:
    """An overall bar with elapsed time and time left, and a line per worker; use it as a context manager.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._looking = self._bars.add_task("looking what is there", total=None)
        self._workers: dict[int, TaskID] = {}
        self._overall: TaskID | None = None
        self._total = self._done = 0
        self._began = self._spoke = time.monotonic()

    def __enter__(self) -> RunDisplay:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars away."""
        self._bars.stop()

    def planned(self, cells: int, there: int, instances: int) -> None:
        """Say how much is there already, and start the overall bar."""
        self._bars.update(self._looking, visible=False)
        if there:
            self._say(f"{there} of {cells} cells were already there")
        if instances and not self._live:
            self._say(f"{instances} instances to solve")
        self._total = instances
        self._overall = self._bars.add_task("instances", total=instances)

    def warn(self, message: str) -> None:
        """Print a warning."""
        self._console.print(f"[yellow]warning:[/] {escape(message)}", highlight=False, soft_wrap=True)

    def started(self, slot: int, task: Task) -> None:
        """Show what a worker is on."""
        label, total = f"  {escape(task.label)}", len(task.indices)
        if slot not in self._workers:
            self._workers[slot] = self._bars.add_task(label, total=total)
        else:
            self._bars.reset(self._workers[slot], description=label, total=total, visible=True)

    def advanced(self, slot: int) -> None:
        """Count an instance."""
        self._done += 1
        self._bars.advance(self._workers[slot])
        if self._overall is not None:
            self._bars.advance(self._overall)

    def finished(self, slot: int) -> None:
        """Hide the line of a worker until it takes up something else."""
        self._bars.update(self._workers[slot], visible=False)

    def tick(self) -> None:
        """Without a terminal: a line now and then."""
        now = time.monotonic()
        if not self._live and now - self._spoke >= QUIET_S:
            self._spoke = now
            self._say(f"{self._done} of {self._total} instances, {now - self._began:.0f} s")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)
