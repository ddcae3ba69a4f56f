"""``rdebench report``: the leaderboard page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a run.")] = Path("results"),
    out: Annotated[Path, typer.Option(help="The page to write: one HTML file.")] = Path("leaderboard.html"),
) -> None:
    """Make the leaderboard page of a results folder.

    Examples:

        rdebench report results --out leaderboard.html
    """
    from ...leaderboard import page
    from .. import files, learner_data, store, zoo_data
    from ..manifest import ResultsError

    results = store.read_results(folder)
    if results.rows.empty:
        raise ResultsError(f"{folder} has no finished cells; finish the run first")
    if results.missing:
        note = f"warning: {results.missing} cells are not finished; the page shows what is there"
        typer.secho(note, fg="yellow", err=True)
    zoos, left_out = zoo_data.read_zoos(folder, results.manifest)
    learners, more = learner_data.read_learners(folder)
    for note in left_out + more:
        typer.secho(f"warning: {note}", fg="yellow", err=True)
    text = page.render(results.rows, results.manifest, zoos, learners)
    try:
        files.write_output(out, text.encode())
    except OSError as error:
        raise ResultsError(f"{out} cannot be written: {error.strerror}; choose another --out") from None
    typer.echo(f"{out}: {len(results.rows)} rows")
