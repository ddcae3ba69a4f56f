"""Tasks on worker processes: doing several at a time, enforcing limits, surviving whatever a solver does."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Protocol, TypeVar

from . import frames
from .process import START_LIMIT_S, WorkerProcess

_TICK_S = 0.2
_QUICK_START_S = 5.0


@dataclass(frozen=True)
class Outcome:
    """What came of one instance in a worker: ``answered``, or one of the failing statuses.

    Attributes:
        status: ``answered``, ``skipped``, ``time_limit``, ``memory_limit``, ``invalid`` or ``error``.
        message: Why, if it was not answered.
        header: Claims and measurements, as the worker sent them.
        arrays: Decisions, as the worker sent them.
    """

    status: str
    message: str | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    arrays: frames.Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """Work for one process: a request, and the instances it answers one by one.

    Attributes:
        label: What to show while it runs.
        request: What the worker is sent, without the indices.
        indices: Instances, in order.
        time_limit: Wall-clock limit of one instance, s.
        kind: Tasks of one kind may be served by one process after the other, which saves starting it anew; a
            solver only ever shares a process with itself.
    """

    label: str
    request: dict[str, Any]
    indices: tuple[int, ...]
    time_limit: float
    kind: str


AnyTask = TypeVar("AnyTask", bound=Task)


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


class _Run(Generic[AnyTask]):
    """A task on its way: the worker that has it, and what has come of its instances so far."""

    def __init__(self, task: AnyTask, worker: WorkerProcess | None) -> None:
        self.task = task
        self.outcomes: dict[int, Outcome] = {}
        self._warm_up = worker is None
        self._current: int | None
        self._began: float
        self._deadline: float
        self._worker: WorkerProcess
        self._start(worker)

    @property
    def replies(self) -> Connection:
        return self._worker.replies

    @property
    def finished(self) -> bool:
        return len(self.outcomes) == len(self.task.indices)

    def listen(self) -> None:
        """Take one frame, or notice that there will be none."""
        frame = self._worker.receive()
        if frame is None:
            return self._ended()
        header, arrays = frame
        event, index = header.get("event"), header.get("index")
        if event == "start" and self._current is None and index == self._rest()[0]:
            now = time.monotonic()
            # A solver that takes its time to warm up does so once, not again after each time limit.
            self._warm_up &= now - self._began <= max(self.task.time_limit, _QUICK_START_S)
            self._current, self._deadline = index, now + self.task.time_limit
        elif event == "done" and self._current is not None and index == self._current:
            self._settle(Outcome(str(header.get("status")), _text(header.get("message")), header, arrays))
        elif event == "failed":
            self._give_up(_text(header.get("message")) or "the worker failed")
        else:
            self._give_up("the solver's process sent something that is not an answer")

    def check(self) -> None:
        """Enforce the limit, and notice a worker that died while a child of its own holds the pipe open."""
        if self.finished or self.replies.poll():
            return
        if not self._worker.alive:
            self._ended()
        elif time.monotonic() > self._deadline:
            self._worker.kill()
            if self._current is None:
                self._not_started(f"took longer than {START_LIMIT_S:g} s to start and warm up")
            else:
                limit = self.task.time_limit
                self._settle(Outcome("time_limit", f"killed after {limit:g} s", {"seconds": limit}))
                self._start_again()

    def end(self) -> None:
        """Leave no process behind."""
        self._worker.kill()

    def idle_worker(self) -> WorkerProcess | None:
        """The worker of a finished task, if it is fit for another one."""
        return self._worker if self._worker.alive else None

    def _start(self, worker: WorkerProcess | None = None) -> None:
        request = self.task.request | {"indices": self._rest(), "warm_up": self._warm_up}
        self._current = None
        self._began = time.monotonic()
        self._deadline = self._began + START_LIMIT_S
        self._worker = worker or WorkerProcess()
        self._worker.send(request)

    def _start_again(self) -> None:
        if not self.finished:
            self._start()

    def _rest(self) -> list[int]:
        return [index for index in self.task.indices if index not in self.outcomes]

    def _settle(self, outcome: Outcome) -> None:
        assert self._current is not None
        self.outcomes[self._current] = outcome
        self._current, self._deadline = None, time.monotonic() + START_LIMIT_S

    def _ended(self) -> None:
        how = self._worker.how_it_ended()
        if self._current is None:
            self._not_started(how)
        else:
            self._settle(Outcome("error", f"the solver's process {how}"))
            self._start_again()

    def _not_started(self, how: str) -> None:
        """A warm-up that kills or stalls the worker must not cost the instances: try again without."""
        if self._warm_up:
            self._warm_up = False
            self._start()
        else:
            self._give_up(f"the solver's process {how} before it came to an instance")

    def _give_up(self, message: str) -> None:
        self._worker.kill()
        self.outcomes |= {index: Outcome("error", message) for index in self._rest()}


def execute(
    tasks: Iterable[AnyTask], jobs: int, observer: Observer
) -> Generator[tuple[AnyTask, dict[int, Outcome]], None, None]:
    """Do tasks, ``jobs`` at a time, in processes of their own, and yield each as it is finished.

    Close the generator to stop: no process outlives it.
    """
    waiting = iter(tasks)
    running: dict[int, _Run[AnyTask]] = {}
    idle: dict[int, tuple[str, WorkerProcess]] = {}
    try:
        while True:
            for slot in sorted(set(range(jobs)) - set(running)):
                if (task := next(waiting, None)) is None:
                    break
                running[slot] = _Run(task, _adopted(idle, slot, task))
                observer.started(slot, task)
            if not running:
                return
            ready = wait([run.replies for run in running.values()], _TICK_S)
            for slot, run in list(running.items()):
                known = len(run.outcomes)
                if run.replies in ready:
                    run.listen()
                run.check()
                for _ in range(len(run.outcomes) - known):
                    observer.advanced(slot)
                if run.finished:
                    del running[slot]
                    if (worker := run.idle_worker()) is not None:
                        idle[slot] = (run.task.kind, worker)
                    observer.finished(slot)
                    yield run.task, run.outcomes
            observer.tick()
    finally:
        for run in running.values():
            run.end()
        for _, worker in idle.values():
            worker.kill()


def _adopted(idle: dict[int, tuple[str, WorkerProcess]], slot: int, task: Task) -> WorkerProcess | None:
    """The idle worker of a slot if it is of the task's kind; one of another kind is let go."""
    kind, worker = idle.pop(slot, (None, None))
    if worker is not None and (kind != task.kind or not worker.alive):
        worker.kill()
        return None
    return worker


def _text(message: object) -> str | None:
    return None if message is None else str(message)[:2_000]
