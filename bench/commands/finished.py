"""What commands that show results share: reading what is finished, and writing one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..store import Results


def read_finished(folder: Path, what: str) -> Results:
    """The results in a folder, with a warning if some cells are missing.

    Args:
        folder: The results folder.
        what: What will be made of them, ``page`` or ``file``.

    Raises:
        ResultsError: If the folder cannot be read or holds no finished cell.
    """
    from .. import store
    from ..manifest import ResultsError

    results = store.read_results(folder)
    if results.rows.empty:
        raise ResultsError(f"{folder} has no finished cells; finish the run first")
    if results.missing:
        note = f"warning: {results.missing} cells are not finished; the {what} shows what is there"
        typer.secho(note, fg="yellow", err=True)
    return results


def write_finished(out: Path, content: bytes, results: Results) -> None:
    """Write what was made of some results and say how many rows it is of.

    Raises:
        ResultsError: If it cannot be written.
    """
    from .. import files
    from ..manifest import ResultsError

    try:
        files.write_output(out, content)
    except OSError as error:
        raise ResultsError(f"{out} cannot be written: {error.strerror}; choose another --out") from None
    typer.echo(f"{out}: {len(results.rows)} rows")
