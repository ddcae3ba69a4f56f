"""``rdebench export``: judged rows for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .finished import read_finished, write_finished
from .options import one_of


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a run.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
    kind: Annotated[
        str | None,
        typer.Option("--format", help="csv, parquet or latex; default: by the ending of FILE, else csv."),
    ] = None,
) -> None:
    """Write the judged rows as CSV or parquet, or the leaderboard as LaTeX tables.

    A judged row has the final status, the bound, the gap and the badge beside what was stored.

    Examples:

        rdebench export results --out rows.csv

        rdebench export results --out rows.parquet

        rdebench export results --format latex --out tables.tex
    """
    from ..export import ENDINGS, FORMATS, exported

    kind = one_of("--format", kind or ENDINGS.get(out.suffix, FORMATS[0]), FORMATS)
    results = read_finished(folder, "file")
    write_finished(out, exported(results.rows, results.manifest, kind), results)
