"""``rdebench list``: what there is."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...problems import Scenario
    from ...solvers import Solver

Item = dict[str, Any]


class What(StrEnum):
    """What can be listed."""

    solvers = "solvers"
    scenarios = "scenarios"
    suites = "suites"


def list_command(
    what: Annotated[What | None, typer.Argument(help="One of them; default: all three.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the solvers, scenarios and suites that are installed.

    Examples:

        rdebench list

        rdebench list solvers --json
    """
    makers = {What.solvers: _solvers, What.scenarios: _scenarios, What.suites: _suites}
    chosen = {kind.value: makers[kind]() for kind in ([what] if what else What)}
    if json:
        typer.echo(json_module.dumps(chosen[what.value] if what else chosen, indent=1))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for kind, items in chosen.items():
        table = Table(title=kind, title_justify="left", box=None)
        for column in items[0] if items else ():
            table.add_column(column)
        for item in items:
            table.add_row(*(escape(_cell(column, value)) for column, value in item.items()))
        console.print(table)


def _solvers() -> list[Item]:
    from ...solvers.registry import SolverError, find_solver, make_solver, solver_names

    items = []
    for name in solver_names():
        try:
            solver = find_solver(name)
            policies = _policies(make_solver(name)) if solver.learns else None
        except SolverError as error:
            item = {"name": name, "summary": str(error), "flags": ["unusable"], "rates": [], "policies": None}
            items.append(item)
            continue
        flags = [flag for flag in ("exact", "learns", "deterministic") if getattr(solver, flag)]
        flags += [f"at most {solver.max_users} users"] if solver.max_users is not None else []
        item = {"name": name, "summary": solver.summary(), "flags": flags, "rates": list(solver.rates)}
        items.append(item | {"policies": policies})
    return items


def _policies(solver: Solver) -> list[str]:
    """Ids of the shipped scenarios for which a solver that learns has a policy."""
    from ..policies import find

    if find(solver, None) is not None:  # the one for every scenario
        return [scenario.id for scenario in _shipped()]
    return [scenario.id for scenario in _shipped() if find(solver, scenario) is not None]


@cache
def _shipped() -> list[Scenario]:
    from ...problems import Scenario
    from ...problems.scenario import scenario_ids

    return [Scenario.load(name) for name in scenario_ids()]


def _scenarios() -> list[Item]:
    return [
        {
            "name": scenario.id,
            "title": scenario.title,
            "users": scenario.users,
            "models": len(scenario.models.names),
            "rate": scenario.rate,
        }
        for scenario in _shipped()
    ]


def _suites() -> list[Item]:
    from ..suite import Suite, suite_names

    suites = [Suite.load(name) for name in suite_names()]
    return [
        {
            "name": suite.name,
            "question": suite.question,
            "scenarios": suite.scenarios,
            "solvers": suite.solvers,
        }
        for suite in suites
    ]


def _cell(column: str, value: object) -> str:
    if column == "policies":
        return _extent(value) if isinstance(value, list) else ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _extent(policies: Sequence[str]) -> str:
    """For which scenarios there are policies, in few words."""
    if not policies:
        return "none"
    return "every scenario" if len(policies) == len(_shipped()) else ", ".join(policies)
