"""``rdebench reproduce``: the paper's figures and claims, put to the test."""

from __future__ import annotations

import json as json_module
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from .options import cores

if TYPE_CHECKING:
    from ..reproduction.document import Settings
    from .reproduce_display import ReproduceDisplay

INTERRUPTED = 130
DOCUMENT, PAGE, POLICIES = "reproduction.json", "reproduction.html", "policies"


class Amount(NamedTuple):
    """How much a preset measures: test episodes, trainings of PPO for each reading, decisions of each."""

    episodes: int
    seeds: int
    steps: int


PRESETS = {
    "quick": Amount(50, 0, 300_000),
    "standard": Amount(400, 1, 300_000),
    "full": Amount(400, 5, 300_000),
}


def reproduce(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")] = Path("reproduction"),
    preset: Annotated[
        str, typer.Option(help="quick (no training), standard (10 trainings) or full (50 trainings).")
    ] = "quick",
    episodes: Annotated[
        int | None, typer.Option(min=2, help="Test episodes of each reading instead of the preset's.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=0, help="Trainings of PPO for each reading instead of the preset's.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Decisions of each training.")] = None,
    training: Annotated[
        bool, typer.Option("--training/--no-training", help="Train PPO, or use only what is there.")
    ] = True,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Trainings at a time, one core each; default: all cores.")
    ] = None,
    policies: Annotated[
        Path | None, typer.Option(help="Folder of finished trainings; default: policies in the --out folder.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the document as JSON.")] = False,
) -> None:
    """Put the paper to the test: its Table I and Fig. 3 to 6, under every reading of what it leaves open.

    Compares the paper's strategies, PPO with the paper's hyper-parameters and the proved optimum from two presets, with
    one open decision changed at a time, and judges the paper's claims. An interrupted command goes on with the
    trainings that are not finished. Without training, PPO is tested where a shipped policy fits.

    Examples:

        rdebench reproduce

        rdebench reproduce --preset full --out reproduction

        rdebench reproduce --seeds 1 --steps 20000 --episodes 100 --out short
    """
    from rich.console import Console

    from ..reproduction import document as making
    from ..reproduction.decisions import readings
    from ..reproduction.learners import Policies
    from ..reproduction.trainings import plan, train_all
    from .reproduce_display import ReproduceDisplay

    amount = _amount(preset, episodes, seeds, steps)
    settings = making.Settings(amount.episodes, amount.seeds, amount.steps)
    _check_place(out)
    _check_policies(policies, training)
    folder = policies or out / POLICIES
    jobs_planned = plan(amount.seeds, amount.steps)
    console = Console(stderr=json)
    with ReproduceDisplay(console) as display:
        _check_learners(display, needed=bool(jobs_planned))
        try:
            if jobs_planned and training:
                display.stage(f"{len(jobs_planned)} trainings of {amount.steps:,} decisions")
                train_all(jobs_planned, folder, min(jobs or cores(), len(jobs_planned)), display.share)
            found = readings()
            display.stage(f"{sum(not one.reason for one in found)} readings of {amount.episodes} episodes")
            result = making.make(
                found,
                jobs_planned,
                settings,
                Policies(folder, amount.seeds, amount.steps),
                command=_command(preset, settings, training),
                report=display.doing,
            )
        except KeyboardInterrupt:
            display.say("interrupted: finished trainings are kept; the same command goes on from there")
            raise typer.Exit(INTERRUPTED) from None
    _write(out, result)
    if json:
        typer.echo(json_module.dumps(result))
        return
    from .reproduce_tables import show

    show(console, result)
    for name in (DOCUMENT, PAGE):
        typer.echo(f"{out / name}: written")


def _amount(preset: str, episodes: int | None, seeds: int | None, steps: int | None) -> Amount:
    """The preset's numbers, but for those that are given."""
    from ...solvers import SolverError

    if preset not in PRESETS:
        raise SolverError(f"preset is {preset!r}; use {', '.join(PRESETS)}")
    given = {"episodes": episodes, "seeds": seeds, "steps": steps}
    return PRESETS[preset]._replace(**{name: value for name, value in given.items() if value is not None})


def _check_learners(display: ReproduceDisplay, *, needed: bool) -> None:
    """Say at once what is missing: before an hour of work."""
    from ...solvers import SolverError
    from ...solvers.extras import missing

    reason = missing(("torch", "stable_baselines3"), "rl")
    if reason is None:
        return
    if needed:
        raise SolverError(f"PPO {reason}; or leave it out with --seeds 0")
    display.say(f"PPO is left out: it {reason}")


def _check_place(out: Path) -> None:
    """Whether the folder can be written.

    Raises:
        SolverError: If it cannot.
    """
    from ..policies import check_writable

    if out.exists() and not out.is_dir():
        from ...solvers import SolverError

        raise SolverError(f"{out} is a file; give --out a folder")
    check_writable(out)


def _check_policies(policies: Path | None, training: bool) -> None:
    """Whether trainings can be read from a folder that was named.

    Raises:
        SolverError: If it is not there, and nothing will be trained into it.
    """
    from ...solvers import SolverError

    if policies is not None and not training and not policies.is_dir():
        raise SolverError(
            f"--policies is {policies}, which is no folder; leave out --no-training to train into it"
        )


def _command(preset: str, settings: Settings, training: bool) -> str:
    """The command that makes the same document."""
    words = ["rdebench", "reproduce", "--preset", preset]
    for name, value in PRESETS[preset]._asdict().items():
        words += [f"--{name}", str(getattr(settings, name))] if getattr(settings, name) != value else []
    return shlex.join(words + ([] if training else ["--no-training"]))


def _write(out: Path, result: dict[str, Any]) -> None:
    """The document, and the page that shows it.

    Raises:
        ResultsError: If one of them cannot be written.
    """
    from ...leaderboard import page
    from .. import files, rows
    from ..manifest import ResultsError

    manifest = {name: result[name] for name in ("created", "versions", "machine", "code_hash")}
    contents = {
        DOCUMENT: json_module.dumps(result, separators=(",", ":")) + "\n",
        PAGE: page.render(rows.SCHEMA.empty_table().to_pandas(), manifest, reproduction=result),
    }
    for name, content in contents.items():
        try:
            files.write_output(out / name, content.encode())
        except OSError as error:
            raise ResultsError(
                f"{out / name} cannot be written: {error.strerror}; choose another --out"
            ) from None
