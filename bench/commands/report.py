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

    Some instances of each scenario are drawn again, for what each solver gives each user.

    Examples:

        rdebench report results --out leaderboard.html
    """
    from rich.console import Console

    from ...leaderboard import page
    from .. import instance_data, learner_data, zoo_data
    from ..reproduction.shipped import shipped

    with Console(stderr=True).status("reading results") as status:
        results = read_finished(folder, "page")
        zoos, notes = zoo_data.read_zoos(folder, results.manifest)
        learners, more = learner_data.read_learners(folder)
        status.update("drawing instances again")
        instances, left_out = instance_data.read_instances(folder, results)
        for note in notes + more + left_out:
            typer.secho(f"warning: {note}", fg="yellow", err=True)
        status.update("making the page")
        text = page.render(results.rows, results.manifest, zoos, learners, instances, shipped())
    write_finished(out, text.encode(), results)
