"""What results say, in two or three computed sentences that hold whatever the rows are."""

from __future__ import annotations

import pandas as pd

from .aggregates import REFUTED, places
from .stats import GAP_TOLERANCE
from .wording import SPACE, interval, listing, number, percent, plural


def headline(rows: pd.DataFrame, solvable: pd.DataFrame, refuted: pd.DataFrame) -> str:
    """The result of a view in plain words.

    Args:
        rows: The rows of the view: of one suite or a part of it.
        solvable: Their :func:`~.aggregates.summarise_view`.
        refuted: Their :func:`~.aggregates.summarise_refuted_view`.

    Returns:
        A few sentences; comparisons are only between solvers that ran on every instance.
    """
    sentences = _gaps(rows, solvable) if len(solvable) else _nothing_feasible(rows, refuted)
    failed = int(solvable["failed"].sum() + refuted["failed"].sum())
    if failed:
        runs = int((rows["status"] != "skipped").sum())
        sentences.append(
            f"{failed:,} of {plural(runs, 'run')} failed." if runs > 1 else "The only run failed."
        )
    return " ".join(sentences)


def _gaps(rows: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    total = int(summary["total"].iloc[0])
    if summary["ran"].max() == 0:
        return [f"No solver ran on {_any(total)}."]
    known = rows[rows["bound"].notna() & ~rows["reference_status"].isin(REFUTED)]
    bounded = int(places(known).nunique())
    if bounded == 0:
        return [f"No bound is known on {_any(total)}: solvers are compared by RDE alone."]
    complete = summary[summary["ran"] == total]
    if complete.empty:
        return [
            "No solver ran on the only instance."
            if total == 1
            else f"No solver ran on all of the {total:,} instances; see the scenarios one by one."
        ]
    # Every complete solver has a gap on the same instances: those with a bound.
    where = f"each of the {bounded:,} instances" if bounded > 1 else "the only instance"
    where += f" with a known bound (of {total:,})" if bounded < total else ""
    known = known[known["status"] != "skipped"]
    always = known["status"].eq("optimal").groupby(known["solver"]).all()
    proved = complete["solver"].isin(always.index[always])
    solved, others = complete[proved], complete[~proved]
    if len(solved):
        sentences = [f"On {where}, {listing(list(solved['solver']))} reached the proved optimum."]
    else:
        sentences = [f"No solver that ran on everything reached the proved optimum on {where}."]
    if len(others):
        # Solvers that skipped instances are left out: their means are over other instances.
        sentences.append(
            _best(
                rows, others, "Of the others that ran on everything" if len(solved) else "Of those that did"
            )
        )
    return sentences + _sharing(complete)


def _any(total: int) -> str:
    return f"any of the {total:,} instances" if total > 1 else "the only instance"


def _best(rows: pd.DataFrame, others: pd.DataFrame, of: str) -> str:
    best = others[others["gap"] <= others["gap"].min() + GAP_TOLERANCE]
    bounded = rows["bound"].notna() & ~rows["reference_status"].isin(REFUTED)
    status = rows.loc[bounded, "reference_status"]
    yardstick = "the proved optimum" if (status == "optimal").all() else "the best bound known"
    first = best.iloc[0]
    names = listing(list(best["solver"]))
    verb = "comes" if len(best) == 1 else "come equally"
    spread = interval(first["gap_low"], first["gap_high"])
    spread = f" (95{SPACE}% interval of the mean {spread})" if spread and len(best) == 1 else ""
    lost = int((best["violated"] + best["failed"]).sum())
    caveat = f", a violated or failed run counting as 100{SPACE}%" if lost else ""
    mean = " on average" if first["bounded"] > 1 else ""
    return f"{of}, {names} {verb} closest: {percent(first['gap'])} below {yardstick}{mean}{spread}{caveat}."


def _sharing(complete: pd.DataFrame) -> list[str]:
    """What exact sharing is worth, where a solver is on the board with and without it."""
    gap = dict(zip(complete["solver"], complete["gap"], strict=True))
    pairs = [
        f"{name} {percent(gap[name])} without, {percent(gap[f'{name}+exact'])} with"
        for name in gap
        if f"{name}+exact" in gap
    ]
    if not pairs:
        return []
    return [f"Mean gap without and with exact sharing of power and bandwidth: {'; '.join(pairs)}."]


def _nothing_feasible(rows: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    if summary.empty:
        return ["No results yet."]
    total = int(summary["total"].iloc[0])
    proved = " or ".join(sorted(set(rows["reference_status"])))
    sentences = [
        f"No instance has an optimum: all {total:,} are proved {proved}."
        if total > 1
        else f"The only instance has no optimum: it is proved {proved}."
    ]
    sentences[0] += " So there is no gap to compare, and the table is ordered by reward."
    complete = summary[summary["ran"] == total]
    right = list(complete.loc[complete["right_share"] == 1.0, "solver"])
    if right:
        sentences.append(f"The right answer, every time: {listing(right)}.")
    # A mean reward compares only among solvers that returned an allocation on every instance.
    ran = rows[rows["status"] != "skipped"]
    always = ran["reward"].notna().groupby(ran["solver"]).all()
    rewarded = complete[complete["solver"].isin(always.index[always])]["reward"].dropna()
    if len(rewarded):
        best = complete.loc[rewarded.idxmax()]
        sentences.append(
            f"Of the solvers that return an allocation every time, {best['solver']} has the highest mean "
            f"reward, {number(best['reward'])}."
        )
    return sentences
