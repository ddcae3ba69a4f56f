"""What several commands ask of their options."""

from __future__ import annotations

import difflib
import json
import math
import os
from collections.abc import Iterable
from typing import Any

import typer

_MOST_GIB = 2**30


def positive(value: float | None) -> float | None:
    """Callback of an option that must be a finite number above zero, or absent."""
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise typer.BadParameter(f"{value:g} is not allowed; give a finite number above zero")
    return value


def memory(value: float | None) -> float | None:
    """Callback of an option that holds GiB, in bytes a number that results can record; or is absent."""
    value = positive(value)
    if value is not None and value >= _MOST_GIB:
        raise typer.BadParameter(f"{value:g} is not allowed; give less than {_MOST_GIB:,} GiB")
    return value


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def key_values(words: list[str]) -> dict[str, Any]:
    """Options of a solver, each given as KEY=VALUE; a value is JSON, or else text.

    Raises:
        SolverError: If a word is not of that form.
    """
    from ...solvers import SolverError

    options: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            raise SolverError(f"--option is {word!r}; give KEY=VALUE, such as width=64")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


def one_of(what: str, given: str, known: Iterable[str]) -> str:
    """A name that must be one of several.

    Args:
        what: What it names, as errors call it.
        given: The name.
        known: Those that there are.

    Raises:
        ResultsError: If it is none of them; the message suggests the nearest one.
    """
    from ..cell_checks import shown
    from ..manifest import ResultsError

    names = list(known)
    if given in names:
        return given
    near = difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean {shown(near[0])!r}?" if near else f"use one of {shown(', '.join(names))}"
    raise ResultsError(f"{what} is {shown(given)!r}; {hint}")
