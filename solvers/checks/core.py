"""What a check is, and what comes of one."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..base import Solver

Make = Callable[[], Solver]
Check = Callable[[Make], None]
Status = Literal["passed", "failed", "known failure", "skipped"]

PREFIX = "check_"


class ConformanceError(AssertionError):
    """A property that the solver lacks, in words."""


class NotApplicable(Exception):
    """A check that says nothing about this solver, with the reason."""


@dataclass(frozen=True)
class Outcome:
    """What came of one check of one solver.

    Attributes:
        check: Name of the check, see :func:`name_of`.
        status: ``passed``, ``failed``, ``known failure`` or ``skipped``.
        message: What is wrong and the likely cause; why it was skipped; the reason of a known failure.
    """

    check: str
    status: Status
    message: str = ""


def require(condition: object, message: str) -> None:
    """Raise :class:`ConformanceError` unless the condition holds."""
    if not condition:
        raise ConformanceError(message)


def applies(condition: object, reason: str) -> None:
    """Raise :class:`NotApplicable` unless the condition holds."""
    if not condition:
        raise NotApplicable(reason)


def name_of(check: Check) -> str:
    """The name under which a check is shown, and known failures are listed."""
    return str(getattr(check, "__name__", check)).removeprefix(PREFIX)


def told(error: BaseException) -> str:
    """An exception in words: its type, what it says, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def run_check(check: Check, make: Make) -> Outcome:
    """Put a solver through one check; whatever it does to the process is undone, and nothing is raised.

    A check that the solver lists in ``known_failures`` must fail; one that passes is a failure.

    Args:
        check: One of :func:`~rdebench.solvers.checks.all_checks`.
        make: Makes a fresh solver; the same function for all checks, which then share what it answered.
    """
    from .sandbox import sandbox

    name = name_of(check)
    reason: str | None = None
    try:
        with sandbox():
            known = make().known_failures
            reason = known.get(name) if hasattr(known, "get") else None
            check(make)
    except NotApplicable as error:
        return Outcome(name, "skipped", str(error))
    except ConformanceError as error:
        return Outcome(name, "known failure", reason) if reason else Outcome(name, "failed", str(error))
    except (Exception, SystemExit) as error:
        said = f"raised {told(error)}"
        return Outcome(name, "known failure", reason) if reason else Outcome(name, "failed", said)
    if reason:
        return Outcome(
            name, "failed", f"{name} is a known failure, but passes; remove it from known_failures"
        )
    return Outcome(name, "passed")
