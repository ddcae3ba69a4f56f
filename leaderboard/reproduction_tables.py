"""The tables of the paper put to the test: Table I beside what was measured, and what the rankings hang on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .reproduction_names import computed, figure, strategy_name
from .tables import Cell, Column, Row, Table
from .wording import MINUS, NONE, SPACE, number, plural

PAPER = ("ppo-paper", "average", "random", "heuristic-rde")
"""Strategies of Fig. 5: those that are ranked."""


@dataclass(frozen=True)
class Sensitivity:
    """What the ranking of one base hangs on: in words, and reading by reading."""

    base: str
    text: str
    decisions: tuple[tuple[str, str], ...]
    table: Table


def sensitivity_tables(
    readings: Sequence[Mapping[str, Any]], sensitivity: Sequence[Mapping[str, Any]]
) -> tuple[Sensitivity, ...]:
    """For each base which decisions swap strategies, and a table of its readings: ranking, swaps, moves of the means.

    Args:
        readings: Those of the reproduction.
        sensitivity: Its part of the same name.
    """
    by_key = {one["key"]: computed(one.get("strategies")) for one in readings}
    found = {name for strategies in by_key.values() for name in strategies}
    shown = [name for name in (*PAPER, "optimum") if name in found]
    columns = (
        Column("reading", "Choice"),
        Column("ranking", "Ranking", "by mean reward", "descending"),
        *(Column(name, strategy_name(name), "mean, sd, moved by", "descending") for name in shown),
    )
    tables = []
    for base in dict.fromkeys(str(one["base"]) for one in sensitivity):
        of_base = [one for one in sensitivity if one["base"] == base]
        rows = tuple(
            Row(str(one["option"] or base), False, _cells(one, by_key[one["reading"]], shown))
            for one in of_base
        )
        tables.append(Sensitivity(base, *swapping(of_base), Table(columns, rows, "")))
    return tuple(tables)


def swapping(sensitivity: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """How many readings of a base swap a pair of strategies beyond doubt; and their decisions, with the options."""
    others = [one for one in sensitivity if one["decision"] is not None]
    options: dict[str, list[str]] = {}
    for one in others:
        if any(swap["clear"] for swap in one["swaps"]):
            options.setdefault(str(one["title"]), []).append(str(one["option"]))
    count = sum(map(len, options.values()))
    text = f"{count or 'None'} of {plural(len(others), 'other reading')} {'swap' if count > 1 else 'swaps'}"
    text += f" two strategies beyond the 95{SPACE}% intervals{':' if options else '.'}"
    return text, tuple((title, " | ".join(chosen)) for title, chosen in options.items())


def _cells(
    one: Mapping[str, Any], strategies: Mapping[str, Mapping[str, Any]], shown: Sequence[str]
) -> tuple[Cell, ...]:
    is_base = one["decision"] is None
    first = Cell("the base itself", "") if is_base else Cell(one["option"], one["option"], str(one["title"]))
    clear = [swap for swap in one["swaps"] if swap["clear"]]
    text = ranking(one["ranking"], one["ties"], strategies)
    badges = (("failed", f"{len(clear)} swapped"),) if clear else ()
    swaps = "\n".join(f"{_short(swap['above'])} now above {_short(swap['below'])}" for swap in clear)
    cells = [first, Cell(text, -len(clear), swaps, badges)]
    for name in shown:
        strategy, moved = strategies.get(name), one["moves"].get(name)
        transferred = strategy is None and name == "ppo-paper" and "ppo-transferred" in strategies
        strategy = strategies["ppo-transferred"] if transferred else strategy
        if strategy is None:
            cells.append(Cell(NONE, None))
            continue
        notes = [] if strategy.get("sd") is None else [f"± {figure(strategy['sd'])}"]
        notes += ["trained on the base"] if transferred else [] if moved is None else [signed(moved)]
        cells.append(Cell(number(strategy["mean"]), float(strategy["mean"]), "\n".join(notes)))
    return tuple(cells)


def ranking(
    names: Sequence[str], ties: Sequence[Sequence[str]], strategies: Mapping[str, Mapping[str, Any]]
) -> str:
    """``PPO > average ≈ random``: neighbours that cannot be told apart are joined by ≈, those that do the same by =."""
    text = _short(names[0]) if names else NONE
    tied = {tuple(tie) for tie in ties}
    for above, below in pairwise(names):
        same = all(strategies[above].get(key) == strategies[below].get(key) for key in ("mean", "sd"))
        text += f" {'=' if same else '≈' if (above, below) in tied else '>'} {_short(below)}"
    return text


def signed(value: float) -> str:
    """A difference with its sign: ``+2.34``, or ``±0`` for none."""
    if abs(value) < 5e-7:
        return "±0"
    return f"{'+' if value > 0 else MINUS}{figure(abs(value))}"


def _short(name: str) -> str:
    """A strategy in a ranking."""
    return {"ppo-paper": "PPO", "heuristic-rde": "heuristic"}.get(name, name)


def measured_table(models: Sequence[Mapping[str, Any]]) -> Table | None:
    """Table I of the paper beside what models of the same names measure here.

    Args:
        models: Mappings with ``model``; ``printed``, with ``power``, ``seconds`` and ``objective``; and ``measured``,
            the same by the name of a variant, or None.
    """
    if not models:
        return None
    columns = [Column("model", "Model")]
    for key, title, unit in _TABLE1:
        columns += [
            Column(f"printed-{key}", title, f"printed{unit}"),
            Column(f"measured-{key}", title, f"here{unit}"),
        ]
    rows = tuple(
        Row(
            str(one["model"]),
            False,
            (
                Cell(str(one["model"]), str(one["model"])),
                *(
                    cell
                    for key, _, _ in _TABLE1
                    for cell in (_printed(one.get("printed"), key), _measured(one.get("measured"), key))
                ),
            ),
        )
        for one in models
    )
    return Table(tuple(columns), rows, "")


_TABLE1 = (("power", "Power", ", W"), ("seconds", "Time", ", s"), ("objective", "Loss (11)", ""))


def _printed(figures: Mapping[str, Any] | None, key: str) -> Cell:
    value = (figures or {}).get(key)
    return Cell(NONE, None) if value is None else Cell(number(float(value)), float(value))


def _measured(variants: Mapping[str, Any] | None, key: str) -> Cell:
    """Each variant on a line of its own."""
    values = {name: float(one[key]) for name, one in (variants or {}).items() if one.get(key) is not None}
    if not values:
        return Cell(NONE, None)
    lines = [f"{name} {figure(value)}" for name, value in values.items()]
    return Cell(lines[0], next(iter(values.values())), "\n".join(lines[1:]))
