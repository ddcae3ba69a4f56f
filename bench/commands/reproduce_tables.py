"""What a reproduction prints: a table for each figure, printed values beside ours, and the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

STRATEGIES = (
    *("ppo-paper", "average", "random", "heuristic-rde"),
    *("ppo", "optimum", "best-reward-known"),
)
"""Those of Fig. 5 in the paper's order, and what it has not."""

_LAST = 10
"""Roll-outs at the end of a training whose mean reward is shown."""

_STYLES = {"holds": "green", "does not hold": "red"}


def show(console: Console, document: Mapping[str, Any]) -> None:
    """Print a reproduction."""
    bases = [reading for reading in document["readings"] if reading["decision"] is None]
    for table in (_table1(document), _fig4(document), *(_fig5(document, base) for base in bases)):
        if table.row_count:
            console.print(table)
            console.print()
    for claim in document["claims"]:
        style = _STYLES.get(claim["verdict"], "yellow")
        console.print(
            f"[{style}]{escape(claim['verdict'])}[/]: {escape(claim['claim'])}",
            highlight=False,
            soft_wrap=True,
        )
        console.print(f"  {escape(claim['evidence'])}", highlight=False, soft_wrap=True)
    rows = [row for row in document["sensitivity"] if row["decision"] is not None]
    moved = sum(any(swap["clear"] for swap in row["swaps"]) for row in rows)
    console.print(
        f"\n{moved} of {len(rows)} single decisions turn the order of two strategies of Fig. 5 round",
        highlight=False,
        soft_wrap=True,
    )


def _new(title: str, *columns: str) -> Table:
    table = Table(title=escape(title), title_justify="left", box=None, padding=(0, 1, 0, 0))
    for n, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if n == 0 else "right", no_wrap=True)
    return table


def _table1(document: Mapping[str, Any]) -> Table:
    table = _new(
        "Table I: printed, and from the cards of models of the same families, with other hardware",
        *("model", "W", "s", "loss", "card", "W", "s", "1000 loss"),
    )
    for model in document["table1"]:
        printed = [_number(model["printed"][name]) for name in ("power", "seconds", "objective")]
        for n, (rate, ours) in enumerate(sorted((model["measured"] or {"": {}}).items())):
            figures = [_number(ours.get(name)) for name in ("power", "seconds", "objective")]
            first = [escape(model["model"]), *printed] if n == 0 else [""] * 4
            table.add_row(*first, escape(rate), *figures)
    return table


def _fig4(document: Mapping[str, Any]) -> Table:
    table = _new(
        f"Fig. 4: mean reward of a roll-out of PPO, first and mean of the last {_LAST}, over the seeds",
        *("base", "(12)", "users", "seeds", "first", "last", "lowest", "highest"),
    )
    for curve in document["convergence"]:
        first = [rewards[0] for rewards in curve["rewards"]]
        last = [_mean(rewards[-_LAST:]) for rewards in curve["rewards"]]
        figures = (_mean(first), _mean(last), min(last), max(last))
        table.add_row(
            *map(escape, (curve["base"], curve["reading"], str(curve["users"]), str(len(curve["seeds"])))),
            *map(_number, figures),
        )
    return table


def _fig5(document: Mapping[str, Any], reading: Mapping[str, Any]) -> Table:
    infeasible = f", {reading['proved_infeasible']} proved infeasible" if reading["proved_infeasible"] else ""
    table = _new(
        f"Fig. 5, {reading['base']}: reward over {reading['episodes']} episodes{infeasible}, 95 % interval",
        *("strategy", "printed", "sd", "mean", "sd", "low", "high", "feasible", "gap"),
    )
    for name in STRATEGIES:
        ours = reading["strategies"].get(name)
        if ours is None or ours["mean"] is None:
            continue
        printed = document["printed"]["fig5"].get(name, (None, None))
        figures = [*printed, *(ours[key] for key in ("mean", "sd", "low", "high"))]
        cells = ["" if value is None else f"{value:.2f}" for value in figures]
        table.add_row(escape(name), *cells, _share(ours["feasible"]), _share(ours["gap"]))
    return table


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
