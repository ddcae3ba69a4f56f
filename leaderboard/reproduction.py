"""The paper put to the test, on the page: its claims with verdicts, its figures beside ours, and what they hang on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .reproduction_names import reading_name
from .reproduction_plot import plot
from .reproduction_tables import Sensitivity, measured_table, sensitivity_tables
from .tables import Table
from .wording import listing, plural

FORMAT = "rdebench-reproduction/1"

KINDS = {"holds": "good", "does not hold": "failed", "depends on the reading": "mixed"}
"""How a verdict is set; any other is left grey."""

COUNTS = ("no", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: its verdict, the evidence, and each reading's own (name, verdict, kind, evidence)."""

    text: str
    where: str
    verdict: str
    kind: str
    evidence: str
    findings: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class Reproduction:
    """All that the page says of the paper."""

    headline: str
    claims: tuple[Claim, ...]
    measured: Table | None
    sensitivity: tuple[Sensitivity, ...]
    left_out: tuple[tuple[str, str], ...]
    plot: dict[str, Any]
    settings: str
    command: str
    slug: str = "paper"


def reproduction_view(document: Mapping[str, Any] | None) -> Reproduction | None:
    """What the page shows of a reproduction of the paper.

    Args:
        document: What ``rdebench reproduce`` writes, with ``claims`` and ``sensitivity``; every part may be missing.

    Returns:
        The view, or None without a document of a format that is known.
    """
    if document is None or document.get("format") != FORMAT:
        return None
    readings = list(document.get("readings") or [])
    claims = tuple(_claim(one, readings) for one in document.get("claims") or [])
    return Reproduction(
        headline=headline(claims, readings),
        claims=claims,
        measured=measured_table(document.get("table1") or []),
        sensitivity=sensitivity_tables(readings, document.get("sensitivity") or []),
        left_out=tuple((reading_name(one), str(one["reason"])) for one in readings if one.get("reason")),
        plot=plot(document),
        settings=_settings(document.get("settings") or {}),
        command=str(document.get("command") or "rdebench reproduce --out reproduction"),
    )


def headline(claims: Sequence[Claim], readings: Sequence[Mapping[str, Any]]) -> str:
    """How the paper's claims stand, in one sentence."""
    if not claims:
        return "No claim of the paper was judged."
    computed = sum(bool(one.get("strategies")) for one in readings)
    parts = []
    for verdict, one, several in (
        ("holds", "holds", "hold"),
        ("does not hold", "does not hold", "do not hold"),
        ("depends on the reading", "depends on how the paper is read", "depend on how the paper is read"),
        ("cannot be told", "cannot be told", "cannot be told"),
    ):
        found = [claim.text for claim in claims if claim.verdict == verdict]
        if found:
            quoted = "; ".join(f"“{text}”" for text in found)
            parts.append(f"{_count(len(found))} {one if len(found) == 1 else several} ({quoted})")
    tried = plural(computed, "reading")
    return f"Of {_count(len(claims))} claims of the paper, tried in up to {tried} of it, {listing(parts)}."


def _settings(settings: Mapping[str, Any]) -> str:
    """How much was computed."""
    parts = [plural(int(settings["episodes"]), "test episode")] if settings.get("episodes") else []
    if settings.get("seeds") and settings.get("steps"):
        trainings = plural(int(settings["seeds"]), "training")
        parts.append(
            f"up to {trainings} of PPO for each reading of (12), {int(settings['steps']):,} decisions each"
        )
    return "; ".join(parts)


def _count(number: int) -> str:
    return COUNTS[number] if number < len(COUNTS) else str(number)


def _claim(content: Mapping[str, Any], readings: Sequence[Mapping[str, Any]]) -> Claim:
    names = {one["key"]: reading_name(one) for one in readings}
    verdict = str(content["verdict"])
    return Claim(
        str(content["claim"]),
        str(content.get("where") or ""),
        verdict,
        KINDS.get(verdict, ""),
        str(content.get("evidence") or ""),
        tuple(
            (
                names.get(one["reading"], str(one["reading"])),
                str(one["verdict"]),
                KINDS.get(one["verdict"], ""),
                str(one["evidence"]),
            )
            for one in content.get("findings") or []
        ),
    )
