"""Frames on a pipe: sent whole by the worker, read by the referee without ever waiting for the rest of one."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Mapping
from multiprocessing.connection import wait
from time import monotonic
from typing import Any

from . import frames

_LENGTH = struct.Struct("<Q")
_PIECE = 2**20


class Outbox:
    """The worker's end: frames from several threads do not mix.

    Args:
        descriptor: End of a pipe to write to.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._turn = threading.Lock()

    def send(self, header: Mapping[str, Any], arrays: frames.Arrays | None = None) -> None:
        """Send a frame; waits until all of it is in the pipe.

        Raises:
            OSError: If the pipe is closed.
        """
        frame = frames.encode(header, arrays)
        rest = memoryview(_LENGTH.pack(len(frame)) + frame)
        with self._turn:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


class Inbox:
    """The referee's end. A process that sends half a frame, or garbage, costs the referee no time.

    At most one frame is taken from the pipe ahead of :meth:`receive`.

    Args:
        descriptor: End of a pipe to read from; closed by :meth:`close`.

    Attributes:
        garbled: Whether something came that is no frame.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._taken = bytearray()
        self._length: int | None = None
        self._over = False
        self.garbled = False

    def fileno(self) -> int:
        """The descriptor, so that several can be waited for."""
        return self._descriptor

    def poll(self, timeout: float = 0.0) -> bool:
        """Whether a whole frame is there, or none will ever come; waits for that up to ``timeout`` seconds."""
        deadline = monotonic() + timeout
        while not self._whole():
            rest = deadline - monotonic()
            if rest <= 0 or not wait([self], rest):  # type: ignore[list-item]  # anything with a fileno will do
                return False
        return True

    def receive(self) -> tuple[frames.Header, frames.Arrays] | None:
        """The frame that is there; None if there is none and none will come.

        Call it when :meth:`poll` has said yes.
        """
        if self._over:
            return None
        frame = bytes(self._taken)
        self._taken.clear()
        self._length = None
        try:
            return frames.decode(frame)
        except frames.FrameError:
            self._over = self.garbled = True
            return None

    def close(self) -> None:
        """Close the pipe."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor, self._over = -1, True

    def _whole(self) -> bool:
        while not self._over:
            if self._length is None and len(self._taken) == _LENGTH.size:
                (self._length,) = _LENGTH.unpack(self._taken)
                self._taken.clear()
                self._over = self.garbled = self._length > frames.MAX_BYTES
            elif self._length is not None and len(self._taken) == self._length:
                return True
            else:
                wanted = _LENGTH.size if self._length is None else self._length
                try:
                    more = os.read(self._descriptor, min(wanted - len(self._taken), _PIECE))
                except BlockingIOError:
                    return False
                self._over = not more
                self.garbled = self._over and self._length is not None
                self._taken += more
        return True
