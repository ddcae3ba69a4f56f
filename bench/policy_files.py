"""The files of a policy: data only, described by ``policy.json``, and checked before anything reads them."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..solvers.registry import SolverError
from .provenance import file_hash

FORMAT = "rdebench-policy/1"
FILE = "policy.json"
WEIGHTS = "policy.safetensors"

_LENGTH_BYTES = 8
"""A safetensors file begins with the length of its JSON header."""


class PolicyError(SolverError):
    """A policy that cannot be kept or used; the message says why and what to do."""


def description(folder: Path) -> dict[str, Any]:
    """What ``policy.json`` says.

    Raises:
        PolicyError: If it cannot be read or has another format.
    """
    try:
        about = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder, f"{FILE} cannot be read ({error})") from None
    given = about.get("format") if isinstance(about, dict) else type(about).__name__
    if given != FORMAT:
        raise _damaged(folder, f"it has the format {given!r}, and this version reads {FORMAT!r}")
    return dict(about)


def checked(folder: Path) -> dict[str, Any]:
    """What ``policy.json`` says, if all files are data and are those it was written with.

    Raises:
        PolicyError: If anything is missing, damaged or more than it should be.
    """
    about = description(folder)
    further, scenarios = about.get("files", {}), about.get("scenarios")
    if not isinstance(scenarios, dict) or not isinstance(further, dict):
        raise _damaged(folder, f"{FILE} does not say which scenarios it is for")
    stated = further | ({WEIGHTS: about["sha256"]} if "sha256" in about else {})
    found = sums(folder)
    if wrong := sorted(name for name in stated | found if stated.get(name) != found.get(name)):
        raise _damaged(folder, f"{', '.join(wrong)}: not what was trained (the SHA-256 differs)")
    return about


def describe(folder: Path, about: Mapping[str, Any]) -> None:
    """Write ``policy.json``: what is said about the policy, what ``save`` said itself, and the sums of its files.

    Raises:
        PolicyError: As :func:`sums`.
    """
    further = sums(folder)
    weights = further.pop(WEIGHTS, None)
    said = json.loads((folder / FILE).read_text(encoding="utf-8")) if (folder / FILE).exists() else {}
    own = dict(said) if isinstance(said, dict) else {}
    own |= {**about, "sha256": weights, "files": further}
    own = {name: value for name, value in own.items() if value or name not in ("sha256", "files")}
    (folder / FILE).write_text(json.dumps(_strict(own), indent=1) + "\n", encoding="utf-8")


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of the files of a policy by their names, ``policy.json`` apart.

    Raises:
        PolicyError: If there is none, or anything that is not data: only safetensors, JSON, parquet and npy
            files without pickled objects are, and no folders and links.
    """
    found = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.is_symlink() or not path.is_file() or path.suffix not in _CHECKS:
                raise PolicyError(
                    f"{path}: a policy holds only files of these kinds: {', '.join(_CHECKS)}; no pickle"
                )
            try:
                _CHECKS[path.suffix](path)
            except ValueError as error:
                raise PolicyError(f"{path}: is not a {path.suffix} file without pickle: {error}") from None
            found[path.name] = file_hash(path)
    except OSError as error:
        raise _damaged(folder, f"it cannot be read ({error})") from None
    found.pop(FILE, None)
    if not found:
        raise _damaged(folder, "it holds no weights")
    return found


def digest(folder: Path) -> str:
    """SHA-256 over whatever a folder holds, sound or not."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            content = file_hash(path)
        except OSError as error:
            content = str(error.strerror)
        whole.update(f"{path.relative_to(folder).as_posix()}:{content}\n".encode())
    return whole.hexdigest()


def force_to_disk(folder: Path) -> None:
    """Let a power cut leave no half-written file under a final name; make all of it readable to others."""
    folder.chmod(0o755)
    for path in (*folder.iterdir(), folder):
        if path.is_file():
            path.chmod(0o644)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _damaged(folder: Path, why: str) -> PolicyError:
    return PolicyError(f"{folder}: {why}; delete the folder and train again")


def _strict(value: Any) -> Any:
    """Without numbers that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {str(name): _strict(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _safetensors(path: Path) -> None:
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if not 2 <= length <= path.stat().st_size - _LENGTH_BYTES:
            raise ValueError("its header is cut short")
        if not isinstance(json.loads(file.read(length)), dict):
            raise ValueError("its header is no JSON object")


def _json(path: Path) -> None:
    if not isinstance(json.loads(path.read_bytes()), dict | list):
        raise ValueError("neither an object nor a list")


def _npy(path: Path) -> None:
    import numpy as np

    np.load(path, allow_pickle=False, mmap_mode="r")


def _parquet(path: Path) -> None:
    mark, data = b"PAR1", path.read_bytes()
    if len(data) < 3 * len(mark) or not data.startswith(mark) or not data.endswith(mark):
        raise ValueError("it does not begin and end as one")


_CHECKS: dict[str, Callable[[Path], None]] = {
    ".safetensors": _safetensors,
    ".json": _json,
    ".npy": _npy,
    ".parquet": _parquet,
}
