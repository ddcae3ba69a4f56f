"""Unpacking shards of strangers in a process that may not take much: ``python -m rdebench.bench.try_shards``.

A parquet file can say one thing of its size and be another, and some that are damaged end the process that reads
them. What a process with little memory and time has read without harm, the referee reads after it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from .shards import SHARD_NAME, ShardError, decode_cell, read_shard, salvage_cell

MEMORY = 4 * 1024**3
SECONDS_PER_SHARD = 2
SECONDS = 60


def refused(shards: Sequence[Path]) -> dict[Path, str]:
    """Unpack shards in a process of its own, limited in memory and time.

    Args:
        shards: The files; their names state the cell and the hash.

    Returns:
        Those that must not be unpacked here, and why.
    """
    found: dict[Path, str] = {}
    left = list(shards)
    while left:
        done = _child("try", left)
        lines = done.stdout.decode(errors="replace").splitlines()
        found |= {shard: line[1:] for shard, line in zip(left, lines, strict=False) if line.startswith("!")}
        if len(lines) < len(left):
            found[left[len(lines)]] = f"it cannot be unpacked with {MEMORY >> 30} GiB of memory"
        left = left[len(lines) + 1 :]
    return found


def salvage(shard: Path) -> pa.Table | None:
    """What can still be read of a damaged shard; None if nothing can."""
    done = _child("salvage", [shard])
    if done.returncode != 0:
        return None
    with suppress(pa.ArrowException), pa.ipc.open_stream(done.stdout) as stream:
        return stream.read_all()
    return None


def _child(task: str, shards: Sequence[Path]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "rdebench.bench.try_shards", task],
        input=json.dumps([str(shard) for shard in shards]).encode(),
        capture_output=True,
        check=False,
        env=os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"},
    )


def main() -> None:
    """Unpack the shards that standard input lists: a line for each, with a ``!`` and the reason if it fails.

    Or, to salvage one, write what can be read of it to standard output as an Arrow stream.
    """
    shards = [Path(name) for name in json.load(sys.stdin)]
    seconds = SECONDS + SECONDS_PER_SHARD * len(shards)
    with suppress(ValueError, OSError):  # not every system has both
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if sys.argv[1] == "salvage":
        try:
            table = salvage_cell(read_shard(shards[0]))
        except (OSError, ShardError):
            os._exit(1)
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)
        sys.stdout.flush()
    else:
        for shard in shards:
            print(_tried(shard), flush=True)
    os._exit(
        0
    )  # without the interpreter's farewell, in which threads of a library may have little memory left


def _tried(shard: Path) -> str:
    try:
        match = SHARD_NAME.fullmatch(shard.name)
        if match is None:
            return "!its name is not that of a shard"
        decode_cell(match["key"], shard.name, read_shard(shard))
    except OSError as error:
        return f"!it cannot be read: {error.strerror}"
    except ShardError as error:
        return "!" + " ".join(str(error).split())
    return "sound"


if __name__ == "__main__":
    main()
