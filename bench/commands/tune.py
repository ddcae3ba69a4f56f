"""``rdebench tune``: free parameters of solvers, at equal and stated cost."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..tuning import Tuned


def tune(
    solvers: Annotated[
        str | None, typer.Option(help="Names, separated by commas; default: all that can be tuned.")
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenario to train on; may be given several times.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Settings to try of each solver.")] = 20,
    instances: Annotated[int, typer.Option(min=1, help="Training instances of each scenario.")] = 5,
    evaluations: Annotated[int, typer.Option(min=1, help="Allocations to try on an instance.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of instances, tuner and solvers.")] = 0,
    out: Annotated[Path, typer.Option(help="The file to write, JSON.")] = Path("tuned.json"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tune the free parameters of solvers on training instances.

    Every solver gets the same number of trials, instances and evaluations; test instances are never seen. The file
    holds the best settings and what they cost, and is written after each solver.

    Examples:

        rdebench tune --solvers local-search --scenario small-v1 --trials 5 --instances 2
    """
    from rich.console import Console
    from rich.progress import Progress

    from .. import tuning

    names = tuning.tunable_solvers() if solvers is None else _names(solvers)
    scenarios = scenario or ["paper-m12-v1", "class-heterogeneous-v1"]
    _require_place(out)
    setting = {
        "scenarios": scenarios,
        "split": "train",
        "instances": instances,
        "evaluations": evaluations,
        "seed": seed,
    }
    found: list[Tuned] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("proving the bounds of the training instances", total=None)
        training = tuning.training_instances(scenarios, instances, seed)
        for name in names:
            tuning.tunable_space(name, training)
        progress.update(bar, total=trials * len(names))
        for name in names:
            progress.update(bar, description=f"tuning {name}")
            found.append(
                tuning.tune(
                    name,
                    training,
                    trials=trials,
                    evaluations=evaluations,
                    seed=seed,
                    advance=lambda: progress.advance(bar),
                )
            )
            text = json_module.dumps(setting | {"solvers": [asdict(one) for one in found]}, indent=1)
            _write(out, text)
    if json:
        typer.echo(text)
        return
    _print(found)
    typer.echo(f"settings and their cost are in {out}")


def _names(text: str) -> list[str]:
    from ...solvers import SolverError

    names = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not names:
        raise SolverError("no solvers are named; give names separated by commas, or leave --solvers out")
    return names


def _require_place(out: Path) -> None:
    """Refuse a place that cannot be written before anything is spent."""
    from ..manifest import ResultsError

    if out.is_dir():
        raise ResultsError(f"{out} is a folder; give --out the name of a file")


def _write(out: Path, text: str) -> None:
    from .. import files
    from ..manifest import ResultsError

    try:
        files.write_atomically(out, text.encode())
    except OSError as error:
        typer.echo(text)
        raise ResultsError(f"{out} cannot be written: {error.strerror}; choose another --out") from None


def _print(found: list[Tuned]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "solver", "best settings", "mean gap", "with defaults", "trials", "evaluations", "seconds", box=None
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for one in found:
        settings = "\n".join(
            f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in one.options.items()
        )
        table.add_row(
            one.solver,
            settings,
            f"{one.gap:.3g}",
            f"{one.default_gap:.3g}",
            str(one.trials),
            f"{one.evaluations:,}",
            f"{one.seconds:.1f}",
        )
    Console().print(table)
