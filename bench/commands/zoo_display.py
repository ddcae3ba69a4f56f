"""How trainings go: a bar for each on a terminal, a line for each epoch elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

if TYPE_CHECKING:
    from ...scm_zoo.job import Progress as Step

_COLUMNS = ("{task.description}", "{task.fields[loss]}", "{task.fields[psnr]}", "{task.fields[left]}")


class TrainingDisplay:
    """A bar with loss, PSNR and time left for each model; use it as a context manager.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = console.is_terminal
        name, *figures = (TextColumn(text) for text in _COLUMNS)
        self._bars = Progress(
            name,
            BarColumn(bar_width=None),
            *figures,
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> TrainingDisplay:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars away."""
        self._bars.stop()

    def show(self, name: str, now: Step) -> None:
        """Take up the news of one training."""
        if now.phase in ("done", "failed"):
            if name in self._tasks:
                self._bars.remove_task(self._tasks.pop(name))
            self.say(f"{name}: {'done' if now.phase == 'done' else '[red]failed[/]'}")
            return
        fields = _fields(now)
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=now.steps or 1, **fields)
            if now.step:
                self.say(f"{name}: goes on from step {now.step:,} of {now.steps:,}")
        self._bars.update(self._tasks[name], completed=now.step, **fields)
        if now.phase == "training" and now.validation is not None and not self._live:
            figures = " ".join(value for value in fields.values() if value)
            self.say(f"{name}: epoch {now.epoch}, validation {now.validation:.4f}, {figures}")

    def say(self, line: str) -> None:
        """Print a line of markup."""
        self._console.print(line, highlight=False, soft_wrap=True)


def _fields(now: Step) -> dict[str, Any]:
    """What stands beside the bar."""
    if now.phase == "measuring":
        return {"loss": "", "psnr": "", "left": "being measured"}
    if not now.loss:
        return {"loss": "", "psnr": "", "left": "starting"}
    minutes, seconds = divmod(round(now.seconds_left), 60)
    hours, minutes = divmod(minutes, 60)
    return {
        "loss": f"loss {now.loss:.4f}",
        "psnr": f"{now.psnr:.2f} dB",
        "left": f"{hours}:{minutes:02}:{seconds:02} left",
    }
