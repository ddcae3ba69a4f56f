"""The parent of a worker: ``python -m rdebench.bench.guard REQUESTS REPLIES REPORT FOLDER`` (three pipe ends).

It starts the worker, waits, and leaves no process behind: whatever the solver has started ends with the worker, and
all of it ends as soon as the referee is gone or asks for it. A solver that holds the interpreter, or has left its
session, cannot prevent that. At the end the referee is told how the worker ended and what it last said.

Only the standard library is imported here, so that a worker starts no later for it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress

MOST_WORDS = 2_000
"""How much of what a worker last wrote to its standard error is passed on, in bytes."""

_SUBREAPER, _DEATH_SIGNAL = 36, 1
"""Numbers of ``prctl`` on Linux: become the parent of orphans below; the signal to get when the parent dies."""

_PIECE = 2**16
_PATIENCE_S = 0.5
_MOMENT_S = 0.005


def main() -> None:
    """Start the worker, wait for its end, and clear up."""
    requests, replies, report = map(int, sys.argv[1:4])
    folder = sys.argv[4]
    adopt_orphans()
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    referee, guard = os.getppid(), os.getpid()
    words, errors = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(report)
        os.close(words)
        _become_worker(guard, errors)
    os.close(replies)
    os.close(errors)
    _tell(report, worker=worker)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _kill(worker))
    signal.signal(signal.SIGINT, lambda *_: _signal(worker, signal.SIGINT))
    said = bytearray()
    listener = threading.Thread(target=_listen, args=(words, said), daemon=True)
    listener.start()
    threading.Thread(target=_watch, args=(requests, referee, worker), daemon=True).start()
    code = _wait(worker)
    end_descendants()
    listener.join(_PATIENCE_S)
    shutil.rmtree(folder, ignore_errors=True)
    _tell(report, code=code, words=said.decode(errors="replace"))
    os._exit(0)


def adopt_orphans(wanted: bool = True) -> None:
    """Be the parent of all orphans among the descendants of this process, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, int(wanted), 0, 0, 0)


def end_descendants() -> None:
    """Kill all descendants of this process, until none is left."""
    while _has_children():
        import psutil

        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()
        time.sleep(_MOMENT_S)


def _become_worker(guard: int, errors: int) -> None:
    """Turn this process, a fresh child of the guard, into the worker."""
    # A session of its own: what it sends to its process group does not reach the guard.
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != guard:
            os._exit(1)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")  # the first to go when the machine runs out of memory, not the referee
    os.dup2(errors, 2)
    os.close(errors)
    import faulthandler

    faulthandler.enable(all_threads=False)
    from . import worker

    worker.main()


def _tell(report: int, **known: object) -> None:
    """Write a line that the referee reads at the end: the worker's process id first, how it ended last."""
    with suppress(OSError):
        os.write(report, json.dumps(known).encode() + b"\n")


def _wait(worker: int) -> int:
    """The exit code of the worker, or minus the signal that killed it; buries adopted orphans meanwhile."""
    while True:
        ended, status = os.wait()
        if ended == worker:
            return os.waitstatus_to_exitcode(status)


def _has_children() -> bool:
    """Whether there is any child; buries those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _watch(requests: int, referee: int, worker: int) -> None:
    """Kill the worker when the referee is gone: it alone holds the other end of the pipe of requests."""
    poll = select.poll()
    poll.register(requests, 0)
    with suppress(OSError, AttributeError):  # without this, a solver could keep the pipe open itself
        poll.register(os.pidfd_open(referee), select.POLLIN)
    poll.poll()
    _kill(worker)


def _listen(words: int, said: bytearray) -> None:
    """Keep the last of what is written; there is always somebody who reads it, however much it is."""
    with suppress(OSError):
        while piece := os.read(words, _PIECE):
            said += piece
            del said[:-MOST_WORDS]


def _kill(worker: int) -> None:
    _signal(worker, signal.SIGKILL)


def _signal(worker: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(worker, number)


if __name__ == "__main__":
    main()
