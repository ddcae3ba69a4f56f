"""How a training goes: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

if TYPE_CHECKING:
    from ..training import Point, Training

QUIET_S = 10.0
"""Fewest seconds between two lines where there is no terminal."""


class TrainDisplay:
    """A bar with steps, their pace, the gap on validation instances and the time left; use it as a context manager.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}\n{task.fields[figures]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[left]}"),
            expand=True,
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._bar: TaskID | None = None
        self._training: Training | None = None
        self.last: Point | None = None
        self._best = float("inf")
        self._heard = self._spoke = time.monotonic()

    def __enter__(self) -> TrainDisplay:
        """Show the bar."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bars.stop()

    def started(self, training: Training, resumed: bool) -> None:
        """Say what is trained, and whether that goes on from something."""
        if self._bar is not None:
            self._bars.remove_task(self._bar)
        self._training, self.last, self._best = training, None, float("inf")
        self._heard = time.monotonic()
        name = f"{training.entrant.name} on {training.place}"
        self._bar = self._bars.add_task(escape(name), total=1.0, figures="starting", left="-:--:--")
        if resumed:
            self.say(f"{name} goes on from the checkpoint in {training.folder}; --fresh starts over")
        else:
            self.say(f"training {name}; checkpoint and TensorBoard logs are in {training.folder}")

    def point(self, point: Point) -> None:
        """Take up a validation."""
        self._best = min(self._best, point.gap)
        self.last, now = point, time.monotonic()
        self._heard = now
        if not self._live and now - self._spoke >= QUIET_S:
            self._spoke = now
            self.say(f"{point.seconds:.0f} s: {self._figures(point)}, {self._left()} left")

    def stopping(self) -> None:
        """Say that it stops, and how to stop it at once."""
        self.say("stopping after the current step; once more, and it stops at once, at the last checkpoint")

    def tick(self) -> None:
        """Move the bar on."""
        if self._bar is not None and self._live:
            figures = "no validation yet" if self.last is None else self._figures(self.last)
            self._bars.update(
                self._bar,
                completed=min(1.0, max(self._shares(), default=0.0)),
                figures=figures,
                left=self._left(),
            )

    def say(self, line: str) -> None:
        """Print a plain line."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _figures(self, point: Point) -> str:
        pace = point.steps / point.seconds if point.seconds > 0 else 0.0
        return (
            f"{point.steps:,} steps, {pace:,.0f}/s, gap {point.gap:.3%}, best {self._best:.3%}, "
            f"{point.infeasible:.1%} infeasible"
        )

    def _spent(self) -> float:
        """Seconds of training so far, guessed since the last validation; none before the first."""
        return self.last.seconds + time.monotonic() - self._heard if self.last else 0.0

    def _shares(self) -> list[float]:
        """Shares that are spent, of the seconds and of the steps, as far as there is such a budget."""
        assert self._training is not None
        seconds, steps = self._training.seconds, self._training.steps
        shares = [self._spent() / seconds] if seconds else []
        return shares + ([self.last.steps / steps] if steps and self.last else [])

    def _left(self) -> str:
        """Time until the budget is spent at the pace so far."""
        shares = [share for share in self._shares() if share > 0.0]
        if self.last is None or not shares or self._spent() < 1.0:
            return "-:--:--"
        minutes, seconds = divmod(round(max(0.0, self._spent() * (1.0 / max(shares) - 1.0))), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
