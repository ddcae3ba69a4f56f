"""The tables of the leaderboard for a paper: LaTeX with the package booktabs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .aggregates import ALL, summarise, summarise_refuted
from .tables import Cell, Table, refuted_table, solvable_table

_ESCAPES = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{MINUS SIGN}": "$-$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{EN DASH}": "--",
    "\N{INFINITY}": r"$\infty$",
    "\N{MICRO SIGN}": r"$\mu$",
    # At the beginning of a row these would belong to the end of the row before.
    "[": "{[}",
    "*": "{*}",
    "\n": " ",
}


def latex(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """The leaderboard of each suite and scenario as LaTeX tables.

    Args:
        rows: As :func:`~.page.render` takes them.
        manifest: As :func:`~.page.render` takes it; suites and scenarios that it does not describe bear their names.

    Returns:
        Tables to ``\\input`` in a document that uses ``booktabs``; names are only ever text.
    """
    parts = [
        "% Made by rdebench export. Needs \\usepackage{booktabs} and, before LaTeX of 2018, UTF-8 input."
    ]
    for suite in rows["suite"].unique():
        described = (manifest.get("suites") or {}).get(suite) or {}
        titles = {entry.get("id"): entry.get("title") for entry in described.get("scenarios") or []}
        own = rows[rows["suite"] == suite]
        solvable, refuted = summarise(own), summarise_refuted(own)
        scenarios = [str(name) for name in own["scenario"].unique()]
        for scenario in ([ALL] if len(scenarios) > 1 else []) + scenarios:
            title = "all scenarios" if scenario == ALL else str(titles.get(scenario) or scenario)
            caption = f"{described.get('title') or suite}: {title}"
            shown = own if scenario == ALL else own[own["scenario"] == scenario]
            rate = str(shown["rate"].iloc[0]) if shown["rate"].nunique() == 1 else None
            some, others = (part[part["scenario"] == scenario] for part in (solvable, refuted))
            if len(some):
                parts.append(_table(solvable_table(some, rate), caption))
            if len(others):
                note = "instances proved infeasible or unbounded"
                parts.append(_table(refuted_table(others, alone=some.empty), f"{caption}; {note}"))
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands; control characters are left out."""
    printed = (_ESCAPES.get(character, character if character.isprintable() else "") for character in text)
    return "".join(printed)


def _table(table: Table, caption: str) -> str:
    heads = [escape(column.title) for column in table.columns]
    units = [escape(column.unit) for column in table.columns]
    lines = [
        "\\begin{table}",
        f"  \\caption{{{escape(caption)}}}",
        "  \\centering",
        f"  \\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        "    \\toprule",
        f"    {' & '.join(heads)} \\\\",
        *([f"    {' & '.join(units)} \\\\"] if any(units) else []),
        "    \\midrule",
        *(f"    {' & '.join(_cell(cell) for cell in row.cells)} \\\\" for row in table.rows),
        "    \\bottomrule",
        "  \\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    """A cell on one line: its text, then its note and its badges in brackets."""
    more = "; ".join(escape(text) for text in (cell.note, *(text for _, text in cell.badges)) if text)
    return " ".join(part for part in (escape(cell.text), f"({more})" if more else "") if part)
