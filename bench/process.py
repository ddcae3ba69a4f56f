"""One worker process from the outside: started, listened to, killed with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Pipe
from typing import Any

from . import frames

START_LIMIT_S = 60.0
"""How long a worker may take to import a solver and warm up; not counted against any instance."""

_FAREWELL_S = 1.0
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
    """One worker in a session of its own, so that it can be killed with everything it has started.

    Args:
        one_thread: Keep numerical libraries to one thread, so that times compare.
    """

    def __init__(self, *, one_thread: bool = True) -> None:
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
                env=os.environ | (_ONE_THREAD if one_thread else {}),
            )

    def send(self, request: Mapping[str, Any]) -> None:
        """Ask for something; the worker serves one request after the other."""
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

    def interrupt(self) -> None:
        """Tell the worker to stop as soon as it can."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

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


def ask(request: Mapping[str, Any]) -> frames.Header:
    """One question to one worker; the header of its reply, or ``{"message": ...}`` if there is none."""
    worker = WorkerProcess()
    worker.send(request)
    try:
        if not worker.replies.poll(START_LIMIT_S):
            return {"message": f"importing the solvers takes longer than {START_LIMIT_S:g} s"}
        if (frame := worker.receive()) is None:
            return {"message": f"the process that imports the solvers {worker.how_it_ended()}"}
        return frame[0]
    finally:
        worker.kill()
