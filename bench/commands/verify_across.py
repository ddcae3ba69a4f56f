"""``rdebench verify --across``: policies on sizes, classes, channels and SCMs that they were not trained on."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ...solvers import Solver
    from ..generalisation import Entry
    from ..trained_policies import Policy


def verify_across(
    solvers: list[str] | None,
    scenarios: list[str] | None,
    instances: int | None,
    out: Path | None,
    json: bool,
) -> None:
    """Print the mean gap of each policy of some solvers on each test, and keep the rows if asked to.

    Raises:
        SolverError: If a solver is not one of this package that learns, or has no policy.
        ScenarioError: If a scenario does not exist or none of its instances has an answer.
        ResultsError: If the rows cannot be written.
    """
    from rich.console import Console
    from rich.progress import Progress

    from ...problems import Scenario
    from .. import generalisation, generalisation_rows

    trained = _trained(solvers)
    tests = [Scenario.load(name) for name in dict.fromkeys(scenarios or [])] or generalisation.default_tests()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        count = sum(len(policies) for _, policies in trained)
        bar = progress.add_task("proving the bounds of the test instances", total=len(tests) * (count + 1))
        prepared = []
        for scenario in tests:
            prepared.append(generalisation.prepare(scenario, instances or generalisation.INSTANCES))
            progress.advance(bar)
        progress.update(bar, description="running the policies")
        with _one_thread():
            rows, failures = generalisation.across(trained, prepared, lambda: progress.advance(bar))
    entries = generalisation.matrix(rows)
    kept = generalisation_rows.write(rows, out) if out is not None else None
    if json:
        document = {"entries": generalisation.as_json(entries), "failures": failures}
        typer.echo(json_module.dumps(document))
    else:
        _print(entries, failures, kept)
    if failures:
        raise typer.Exit(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let policies compute on one thread, as in a worker, so that figures do not depend on the cores."""
    try:
        import torch
    except ImportError:  # a solver without torch has no threads either
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _trained(names: list[str] | None) -> list[tuple[Solver, list[Policy]]]:
    """The solvers with their policies; of the default ones those that have any."""
    from ...solvers import SolverError
    from .. import generalisation, policies
    from ..trained_policies import policies_of

    found = []
    for name in dict.fromkeys(names or generalisation.SOLVERS):
        solver = _learner(name)
        kept = policies_of(solver, [policies.user_folder(), policies.shipped_folder()])
        if kept:
            found.append((solver, kept))
        elif names:
            raise SolverError(f"{name} has no policy; train one: rdebench train {name}")
    if not found:
        tried = " nor ".join(generalisation.SOLVERS)
        raise SolverError(
            f"neither {tried} has a policy; train one: rdebench train {generalisation.SOLVERS[0]}"
        )
    return found


def _learner(name: str) -> Solver:
    from ...solvers import SolverError, find_solver

    solver = find_solver(name)
    if not solver.learns:
        raise SolverError(f"{name} does not learn; --across compares what solvers have learnt")
    # Policies run in this process, beside what scores them: only code of our own may.
    if not solver.__module__.startswith("rdebench."):
        raise SolverError(f"{name} is not part of rdebench; --across runs its own solvers only")
    return solver()


def _print(entries: list[Entry], failures: list[str], kept: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for solver in dict.fromkeys(entry.solver for entry in entries):
        mine = [entry for entry in entries if entry.solver == solver]
        columns = list(dict.fromkeys(entry.trained_on for entry in mine))
        title = f"{solver}: mean gap in % with 95 % interval, by what it is trained on (* the same)"
        table = Table("tested on", *columns, title=escape(title), title_justify="left")
        for tested in dict.fromkeys(entry.tested_on for entry in mine):
            by = {entry.trained_on: entry for entry in mine if entry.tested_on == tested}
            table.add_row(tested, *(_cell(by.get(column)) for column in columns))
        console.print(table)
    for failure in failures:
        console.print(escape(failure), style="red", highlight=False, soft_wrap=True)
    if kept is not None:
        console.print(f"rows are in {kept}", highlight=False, markup=False, soft_wrap=True)


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    text = f"{entry.gap * 100:.3g}"
    if entry.instances > 1:
        text += f" ({entry.gap_low * 100:.2g} to {entry.gap_high * 100:.2g})"
    if entry.infeasible:
        text += f", {entry.infeasible:.0%} infeasible"
    return text + (" *" if entry.trained_on == entry.tested_on else "")
