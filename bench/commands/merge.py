"""``rdebench merge``: results of several people or machines on one board."""

from __future__ import annotations

import dataclasses
import json as json_text
from pathlib import Path
from typing import Annotated

import typer


def merge(
    sources: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE|DIR...", help="Bundles and results folders.")
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Results folder to write; what is in it is joined with the rest."),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Join bundles and results folders without losing a row.

    Suites, scenarios, limits, seeds and the problem must be of one version, and nothing may be answered twice in
    different ways; otherwise nothing is written. What is joined is claimed until rdebench audit has looked at it.

    Examples:

        rdebench merge mine.zip yours.zip --out all

        rdebench merge results other-results --out all
    """
    from rich.console import Console
    from rich.markup import escape

    from .. import merge as merging

    with Console(stderr=True).status("merging") as status:
        merged = merging.merge(sources, out, lambda what: status.update(escape(what)))
    if json:
        typer.echo(json_text.dumps({"out": str(out)} | dataclasses.asdict(merged), indent=2))
    else:
        repeated = f"; {merged.repeated} cells were there more than once" if merged.repeated else ""
        typer.echo(
            f"{out}: {merged.rows} rows of {merged.instances} instances from {merged.sources} sources{repeated}"
        )
        typer.echo(f"they are claimed until you check them: rdebench audit {out}")
