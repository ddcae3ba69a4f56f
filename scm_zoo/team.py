"""Training several models side by side, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

from .job import Job, Progress
from .worker import work


def train_all(
    jobs: Sequence[Job], images: Path, dataset: str, at_a_time: int
) -> Generator[tuple[Job, Progress], None, None]:
    """Train models, ``at_a_time`` side by side, and tell how it goes.

    A job that fails does not end the others. Close the iterator to stop: every training then writes its
    checkpoint after the step it is in, and goes on from there the next time.

    Args:
        jobs: What to train, in this order.
        images: File of the tensors ``train`` and ``test``, see ``datasets.Images``.
        dataset: Name of these images.
        at_a_time: How many processes.
    """
    context = multiprocessing.get_context("spawn")  # a forked process cannot use a GPU
    stop, waiting = context.Event(), list(jobs)
    running: dict[Connection, tuple[Job, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_a_time:
                job = waiting.pop(0)
                ours, theirs = context.Pipe(duplex=False)
                process: BaseProcess = context.Process(
                    target=work, args=(job, images, dataset, theirs, stop), name=job.name
                )
                # Ctrl-C reaches all processes of a terminal: one that is still starting must not end with a traceback.
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
                process.start()
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
                theirs.close()
                running[ours] = (job, process)
            for connection in wait(list(running)):
                assert isinstance(connection, Connection)
                job, process = running[connection]
                try:
                    yield job, connection.recv()
                except EOFError:
                    process.join()
                    del running[connection]
                    if process.exitcode:
                        yield job, Progress("failed", message=_ending(process.exitcode))
    finally:
        _end(running, stop)


def _ending(code: int) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"its process {how}; the same command goes on from its checkpoint"


def _end(running: dict[Connection, tuple[Job, BaseProcess]], stop: Event) -> None:
    """Let every process write its checkpoint; an interruption meanwhile ends them at once."""
    stop.set()
    try:
        for connection, (_, process) in running.items():
            connection.close()
            process.join()
    finally:
        for _, process in running.values():
            process.kill()
