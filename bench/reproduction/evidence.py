"""Verdicts and the words for their evidence: margins, gaps, proofs, and in how many readings a claim holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...leaderboard.reproduction_names import figure, reading_name
from ...leaderboard.wording import SPACE, duration, listing, plural
from .margins import Margin, seeds_by_episodes

Reading = Mapping[str, Any]
Finding = dict[str, str]

HOLDS = "holds"
FAILS = "does not hold"
DEPENDS = "depends on the reading"
UNKNOWN = "cannot be told"


def over_all(verdicts: Iterable[str]) -> str:
    """One verdict over several readings: they agree, or it depends; where some decide nothing it stays open."""
    found = set(verdicts)
    if {HOLDS, FAILS} <= found:
        return DEPENDS
    return found.pop() if len(found) == 1 else UNKNOWN


def all_above(margins: Mapping[str, Margin], level: Mapping[str, float] | None = None) -> str:
    """Whether something earns clearly more than each of several others; not if it is level with one, or below.

    Args:
        margins: What it earns more than each.
        level: Margins up to which it counts as level with each; 0 where nothing is said.
    """
    level = level or {}
    if any(one.high <= level.get(name, 0.0) for name, one in margins.items()):
        return FAILS
    above = all(one.low > level.get(name, 0.0) for name, one in margins.items())
    return HOLDS if above else UNKNOWN


def more(margin: Margin, than: str) -> str:
    """``2.10 more (95 % interval 2.01 to 2.19) than average``; less where it is less, or exactly as much."""
    if margin.low == margin.mean == margin.high == 0:
        return f"exactly as much as {than}"
    sign = -1 if margin.mean < 0 else 1
    text = f"{figure(abs(margin.mean))} {'less' if sign < 0 else 'more'}"
    if not np.isfinite(margin.low):
        return f"{text} than {than}"
    low, high = sorted((sign * margin.low, sign * margin.high))
    return f"{text} (95{SPACE}% interval {figure(low)} to {figure(high)}) than {than}"


def odds(margin: Margin) -> str:
    """On what share of pairs of runs it earns more, if that is known; a tie counts half."""
    return "" if margin.probability is None else f" (ahead with probability {margin.probability:.2f})"


def sample(strategy: Mapping[str, Any]) -> str:
    """``5 trainings, 400 episodes``."""
    if strategy.get("rewards") is None:
        return "rewards by episode not kept"
    seeds, episodes = seeds_by_episodes(strategy["rewards"]).shape
    return f"{plural(seeds, 'training')}, {plural(episodes, 'episode')}"


def proofs(exact: Mapping[str, Any]) -> str:
    """What the exact method did on a scenario."""
    count, proved = exact["instances"], exact["proved"]
    what = "infeasibility" if exact["infeasible"] == count else "the optimum"
    where = f"{exact['scenario']} ({exact['users']:,} users, {exact['models']} models)"
    if count == 1 and proved:
        return f"certified proved {what} of an instance of {where} in {duration(exact['seconds'])}"
    return (
        f"certified proved {what} of {'all ' if proved == count else f'{proved:,} of '}{count:,} instances of "
        f"{where}, in {duration(exact['seconds'])} each (median; 99 % within {duration(exact['seconds_p99'])})"
    )


def gap_interval(strategy: Mapping[str, Any]) -> tuple[float, float]:
    """95 % interval of a mean gap.

    Where the document has none, one that holds however the gaps are spread: those between 0 and 1 with a mean of g
    vary by g (1 - g) at most.
    """
    if strategy.get("gap_low") is not None and strategy.get("gap_high") is not None:
        return float(strategy["gap_low"]), float(strategy["gap_high"])
    if strategy.get("rewards") is None:
        return np.nan, np.nan
    gap = min(max(float(strategy["gap"]), 0.0), 1.0)
    half = 1.96 * np.sqrt(gap * (1 - gap) / seeds_by_episodes(strategy["rewards"]).shape[1])
    return max(0.0, gap - half), min(1.0, gap + half)


def tally(findings: Sequence[Finding], what: str) -> str:
    """In how many readings a claim holds, does not, and cannot be told."""
    if not findings:
        return "There are no numbers for it."
    # Readings that agree in every number are one: in the literal base nobody can tell hinge from signed.
    found = {one["evidence"]: one["verdict"] for one in findings}
    counts = {verdict: list(found.values()).count(verdict) for verdict in (HOLDS, FAILS, UNKNOWN)}
    differ = " that differ" if len(found) < len(findings) else ""
    parts = [
        f"in {counts[HOLDS] or 'none'} of {plural(len(found), 'reading')}{differ} {what}",
        *([f"in {counts[FAILS]} not"] if 0 < counts[FAILS] < len(found) else []),
        *([f"in {counts[UNKNOWN]} it cannot be told"] if counts[UNKNOWN] else []),
    ]
    text = listing(parts)
    return f"{text[0].upper()}{text[1:]}."


def of_bases(readings: Sequence[Reading], texts: Mapping[str, str]) -> list[str]:
    """A sentence for each base that has one, by the key of the reading."""
    return [
        f"{reading_name(one)[0].upper()}{reading_name(one)[1:]}: {texts[one['key']]}."
        for one in readings
        if one.get("decision") is None and one["key"] in texts
    ]


def finding(reading: Reading, verdict: str, evidence: str) -> Finding:
    """What one reading says on a claim."""
    return {"reading": reading["key"], "verdict": verdict, "evidence": evidence}


def claim(
    key: str,
    text: str,
    where: str,
    findings: Sequence[Finding],
    evidence: Sequence[str],
    *,
    untried: Sequence[str] = (),
) -> dict[str, Any]:
    """A claim with the verdict over all its findings; it stays open while a base is untried."""
    open_still = [f"PPO was not trained on the {name}, so the verdict stays open." for name in untried]
    return {
        "key": key,
        "claim": text,
        "where": where,
        "verdict": UNKNOWN if untried else over_all(one["verdict"] for one in findings),
        "evidence": " ".join([*evidence, *open_still]),
        "findings": list(findings),
    }
