"""``rdebench train``: a solver that learns gets its policy."""

from __future__ import annotations

import json as json_module
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import key_values, positive

if TYPE_CHECKING:
    from rich.console import Console

    from ...problems import Scenario
    from ..roster import Entrant
    from ..training import Training
    from .train_display import TrainDisplay

INTERRUPTED, FAILED = 130, 1

DEFAULT_SECONDS = 600.0
"""Training time if neither seconds nor steps are given."""

DEVICES = ("auto", "cpu", "cuda")


def train(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The solver.")],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="Id or TOML file of a scenario to train on; given several times: a policy for each."
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(callback=positive, help="Training time; default: 600, or what --steps takes."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Decisions to train on.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training, and of the policy.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder of policies; default: $RDEBENCH_POLICIES, else your own.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over instead of going on.")] = False,
    option: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Argument of the solver, its value in JSON.")
    ] = None,
    plugin: Annotated[list[Path] | None, typer.Option(help="Python file with solvers.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train a solver that learns, and keep its policy for later runs.

    Without --scenario a solver that has one policy for all scenarios is trained on its mixture. Only instances of
    the training split are used. An interrupted training goes on from its checkpoint when the same command is given
    again; with a larger budget a finished one does too.

    Examples:

        rdebench train amortized

        rdebench train ppo --scenario paper-m12-v1 --seconds 600

        rdebench train mine --plugin mine.py --scenario small-v1 --steps 100000
    """
    from rich.console import Console

    from ..training import TrainingError, TrainingStopped
    from ..training import train as train_one
    from .train_display import TrainDisplay

    console = Console(stderr=json)
    trainings = _trainings(
        name, scenario or [], seconds, steps, seed, device, out, option or [], plugin or []
    )
    found = []
    try:
        with TrainDisplay(console) as display:
            for training in trainings:
                path = train_one(training, display, fresh=fresh)
                found.append(_described(training, path))
                if not json:
                    _tell(display, found[-1])
    except TrainingStopped:
        stopped(console)
    except TrainingError as error:
        typer.secho(f"the training of {name} failed: {error}", fg="red", err=True)
        raise typer.Exit(FAILED) from None
    if json:
        typer.echo(json_module.dumps(found, indent=1))


def stopped(console: Console) -> None:
    """Say what an interruption left, and end."""
    console.print(
        "[yellow]interrupted[/]: the checkpoint is kept; the same command goes on from there",
        highlight=False,
        soft_wrap=True,
    )
    raise typer.Exit(INTERRUPTED) from None


def _trainings(
    name: str,
    scenarios: list[str],
    seconds: float | None,
    steps: int | None,
    seed: int,
    device: str,
    out: Path | None,
    options: list[str],
    plugins: list[Path],
) -> list[Training]:
    """The trainings asked for, after everything that can be wrong with them was looked at."""
    from ...problems import Scenario
    from ...solvers import SolverError
    from ..policies import check_writable, user_folder
    from ..training import Training

    if device not in DEVICES:
        raise SolverError(f"device is {device!r}; use {', '.join(DEVICES)}")
    if out is not None and os.path.isfile(out):
        raise SolverError(f"{out} is a file; give --out a folder")
    entrant = _entrant(name, _options(options), seed, plugins)
    if entrant.learning is None:
        raise SolverError(f"{name} does not learn; these do: {', '.join(_learners(plugins)) or 'none'}")
    wanted: list[tuple[tuple[Scenario, ...], str | None]] = [
        ((Scenario.load(one),), one if Path(one).suffix == ".toml" else None)
        for one in dict.fromkeys(scenarios)
    ]
    if not wanted:
        if not entrant.learning.mixture:
            raise SolverError(f"{name} learns a policy for each scenario; say which with --scenario ID")
        wanted = [(tuple(Scenario.load(one) for one in entrant.learning.mixture), None)]
    if seconds is None and steps is None:
        seconds = DEFAULT_SECONDS
    root = out or user_folder()
    check_writable(root / entrant.learning.policy)
    return [
        Training(entrant, chosen, seed, seconds, steps, device, root, file=file) for chosen, file in wanted
    ]


def _entrant(name: str, options: dict[str, Any], seed: int, plugins: list[Path]) -> Entrant:
    """The solver; one that chooses among policies by a seed takes that of the training."""
    from ..roster import entrants

    (entrant,) = entrants([name], {name: options}, plugins)
    if entrant.configuration.get("policy_seed", seed) != seed:
        (entrant,) = entrants([name], {name: options | {"policy_seed": seed}}, plugins)
    return entrant


def _options(words: list[str]) -> dict[str, Any]:
    from ...solvers import SolverError

    options = key_values(words)
    if "policy_seed" in options:
        given = f"policy_seed={options['policy_seed']}"
        raise SolverError(f"--option is {given!r}; use --seed, which is the seed of training and policy")
    return options


def _learners(plugins: list[Path]) -> list[str]:
    """Names of the solvers that learn."""
    from ...solvers import SolverError
    from ...solvers.registry import find_solver, solver_names

    found = []
    for name in solver_names(plugins):
        try:
            found += [name] if find_solver(name, plugins).learns else []
        except SolverError:
            continue
    return found


def _described(training: Training, path: Path) -> dict[str, Any]:
    """What ``--json`` prints of a policy."""
    from .. import policy_files

    about = policy_files.description(path)
    _, _, gap, infeasible = about["curve"][-1] if about["curve"] else (None,) * 4
    return {
        "solver": training.entrant.name,
        "scenarios": list(about["scenarios"]),
        "seed": training.seed,
        "policy": str(path),
        "gap": gap,
        "infeasible": infeasible,
        "steps": about["steps"],
        "seconds": about["seconds"],
        "logs": str(training.folder),
        "command": training.command,
        "use": _use(training),
    }


def _use(training: Training) -> str:
    """A command that uses the policy."""
    import shlex

    from ..policies import VARIABLE, shipped_folder, user_folder
    from ..suite import Suite, suite_names

    wanted = training.file or training.scenarios[0].id
    suites = [name for name in suite_names() if wanted in Suite.load(name).scenarios]
    entrant = training.entrant
    if suites:
        words = ["rdebench", "run", "--suite", suites[0], "--solvers", entrant.name]
    else:
        words = ["rdebench", "solve", "instance.json", "--solver", entrant.name, "--scenario", wanted]
    words += ["--plugin", entrant.plugin] if entrant.plugin else []
    elsewhere = training.root.resolve() not in (user_folder().resolve(), shipped_folder().resolve())
    return (f"{VARIABLE}={shlex.quote(str(training.root))} " if elsewhere else "") + shlex.join(words)


def _tell(display: TrainDisplay, found: dict[str, Any]) -> None:
    """What came of a training, in three lines."""
    figures = [f"{found['seconds']:.0f} s"]
    figures += [f"{found['steps']:,} steps"] if found["steps"] else []
    if found["gap"] is not None and math.isfinite(found["gap"]):
        figures += [
            f"gap {found['gap']:.3%} on validation instances",
            f"infeasible {found['infeasible']:.1%}",
        ]
    display.say(f"trained {found['solver']}: {', '.join(figures)}")
    display.say(f"the policy is in {found['policy']}")
    display.say(f"use it with: {found['use']}")
