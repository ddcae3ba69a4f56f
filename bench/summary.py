"""The compact tables at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.markup import escape

from .cell_checks import shown
from .cells import SuiteRun
from .grid import Column, fitted
from .store import Results
from .verdicts import answered, failed

_ANSWERED = ("optimal", "feasible")


def show(console: Console, runs: Sequence[SuiteRun], results: Results) -> bool:
    """Print a table for each suite of a run, with the first failure of each solver below.

    Returns:
        Whether every row is free of failures.
    """
    sound = True
    for run in runs:
        names = [entrant.name for entrant in run.entrants]
        rows = results.rows[(results.rows["suite"] == run.suite.name) & results.rows["solver"].isin(names)]
        console.print(fitted(console, _title(run), [_columns(rows, names)])[0])
        for name, failures in rows[failed(rows)].groupby("solver"):
            sound = False
            first = failures.iloc[0]
            place = f"{first['scenario']}, instance {first['instance']}"
            # What a solver says may hold anything, also what a terminal would obey.
            said = "\n".join(
                map(shown, f"{name}: {first['status']} on {place}: {first['message']}".splitlines())
            )
            text = escape(said)
            console.print(f"[red]{text}[/]", highlight=False, soft_wrap=True)
    return sound


def _title(run: SuiteRun) -> str:
    what = "one scenario" if len(run.scenarios) == 1 else f"each of {len(run.scenarios)} scenarios"
    return f"{run.suite.name}: {run.instances} instances of {what}, seed {run.seed}"


def _columns(rows: pd.DataFrame, names: Sequence[str]) -> list[Column]:
    lines = [_line(name, rows[rows["solver"] == name]) for name in names]
    titles = ("solver", "feasible", "mean gap", "median time", "other statuses")
    cells = zip(*lines, strict=True)
    return [
        Column(title, title, each, left=title in (titles[0], titles[-1]))
        for title, each in zip(titles, cells, strict=True)
    ]


def _line(name: str, rows: pd.DataFrame) -> tuple[str, ...]:
    ran = rows[rows["status"] != "skipped"]
    # Instances proved to have no answer, or none that is best, are no test of an answer's feasibility.
    possible = ran[~ran["reference_status"].isin(["infeasible", "unbounded"])]
    feasible, gap = answered(possible).mean(), possible["gap"].mean()
    seconds = ran["solve_seconds"].median()
    counts = rows["status"].value_counts()
    others = ", ".join(f"{status} {count}" for status, count in counts.items() if status not in _ANSWERED)
    return (
        name,
        "-" if pd.isna(feasible) else f"{feasible:.0%}",
        "-" if pd.isna(gap) else f"{gap:.2%}",
        "-" if pd.isna(seconds) else _time(seconds),
        others,
    )


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
