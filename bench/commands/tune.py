"""``rdebench tune``: free parameters of solvers, at equal and stated cost."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import positive

if TYPE_CHECKING:
    from ..tuning import Tuned

TRAIN_SECONDS = 60.0
"""Length of a training if neither seconds nor steps are given."""


def tune(
    solvers: Annotated[
        str | None, typer.Option(help="Names, separated by commas; default: all that need no training.")
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenario to train on; may be given several times.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Settings to try of each solver.")] = 20,
    instances: Annotated[int, typer.Option(min=1, help="Training instances of each scenario.")] = 5,
    evaluations: Annotated[int, typer.Option(min=1, help="Allocations to try on an instance.")] = 1_000,
    train_seconds: Annotated[
        float | None,
        typer.Option(
            callback=positive, help="Length of each training; default: 60, or what --train-steps takes."
        ),
    ] = None,
    train_steps: Annotated[int | None, typer.Option(min=1, help="Decisions of each training.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of instances, tuner and solvers.")] = 0,
    out: Annotated[Path, typer.Option(help="The file to write, JSON.")] = Path("tuned.json"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tune the free parameters of solvers on training instances.

    Every solver gets the same number of trials, instances and evaluations; test instances are never seen. A solver
    that learns is tuned if it is named: each of its trials is a training, judged by its validation instances. The
    file holds the best settings and what they cost, and is written after each solver.

    Examples:

        rdebench tune --solvers local-search --scenario small-v1 --trials 5 --instances 2

        rdebench tune --solvers ppo --scenario paper-m12-v1 --trials 14 --train-seconds 60
    """
    from rich.console import Console
    from rich.progress import Progress

    from .. import tuning

    names = tuning.tunable_solvers() if solvers is None else _names(solvers)
    scenarios = scenario or ["paper-m12-v1", "class-heterogeneous-v1"]
    _require_place(out)
    if train_seconds is None and train_steps is None:
        train_seconds = TRAIN_SECONDS
    setting = {
        "scenarios": scenarios,
        "split": "train",
        "instances": instances,
        "evaluations": evaluations,
        "train_seconds": train_seconds,
        "train_steps": train_steps,
        "seed": seed,
    }
    found: list[Tuned] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("proving the bounds of the training instances", total=None)
        searches = _searches(names, scenarios, instances, evaluations, train_seconds, train_steps, seed)
        progress.update(bar, total=trials * len(names))
        for name, search in searches.items():
            progress.update(bar, description=f"tuning {name}")
            found.append(search(trials=trials, seed=seed, advance=lambda: progress.advance(bar)))
            text = json_module.dumps(setting | {"solvers": [asdict(one) for one in found]}, indent=1)
            _write(out, text)
    if json:
        typer.echo(text)
        return
    _print(found)
    typer.echo(f"settings and their cost are in {out}")


def _searches(
    names: list[str],
    scenarios: list[str],
    instances: int,
    evaluations: int,
    seconds: float | None,
    steps: int | None,
    seed: int,
) -> dict[str, Callable[..., Tuned]]:
    """How each solver is tuned, after everything that can be wrong with that was looked at."""
    from ...problems import Scenario
    from ...solvers.registry import find_solver
    from .. import tuning, tuning_learners

    learn = [name for name in names if find_solver(name).learns]
    loaded = [Scenario.load(name) for name in dict.fromkeys(scenarios)]
    for name in learn:
        tuning_learners.space_of(name, loaded)
    training: list[tuning.Training] = []
    if len(learn) < len(names):
        training = tuning.training_instances(scenarios, instances, seed)
    for name in names:
        if name not in learn:
            tuning.tunable_space(name, [(one.label, one.problem) for one in training])
    of_learner = partial(tuning_learners.tune, scenarios=loaded, seconds=seconds, steps=steps)
    of_search = partial(tuning.tune, training=training, evaluations=evaluations)
    return {name: partial(of_learner if name in learn else of_search, name) for name in names}


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
        files.write_output(out, text.encode())
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
