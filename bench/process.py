"""One worker process from the outside: started under a guard, listened to, ended with all that it started."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING, Any, ClassVar

from . import frames
from .guard import adopt_orphans
from .inbox import Inbox

if TYPE_CHECKING:
    import psutil

START_LIMIT_S = 60.0
"""How long a worker may take to import a solver and warm up; not counted against any instance."""

MARK = "RDEBENCH_WORKER"
"""Environment variable that tells the processes of a worker from all others."""

_FAREWELL_S = 1.0
_PATIENCE_S = 5.0
_REPORT_BYTES = 2**16
_LINES = 6
_NO_MEMORY = ("bad_alloc", "memoryerror", "cannot allocate memory", "out of memory")
"""How libraries say it before they end the process."""
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)


class WorkerProcess:
    """One worker, its guard, and everything that it starts.

    The worker is at home in an empty temporary folder, which goes with it.

    Args:
        one_thread: Keep numerical libraries to one thread, so that times compare.
    """

    _alive: ClassVar[dict[str, int]] = {}
    """Marks of the workers that are not yet ended, and the process ids of their guards."""

    def __init__(self, *, one_thread: bool = True) -> None:
        # Whatever outlives a guard that was killed is ours then, and found by its mark.
        adopt_orphans()
        self._mark, self._began = uuid.uuid4().hex, time.time()
        self._alive[self._mark] = 0  # not yet known
        self._folder = tempfile.mkdtemp(prefix="rdebench-worker-")
        self._ended: dict[str, Any] | None = None
        self.family: Iterable[psutil.Process] = ()
        """The processes of this worker, as far as somebody has looked; killed as well if its guard is gone."""
        theirs, self._requests = Pipe(duplex=False)
        reading, answers = os.pipe()
        self.replies = Inbox(reading)
        self._report, report = os.pipe()
        ends = (theirs.fileno(), answers, report)
        place = {"TMPDIR": self._folder, "PWD": self._folder, MARK: self._mark}
        environment = {name: value for name, value in os.environ.items() if name != "OLDPWD"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rdebench.bench.guard", *map(str, ends), self._folder],
            pass_fds=ends,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment | (_ONE_THREAD if one_thread else {}) | place,
        )
        self._alive[self._mark] = self._process.pid
        theirs.close()
        os.close(answers)
        os.close(report)

    @property
    def pid(self) -> int:
        """Process id of the guard: the worker and what it starts are its descendants."""
        return self._process.pid

    def send(self, request: Mapping[str, Any]) -> None:
        """Ask for something; the worker serves one request after the other."""
        with suppress(BrokenPipeError):  # a worker that is dead already is noticed when it is listened to
            self._requests.send_bytes(frames.encode(request))

    @property
    def alive(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def receive(self) -> tuple[frames.Header, frames.Arrays] | None:
        """The frame that is there; None if the worker has closed its end or sent something unreadable."""
        return self.replies.receive()

    def interrupt(self) -> None:
        """Tell the worker to stop as soon as it can."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """Kill the worker and everything that it has started."""
        if self._ended is not None:
            return
        self.replies.close()
        self._requests.close()
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ended = self._read_report()
        if "code" not in self._ended:
            self._sweep(self._ended.get("worker"))
        shutil.rmtree(self._folder, ignore_errors=True)
        self._alive.pop(self._mark, None)
        if not self._alive:
            adopt_orphans(False)

    def how_it_ended(self) -> str:
        """Clean up after a worker that sends no more, and say what became of it."""
        try:
            # A process that has just closed its pipe needs a moment until its exit code is known.
            self._process.wait(timeout=_FAREWELL_S)
        except subprocess.TimeoutExpired:
            self.kill()
            sent = "sent something that is not an answer"
            return sent if self.replies.garbled else "closed its connection to the referee"
        self.kill()
        code = (self._ended or {}).get("code")
        if code is None:
            return "has lost the process that guards it, which was killed"
        said = f"; it last said: {words}" if (words := self.last_words()) else ""
        if code >= 0:
            return f"ended with exit code {code}{said}"
        # Nothing of ours kills a worker without saying so.
        hint = ", as happens when the machine runs out of memory" if -code == signal.SIGKILL else ""
        return f"was killed by {signal.Signals(-code).name}{hint}{said}"

    def last_words(self) -> str:
        """The last lines that an ended worker wrote to its standard error, without addresses."""
        said = str((self._ended or {}).get("words", "")).partition("\nExtension modules:")[0]
        lines = [line.strip() for line in re.sub(r"0x[0-9a-f]+", "0x", said).splitlines()]
        return " | ".join([line for line in lines if line and not line.startswith("Current thread")][:_LINES])

    @property
    def was_killed(self) -> bool:
        """Whether an ended worker or its guard was killed, by others than the referee as far as it knows."""
        return bool((self._ended or {}).get("code", -signal.SIGKILL) == -signal.SIGKILL)

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether an ended worker said that it could not get memory."""
        said = str((self._ended or {}).get("words", "")).lower()
        return any(sign in said for sign in _NO_MEMORY)

    def _read_report(self) -> dict[str, Any]:
        """What the guard reports; without a ``code`` if it did not live to see the end."""
        os.set_blocking(self._report, False)
        known: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            for line in os.read(self._report, _REPORT_BYTES).splitlines():
                known |= json.loads(line)
        os.close(self._report)
        return known

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _sweep(self, worker: int | None) -> None:
        """Kill what a guard that was killed has left behind."""
        import psutil

        deadline = time.monotonic() + _PATIENCE_S
        strays = list(self.family)
        with suppress(psutil.Error):
            if worker is not None and (process := psutil.Process(worker)).ppid() == os.getpid():
                strays.append(process)
        while time.monotonic() < deadline:
            strays += self._orphans()
            if not strays:
                break
            for process in strays:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(strays, timeout=_FAREWELL_S)
            strays = []

    def _orphans(self) -> list[psutil.Process]:
        """What this process has adopted from the guard: marked, or in a session that is not ours.

        A solver can take the mark off what it starts, but nothing comes back into our session from another one.
        """
        import psutil

        guards, found = set(self._alive.values()), []
        for child in psutil.Process().children():
            with suppress(psutil.Error, ProcessLookupError):
                later = child.create_time() >= self._began - 1.0  # the clock of the system ticks coarsely
                foreign = child.pid not in guards and os.getsid(child.pid) != os.getsid(0) and later
                family = [child, *child.children(recursive=True)]
                found += family if foreign else [one for one in family if self._marked(one)]
        return found

    def _marked(self, process: psutil.Process) -> bool:
        import psutil

        with suppress(psutil.Error):
            return bool(process.environ().get(MARK) == self._mark)
        return False


def ask(request: Mapping[str, Any]) -> frames.Header:
    """One question to one worker; the header of its reply, or ``{"message": ...}`` if there is none.

    A worker that is killed, perhaps because the machine was short of memory, is asked once more.
    """
    for last in (False, True):
        worker = WorkerProcess()
        worker.send(request)
        try:
            if not worker.replies.poll(START_LIMIT_S):
                return {"message": f"importing the solvers takes longer than {START_LIMIT_S:g} s"}
            if (frame := worker.receive()) is not None:
                return frame[0]
            how = worker.how_it_ended()
            if last or not worker.was_killed:
                break
        finally:
            worker.kill()
    return {"message": f"the process that imports the solvers {how}"}
