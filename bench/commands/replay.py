"""``rdebench replay``: do a stored row again and compare."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..replay import Replay

MOST_SHOWN = 20


def replay(
    row: Annotated[str, typer.Argument(metavar="ROW", help="SUITE/SCENARIO/INSTANCE/SOLVER.")],
    results: Annotated[Path, typer.Option(metavar="DIR", help="Results folder of a run.")] = Path("results"),
    plugin: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The plugin file that defines the solver.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Do the cell of a row again, under the configuration it was made with, and compare all its rows.

    Decisions, scores, statuses and traces must be the same; times and memory need not be. Rows with a budget of
    seconds are scored again instead. Exit code 1 if anything differs.

    Examples:

        rdebench replay small-v1/small-v1/3/average --results results

        rdebench replay small-v1/small-v1/3/mine --plugin mine.py
    """
    from rich.console import Console

    from .. import badges, store
    from .. import replay as replays
    from ..display import RunDisplay

    found = replays.locate(results, row)
    with RunDisplay(Console(stderr=True)) as display:
        done = replays.replay(results, found, [plugin] if plugin else [], display)
    key, badge = found.place.key, badges.RE_SCORED if done.rescored else badges.RE_RUN
    if not done.differences:
        with store.lock(results):
            badges.award(results, badge, {key: found.file}, [key], store.instances_of(results, [key]))
    if json:
        facts = {"row": row, "cell": key, "rows": done.rows, "identical": not done.differences}
        more = {"rescored": done.rescored, "notes": done.notes, "differences": done.differences}
        typer.echo(json_text.dumps(facts | more, indent=2))
    else:
        _show(row, done)
    if done.differences:
        raise typer.Exit(1)


def _show(row: str, done: Replay) -> None:
    for note in done.notes:
        typer.secho(f"note: {note}", fg="yellow")
    for difference in done.differences[:MOST_SHOWN]:
        typer.secho(difference, fg="red")
    if (more := len(done.differences) - MOST_SHOWN) > 0:
        typer.secho(f"and {more} more; --json lists all", fg="red")
    if done.rescored:
        typer.echo(
            f"{row} had a budget of seconds, which nobody can repeat; its cell was scored again instead"
        )
    if done.differences:
        typer.echo(f"the cell of {row} is not what was recorded")
    else:
        typer.echo(f"{done.rows} rows of the cell of {row} {'hold' if done.rescored else 'are identical'}")
