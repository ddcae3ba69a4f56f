"""``rdebench audit``: check every number of a results folder without trusting whoever made it."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..audit import Report

MOST_SHOWN = 50


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a run.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score every row again from its decisions, and verify the proof of every instance once.

    Whatever was altered is named. Cells without a fault get the badge re-scored. Exit code 1 if anything does not
    hold.

    Examples:

        rdebench audit results

        rdebench audit results --json
    """
    report = audited(folder)
    if json:
        counts = ("cells", "rows", "instances", "certificates", "unproved", "faults")
        typer.echo(json_text.dumps({name: getattr(report, name) for name in counts}, indent=2))
    else:
        show(report)
    if report.faults:
        raise typer.Exit(1)


def audited(folder: Path) -> Report:
    """Audit a folder with a bar on standard error, and keep the badges; what it found."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from .. import badges, manifest, store
    from ..audit import Report
    from ..audit import audit as checks

    report = Report()
    columns = (
        TextColumn("auditing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        for report in checks(folder):
            bar.update(task, completed=report.cells, total=report.total)
    try:
        with store.lock(folder):
            instances = store.instances_of(folder, report.clean)
            badges.award(folder, badges.RE_SCORED, report.clean, report.looked_at, instances)
    except manifest.ResultsError as error:
        typer.secho(f"warning: badges were not kept: {error}", fg="yellow", err=True)
    return report


def show(report: Report) -> None:
    """Print what an audit found."""
    for fault in report.faults[:MOST_SHOWN]:
        typer.secho(fault, fg="red")
    if (more := len(report.faults) - MOST_SHOWN) > 0:
        typer.secho(f"and {more} more; --json lists all", fg="red")
    proofs = f"{report.certificates} proofs verified, {report.unproved} instances without a proof"
    typer.echo(f"{report.rows} rows of {report.instances} instances scored again; {proofs}")
    typer.echo(f"{len(report.faults)} faults" if report.faults else "everything holds")
