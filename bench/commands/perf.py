"""``rdebench perf``: how fast the parts are, beside their peers."""

from __future__ import annotations

import json as json_text

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ..perf import Measurement, measurements


def perf(json: bool = False) -> None:
    """Measure every part beside its peer in the same run and print the figures."""
    console = Console(stderr=True)
    found: list[Measurement] = []
    for what, measure in measurements():
        with console.status(f"measuring: {what}"):
            found.append(measure())
    if json:
        print(json_text.dumps([{**vars(one), "ratio": one.ratio} for one in found], indent=2))
        return
    # A narrow terminal breaks the names, and cuts none.
    table = Table(
        Column("measured", overflow="fold", min_width=24),
        "figure",
        "unit",
        "peer",
        "peer's figure",
        "times as fast",
    )
    for one in found:
        peer = "" if one.peer_value is None else f"{one.peer_value:,.4g}"
        ratio = "" if one.ratio is None else f"{one.ratio:,.{0 if one.ratio > 10 else 2}f}"
        value = "not measured" if one.value is None else f"{one.value:,.4g}"
        table.add_row(one.name, value, one.unit, escape(one.peer), peer, ratio)
    Console().print(table)
