"""Files that are either there as a whole or not at all, and reading those of strangers."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path


def read_regular(path: Path, most: int) -> bytes:
    """The content of a plain file, or the first ``most`` + 1 bytes of a larger one.

    A pipe or a device in its place, which could keep us waiting for ever, is not read.

    Raises:
        OSError: If it cannot be read, or is no plain file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        # Asking for more than there is takes the memory for it first, which costs more than the reading.
        return file.read(min(about.st_size, most) + 1)


def write_atomically(path: Path, data: bytes, *, lasting: bool = True) -> None:
    """Write aside in the same folder, force to disk, and rename; the folder is made if need be.

    Args:
        path: The file.
        data: Its content.
        lasting: Whether it must be there after a power cut; a cache that checks what it reads can do without.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.chmod(aside, 0o644)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise


def write_output(path: Path, data: bytes) -> None:
    """As :func:`write_atomically`, for a file that a user names: no device, pipe or link there is replaced.

    Raises:
        OSError: If it cannot be written, or is there and no plain file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "It is no plain file", str(path))
    write_atomically(path.resolve(), data)
