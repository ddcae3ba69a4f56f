"""``rdebench run``: solvers meet on suites."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import cores, memory, positive

if TYPE_CHECKING:
    from rich.console import Console

    from ..cells import SuiteRun
    from ..executor import Executor

INTERRUPTED = 130


def run(
    suite: Annotated[list[str], typer.Option(help="Suite to run; may be given several times.")],
    preset: Annotated[str, typer.Option(help="quick, standard or full: how many instances.")] = "quick",
    instances: Annotated[
        int | None, typer.Option(min=1, help="Instances per scenario, instead of a preset.")
    ] = None,
    solvers: Annotated[
        str | None, typer.Option(help="Names, separated by commas; default: the suite's, and all plugins.")
    ] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="Python file with solvers; may be given several times.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Results folder; what is finished in it is kept.")] = Path(
        "results"
    ),
    jobs: Annotated[int | None, typer.Option(min=1, help="Workers at a time; default: one a core.")] = None,
    executor: Annotated[
        str, typer.Option(help="local: processes of this machine. dask: machines of a dask cluster.")
    ] = "local",
    scheduler: Annotated[
        str | None, typer.Option(help="With --executor dask: address of its scheduler, tcp://HOST:8786.")
    ] = None,
    suite_seed: Annotated[int | None, typer.Option(min=0, help="Seed, instead of the suite's.")] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(callback=positive, help="Seconds until an instance is killed; default: the suite's."),
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(min=1, help="Allocations that a search may try on an instance; default: the suite's."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            callback=positive, help="Seconds that a search may take; its rows are not reproducible."
        ),
    ] = None,
    memory_limit: Annotated[
        float | None,
        typer.Option(callback=memory, help="GiB of memory until a solver is killed; default: the suite's."),
    ] = None,
    explain_cache: Annotated[
        bool, typer.Option("--explain-cache", help="Say why cells are reused or not, then run.")
    ] = False,
    train: Annotated[
        bool, typer.Option("--train", help="First train the solvers that learn and lack a policy.")
    ] = False,
    train_seconds: Annotated[
        float, typer.Option(callback=positive, help="With --train: seconds for each training.")
    ] = 300.0,
) -> None:
    """Run solvers on suites and keep the scored rows.

    Every answer is scored by the referee. Finished cells are kept, so a run can be interrupted and repeated.
    Ends with exit code 1 if a solver failed, or if somebody else wrote into the results folder meanwhile.

    Examples:

        rdebench run --suite small-v1

        rdebench run --suite paper-v1 --preset full --solvers average,exhaustive

        rdebench run --suite small-v1 --plugin mine.py --out results --jobs 4

        rdebench run --suite small-v1 --plugin learner.py --train --train-seconds 60

        rdebench run --suite small-v1 --explain-cache

        rdebench run --suite small-v1 --executor dask --scheduler tcp://HOST:8786
    """
    from rich.console import Console

    from .. import explain, runner, store, summary
    from ..display import RunDisplay
    from ..ledger import Ledger

    console = Console()
    before = Ledger(out)
    workers = _executor(executor, scheduler, jobs)
    runs = []
    for name in dict.fromkeys(suite):
        limits = (evaluations, seconds, time_limit, memory_limit)
        runs.append(_suite_run(name, preset, instances, solvers, plugin or [], suite_seed, limits))
    trained = _train(console, runs, train_seconds) if train else True
    if explain_cache:
        explain.show(console, runs, out)
    try:
        with _terminated_like_interrupted(), RunDisplay(console) as display:
            incidents = runner.run(runs, out, jobs or cores(), display, workers, before)
    except KeyboardInterrupt:
        console.print(
            f"[yellow]interrupted[/]: finished cells are kept in {out}; the same command goes on from there",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    sound = summary.show(console, runs, store.read_results(out))
    page = f"rows are in {out}; make the page with: rdebench report {out} --out leaderboard.html"
    console.print(page, highlight=False, markup=False, soft_wrap=True)
    if not (sound and trained) or incidents:
        raise typer.Exit(1)


def _executor(name: str, scheduler: str | None, jobs: int | None) -> Executor | None:
    """The executor that was asked for; None for this machine."""
    if name == "local":
        if scheduler is not None:
            raise typer.BadParameter("--scheduler goes with --executor dask")
        return None
    if name != "dask":
        raise typer.BadParameter(f"--executor is {name!r}; use local or dask")
    if scheduler is None:
        raise typer.BadParameter(
            "--executor dask needs --scheduler, the address of a dask scheduler such as tcp://HOST:8786; "
            "start one with: dask scheduler, and on each machine: dask worker ADDRESS"
        )
    if jobs is not None:
        raise typer.BadParameter("--jobs is for --executor local; dask uses every thread of its workers")
    from ..dask_executor import DaskExecutor

    return DaskExecutor(scheduler)


def _suite_run(
    name: str,
    preset: str,
    instances: int | None,
    solvers: str | None,
    plugins: list[Path],
    seed: int | None,
    limits: tuple[int | None, float | None, float | None, float | None],
) -> SuiteRun:
    from ...problems import Scenario
    from ..cells import GIB, Limits, SuiteRun
    from ..roster import entrants
    from ..suite import Suite, SuiteError

    suite = Suite.load(name)
    suite.require_frozen()
    count = suite.instances(preset) if instances is None else instances
    scenarios = tuple(Scenario.load(scenario) for scenario in suite.scenarios)
    names = (
        suite.solvers if solvers is None else [word.strip() for word in solvers.split(",") if word.strip()]
    )
    if not names:
        raise SuiteError("no solvers are named; give names separated by commas, or leave --solvers out")
    evaluations, seconds, time_limit, memory_limit = limits
    if evaluations is None and seconds is None:
        evaluations = suite.evaluations
    return SuiteRun(
        suite=suite,
        preset=preset if instances is None else "custom",
        instances=count,
        seed=suite.seed if seed is None else seed,
        scenarios=scenarios,
        limits=Limits(
            evaluations,
            seconds,
            suite.time_limit_s if time_limit is None else time_limit,
            int((suite.memory_limit_gib if memory_limit is None else memory_limit) * GIB),
        ),
        entrants=tuple(entrants(names, suite.options, plugins, with_plugins=solvers is None)),
    )


def _train(console: Console, runs: list[SuiteRun], seconds: float) -> bool:
    """Train what is missing, one after the other; whether all of it worked out."""
    from ...solvers import SolverError
    from ..training import TrainingError, TrainingStopped, missing, train
    from .train import stopped
    from .train_display import TrainDisplay

    sound = True
    for training in missing(runs, seconds):
        try:
            with TrainDisplay(console) as display:
                train(training, display)
        except SolverError as error:  # its rows will be skipped, with the same reason
            console.print(f"not trained: {error}", highlight=False, markup=False, soft_wrap=True)
        except TrainingError as error:
            sound = False
            typer.secho(f"the training of {training.entrant.name} failed: {error}", fg="red", err=True)
        except TrainingStopped:
            stopped(console)
    return sound


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end a run as Ctrl-C does: no worker is left behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
