"""``rdebench report``: the leaderboard page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .finished import read_finished, write_finished


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a run.")] = Path("results"),
    out: Annotated[Path, typer.Option(help="The page to write: one HTML file.")] = Path("leaderboard.html"),
) -> None:
    """Make the leaderboard page of a results folder.

    Examples:

        rdebench report results --out leaderboard.html
    """
    from ...leaderboard import page
    from .. import learner_data, zoo_data

    results = read_finished(folder, "page")
    zoos, left_out = zoo_data.read_zoos(folder, results.manifest)
    learners, more = learner_data.read_learners(folder)
    for note in left_out + more:
        typer.secho(f"warning: {note}", fg="yellow", err=True)
    text = page.render(results.rows, results.manifest, zoos, learners)
    write_finished(out, text.encode(), results)
