"""Which solver to use for a size and a time: one answer in plain words, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from .aggregates import REFUTED, answered, summarise_view
from .comparison import Scores, scores
from .stats import GAP_TOLERANCE
from .wording import SPACE, duration, interval, listing, percent, plural, whole_percent

LATE = f"95th{SPACE}percentile"
"""Of the times: in a suite of 25 instances a 99th one would be the single slowest."""
FEWEST_TELLING = 6
"""Of fewer instances no lead is settled: that one solver wins on all of five is chance in one case of sixteen."""

_MOST_NAMED = 3
_THAT_RAN = " that ran on all of these instances"


def advice(
    rows: pd.DataFrame,
    families: Mapping[str, str],
    seconds: float = math.inf,
    summary: pd.DataFrame | None = None,
    compared: Scores | None = None,
) -> str:
    """Which solver to use where these instances are typical and one may take so long.

    Solvers are compared by their mean gap, a violated or failed run counting as 1. The time of an instance is the 95th
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
    if summary["ran"].max() == 0:
        return "No solver ran on any of these instances, so there is none to recommend."
    if _bounded(rows).empty:
        return "No bound is known here, so no solver can be recommended for its gap."
    complete = summary[summary["ran"].eq(summary["total"]) & summary["gap"].notna()]
    if complete.empty:
        return "No solver ran on all of these instances, so none is recommended for them together."
    partial = len(complete) < len(summary)
    complete = complete.assign(gap=complete["gap"].where(complete["gap"] > GAP_TOLERANCE, 0.0))
    complete = complete.sort_values(["gap", "seconds", "solver"], kind="stable")
    complete = complete.set_index("solver", drop=False).rename_axis(None)
    within = complete[complete["seconds_p95"] <= seconds] if math.isfinite(seconds) else complete
    if within.empty:
        return _too_slow(complete, seconds)
    place, nobody = f"For {_users(rows)} and {_budget(seconds)}", f"no solver{_THAT_RAN if partial else ''}"
    if within["feasible_share"].max() == 0:
        return (
            f"{place}, {nobody} gives a feasible answer to any of {'them' if partial else 'these instances'}."
        )
    bounded = _bounded(rows[rows["solver"].isin(within.index)])
    if not answered(bounded).any():
        return (
            f"{place}, {nobody} gives a feasible answer where a bound is known, so none can be recommended."
        )
    # Gaps as near to the least one as this are equal to it; of such solvers the fastest is the best.
    equal = within["gap"] <= within["gap"].iloc[0] + GAP_TOLERANCE
    equals = within[equal].sort_values(["seconds", "solver"], kind="stable")
    within, best = pd.concat([equals, within[~equal]]), equals.iloc[0]
    if within["feasible_share"].max() < 1:
        parts = [f"{place}, {nobody} is always feasible; {best['solver']} does best: {_quality(best, rows)}."]
    else:
        parts = [f"{place}, use {best['solver']}: {_quality(best, rows)}."]
    if len(within) > 1:
        parts += _certainty(equals, within, scores(rows) if compared is None else compared)
    else:
        parts.append(_alone(partial, seconds))
    return " ".join(parts + _proof(best, complete, families, seconds) + _learner(best, complete, families))


def _bounded(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["bound"].notna() & ~rows["reference_status"].isin(REFUTED)]


def _users(rows: pd.DataFrame) -> str:
    users = sorted({int(count) for count in rows["users"].dropna()}) if "users" in rows else []
    if not users:
        return "these instances"
    return plural(users[0], "user") if len(users) == 1 else f"{users[0]:,} to {plural(users[-1], 'user')}"


def _budget(seconds: float) -> str:
    """A time in words: ``10 ms an instance (95th percentile)``."""
    if not math.isfinite(seconds):
        return "any time"
    text = f"{seconds:g}{SPACE}s" if seconds >= 1 else f"{seconds * 1e3:g}{SPACE}ms"
    return f"{text} an instance ({LATE})"


def _too_slow(complete: pd.DataFrame, seconds: float) -> str:
    timed = complete.dropna(subset=["seconds_p95"])
    text = f"No solver that ran on all of these instances is within {_budget(seconds)}"
    if timed.empty:
        return f"{text}."
    fastest = timed.loc[timed["seconds_p95"].idxmin()]
    return f"{text}: {fastest['solver']}, the fastest, takes {duration(fastest['seconds_p95'])}."


