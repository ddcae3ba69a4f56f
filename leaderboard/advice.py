"""Which solver to use for a size and a time: one answer in plain words, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from .aggregates import summarise_view
from .comparison import Scores, scores
from .stats import GAP_TOLERANCE
from .wording import SPACE, duration, interval, listing, percent, plural, whole_percent

LATE = f"99th{SPACE}percentile"
_MOST_NAMED = 3


def advice(
    rows: pd.DataFrame,
    families: Mapping[str, str],
    seconds: float = math.inf,
    summary: pd.DataFrame | None = None,
    compared: Scores | None = None,
) -> str:
    """Which solver to use where these instances are typical and one may take so long.

    Solvers are compared by their mean gap, a violated or failed run counting as 1. The time of an instance is the 99th
    percentile. Only solvers that ran on every instance are compared.

    Args:
        rows: The result rows of the view.
        families: Family of each solver; ``exact`` and ``learning`` are told apart from the others.
        seconds: What an instance may take, s; infinite for any time.
        summary: :func:`~.aggregates.summarise_view` of the rows, if it is at hand.
        compared: :func:`~.comparison.scores` of the rows, if they are at hand.

    Returns:
        Two to four sentences, whatever the rows are.
    """
    summary = summarise_view(rows) if summary is None else summary
    if summary.empty:
        return "No instance here has an optimum, so there is no solver to recommend."
    complete = summary[summary["ran"].eq(summary["total"]) & summary["gap"].notna()]
    if summary["bounded"].max() == 0:
        return "No bound is known here, so no solver can be recommended for its gap."
    if complete.empty:
        return "No solver ran on all of these instances, so none is recommended for them together."
    complete = complete.assign(gap=complete["gap"].where(complete["gap"] > GAP_TOLERANCE, 0.0))
    complete = complete.sort_values(["gap", "seconds", "solver"], kind="stable").set_index(
        "solver", drop=False
    )
    within = complete[complete["seconds_p99"] <= seconds] if math.isfinite(seconds) else complete
    if within.empty:
        return _too_slow(complete, seconds)
    best = within.iloc[0]
    place = f"For {_users(rows)} and {_budget(seconds)}"
    if best["feasible_share"] == 0:
        return f"{place}, no solver gives a feasible answer to any of these instances."
    if within["feasible_share"].max() < 1:
        parts = [
            f"{place}, no solver is always feasible; {best['solver']} does best: {_quality(best, rows)}."
        ]
    else:
        parts = [f"{place}, use {best['solver']}: {_quality(best, rows)}."]
    parts += _certainty(best, within, scores(rows) if compared is None else compared, seconds)
    return " ".join(parts + _learner(best, complete, families))


def _users(rows: pd.DataFrame) -> str:
    users = sorted({int(count) for count in rows["users"].dropna()}) if "users" in rows else []
    if not users:
        return "these instances"
    return plural(users[0], "user") if len(users) == 1 else f"{users[0]:,} to {plural(users[-1], 'user')}"


def _budget(seconds: float) -> str:
    """A time in words: ``10 ms an instance (99th percentile)``."""
    if not math.isfinite(seconds):
        return "any time"
    text = f"{seconds:g}{SPACE}s" if seconds >= 1 else f"{seconds * 1e3:g}{SPACE}ms"
    return f"{text} an instance ({LATE})"


def _too_slow(complete: pd.DataFrame, seconds: float) -> str:
    timed = complete.dropna(subset=["seconds_p99"])
    text = f"No solver that ran on all of these instances is within {_budget(seconds)}"
    if timed.empty:
        return f"{text}."
    fastest = timed.loc[timed["seconds_p99"].idxmin()]
    return f"{text}: {fastest['solver']}, the fastest, takes {duration(fastest['seconds_p99'])}."


def _quality(row: pd.Series, rows: pd.DataFrame) -> str:
    """What its answers are worth."""
    if row["optimal_share"] == 1:
        return "all its answers are feasible and proved optimal"
    some = row["feasible_share"] < 1
    share = f"{whole_percent(row['feasible_share'])} of" if some else "all"
    spread = interval(row["gap_low"], row["gap_high"])
    spread = f" (95{SPACE}% interval {spread})" if spread and spread != percent(row["gap"]) else ""
    caveat = f", an infeasible answer counting as 100{SPACE}%" if some else ""
    below = f"{percent(row['gap'])} below {_yardstick(rows)}{spread}{caveat}"
    return f"{share} its answers are feasible, and on average it is {below}"


def _yardstick(rows: pd.DataFrame) -> str:
    bounded = rows.loc[rows["bound"].notna(), "reference_status"]
    return "the proved optimum" if bounded.eq("optimal").all() else "the best bound known"


def _certainty(best: pd.Series, within: pd.DataFrame, compared: Scores, seconds: float) -> list[str]:
    """How sure it is that this one is the best of those within the time."""
    others = [name for name in within.index[1:] if name in compared.gaps]
    if not others or best["solver"] not in compared.gaps:
        return [
            "No other solver is within that time."
            if math.isfinite(seconds)
            else "There is no other to compare."
        ]
    count = len(compared.strata)
    if count < 2:
        return ["One instance says little about the next."]
    equal, unclear, first = [], [], None
    for name in others:
        lead = compared.difference(name, best["solver"])
        if abs(lead.value) <= GAP_TOLERANCE and lead.high <= GAP_TOLERANCE:
            equal.append(name)
        elif lead.low <= GAP_TOLERANCE:
            unclear.append(name)
        else:
            first = name, lead
            break
    sentences = []
    if equal:
        sentences.append(f"{_some(equal)} {'is' if len(equal) == 1 else 'are'} as good, but slower.")
    if unclear and not (equal and best["optimal_share"] == 1):
        sentences.append(
            f"On these {plural(count, 'instance')} it cannot be told apart from {_some(unclear)}."
        )
    elif first is not None and not unclear:
        name, lead = first
        ends = interval(lead.low, lead.high)
        sentences.append(f"Its lead over {name}, the next, is settled: {ends} (paired 95{SPACE}% interval).")
    return sentences


def _learner(best: pd.Series, complete: pd.DataFrame, families: Mapping[str, str]) -> list[str]:
    """How the best PPO, or else the best solver that learns, compares with the fastest proof."""
    family = pd.Series([families.get(name) for name in complete.index], index=complete.index, dtype=object)
    learners = complete[family == "learning"]
    if learners.empty:
        return []
    named = learners[learners["solver"].str.startswith("ppo")]
    kind, one = ("that learns", learners.iloc[0]) if named.empty else ("PPO", named.iloc[0])
    proofs = complete[(family == "exact") & (complete["optimal_share"] == 1) & complete["seconds"].notna()]
    pace = "" if proofs.empty else _pace(one, proofs.loc[proofs["seconds"].idxmin()])
    if one["solver"] == best["solver"]:
        return [f"It answers{pace}."] if pace else []
    below = "is proved optimal too" if one["optimal_share"] == 1 else f"is {percent(one['gap'])} below"
    return [f"{one['solver']}, the best {kind}, {below}{pace}."]


def _pace(one: pd.Series, proof: pd.Series) -> str:
    """How many times less or more time than the fastest proof it takes, by the medians."""
    if not (one["seconds"] > 0 and proof["seconds"] > 0):
        return ""
    than = f"{proof['solver']}, the fastest proof"
    ratio = proof["seconds"] / one["seconds"]
    if 0.95 < ratio < 1.05:
        return f" in the time of {than}"
    if ratio > 1:
        return f" in {_factor(ratio)} times less time than {than}"
    return f" in {_factor(1 / ratio)} times the time of {than}"


def _factor(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}"


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return listing(names) if more <= 0 else f"{', '.join(names[:_MOST_NAMED])} and {more} more"
