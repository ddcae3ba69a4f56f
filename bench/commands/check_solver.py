"""``rdebench check-solver``: the conformance suite on one solver, or on all solvers of a plugin file."""

from __future__ import annotations

import json as json_module
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import key_values, memory, positive

if TYPE_CHECKING:
    from rich.console import Console

    from ...solvers.checks import Outcome
    from ..roster import Entrant

COLOURS = {"passed": "green", "failed": "red", "known failure": "yellow", "skipped": "bright_black"}

GIB = 2**30


def check_solver(
    solver: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="Name of a solver, or a Python file with solvers.")
    ],
    option: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE for the solver's constructor; may be repeated.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option(callback=positive, help="Seconds until a check is killed, and fails.")
    ] = 60.0,
    memory_limit: Annotated[
        float, typer.Option(callback=memory, help="Memory that the solver may hold, GiB.")
    ] = 4.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check that a solver keeps to the contract, one property at a time.

    Each failure says in words what is wrong and why that is likely. Checks run in a process of their own. A solver
    that learns is checked with its policy, or is trained for a moment. Exit code 1 if a check fails.

    Examples:

        rdebench check-solver greedy

        rdebench check-solver mine.py

        rdebench check-solver local-search --option pairs=50 --json
    """
    from rich.console import Console

    from ..conformance import examine

    found: list[dict[str, Any]] = []
    for entrant in _chosen(solver, key_values(option or [])):
        if not json:
            typer.echo(f"{entrant.name}: {entrant.summary}")
        with _Display(Console(stderr=True), entrant.name) as display:
            outcomes = []
            for outcome in examine(entrant, time_limit, int(memory_limit * GIB), display):
                outcomes.append(outcome)
                if not json:
                    display.show(outcome)
        if not json:
            counts = Counter[str](outcome.status for outcome in outcomes)
            typer.echo(", ".join(f"{counts[status]} {status}" for status in COLOURS if counts[status]))
        found.append({"solver": entrant.name, "checks": [asdict(outcome) for outcome in outcomes]})
    sound = all(check["status"] != "failed" for one in found for check in one["checks"])
    if json:
        typer.echo(json_module.dumps({"sound": sound, "solvers": found}, indent=1))
    if not sound:
        raise typer.Exit(1)


def _chosen(solver: str, options: dict[str, Any]) -> list[Entrant]:
    """The solver of that name, or all solvers of that file."""
    from ..roster import entrants

    if not (solver.endswith(".py") or Path(solver).is_file()):
        return entrants([solver], {solver: options})
    all_of_it = entrants([], {}, [solver], with_plugins=True)
    if not options:
        return all_of_it
    return entrants([], {one.name: options for one in all_of_it}, [solver], with_plugins=True)


class _Display:
    """The check that is running, on a terminal; a line for each that has ended. An observer of the pool."""

    def __init__(self, console: Console, name: str) -> None:
        self._status = console.status(f"{name}: starting")

    def __enter__(self) -> _Display:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def show(self, outcome: Outcome) -> None:
        """Print what came of a check."""
        words = f"{outcome.check}: {outcome.message}" if outcome.message else outcome.check
        typer.secho(f"  {outcome.status:<14}", fg=COLOURS[outcome.status], nl=False)
        typer.echo(_plain(words))

    def started(self, slot: int, task: Any) -> None:
        """Say which check is running."""
        from rich.markup import escape

        self._status.update(escape(str(task.label)))

    def advanced(self, slot: int) -> None:
        """Nothing to show."""

    def finished(self, slot: int) -> None:
        """Nothing to show."""

    def tick(self) -> None:
        """Nothing to show."""


def _plain(text: str) -> str:
    """One line, without characters that would steer a terminal; the text may come from a plugin."""
    return "".join(part if part.isprintable() else " " for part in " ".join(text.split()))
