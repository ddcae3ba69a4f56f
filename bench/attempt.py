"""A task on its way through worker processes: surviving whatever a solver does, instance by instance."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Generic, TypeVar

from . import frames
from .inbox import Inbox
from .process import START_LIMIT_S, WorkerProcess
from .stopwatch import Stopwatch
from .tasks import GRACE_S, MOST_INCUMBENT_BYTES, MOST_INCUMBENTS, MOST_REPORTS, Incumbent, Outcome, Task

_QUICK_START_S = 5.0

AnyTask = TypeVar("AnyTask", bound=Task)


class Attempt(Generic[AnyTask]):
    """A task on its way: the worker that has it, and what has come of its instances so far.

    Args:
        task: The task.
        worker: A worker that has served a task of its kind before; None to start one.
    """

    def __init__(self, task: AnyTask, worker: WorkerProcess | None) -> None:
        self.task = task
        self.outcomes: dict[int, Outcome] = {}
        self._incumbents: list[Incumbent] = []
        self._reports = 0
        self._memory_limit: int | None = task.request.get("memory")
        self._clock = Stopwatch()
        self._peak = 0
        self._warm_up = worker is None
        self._retry = True
        self._killed: set[int] = set()
        self._answered_last: int | None
        self._current: int | None
        self._began: float
        self._deadline: float
        self._worker: WorkerProcess
        self._start(worker)

    @property
    def replies(self) -> Inbox:
        """What the worker sends."""
        return self._worker.replies

    @property
    def worker(self) -> WorkerProcess:
        """The worker that has it now."""
        return self._worker

    @property
    def finished(self) -> bool:
        """Whether something has come of every instance."""
        return len(self.outcomes) == len(self.task.indices)

    def _listen(self) -> bool:
        """Take one frame, or notice that there will be none; whether the instance goes on as before."""
        frame = self._worker.receive()
        if frame is None:
            self._ended()
            return False
        header, arrays = frame
        event, index = header.get("event"), header.get("index")
        if event == "start" and self._current is None and index == self._rest()[0]:
            now = time.monotonic()
            # A solver that takes its time to warm up does so once, not again after each time limit.
            self._warm_up &= now - self._began <= max(self.task.time_limit, _QUICK_START_S)
            self._current, self._deadline, self._peak = index, now + self.task.time_limit, 0
            self._reports = 0
            self._clock.start()
        elif event == "incumbent" and self._current is not None and index == self._current:
            self._reports += 1
            if self._reports > MOST_REPORTS:
                self._faulty(f"the solver's process sent more than {MOST_REPORTS} incumbents")
                return False
            said = header.get("seconds")
            if isinstance(said, int | float):
                # It cannot have been found before it was last seen not to be, nor after the end.
                header["seconds"] = min(max(said, self._clock.least), self.task.time_limit)
            self._remember(Incumbent(header, arrays))
            return True
        elif event == "done" and self._current is not None and index == self._current:
            self._done(header, arrays)
        elif event == "done" and self._answered_last is not None and index == self._answered_last:
            self.outcomes[self._answered_last] = Outcome("error", "the solver's process answered twice")
            self._start_elsewhere()
        elif event == "failed" and self._current is None:
            self._give_up(_text(header.get("message")) or "the worker failed")
        elif event == "failed":
            self._fail(Outcome("error", _text(header.get("message"))))
        else:
            self._faulty("the solver's process sent something that is not an answer")
        return False

    def check(self) -> None:
        """Take a frame, enforce the time limit, and notice a worker that died while a child holds its pipe open."""
        if self.finished:
            return
        now = time.monotonic()
        if self.replies.poll():
            if not self._listen():
                return
            # Who reports all the time must not escape the clock.
            now = time.monotonic()
            if self.replies.poll():
                return
        self._clock.still_running(now)
        if not self._worker.alive:
            self._ended()
        elif time.monotonic() > self._deadline:
            if self._current is None:
                self._worker.kill()
                self._not_started(f"took longer than {START_LIMIT_S:g} s to start and warm up")
            else:
                limit = self.task.time_limit
                header = {"seconds": limit, "peak_memory": self._peak or None}
                self._fail(Outcome("time_limit", f"killed after {limit:g} s", header))

    def weighed(self, held: int) -> None:
        """Enforce the limit on memory, of which the solver's processes hold so many bytes."""
        self._peak = max(self._peak, held)
        if self.finished or self._memory_limit is None or held <= self._memory_limit:
            return
        message = f"held more than its limit of {_gib(self._memory_limit)} of memory"
        if self._current is None:
            self._worker.kill()
            self._not_started(message)
        else:
            header = {"seconds": self._clock.least, "peak_memory": held}
            self._fail(Outcome("memory_limit", f"the solver {message}", header))

    def end(self) -> None:
        """Leave no process behind."""
        self._worker.kill()

    def idle_worker(self) -> WorkerProcess | None:
        """The worker of a finished task, if it is fit for another one."""
        return self._worker if self._worker.alive else None

    def _start(self, worker: WorkerProcess | None = None) -> None:
        request = self.task.request | {"indices": self._rest(), "warm_up": self._warm_up}
        self._current = self._answered_last = None
        self._incumbents.clear()
        self._clock.rest()
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
        self.outcomes[self._current] = replace(outcome, incumbents=tuple(self._incumbents))
        self._incumbents.clear()
        self._current, self._answered_last = None, self._current
        self._deadline = time.monotonic() + START_LIMIT_S

    def _done(self, header: frames.Header, arrays: frames.Arrays) -> None:
        status, message = str(header.get("status")), _text(header.get("message"))
        if not _may_have_taken(header.get("seconds"), self.task.time_limit + GRACE_S):
            header = header | {"seconds": None}
        if self._peak:  # what its children held is not in what it says itself
            header = header | {"peak_memory": max(self._peak, _whole(header.get("peak_memory")))}
        if status == "memory_limit":
            # The process may have no memory left for the next instance.
            limit = "" if self._memory_limit is None else f" (the limit is {_gib(self._memory_limit)})"
            self._fail(Outcome(status, f"{message}{limit}", header))
            return
        wrong = self._clock.stop(header.get("seconds")) if self._timed and status == "answered" else None
        self._settle(Outcome("invalid", wrong, header) if wrong else Outcome(status, message, header, arrays))

    @property
    def _timed(self) -> bool:
        return bool(self.task.request.get("task") == "solve")

    def _fail(self, outcome: Outcome) -> None:
        """The instance under way has failed and its process is of no more use; go on with the rest in another."""
        self._settle(outcome)
        self._start_elsewhere()

    def _faulty(self, message: str) -> None:
        """The worker does not do what workers do."""
        if self._current is not None:
            self._fail(Outcome("error", message))
        elif self._answered_last is not None or self._retry:
            self._retry = False
            self._start_elsewhere()
        else:
            self._give_up(message)

    def _start_elsewhere(self) -> None:
        self._worker.kill()
        self._start_again()

    def _remember(self, incumbent: Incumbent) -> None:
        held = sum(one.bytes for one in self._incumbents)
        if len(self._incumbents) >= MOST_INCUMBENTS or held + incumbent.bytes > MOST_INCUMBENT_BYTES:
            del self._incumbents[-1:]
        self._incumbents.append(incumbent)

    def _ended(self) -> None:
        how = self._worker.how_it_ended()
        if self._current is None:
            self._not_started(how)
        elif self._worker.was_killed and self._current not in self._killed:
            # Perhaps by the system, which was short of memory, or by somebody: the instance gets a second chance.
            self._killed.add(self._current)
            self._start()
        else:
            status = "memory_limit" if self._worker.ran_out_of_memory else "error"
            header = {"peak_memory": self._peak or None}
            self._settle(Outcome(status, f"the solver's process {how}", header))
            self._start_again()

    def _not_started(self, how: str) -> None:
        """A warm-up that kills or stalls the worker must not cost the instances: try again without."""
        if self._warm_up or self._answered_last is not None:
            self._warm_up = False
            self._start()
        else:
            self._give_up(f"the solver's process {how} before it came to an instance")

    def _give_up(self, message: str) -> None:
        self._worker.kill()
        self.outcomes |= {index: Outcome("error", message) for index in self._rest()}


def _may_have_taken(seconds: object, most: float) -> bool:
    """Whether that many seconds may have passed; none at all are no claim."""
    return seconds is None or (isinstance(seconds, int | float) and 0 <= seconds <= most)


def _text(message: object) -> str | None:
    """A message that can be written to a file, whatever was sent."""
    return None if message is None else str(message)[:2_000].encode(errors="replace").decode()


def _whole(number: object) -> int:
    return number if isinstance(number, int) else 0


def _gib(memory: int) -> str:
    return f"{memory / 2**30:.3g} GiB"
