"""``rdebench submit``: results as one file to hand on."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import typer


def submit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a run.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The bundle to write: a zip file.")],
    name: Annotated[str, typer.Option(help="Who hands it on.")] = "anonymous",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Audit results and pack them into a bundle: decisions, certificates, manifest, versions and hashes.

    Where the audit finds a fault nothing is written and the exit code is 1. The same results give the same bytes.

    Examples:

        rdebench submit results --out mine.zip --name "A. Author"
    """
    from .. import bundle
    from .audit import audited, show

    report = audited(folder)
    if report.faults:
        show(report)
        typer.secho("nothing was written: hand on results that hold", fg="red", err=True)
        raise typer.Exit(1)
    description = bundle.pack(folder, out, name)
    size = out.stat().st_size
    if json:
        facts = {"bundle": str(out), "bytes": size, "rows": description.rows, "files": len(description.files)}
        typer.echo(json_text.dumps(facts, indent=2))
    else:
        typer.echo(f"{out}: {description.rows} rows in {len(description.files)} files, {size:,} bytes")
