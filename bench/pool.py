"""Worker processes from the outside: starting them, timing them, and surviving whatever they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Protocol

from . import frames

START_LIMIT_S = 60.0
"""How long a worker may take to import a solver and warm up; not counted against any instance."""

_TICK_S = 0.2
_FAREWELL_S = 1.0
_QUICK_START_S = 5.0
_ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM")
}


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
    """

    label: str
    request: dict[str, Any]
    indices: tuple[int, ...]
    time_limit: float


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


class WorkerProcess:
    """One worker in a session of its own, so that it can be killed with everything it has started."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        theirs, self._requests = Pipe(duplex=False)
        self.replies, answers = Pipe(duplex=False)
        ends = (theirs.fileno(), answers.fileno())
        with theirs, answers:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "rdebench.bench.worker", *map(str, ends)],
                pass_fds=ends,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD,
            )
        with suppress(BrokenPipeError):  # a worker that is dead already is noticed when it is listened to
            self._requests.send_bytes(frames.encode(request))

    @property
    def alive(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def receive(self) -> tuple[frames.Header, frames.Arrays] | None:
        """The next frame; None if the worker has closed its end or sent something unreadable."""
        try:
            return frames.decode(self.replies.recv_bytes(frames.MAX_BYTES))
        except (EOFError, OSError, frames.FrameError):
            return None

    def kill(self) -> None:
        """Kill the worker and everything in its session."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.replies.close()
        self._requests.close()

    def how_it_ended(self) -> str:
        """Clean up after a worker that sends no more, and say what became of it."""
        try:
            # A process that has just closed its pipe needs a moment until its exit code is known.
            code = self._process.wait(timeout=_FAREWELL_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return "sent something that is not an answer"
        self.kill()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


class _Run:
    """A task on its way: the worker that has it, and what has come of its instances so far."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.outcomes: dict[int, Outcome] = {}
        self._warm_up = True
        self._start()

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

    def _start(self) -> None:
        request = self.task.request | {"indices": self._rest(), "warm_up": self._warm_up}
        self._current: int | None = None
        self._began = time.monotonic()
        self._deadline = self._began + START_LIMIT_S
        self._worker = WorkerProcess(request)

    def _start_again(self) -> None:
        if not self.finished:
            self._start()

    def _rest(self) -> list[int]:
        return [index for index in self.task.indices if index not in self.outcomes]

    def _settle(self, outcome: Outcome) -> None:
        assert self._current is not None
        self.outcomes[self._current] = outcome
        self._current, self._deadline = None, time.monotonic() + START_LIMIT_S
        if self.finished:
            self._worker.kill()

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


def execute(tasks: Iterable[Task], jobs: int, observer: Observer) -> Iterator[tuple[Task, dict[int, Outcome]]]:
    """Do tasks, ``jobs`` at a time, each in a process of its own, and yield each as it is finished.

    Close the generator to stop: no process outlives it.
    """
    waiting = iter(tasks)
    running: dict[int, _Run] = {}
    try:
        while True:
            for slot in sorted(set(range(jobs)) - set(running)):
                if (task := next(waiting, None)) is None:
                    break
                running[slot] = _Run(task)
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
                    observer.finished(slot)
                    yield run.task, run.outcomes
            observer.tick()
    finally:
        for run in running.values():
            run.end()


def ask(request: Mapping[str, Any]) -> frames.Header:
    """One question to one worker; the header of its reply, or ``{"message": ...}`` if there is none."""
    worker = WorkerProcess(request)
    try:
        if not worker.replies.poll(START_LIMIT_S):
            return {"message": f"importing the solvers takes longer than {START_LIMIT_S:g} s"}
        if (frame := worker.receive()) is None:
            return {"message": f"the process that imports the solvers {worker.how_it_ended()}"}
        return frame[0]
    finally:
        worker.kill()


def _text(message: object) -> str | None:
    return None if message is None else str(message)[:2_000]
