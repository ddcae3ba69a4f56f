"""``rdebench audit``: check every number of a results folder without trusting whoever made it."""

from __future__ import annotations

import dataclasses
import json as json_text
from pathlib import Path
from typing import Annotated

import typer


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a run.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score every row again from its decisions, and verify the proof of every instance once.

    Exit code 1 if anything does not hold.

    Examples:

        rdebench audit results
    """
    from rich.console import Console

    from ..audit import Report
    from ..audit import audit as checks

    report = Report()
    with Console(stderr=True).status("auditing") as status:
        for report in checks(folder):
            status.update(f"auditing: {report.instances} instances, {report.rows} rows")
    if json:
        typer.echo(json_text.dumps(dataclasses.asdict(report), indent=2))
    else:
        for fault in report.faults:
            typer.secho(fault, fg="red")
        proofs = f"{report.certificates} proofs verified, {report.unproved} instances without a proof"
        typer.echo(f"{report.rows} rows of {report.instances} instances scored again; {proofs}")
        typer.echo(f"{len(report.faults)} faults" if report.faults else "everything holds")
    if report.faults:
        raise typer.Exit(1)
