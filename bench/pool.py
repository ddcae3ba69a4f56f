"""Tasks on worker processes, several at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from multiprocessing.connection import wait
from typing import Protocol

from .attempt import AnyTask, Attempt
from .memory import Scales
from .process import WorkerProcess
from .tasks import Outcome, Task

_TICK_S = 0.2


class Observer(Protocol):
    """Who wants to know how it goes."""

    def started(self, slot: int, task: Task) -> None:
        """A worker, number ``slot``, took up a task."""

    def advanced(self, slot: int) -> None:
        """It has finished an instance."""

    def finished(self, slot: int) -> None:
        """It has finished its task."""

    def tick(self) -> None:
        """Some time has passed."""


def execute(
    tasks: Iterable[AnyTask], jobs: int, observer: Observer
) -> Generator[tuple[AnyTask, dict[int, Outcome]], None, None]:
    """Do tasks, ``jobs`` at a time, in processes of their own, and yield each as it is finished.

    Close the generator to stop: no process outlives it.
    """
    waiting = iter(tasks)
    running: dict[int, Attempt[AnyTask]] = {}
    idle: dict[int, tuple[str, WorkerProcess]] = {}
    done: list[Attempt[AnyTask]] = []
    scales = Scales()
    try:
        while True:
            for slot in sorted(set(range(jobs)) - set(running)):
                if (task := next(waiting, None)) is None:
                    break
                running[slot] = Attempt(task, _adopted(idle, slot, task))
                observer.started(slot, task)
            # Handed over only now: the workers go on while whoever asked is busy with what came of it.
            while done:
                run = done.pop(0)
                yield run.task, run.outcomes
            if not running:
                return
            # Anything with a fileno can be waited for.
            wait([run.replies for run in running.values()], _TICK_S)  # type: ignore[misc]
            held = scales.weigh([run.worker for run in running.values()])
            for slot, run in list(running.items()):
                known = len(run.outcomes)
                run.check()
                if run.worker.pid in held:
                    run.weighed(held[run.worker.pid])
                for _ in range(len(run.outcomes) - known):
                    observer.advanced(slot)
                if run.finished:
                    del running[slot]
                    if (worker := run.idle_worker()) is not None:
                        idle[slot] = (run.task.kind, worker)
                    observer.finished(slot)
                    done.append(run)
            observer.tick()
    finally:
        for run in running.values():
            run.end()
        for _, worker in idle.values():
            worker.kill()


def _adopted(idle: dict[int, tuple[str, WorkerProcess]], slot: int, task: Task) -> WorkerProcess | None:
    """The idle worker of a slot if it is of the task's kind and has nothing more to say; others are let go."""
    kind, worker = idle.pop(slot, (None, None))
    if worker is not None and (kind != task.kind or worker.replies.poll() or not worker.alive):
        worker.kill()
        return None
    return worker
