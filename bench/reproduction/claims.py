"""What the paper claims, judged by the numbers of a reproduction: a verdict for each reading, and one over all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...leaderboard.reproduction_names import figure, reading_name
from ...leaderboard.wording import SPACE, listing, number, percent
from .evidence import (
    FAILS,
    HOLDS,
    UNKNOWN,
    Finding,
    Reading,
    all_above,
    claim,
    finding,
    gap_interval,
    more,
    odds,
    of_bases,
    proofs,
    sample,
    tally,
)
from .margins import margin
from .sensitivity import sensitivity

PPO = "ppo-paper"
BEST = "best-reward-known"
HEURISTIC = "heuristic-rde"
BASELINES = ("average", "random", HEURISTIC)

LEVEL = 0.01
"""PPO is level with a baseline if it earns no more than this share of what there is to gain over it."""

NEAR = 0.05
"""Mean gap to the proved optimum that is called near here; the paper gives no number."""


def judge(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The paper's claims, and what its rankings hang on, from the numbers of a reproduction alone.

    Args:
        document: A reproduction, ``rdebench-reproduction/1``. A claim for which it has no numbers cannot be told.

    Returns:
        ``claims``, mappings with ``key``, ``claim``, ``where`` (in the paper), ``verdict``, ``evidence`` (sentences)
        and ``findings``, one for each reading that bears on it, with ``reading`` (its key), ``verdict`` and
        ``evidence``; and ``sensitivity``, see :func:`~.sensitivity.sensitivity`.
    """
    readings = _with_numbers(document.get("readings") or [])
    printed = (document.get("printed") or {}).get("fig5") or {}
    exact = document.get("exact") or []
    claims = [
        _beats(readings, printed),
        _worst(readings),
        _near(readings),
        _too_hard(exact),
        _scales(exact),
    ]
    return {"claims": claims, "sensitivity": sensitivity(readings)}


def _with_numbers(readings: Sequence[Reading]) -> list[Reading]:
    """The readings that were computed, with those strategies that have an answer."""
    kept = [
        {
            **one,
            "strategies": {
                name: strategy
                for name, strategy in (one.get("strategies") or {}).items()
                if strategy is not None and strategy.get("mean") is not None
            },
        }
        for one in readings
    ]
    return [one for one in kept if one["strategies"]]


