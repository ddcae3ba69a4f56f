"""Work on the machines of a dask cluster, in chunks; what comes back is checked before it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from uuid import uuid4

from .chunks import Chunks
from .executor import Display, ExecutorError
from .remote import pack, unpack, work_off
from .work import Made, Work

if TYPE_CHECKING:
    from distributed import Client, Future

_IN_FLIGHT = 2
"""Chunks sent for each thread of the cluster: one is worked on, one waits beside it."""

_CONNECT_S = 10.0
_TICK_S = 0.2
_LOOK_S = 2.0
_PATIENCE_S = 10.0
_MOST_SHOWN = 16


class DaskExecutor:
    """The threads of a dask cluster, each with a worker process of its own.

    Args:
        address: Of the scheduler, such as ``tcp://HOST:8786``.

    Raises:
        ExecutorError: If dask.distributed is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise ExecutorError(
                "the executor dask needs the package distributed; run: pip install 'rdebench[dask]'"
            ) from None
        self._address = address

    def execute(self, work: Iterable[Work], display: Display) -> Generator[tuple[Work, Made], None, None]:
        """As :meth:`~rdebench.bench.executor.Executor.execute`; chunks on their way are called back at the end."""
        chunks = Chunks(work)
        if not chunks:
            return
        client = self._connect()
        flight = _Flight(client, display, self._address)
        try:
            while chunks or flight.chunks:
                threads = flight.threads()
                while chunks and len(flight.chunks) < _IN_FLIGHT * threads:
                    flight.send(chunks.take(threads))
                for item, made, seconds in flight.landed():
                    chunks.learn(item, seconds)
                    yield item, made
        except (OSError, CancelledError):  # whichever call noticed first that nobody answers any more
            raise flight.gone() from None
        finally:
            flight.call_back()
            client.close(timeout=_TICK_S)

    def _connect(self) -> Client:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port

        try:
            # A client with a half-made address hangs for a while when it goes, and ends in a traceback.
            get_address_host_port(self._address)
            return Client(self._address, timeout=_CONNECT_S, set_as_default=False, name="rdebench")
        except (OSError, ValueError) as error:  # a time-out is an OSError too
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ExecutorError(
                f"no dask scheduler answers at {self._address} ({reason}); "
                "start one with: dask scheduler, and machines with: dask worker ADDRESS"
            ) from None


class _Flight:
    """The chunks that are on their way."""

    def __init__(self, client: Client, display: Display, address: str) -> None:
        self.chunks: dict[str, tuple[int, list[Work], Future]] = {}
        self._client = client
        self._display = display
        self._address = address
        self._back: SimpleQueue[str] = SimpleQueue()
        self._threads = 0
        self._looked = self._alone_since = time.monotonic() - _LOOK_S
        self._warned = False

    def threads(self) -> int:
        """Threads of the cluster; looked up now and then, as machines come and go."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_S:
            self._looked = now
            self._threads = sum(self._client.nthreads().values())
            if self._threads:
                self._alone_since, self._warned = now, False
            elif not self._warned and now - self._alone_since > _PATIENCE_S:
                self._warned = True
                self._display.warn(
                    f"no machine works for {self._address}; start some with: dask worker {self._address}"
                )
        return self._threads

    def send(self, chunk: list[Work]) -> None:
        """Send a chunk off."""
        slot = min(set(range(len(self.chunks) + 1)) - {slot for slot, _, _ in self.chunks.values()})
        name = f"rdebench-{uuid4().hex}"
        future = self._client.submit(_work_off, pack(chunk), key=name, pure=False)
        self.chunks[name] = (slot, chunk, future)
        future.add_done_callback(lambda done: self._back.put(done.key))
        indices = tuple(index for item in chunk for index in item.indices)
        self._display.started(_line(slot), replace(chunk[0], indices=indices))

    def landed(self) -> list[tuple[Work, Made, float]]:
        """Wait a moment for a chunk; what came of it, checked."""
        self._display.tick()
        try:
            name = self._back.get(timeout=_TICK_S)
        except Empty:
            return []
        slot, chunk, future = self.chunks.pop(name)
        found = unpack(chunk, self._reply(future))
        for _ in range(sum(len(item.indices) for item in chunk)):
            self._display.advanced(_line(slot))
        self._display.finished(_line(slot))
        return found

    def call_back(self) -> None:
        """Have nobody work on anything any more."""
        # Of a scheduler that is gone, or goes now, there is nothing to call back.
        with suppress(OSError, CancelledError):
            self._client.cancel([future for _, _, future in self.chunks.values()], force=True)
        self.chunks.clear()

    def gone(self) -> ExecutorError:
        """What to say when the scheduler does not answer any more."""
        return ExecutorError(
            f"the dask scheduler at {self._address} is gone; finished cells are kept: start it and run again"
        )

    def _reply(self, future: Future) -> bytes:
        if future.status == "finished":
            return bytes(future.result())
        if future.status in ("cancelled", "lost"):
            raise self.gone()
        error = future.exception()
        raise ExecutorError(
            f"a machine of {self._address} cannot do the work: {type(error).__name__}: {error}; "
            "install the same version of rdebench there"
        )


def _line(slot: int) -> int:
    """The line of the display for a chunk; the last one is shared, as a cluster has more than a screen has."""
    return min(slot, _MOST_SHOWN - 1)


def _work_off(parcel: bytes) -> bytes:
    """Runs on a machine of the cluster, in a thread of its dask worker."""
    return work_off(parcel, _cancelled())


def _cancelled() -> Callable[[], bool]:
    """Asks this dask worker whether the chunk that it is on was called back; dask itself cannot stop a thread."""
    from distributed import get_worker

    worker = get_worker()
    name = worker.get_current_task()

    def cancelled() -> bool:
        state = worker.state.tasks.get(name)
        return state is None or state.state in ("cancelled", "released", "forgotten")

    return cancelled
