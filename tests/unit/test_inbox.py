"""What a worker sends: read without waiting, and without believing any of it."""

import json
import os
import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from rdebench.bench import frames
from rdebench.bench.inbox import Inbox, Outbox


@pytest.fixture
def pipe() -> Iterator[tuple[Inbox, int]]:
    reading, writing = os.pipe()
    inbox = Inbox(reading)
    yield inbox, writing
    inbox.close()
    os.close(writing)


def framed(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def test_frames_come_out_as_they_went_in(pipe: tuple[Inbox, int]) -> None:
    inbox, writing = pipe
    assert not inbox.poll()
    outbox = Outbox(writing)
    outbox.send({"event": "start", "index": 3})
    outbox.send({"event": "done"}, {"power": np.arange(3.0), "scm": np.zeros((2, 2), dtype=np.int32)})
    assert inbox.poll()
    assert inbox.poll()
    assert inbox.receive() == ({"event": "start", "index": 3}, {})
    assert inbox.poll()
    frame = inbox.receive()
    assert frame is not None
    np.testing.assert_array_equal(frame[1]["power"], np.arange(3.0))
    assert frame[1]["scm"].shape == (2, 2)
    assert not inbox.poll()
    assert not inbox.garbled


def test_a_frame_larger_than_the_pipe_arrives_in_pieces(pipe: tuple[Inbox, int]) -> None:
    inbox, writing = pipe
    numbers = np.arange(500_000.0)
    sender = threading.Thread(target=Outbox(writing).send, args=({"event": "done"}, {"power": numbers}))
    sender.start()
    assert inbox.poll(30.0)
    sender.join()
    frame = inbox.receive()
    assert frame is not None
    np.testing.assert_array_equal(frame[1]["power"], numbers)


def test_half_a_frame_is_none(pipe: tuple[Inbox, int]) -> None:
    inbox, writing = pipe
    whole = framed(frames.encode({"event": "start"}))
    for byte in whole[:-1]:
        os.write(writing, bytes([byte]))
        assert not inbox.poll()
    os.write(writing, whole[-1:])
    assert inbox.poll()
    assert inbox.receive() == ({"event": "start"}, {})


def test_an_end_is_told_from_garbage() -> None:
    for sent, garbled in (
        (b"", False),
        (framed(b"half")[:-1], True),
        (b"\xff" * 8, True),
        (framed(b"x"), True),
    ):
        reading, writing = os.pipe()
        os.write(writing, sent)
        os.close(writing)
        inbox = Inbox(reading)
        assert inbox.poll()
        assert inbox.receive() is None
        assert inbox.garbled is garbled
        assert inbox.receive() is None
        inbox.close()
        assert inbox.poll()
        inbox.close()


def header(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        header("[]"),
        header('{"header": 1, "arrays": {}}'),
        header('{"header": {}, "arrays": []}'),
        header('{"header": {}}'),
        header('{"header": {"seconds": 1' + "0" * 30 + '}, "arrays": {}}'),
        header('{"header": {"seconds": 9223372036854775808}, "arrays": {}}'),
        header("[" * 100_000),
        header('{"header": {}, "arrays": {"power": ["O", [1]]}}'),
        header('{"header": {}, "arrays": {"power": ["f8", [3]]}}') + b"\0" * 8,
        header('{"header": {}, "arrays": {"power": ["f8", [-3]]}}'),
        header('{"header": {}, "arrays": {"power": ["f8", ["x"]]}}'),
        header('{"header": {}, "arrays": {"power": ["f8", [4611686018427387904, 4]]}}'),
        header('{"header": {}, "arrays": {"power": ["nonsense", [1]]}}'),
        header('{"header": {}, "arrays": {"power": ["f8,i4", [1]]}}') + b"\0" * 100,
        header('{"header": {}, "arrays": {"power": ["(2,", [1]]}}') + b"\0" * 100,
        header('{"header": {}, "arrays": {"power": [{"names": 1}, [1]]}}') + b"\0" * 100,
        header('{"header": {}, "arrays": {"power": ["U1", [1]]}}') + b"\0" * 100,
        struct.pack("<I", 2**31),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.decode(data)


def test_any_byte_may_be_changed() -> None:
    whole = frames.encode({"event": "done", "seconds": 0.5, "index": 3}, {"power": np.arange(4.0)})
    rng = np.random.default_rng(0)
    for _ in range(3_000):
        data = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            data[place] = rng.integers(256)
        try:
            frames.decode(bytes(data))
        except frames.FrameError:
            continue


def test_a_header_holds_what_json_can_hold() -> None:
    sent = {"bound": float("inf"), "message": "\ud800", "count": -(2**63), "reference": {"steps": [[1, 2.5]]}}
    assert frames.decode(frames.encode(sent))[0] == json.loads(json.dumps(sent))
