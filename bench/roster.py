"""Who takes part: solvers by name, described by a process of its own.

Plugins and solvers of other distributions are imported there and never here, so that their code cannot touch
the referee.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ..solvers.base import FAMILIES
from ..solvers.registry import GROUP, SolverError, load_plugin, make_solver
from .policies import Learning
from .provenance import code_hash, file_hash, installed


@dataclass(frozen=True)
class Entrant:
    """A solver as set up for a run.

    Attributes:
        name: Public name.
        summary: One line.
        family: Which kind of solver it is; "other" where what it says is not known.
        options: Constructor arguments that were asked for.
        configuration: All constructor arguments, as far as JSON can hold them.
        exact: Whether it claims to be exact: then no budget of evaluations cuts it short.
        learning: How it learns; None if it does not.
        plugin: The plugin file that defines it, or None.
        code: What identifies its source text.
        packages: Versions of the distributions that it depends on.
    """

    name: str
    summary: str
    family: str
    options: dict[str, Any]
    configuration: dict[str, Any]
    exact: bool
    learning: Learning | None
    plugin: str | None
    code: str
    packages: dict[str, str] = field(default_factory=dict)

    def content_hash(self) -> str:
        """SHA-256 over name, configuration, source and packages."""
        identity = {
            "name": self.name,
            "configuration": self.configuration,
            "code": self.code,
            "packages": self.packages,
        }
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    def changed(self) -> bool:
        """Whether the plugin file is no longer the one that was described."""
        if self.plugin is None:
            return False
        path = Path(self.plugin)
        return not path.is_file() or file_hash(path) != self.code


def entrants(
    names: Sequence[str],
    options: Mapping[str, Mapping[str, Any]] | None = None,
    plugins: Sequence[str | Path] = (),
    *,
    with_plugins: bool = False,
) -> list[Entrant]:
    """Describe solvers.

    Args:
        names: Their names, in order.
        options: Constructor arguments of some of them, by name.
        plugins: Plugin files, in which names are looked up first.
        with_plugins: Add all solvers of the plugin files to the names.

    Raises:
        SolverError: If one does not exist, does not take its options, or cannot be imported.
    """
    from .process import ask

    paths = [str(Path(path).resolve()) for path in plugins]
    names, options = list(names), dict(options or {})
    reply = ask(
        {
            "task": "describe",
            "names": names,
            "options": options,
            "plugins": paths,
            "with_plugins": with_plugins,
        }
    )
    if reply.get("event") != "described":
        raise SolverError(str(reply.get("message", "the solvers could not be described")))
    return [entrant_of(described) for described in reply["solvers"]]


def entrant_of(described: dict[str, Any]) -> Entrant:
    """A solver as set up, from its fields as plain data."""
    learning = described["learning"]
    if learning is not None:
        learning = Learning(**(learning | {"mixture": tuple(learning["mixture"])}))
    return Entrant(**(described | {"learning": learning}))


def describe(
    names: Sequence[str],
    options: Mapping[str, Mapping[str, Any]],
    plugins: Sequence[str],
    *,
    with_plugins: bool,
) -> list[dict[str, Any]]:
    """What :func:`entrants` returns, as plain data; runs in the worker and imports the solvers.

    Raises:
        SolverError: As :func:`entrants`.
    """
    defined = {solver.name: path for path in plugins for solver in load_plugin(path)}
    described = []
    for name in dict.fromkeys([*names, *(defined if with_plugins else ())]):
        chosen = dict(options.get(name, {}))
        try:
            solver = make_solver(name, plugins, **chosen)
            configuration = json.loads(json.dumps(solver.configuration(), default=repr))
            learning = Learning.of(solver)
        except SolverError:
            raise
        except Exception as error:
            raise SolverError(f"{name}: cannot be set up: {type(error).__name__}: {error}") from None
        plugin = defined.get(name)
        code = file_hash(Path(plugin)) if plugin else _installed_code(name, type(solver))
        summary, exact = solver.summary(), bool(solver.exact)
        family = solver.family if isinstance(solver.family, str) and solver.family in FAMILIES else "other"
        packages = {package: installed(package) for package in sorted(solver.packages)}
        entrant = Entrant(
            name, summary, family, chosen, configuration, exact, learning, plugin, code, packages
        )
        described.append(asdict(entrant))
    return described


def _installed_code(name: str, solver: type) -> str:
    """Our own code hash, or distribution, version and module source of a solver that somebody else ships."""
    if solver.__module__.startswith("rdebench."):
        return code_hash()
    (point,) = entry_points(group=GROUP, name=name)
    distribution = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
    source = inspect.getsourcefile(solver)
    return f"{distribution} {file_hash(Path(source)) if source else ''}"
