"""Tables in the terminal: plain, aligned, and as wide as the terminal allows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from .cell_checks import shown

UNLIMITED = 10_000
"""Columns of characters where nobody looks through a window: in a file or a pipe."""


@dataclass(frozen=True)
class Column:
    """A column: its key, its heading, and its cells as text, to the right unless ``left``."""

    key: str
    title: str
    cells: tuple[str, ...]
    left: bool = False


def console() -> Console:
    """A console on standard output: colour and the terminal's width there, plain and of any width elsewhere."""
    there = Console()
    return there if there.is_terminal or "COLUMNS" in os.environ else Console(width=UNLIMITED)


def say(where: Console, text: str, style: str = "") -> None:
    """Print a sentence that may hold anything: wrapped in a terminal, on one line elsewhere."""
    printed = "".join(character if character.isprintable() else "?" for character in text)
    where.print(escape(printed), style=style, highlight=False, soft_wrap=not where.is_terminal)


def fitted(
    where: Console, title: str, versions: Sequence[Sequence[Column]], drop: Iterable[str] = ()
) -> tuple[Table, list[str]]:
    """A table that fits a console.

    Args:
        where: The console.
        title: What is over it; may hold anything, as the cells may.
        versions: Its columns; the first version that fits is taken.
        drop: Keys of columns of the last version to leave out, the first ones first, if none fits.

    Returns:
        The table, and the headings of the columns that were left out.
    """
    for columns in versions:
        table = _table(title, columns)
        if _fits(where, table):
            return table, []
    kept, left_out = list(versions[-1]), []
    for key in drop:
        left_out += [column.title for column in kept if column.key == key]
        kept = [column for column in kept if column.key != key]
        table = _table(title, kept)
        if _fits(where, table):
            break
    return table, left_out


def _fits(where: Console, table: Table) -> bool:
    unlimited = where.options.update(width=UNLIMITED)
    return Measurement.get(where, unlimited, table).maximum <= where.width


def _table(title: str, columns: Sequence[Column]) -> Table:
    table = Table(
        title=escape(shown(title)), title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False
    )
    for column in columns:
        table.add_column(column.title, justify="left" if column.left else "right")
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(escape(shown(cell)) for cell in cells))
    return table