def _quality(row: pd.Series, rows: pd.DataFrame) -> str:
    """What its answers are worth."""
    if row["optimal_share"] == 1:
        return "all its answers are feasible and proved optimal"
    some = row["feasible_share"] < 1
    share = f"{whole_percent(row['feasible_share'])} of" if some else "all"
    spread = interval(row["gap_low"], row["gap_high"])
    spread = f" (95{SPACE}% interval {spread})" if spread and spread != percent(row["gap"]) else ""
    caveat = f", an infeasible answer counting as 100{SPACE}%" if some else ""
    bounded, total = int(row["bounded"]), int(row["total"])
    mean = "on average it is" if bounded > 1 else "it is"
    if bounded < total:
        mean = f"on the {bounded:,} of {total:,} instances with a known bound {mean}"
    below = f"{percent(row['gap'])} below {_yardstick(rows)}{spread}{caveat}"
    return f"{share} its answers are feasible, and {mean} {below}"


def _yardstick(rows: pd.DataFrame) -> str:
    proved = _bounded(rows)["reference_status"].eq("optimal").all()
    return "the proved optimum" if proved else "the best bound known"


def _alone(partial: bool, seconds: float) -> str:
    """That there is no other to compare it with: none at all, or none that is quick enough or ran on everything."""
    if math.isfinite(seconds):
        return f"No other solver{_THAT_RAN if partial else ''} is within that time."
    return "No other solver ran on all of these instances." if partial else "There is no other to compare."


def _certainty(equals: pd.DataFrame, within: pd.DataFrame, compared: Scores) -> list[str]:
    """How sure it is that the first is the best of those within the time; ``equals`` are those of its mean gap."""
    best, count = within.iloc[0], len(compared.strata)
    if count < 2:
        return ["One instance says little about the next."]
    equal, unclear, first = [], [], None
    for name in within.index[1:]:
        lead = compared.difference(name, best["solver"])
        if name in equals.index and lead.high <= GAP_TOLERANCE:
            equal.append(name)
        elif not compared.settled(name, best["solver"]):
            unclear.append(name)
        else:
            first = name, lead
            break
    sentences = _as_good(equals.loc[equal], best) if equal else []
    if unclear and not (equal and best["optimal_share"] == 1):
        if count < FEWEST_TELLING:
            few = f"{plural(count, 'instance')} are too few to tell"
            sentences.append(f"{few} whether it is better than {unclear[0]}, the next.")
        else:
            sentences.append(
                f"On these {plural(count, 'instance')} it cannot be told apart from {_some(unclear)}."
            )
    elif first is not None and not unclear:
        name, lead = first
        ends = interval(lead.low, lead.high)
        sentences.append(f"Its lead over {name}, the next, is settled: {ends} (paired 95{SPACE}% interval).")
    return sentences


def _as_good(equals: pd.DataFrame, best: pd.Series) -> list[str]:
    """Who else has this mean gap, and at what pace; the best of them is the fastest."""
    slower = equals["seconds"] > best["seconds"]
    level = equals["seconds"] == best["seconds"]
    kinds = ((slower, "as good, but slower"), (level, "as good and as fast"), (~(slower | level), "as good"))
    return [
        f"{_some(list(equals.index[which]))} {'is' if which.sum() == 1 else 'are'} {what}."
        for which, what in kinds
        if which.any()
    ]


def _proof(best: pd.Series, complete: pd.DataFrame, families: Mapping[str, str], seconds: float) -> list[str]:
    """From which time on there is a proof, where the time is too short for one."""
    exact = np.array([families.get(name) == "exact" for name in complete.index])
    proofs = complete[exact & complete["optimal_share"].eq(1)].dropna(subset=["seconds_p95"])
    if best["optimal_share"] == 1 or proofs.empty or not math.isfinite(seconds):
        return []
    first = proofs.loc[proofs["seconds_p95"].idxmin()]
    return [
        f"From {duration(first['seconds_p95'])} on, use {first['solver']}: all its answers are proved optimal."
    ]


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
