"""Numbers as the page prints them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .stats import GAP_TOLERANCE

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"
NONE = "\N{EN DASH}"
"""Stands where there is no value, and between the ends of an interval."""


def percent(share: float) -> str:
    """A share: ``8.12 %``; from 10 % on one decimal, under 0.1 % two significant digits."""
    if not math.isfinite(share):
        return "∞" if share == math.inf else NONE
    if abs(share) <= GAP_TOLERANCE:
        return f"0{SPACE}%"
    size = abs(share) * 100
    if size < 0.1:
        text = f"{share * 100:.{1 - math.floor(math.log10(size))}f}"
    else:
        text = f"{share * 100:,.{2 if size < 9.995 else 1}f}"
    return f"{text.replace('-', MINUS)}{SPACE}%"


def whole_percent(share: float) -> str:
    """A share of runs: ``96 %``; 0 % and 100 % only where they are exact."""
    if not math.isfinite(share):
        return NONE
    if 0 < share < 0.01:
        return f"<1{SPACE}%"
    if 0.99 < share < 1:
        return f">99{SPACE}%"
    return f"{share:.0%}".replace("%", f"{SPACE}%")


def number(value: float) -> str:
    """Four significant digits."""
    if not math.isfinite(value):
        return NONE
    digits = 3 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 6)}f}".replace("-", MINUS)


def duration(seconds: float) -> str:
    """A time: ``210 µs``, ``4.2 ms``, ``1.3 s``, ``4.0 min``."""
    if not math.isfinite(seconds):
        return NONE
    for unit, size in (("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= size * (2 if unit == "min" else 0.9995):
            value = seconds / size
            return f"{value:.{0 if value >= 99.5 else 1}f}{SPACE}{unit}"
    return f"{seconds * 1e6:.0f}{SPACE}µs"


def bytes_of(count: float) -> str:
    """A number of bytes: ``155 kB``, ``1.25 MB``, ``182 MB``."""
    if not math.isfinite(count):
        return NONE
    for unit, many in (("GB", 1e9), ("MB", 1e6)):
        if count >= many:
            value = count / many
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}{SPACE}{unit}"
    return f"{count / 1e3:.0f}{SPACE}kB"


def interval(low: float, high: float) -> str:
    """An interval of shares: ``7.21 – 9.04 %``; empty if there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return percent(low) if percent(low) == percent(high) else f"{percent(low)[:-2]} {NONE} {percent(high)}"


def listing(items: Sequence[str]) -> str:
    """A list in a sentence: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def plural(count: int, noun: str) -> str:
    """``1 instance``, ``75 instances``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
