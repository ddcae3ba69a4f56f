"""Where results come from: the sources, the packages and the machine that made them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
"""The folder that holds the rooms, in a checkout and in an installed package alike."""

SHOWS_ONLY = (
    "audit.py",
    "badges.py",
    "bundle.py",
    "cell_checks.py",
    "cli.py",
    "coverage.py",
    "cross_check.py",
    "display.py",
    "explain.py",
    "export.py",
    "generalisation.py",
    "generalisation_rows.py",
    "grid.py",
    "instance_data.py",
    "joined_manifest.py",
    "learner_data.py",
    "ledger.py",
    "merge.py",
    "merge_rules.py",
    "overview.py",
    "perf.py",
    "perf_audit.py",
    "perf_learners.py",
    "perf_referee.py",
    "perf_zoo.py",
    "replay.py",
    "rescoring.py",
    "source.py",
    "summary.py",
    "trained_policies.py",
    "try_shards.py",
    "verification.py",
    "watch.py",
    "wrong_choice.py",
    "zoo_data.py",
)
"""Files of this room that print, measure, check or pass on and never touch a row."""

NUMERICAL_PACKAGES = ("numpy", "scipy", "numba")
"""Packages whose version is part of what identifies a row."""

PACKAGES = ("rdebench", *NUMERICAL_PACKAGES, "pandas", "pyarrow", "pydantic")


@cache
def code_hash() -> str:
    """SHA-256 over every file of ours that can change a row, as they were when this process first asked."""
    return _digest(code_hashes())


@cache
def code_hashes() -> dict[str, str]:
    """The same by room: which room's sources differ tells why a row is not reused."""
    return _current()


def current_code_hash() -> str:
    """SHA-256 over every file of ours that can change a row, as they are now.

    A run asks after every cell: the files are read again only if an inode says that one of them was touched.
    """
    state = tuple(
        sorted(_inodes(str(ROOT / room) for room in ("bench", "problems", "scm_zoo/zoos", "solvers")))
    )
    if state not in _settled:
        digest = _digest(_current())
        if time.time_ns() - max(changed for *_, changed in state) < _SETTLED_NS:
            return digest
        _settled.clear()
        _settled[state] = digest
    return _settled[state]


_SETTLED_NS = 2 * 10**9
"""Two writes within one tick of a file system's clock have one time, so files as young as this are read again."""

_Inode = tuple[str, int, int, int, int]

_settled: dict[tuple[_Inode, ...], str] = {}


def _inodes(folders: Iterable[str]) -> Iterator[_Inode]:
    """Path, inode, size and times of every source and table in some folders and below."""
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from _inodes([entry.path])
                elif entry.name.endswith((".py", ".json")):
                    there = entry.stat()
                    yield entry.path, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns


def _current() -> dict[str, str]:
    """Sources, published tables and cards of models, by room."""
    return {
        "problems": _hash_of([*_below("problems", "*.py"), *(ROOT / "problems" / "zoos").glob("*.json")]),
        "scm_zoo": _hash_of((ROOT / "scm_zoo" / "zoos").glob("*/*.json")),
        "solvers": _hash_of(file for file in _below("solvers", "*.py") if file.parent.name != "checks"),
        "bench": _hash_of(file for file in (ROOT / "bench").glob("*.py") if file.name not in SHOWS_ONLY),
    }


def _below(room: str, pattern: str) -> Iterable[Path]:
    return (ROOT / room).rglob(pattern)


def _hash_of(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT).as_posix()}:{file_hash(file)}\n".encode())
    return digest.hexdigest()


def _digest(rooms: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(rooms, sort_keys=True).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def numerical_versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    return {"python": platform.python_version(), **{name: version(name) for name in NUMERICAL_PACKAGES}}


def installed(package: str) -> str:
    """The version of a distribution, or ``not installed``."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """CPU model, cores, memory in bytes, operating system and Python of this machine."""
    import psutil

    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "os": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def git_commit() -> str | None:
    """The commit of the checkout, marked ``-dirty`` if files differ from it; None outside a checkout."""
    if not (ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
