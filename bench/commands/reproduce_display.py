"""How a reproduction goes: a bar with the time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

QUIET_S = 30.0
"""Seconds between two lines where there is no terminal."""

_SOON_S = 5.0
"""Seconds after which the time left is guessed."""


class ReproduceDisplay:
    """One bar for each stage; use it as a context manager.

    The time left is that of the mean pace since the stage first moved: it has much to read and draw before.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._bar: TaskID | None = None
        self._name = ""
        self._first: float | None = None
        self._began: float | None = None
        self._spoke = time.monotonic()

    def __enter__(self) -> ReproduceDisplay:
        """Show the bar."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bars.stop()

    def stage(self, name: str) -> None:
        """Begin something that takes its time."""
        if self._bar is not None:
            self._bars.remove_task(self._bar)
        self._name, self._first, self._began = name, None, None
        self._spoke = time.monotonic()
        self._bar = self._bars.add_task(name, total=1.0, left="")
        if not self._live:
            self.say(name)

    def share(self, share: float) -> None:
        """Take up how much of the stage is done."""
        self.doing("", share)

    def doing(self, what: str, share: float) -> None:
        """The same, with what is being done."""
        now = time.monotonic()
        if self._first is None:
            self._first = share
        elif self._began is None and share > self._first:
            self._first, self._began = share, now
        left = self._left(share, now)
        name = f"{self._name}: {what}" if what else self._name
        if self._bar is not None:
            self._bars.update(self._bar, completed=share, description=name, left=left)
        if not self._live and now - self._spoke >= QUIET_S:
            self._spoke = now
            self.say(f"{share:.0%} {left}")

    def say(self, line: str) -> None:
        """Print a plain line."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _left(self, share: float, now: float) -> str:
        if self._began is None or self._first is None:
            return ""
        took, done = now - self._began, share - self._first
        if took < _SOON_S or done <= 0.0:
            return ""
        minutes, seconds = divmod(round(took * (1.0 - share) / done), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02} left"
