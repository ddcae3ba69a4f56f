"""The state of the process that a solver could change, and how it is put back."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...problems import Allocation, Evaluation, RDEProblem, Scenario, Violations
from ..base import Budget, Solution, Solver

CLASSES = (RDEProblem, Allocation, Evaluation, Violations, Scenario, Budget, Solution, Solver)
"""Classes that every solver shares with the referee."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Setting:
    """One part of the state of the process.

    Attributes:
        name: What it is called in messages.
        read: Its value, which can be compared.
        write: Puts a value back.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


NUMPY = (
    Setting("numpy's error handling (np.seterr)", np.geterr, lambda value: np.seterr(**value)),
    Setting("numpy's print options", np.get_printoptions, lambda value: np.set_printoptions(**value)),
)

PROCESS = (
    Setting("the environment (os.environ)", lambda: dict(os.environ), lambda value: _environment(value)),
    Setting("the working directory", os.getcwd, os.chdir),
    Setting("the filters of warnings", lambda: list(warnings.filters), lambda value: _filters(value)),
    Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting(
        "a signal handler",
        lambda: [signal.getsignal(one) for one in _SIGNALS],
        lambda value: _handlers(value),
    ),
    Setting("sys.stdout or sys.stderr", lambda: (sys.stdout, sys.stderr), lambda value: _streams(value)),
)


@dataclass(frozen=True)
class Snapshot:
    """Values of some settings at one moment."""

    settings: tuple[Setting, ...]
    values: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, *settings: Setting) -> Snapshot:
        """The values now."""
        return cls(settings, [setting.read() for setting in settings])

    def changed(self) -> list[str]:
        """Names of the settings whose values are others by now."""
        pairs = zip(self.settings, self.values, strict=True)
        return [setting.name for setting, value in pairs if setting.read() != value]

    def restore(self) -> None:
        """Put everything back that was changed."""
        for setting, value in zip(self.settings, self.values, strict=True):
            if setting.read() != value:
                setting.write(value)


def class_setting(owner: type) -> Setting:
    """The attributes of a class, methods included, as a setting."""
    return Setting(
        f"the class {owner.__name__}", lambda: _attributes(owner), lambda value: _reset(owner, value)
    )


@contextlib.contextmanager
def sandbox() -> Iterator[None]:
    """Undo what a solver does to the process: settings, classes, global generators."""
    whole = Snapshot.of(*NUMPY, *PROCESS, *(class_setting(owner) for owner in CLASSES))
    generators = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        whole.restore()
        random.setstate(generators[0])
        np.random.set_state(generators[1])  # noqa: NPY002


@contextlib.contextmanager
def empty_folder() -> Iterator[Path]:
    """Work in a new folder that is deleted afterwards."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="rdebench-check-") as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


@contextlib.contextmanager
def captured_output() -> Iterator[Callable[[], str]]:
    """Catch what is written to standard output and standard error, by Python and by C code.

    Yields:
        A function that returns what was written so far.
    """
    with tempfile.TemporaryFile(mode="w+b", buffering=0) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning is no output of the solver
        streams, kept = (sys.stdout, sys.stderr), (os.dup(1), os.dup(2))
        text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", write_through=True)

        def written() -> str:
            _flush((text,))
            return os.pread(file.fileno(), 2_000, 0).decode(errors="replace")

        _flush(streams)
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            sys.stdout = sys.stderr = text
            yield written
        finally:
            _flush((text,))
            sys.stdout, sys.stderr = streams
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)
            text.detach()


def threads() -> set[int | None]:
    """Identifiers of the running threads."""
    return {thread.ident for thread in threading.enumerate()}


def processes() -> set[int]:
    """Process numbers of all that this process has started and that is still there."""
    import psutil

    return {child.pid for child in psutil.Process().children(recursive=True)}


def end(numbers: set[int]) -> None:
    """Kill processes that a solver left behind."""
    for number in numbers:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)


def _environment(value: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(value)


def _filters(value: list[Any]) -> None:
    warnings.filters[:] = value  # type: ignore[index]
    warnings.simplefilter("default", category=_Nobody)  # lets Python notice that the list was changed
    warnings.filters[:] = value  # type: ignore[index]


class _Nobody(Warning):
    """A warning that nobody gives."""


def _handlers(value: list[Any]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number, handler in zip(_SIGNALS, value, strict=True):
            if handler is not None:
                signal.signal(number, handler)


def _streams(value: tuple[Any, Any]) -> None:
    sys.stdout, sys.stderr = value


def _flush(streams: tuple[Any, ...]) -> None:
    for stream in streams:
        with contextlib.suppress(ValueError, OSError):
            stream.flush()


def _attributes(owner: type) -> dict[str, Any]:
    # Python itself and pydantic keep notes of their own in a class.
    return {name: value for name, value in vars(owner).items() if not name.startswith(("_abc", "__pydantic"))}


def _reset(owner: type, value: Mapping[str, Any]) -> None:
    for name in set(_attributes(owner)) - set(value):
        delattr(owner, name)
    for name, attribute in value.items():
        if vars(owner).get(name) is not attribute:
            setattr(owner, name, attribute)
