"""What several commands ask of their options."""

from __future__ import annotations

import math
import os

import typer


def positive(value: float | None) -> float | None:
    """Callback of an option that must be a finite number above zero, or absent."""
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise typer.BadParameter(f"{value:g} is not allowed; give a finite number above zero")
    return value


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
