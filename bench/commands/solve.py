"""``rdebench solve``: one instance file, one solver, one scored answer."""

from __future__ import annotations

import inspect
import json as json_module
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import positive

if TYPE_CHECKING:
    from ...problems import RDEProblem
    from ...solvers import Solution, Solver

ANSWERS = ("optimal", "feasible", "infeasible", "unbounded")


def solve(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Instance file, or - for standard input.")],
    solver: Annotated[str, typer.Option(help="Name of the solver.")] = "certified",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the solver's random numbers.")] = 0,
    evaluations: Annotated[int | None, typer.Option(min=1, help="Allocations that it may try.")] = None,
    time_limit: Annotated[
        float | None, typer.Option(callback=positive, help="Seconds that it may take.")
    ] = None,
    tol: Annotated[
        float | None,
        typer.Option(callback=positive, help="Relative gap to prove, for solvers with such an option."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Of a solver that learns: use the policy trained for this scenario.")
    ] = None,
    plugin: Annotated[list[Path] | None, typer.Option(help="Python file with solvers.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Solve an instance file and print the scored answer.

    Ends with exit code 1 if the answer breaks a constraint or there is none.

    Examples:

        rdebench solve instance.json

        rdebench solve - --solver average+exact --json < instance.json
    """
    from ...problems.instance import from_json, load
    from ...problems.sampling import stream
    from ...solvers import Budget, SolverError, find_solver, make_solver

    problem = from_json(sys.stdin.buffer.read().decode(errors="replace")) if file == "-" else load(file)
    plugins = plugin or []
    options = {} if tol is None else {"tol": tol}
    if options and "tol" not in inspect.signature(find_solver(solver, plugins)).parameters:
        typer.secho(f"note: {solver} has no option tol; --tol is ignored", fg="yellow", err=True)
        options = {}
    chosen = make_solver(solver, plugins, **options)
    if (reason := chosen.supports(problem)) is not None:
        raise SolverError(f"{reason}; use another solver")
    if chosen.learns:
        _give_policy(chosen, scenario, options, plugins)
        if (
            reason := chosen.supports(problem)
        ) is not None:  # a policy may fit fewer instances than its solver
            raise SolverError(f"{reason}; or use the policy of another scenario, or another solver")
    budget = Budget(seconds=time_limit, evaluations=evaluations)
    started = time.perf_counter()
    try:
        solution, failure = chosen.solve(problem, rng=stream("solve", seed), budget=budget), None
    except Exception as error:
        solution, failure = None, f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - started
    found = {"status": "error"} if solution is None else _answer(problem, chosen, solution)
    keys = ("status", "rde", "bound", "gap", "scm", "power_w", "bandwidth_hz")
    failure = failure or found.pop("message", None)
    found = dict.fromkeys(keys) | found | {"seconds": seconds}
    if json:
        typer.echo(json_module.dumps(found))
    else:
        _print(problem, found)
    if failure:
        typer.secho(failure, fg="red", err=True)
    if found["status"] not in ANSWERS:
        raise typer.Exit(1)


def _give_policy(solver: Solver, scenario: str | None, options: dict[str, Any], plugins: list[Path]) -> None:
    """Load the policy that was trained for a scenario, or for all."""
    from ...problems import Scenario
    from ...solvers import SolverError
    from .. import policies

    path = policies.find(solver, None if scenario is None else Scenario.load(scenario))
    if path is None and scenario is None:
        raise SolverError(
            f"{solver.name} has no policy for every scenario; say with --scenario ID whose policy to use"
        )
    if path is None:
        command = policies.training_command(solver.name, str(scenario), options, plugins)
        raise SolverError(f"{solver.name} has not been trained for {scenario}; run: {command}")
    policies.load(solver, path)


def _answer(problem: RDEProblem, solver: Solver, solution: Solution) -> dict[str, Any]:
    """The scored answer, with a ``message`` if something is wrong with it."""
    from ..answers import is_empty
    from ..reference import OPTIMAL_GAP
    from ..scoring import judge

    if is_empty(solution):
        return {"status": "time_limit", "message": "found nothing within its budget"}
    try:
        judged = judge(problem, solution)
    except ValueError as error:
        return {"status": "invalid", "message": str(error)}
    if judged.allocation is None or judged.evaluation is None:
        return {"status": judged.status}
    rde, bound, status = float(judged.evaluation.rde), judged.bound, judged.status
    answer: dict[str, Any] = {
        "rde": rde,
        "bound": bound,
        "scm": judged.allocation.scm.tolist(),
        "power_w": judged.allocation.power.tolist(),
        "bandwidth_hz": judged.allocation.bandwidth.tolist(),
    }
    if status == "violated":
        broken = {name: value for name, value in vars(judged.evaluation.violations).items() if value > 0}
        text = ", ".join(f"{name} by {float(value):.3g} of its limit" for name, value in broken.items())
        return answer | {"status": status, "gap": 1.0, "message": f"breaks {text}"}
    if bound is None:
        return answer | {"status": status}
    if bound < rde * (1 - OPTIMAL_GAP):
        return answer | {
            "status": "invalid",
            "message": f"claims the bound {bound!r}, which its answer beats",
        }
    gap = max(0.0, 1.0 - rde / bound) if bound > 0 else 0.0
    # A bound is only a claim; that of an exact solver of ours is a proof.
    trusted = solver.exact and type(solver).__module__.startswith("rdebench.")
    return answer | {"status": "optimal" if trusted and gap <= OPTIMAL_GAP else status, "gap": gap}


def _print(problem: RDEProblem, found: dict[str, Any]) -> None:
    """A line on the whole and a table of the users."""
    import numpy as np
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ...problems import Allocation

    console = Console()
    unit = "bit/s" if problem.rate == "shannon" else "bit/s/Hz"
    line = [f"status {found['status']}"]
    line += [f"{name} {found[name]:.8g}" for name in ("rde", "bound", "gap") if found[name] is not None]
    console.print("   ".join([*line, f"seconds {found['seconds']:.3g}"]), highlight=False, soft_wrap=True)
    if found["scm"] is None:
        return
    allocation = Allocation(*(np.array(found[name]) for name in ("scm", "power_w", "bandwidth_hz")))
    evaluation = problem.evaluate(allocation)
    table = Table(
        "user", "SCM", "power, W", "bandwidth, Hz", f"rate, {unit}", "latency, s", "deadline, s", box=None
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for user, scm in enumerate(allocation.scm):
        numbers = (
            allocation.power[user],
            allocation.bandwidth[user],
            evaluation.rate[user],
            evaluation.latency[user],
            problem.max_latency[user],
        )
        table.add_row(str(user), escape(problem.scm_names[scm]), *(f"{number:.6g}" for number in numbers))
    console.print(table)