def _beats(readings: Sequence[Reading], printed: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """PPO earns more than each baseline."""
    findings, texts = [], {}
    for reading in readings:
        strategies = reading["strategies"]
        rivals = [name for name in BASELINES if name in strategies and PPO in strategies]
        if not rivals:
            continue
        margins = {name: margin(strategies[PPO], strategies[name]) for name in rivals}
        to_gain = _to_gain(reading, rivals)
        level = {name: LEVEL * gain for name, gain in to_gain.items()}
        rival = max(rivals, key=lambda name: strategies[name]["mean"])
        short = f"PPO earns {more(margins[rival], rival)}, the best of them"
        if to_gain.get(rival, 0.0) > 0:
            short += f", {percent(margins[rival].mean / to_gain[rival])} of what there is to gain over it"
        texts[reading["key"]] = short
        details = "; ".join(f"{more(one, name)}{odds(one)}" for name, one in margins.items())
        findings.append(
            finding(reading, all_above(margins, level), f"PPO ({sample(strategies[PPO])}) earns {details}.")
        )
    evidence = [
        tally(findings, "PPO clearly earns more than every baseline"),
        *of_bases(readings, texts),
    ]
    if {PPO, *BASELINES} <= set(printed):
        rival = max(BASELINES, key=lambda name: printed[name][0])
        evidence.append(f"Printed: {figure(printed[PPO][0] - printed[rival][0])} more than {rival}.")
        evidence += _out_of_reach(readings, float(printed[PPO][0]))
    bases = [one for one in readings if one.get("decision") is None]
    untried = [reading_name(one) for one in bases if findings and one["key"] not in texts]
    return claim(
        "beats-baselines",
        "PPO beats the baselines",
        "Section IV, Fig. 5",
        findings,
        evidence,
        untried=untried,
    )


def _to_gain(reading: Reading, rivals: Sequence[str]) -> dict[str, float]:
    """How much more than each of some strategies anyone is known to earn."""
    strategies = reading["strategies"]
    best = max(strategies[name]["mean"] for name in (BEST, "optimum", PPO) if name in strategies)
    return {name: max(best - strategies[name]["mean"], 0.0) for name in rivals}


def _out_of_reach(readings: Sequence[Reading], printed: float) -> list[str]:
    """Bases in which nobody is known to earn what is printed for PPO."""
    best = {
        reading_name(one): one["strategies"][BEST]["mean"]
        for one in readings
        if one.get("decision") is None and BEST in one["strategies"]
    }
    return [
        f"In the {name} the best reward known is {figure(mean)}, below the {figure(printed)} that is printed for PPO."
        for name, mean in best.items()
        if mean < printed
    ]


def _worst(readings: Sequence[Reading]) -> dict[str, Any]:
    """Heuristic-RDE earns less than the other strategies of Fig. 5."""
    findings, texts = [], {}
    for reading in readings:
        strategies = reading["strategies"]
        if not set(BASELINES) <= set(strategies):
            continue
        others = [name for name in (PPO, "average", "random") if name in strategies]
        margins = {name: margin(strategies[name], strategies[HEURISTIC]) for name in others}
        text = ", ".join(f"{name} {number(strategies[name]['mean'])}" for name in (HEURISTIC, *others))
        texts[reading["key"]] = text
        beaten = [name for name, one in margins.items() if one.sign < 0]
        ending = f": clearly more than {listing(beaten)}" if beaten else ""
        findings.append(finding(reading, all_above(margins), f"{text}{ending}."))
    evidence = [
        tally(findings, "heuristic-rde clearly has the lowest mean reward"),
        *of_bases(readings, texts),
        *_flip(readings, {one["reading"]: one for one in findings}),
    ]
    return claim(
        "heuristic-worst",
        "Heuristic-RDE is the worst strategy",
        "Section IV, Fig. 5 and 6",
        findings,
        evidence,
    )


def _flip(readings: Sequence[Reading], findings: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Two readings one step apart, neither a base, of which one has the claim hold and the other has not."""
    for reading in readings:
        here, there = findings.get(reading["key"]), findings.get(str(reading.get("against")))
        if here is None or there is None:
            continue
        other = next(one for one in readings if one["key"] == there["reading"])
        if other.get("decision") is not None and {here["verdict"], there["verdict"]} == {HOLDS, FAILS}:
            return [
                f"One step flips it. {_capital(reading_name(other))}: {there['evidence']}",
                f"{_capital(reading_name(reading))}: {here['evidence']}",
            ]
    return []


def _near(readings: Sequence[Reading]) -> dict[str, Any]:
    """PPO comes near the proved optimum; a reading without one says nothing about it."""
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    for reading in readings:
        if PPO not in reading["strategies"]:
            continue
        if reading["strategies"][PPO].get("gap") is None:
            texts |= {reading["key"]: text} if (text := _beyond(reading)) else {}
            continue
        verdict, texts[reading["key"]] = _from_optimum(reading)
        findings.append(finding(reading, verdict, f"{texts[reading['key']]}."))
    evidence = [tally(findings, "PPO is near-optimal"), *of_bases(readings, texts)]
    return claim("near-optimal", "PPO is near-optimal", "Sections I, III and VI", findings, evidence)


def _from_optimum(reading: Reading) -> tuple[str, str]:
    """How far PPO is from the proved optimum."""
    ppo, tuned = reading["strategies"][PPO], reading["strategies"].get("ppo")
    low, high = gap_interval(ppo)
    text = f"PPO is {percent(ppo['gap'])} below the proved optimum on average"
    if np.isfinite(low):
        text += f" (95{SPACE}% interval {percent(low)} to {percent(high)})"
    text += (
        f", {percent(1 - ppo['feasible'])} of its answers breaking a constraint and counting as 100{SPACE}%"
    )
    if tuned is not None and tuned.get("gap") is not None:
        text += f"; tuned, the same actions reach {percent(tuned['gap'])}"
    return (HOLDS if high <= NEAR else FAILS if low > NEAR else UNKNOWN), text


def _beyond(reading: Reading) -> str | None:
    """What a search for reward earns more than PPO, where no answer is feasible and near to nothing is near."""
    strategies = reading["strategies"]
    if BEST not in strategies:
        return None
    missing = margin(strategies[BEST], strategies[PPO])
    return f"no answer is feasible, so there is no optimum to be near; a search for reward earns {more(missing, 'PPO')}"


def _too_hard(exact: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """No traditional method solves the paper's sizes: judged by one that proves its answers."""
    findings = []
    for one in exact:
        if one["users"] <= 12:
            proved = one["proved"] / one["instances"]
            verdict = FAILS if proved == 1 else HOLDS if proved == 0 else UNKNOWN
            findings.append(
                {"reading": one["scenario"], "verdict": verdict, "evidence": f"{_capital(proofs(one))}."}
            )
    largest = max((one["users"] for one in exact if one["users"] <= 12), default=0)
    evidence = [f"{_capital(proofs(one))}." for one in exact if one["users"] == largest]
    evidence = evidence or ["No exact method was timed."]
    return claim(
        "too-hard",
        "The problem is too hard for traditional methods",
        "Sections I and III",
        findings,
        evidence,
    )


def _scales(exact: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """More users are no obstacle. No number of the paper or of a reproduction of it can decide that."""
    evidence = [
        "The paper discusses it and tests 6, 9 and 12 users. Its design has three numbers for each user, so a "
        "policy serves one number of users, and no figure says what happens beyond 12."
    ]
    largest = max(exact, key=lambda one: int(one["users"]), default=None)
    if largest is not None and largest["users"] > 12:
        evidence.append(f"For comparison: {proofs(largest)}.")
    return claim("scales", "The approach scales to more users", "Section V", [], evidence)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
