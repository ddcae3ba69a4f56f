"""Keeps an eye on the results folder while solvers run, and knows who they are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from . import manifest
from .cells import SuiteRun
from .executor import Display
from .ledger import Ledger
from .provenance import code_hash
from .roster import Entrant
from .tasks import Task
from .work import Work


class Watch(Display):
    """A display that passes everything on, and knows which solvers were running when somebody wrote.

    Args:
        folder: The results folder.
        display: Who shows how the run goes.
        ledger: What was in the folder before any plugin was imported; None if that is now.

    Attributes:
        ledger: What is known to be in the folder.
        incidents: What somebody else did there, a sentence each.
    """

    def __init__(self, folder: Path, display: Display, ledger: Ledger | None = None) -> None:
        self._folder, self._display = folder, display
        self.ledger = ledger or Ledger(folder)
        self.incidents: list[str] = []
        self._running: dict[int, set[str]] = {}
        self._suspects: set[str] = set()

    def begin(self, runs: Iterable[SuiteRun]) -> None:
        """Look at what has happened since the plugins were imported, before the run itself writes."""
        self._suspects = set().union(*(_foreign(entrant) for run in runs for entrant in run.entrants))
        told = self.ledger.intruders()
        self._tell(told)

    def watch(self) -> None:
        """Take everything as it is now; solvers are about to start."""
        self._suspects = set()
        self.ledger = Ledger(self._folder)
        self.ledger.remember()
        self._mark()

    def look(self, *, now: bool = False) -> None:
        """See whether somebody else wrote, say so and mark the results; ``now`` even if it takes its time."""
        if not (now or self.ledger.due):
            return
        told = self.ledger.intruders()
        self._tell(told)
        if told:
            self._mark()
        self._suspects = set().union(*self._running.values())

    def _tell(self, told: list[str]) -> None:
        who = f"; while it ran: {', '.join(sorted(self._suspects))}" if self._suspects else ""
        for sentence in told:
            self.incidents.append(sentence + who)
            self._display.warn(f"results folder: {sentence}{who}")

    def _mark(self) -> None:
        if self.incidents:
            with suppress(manifest.ResultsError):  # said on the spot; the run goes on as long as it can
                self.ledger.wrote(*manifest.mark(self._folder, self.incidents))

    def planned(self, cells: int, there: int, instances: int) -> None:
        """As :meth:`Display.planned`."""
        self._display.planned(cells, there, instances)

    def warn(self, message: str) -> None:
        """As :meth:`Display.warn`."""
        self._display.warn(message)

    def started(self, slot: int, task: Task) -> None:
        """As :meth:`Display.started`."""
        # The process of the task before has lived on until now.
        self._running.pop(slot, None)
        self.look()
        self._running[slot] = _foreign(task.cell.entrant) if isinstance(task, Work) and task.cell else set()
        self._suspects |= self._running[slot]
        self._display.started(slot, task)

    def advanced(self, slot: int) -> None:
        """As :meth:`Display.advanced`."""
        self._display.advanced(slot)

    def finished(self, slot: int) -> None:
        """As :meth:`Display.finished`."""
        self._display.finished(slot)

    def tick(self) -> None:
        """As :meth:`Display.tick`."""
        self._display.tick()


def _foreign(entrant: Entrant) -> set[str]:
    """The name of a solver if it is none of the package's."""
    return set() if entrant.plugin is None and entrant.code == code_hash() else {entrant.name}
