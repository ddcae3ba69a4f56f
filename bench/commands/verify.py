"""``rdebench verify``: solvers against the proved optimum, and policies on what they were not trained on."""

from __future__ import annotations

import json as json_module
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import cores

if TYPE_CHECKING:
    import pandas as pd

    from ..cells import SuiteRun
    from ..verification import Figures
    from ..wrong_choice import WrongChoice

SUITE = "small-v1"
THRESHOLD = 0.02


def verify(
    solver: Annotated[
        list[str] | None,
        typer.Option(help="Solver; may be given several times. Default: all that learn and have a policy."),
    ] = None,
    suite: Annotated[str | None, typer.Option(help=f"Suite of instances; default: {SUITE}.")] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenario instead of the suite's; may be given several times.")
    ] = None,
    instances: Annotated[
        int | None, typer.Option(min=1, help="Instances per scenario; default: the suite's quick preset.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help=f"Largest mean gap that passes; default: {THRESHOLD}."),
    ] = None,
    plugin: Annotated[list[Path] | None, typer.Option(help="Python file with solvers.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Workers at a time; default: one a core.")] = None,
    out: Annotated[Path | None, typer.Option(help="Results folder that keeps the rows.")] = None,
    across: Annotated[
        bool, typer.Option("--across", help="Test policies on what they were not trained on instead.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure solvers against the proved optimum, and explain a wrong choice of each.

    On small instances the optimum is found twice, by exhaustive search and with a certificate, and both must agree.
    Ends with exit code 1 if they do not, or if a solver's mean gap is past the threshold; an answer that breaks a
    constraint counts as a gap of 1.

    Examples:

        rdebench verify

        rdebench verify --solver greedy --solver local-search --instances 50

        rdebench verify --solver mine --plugin mine.py --threshold 0.001 --json

        rdebench verify --across --solver amortized --out results
    """
    from ...solvers import SolverError

    if across:
        given = {"--suite": suite, "--threshold": threshold, "--plugin": plugin, "--jobs": jobs}
        if wrong := [name for name, value in given.items() if value]:
            raise SolverError(
                f"--across does not take {', '.join(wrong)}; it takes --solver, --scenario, --instances, --out, --json"
            )
        from .verify_across import verify_across

        return verify_across(solver, scenario, instances, out, json)
    limit = THRESHOLD if threshold is None else threshold
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rdebench-verify-")))
        _verify(
            solver or [], suite or SUITE, scenario or [], instances, limit, plugin or [], jobs, folder, json
        )


def _verify(
    solvers: list[str],
    suite: str,
    scenarios: list[str],
    instances: int | None,
    threshold: float,
    plugins: list[Path],
    jobs: int | None,
    folder: Path,
    json: bool,
) -> None:
    from rich.console import Console

    from .. import verification
    from ..cross_check import JUDGE, cross_check
    from ..display import RunDisplay
    from ..suite import Suite
    from .run import INTERRUPTED
    from .verify_display import show

    run = verification.plan(
        Suite.load(suite), solvers, scenarios=scenarios, instances=instances, plugins=plugins
    )
    try:
        with RunDisplay(Console(stderr=True)) as display:
            rows = verification.measure(run, folder, jobs or cores(), display)
    except KeyboardInterrupt:
        typer.secho("interrupted", fg="yellow", err=True)
        raise typer.Exit(INTERRUPTED) from None
    check = cross_check(run, rows, folder)
    names = [entrant.name for entrant in run.entrants if entrant.name != JUDGE]
    shown = rows[rows["solver"].isin([*names, *solvers])]
    found = verification.figures(shown)
    absent = _absent(shown, {one.solver for one in found})
    _require_some(absent, found, solvers)
    past = [one for one in found if one.mean_gap > threshold]
    wrong = _explained(run, shown)
    good = not past and not check.faults
    if json:
        document = {
            "suite": run.suite.name,
            "scenarios": [one.id for one in run.scenarios],
            "instances": run.instances,
            "seed": run.seed,
            "threshold": threshold,
            "cross_check": asdict(check),
            "solvers": [asdict(one) for one in found],
            "past_threshold": sorted({one.solver for one in past}),
            "not_measured": absent,
            "wrong_choices": [asdict(one) for one in wrong],
            "ok": good,
        }
        typer.echo(json_module.dumps(document))
    else:
        show(Console(), run, check, found, past, threshold, absent, wrong)
    if not good:
        raise typer.Exit(1)


def _absent(rows: pd.DataFrame, measured: set[str]) -> dict[str, str]:
    """Why solvers without any figure have none, by name."""
    reasons = {}
    for name, group in rows.groupby("solver", sort=False):
        if str(name) not in measured:
            first = group.iloc[0]
            reasons[str(name)] = str(first["message"] or f"nothing is proved about {first['scenario']}")
    return reasons


def _require_some(absent: dict[str, str], found: list[Figures], asked_for: list[str]) -> None:
    from ...solvers import SolverError

    if unusable := [name for name in (asked_for if found else absent) if name in absent]:
        raise SolverError(f"{unusable[0]} cannot be verified: {absent[unusable[0]]}")


def _explained(run: SuiteRun, rows: pd.DataFrame) -> list[WrongChoice]:
    """The worst answer of each solver that ever errs."""
    from ..wrong_choice import explain, worst_answer

    scenarios = {scenario.id: scenario for scenario in run.scenarios}
    explained = []
    for _, group in rows.groupby("solver", sort=False):
        if (row := worst_answer(group)) is not None:
            problem = scenarios[row["scenario"]].instance(int(row["instance"]), run.seed)
            explained.append(explain(problem, row))
    return explained
