"""The command line: ``rdebench COMMAND``."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from .commands.audit import audit
from .commands.check_solver import check_solver
from .commands.export import export
from .commands.list import list_command
from .commands.merge import merge
from .commands.new_solver import new_solver
from .commands.replay import replay
from .commands.report import report
from .commands.reproduce import reproduce
from .commands.run import run
from .commands.show import show
from .commands.solve import solve
from .commands.submit import submit
from .commands.train import train
from .commands.tune import tune
from .commands.verify import verify
from .commands.zoo import zoo_app

app = typer.Typer(
    help="Benchmark solvers for semantic compression model selection and resource allocation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WRONG_USAGE, NO = 2, 1


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"rdebench {version('rdebench')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Benchmark solvers for semantic compression model selection and resource allocation."""


def perf(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Measure how fast the hot parts are on this machine.

    Examples:

        rdebench perf --json
    """
    from .commands import perf as measured

    measured.perf(json=json)


app.command("run", no_args_is_help=True)(run)
app.command("solve", no_args_is_help=True)(solve)
app.command("report")(report)
app.command("show")(show)
app.command("audit")(audit)
app.command("replay", no_args_is_help=True)(replay)
app.command("submit", no_args_is_help=True)(submit)
app.command("merge", no_args_is_help=True)(merge)
app.command("export", no_args_is_help=True)(export)
app.command("verify")(verify)
app.command("reproduce")(reproduce)
app.command("train", no_args_is_help=True)(train)
app.command("tune")(tune)
app.command("list")(list_command)
app.command("new-solver", no_args_is_help=True)(new_solver)
app.command("check-solver", no_args_is_help=True)(check_solver)
app.command("perf")(perf)
app.add_typer(zoo_app, name="zoo")


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def main() -> None:
    """Entry point of the ``rdebench`` command: errors of ours are one line and an exit code, no traceback."""
    try:
        app()
    except OSError as error:
        if error.filename is not None or error.errno not in _FULL:
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - what is left in its buffer has nowhere to go
        typer.secho(f"error: the output cannot be written: {error.strerror}", fg="red", err=True)
        sys.exit(WRONG_USAGE)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(code)


def _exit_code(error: Exception) -> int | None:
    """2 for what the user can put right, 1 for a referee that contradicts itself, None for a bug."""
    from ..problems import InstanceError, ScenarioError
    from ..scm_zoo.errors import ZooError
    from ..solvers import SolverError
    from .suite import SuiteError

    if isinstance(error, InstanceError | ScenarioError | SolverError | SuiteError | ZooError):
        return WRONG_USAGE
    from .executor import ExecutorError
    from .manifest import ResultsError
    from .verdicts import RefereeError

    if isinstance(error, ResultsError | ExecutorError):
        return WRONG_USAGE
    return NO if isinstance(error, RefereeError) else None


if __name__ == "__main__":
    main()
