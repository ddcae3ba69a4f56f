"""Solvers by name: entry points of installed distributions, and plugin files."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from .base import Solver

GROUP = "rdebench.solvers"


class SolverError(ValueError):
    """A solver that does not exist or cannot be used; the message says what is allowed."""


@cache
def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def load_plugin(path: str | Path) -> list[type[Solver]]:
    """Import a plugin file and return the solvers that it defines.

    Raises:
        SolverError: If the file cannot be imported, defines no solver with a name, or two with the same.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise SolverError(f"{path}: no such plugin file")
    module_name = f"rdebench_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise SolverError(f"{path}: a plugin is a Python file, NAME.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise SolverError(f"{path}: {type(error).__name__}: {error}") from None
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Solver)
        and value.__module__ == module_name
        and isinstance(getattr(value, "name", None), str)
    ]
    if not found:
        raise SolverError(f"{path}: defines no subclass of rdebench.solvers.Solver with a name")
    names = [solver.name for solver in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SolverError(f"{path}: two solvers are called {twice[0]!r}; give each a name of its own")
    return found


def solver_names(plugins: Iterable[str | Path] = ()) -> list[str]:
    """Names of all registered solvers and of those in the plugin files, sorted."""
    return sorted({*_points(), *(solver.name for path in plugins for solver in load_plugin(path))})


def find_solver(name: str, plugins: Iterable[str | Path] = ()) -> type[Solver]:
    """The class of a solver.

    Raises:
        SolverError: If no solver has that name; the message suggests the nearest one.
    """
    extra = {solver.name: solver for path in plugins for solver in load_plugin(path)}
    if name in extra:
        return extra[name]
    points = _points()
    if name not in points:
        known = sorted({*points, *extra})
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
        raise SolverError(f"no solver is called {name!r}; {hint}")
    try:
        found = points[name].load()
    except Exception as error:
        raise SolverError(f"{name}: {points[name].value} cannot be loaded: {error}") from None
    if not (inspect.isclass(found) and issubclass(found, Solver)):
        raise SolverError(f"{name}: {points[name].value} is not a subclass of rdebench.solvers.Solver")
    return found


def make_solver(name: str, plugins: Iterable[str | Path] = (), **options: Any) -> Solver:
    """An instance of a solver with the given options.

    Raises:
        SolverError: If the solver does not exist or does not know an option.
    """
    solver = find_solver(name, plugins)
    if inspect.isabstract(solver):
        raise SolverError(f"{name}: {solver.__name__} has no method solve(self, problem, *, rng, budget)")
    try:
        return solver(**options)
    except TypeError as error:
        raise SolverError(f"{name}: options {options} do not fit: {error}") from None
