"""Where results come from: the sources, the packages and the machine that made them."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
"""The folder that holds the rooms, in a checkout and in an installed package alike."""

SHOWS_ONLY = (
    "cli.py",
    "cross_check.py",
    "display.py",
    "generalisation.py",
    "generalisation_rows.py",
    "learner_data.py",
    "perf.py",
    "perf_learners.py",
    "perf_zoo.py",
    "summary.py",
    "trained_policies.py",
    "verification.py",
    "wrong_choice.py",
    "zoo_data.py",
)
"""Files of this room that print or measure and never touch a row."""

NUMERICAL_PACKAGES = ("numpy", "scipy", "numba")
"""Packages whose version is part of what identifies a row."""

PACKAGES = ("rdebench", *NUMERICAL_PACKAGES, "pandas", "pyarrow", "pydantic")


@cache
def code_hash() -> str:
    """SHA-256 over every file of ours that can change a row, as they were when this process first asked."""
    return current_code_hash()


def current_code_hash() -> str:
    """SHA-256 over every file of ours that can change a row: sources, published tables and cards of models."""
    files = [
        *(ROOT / "problems").rglob("*.py"),
        *(ROOT / "problems" / "zoos").glob("*.json"),
        *(ROOT / "scm_zoo" / "zoos").glob("*/*.json"),
        *(ROOT / "solvers").rglob("*.py"),
        *(file for file in (ROOT / "bench").glob("*.py") if file.name not in SHOWS_ONLY),
    ]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT).as_posix()}:{file_hash(file)}\n".encode())
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def numerical_versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    return {"python": platform.python_version(), **{name: version(name) for name in NUMERICAL_PACKAGES}}


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
