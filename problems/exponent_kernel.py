"""Compiled kernels: v = ln(1 + SNR) at a price ratio, the root of e^v (v - 1) + 1 = y, exact over forty decades."""

from __future__ import annotations

import math

from .compiled import kernel


@kernel
def exponential_remainder(v: float) -> float:
    """The series of v - 1 + e^-v for 0 <= v < 0.4, where the difference would cancel."""
    term = 0.5 * v * v
    total = term
    for n in range(3, 14):
        term *= -v / n
        total += term
    return total


@kernel
def refined_exponent(y: float, v: float) -> tuple[float, float]:
    """The root v of :func:`snr_exponent` from a start near it, and e^v, by Halley's method.

    On v - 1 + (1 - y) e^-v, whose left part is a series where it would cancel. Convergence is cubic, so a step
    of 1e-3 leaves an error below 1e-9, which optimal prices forgive: it enters the optimum squared.
    """
    if y < 1e-18:
        v = math.sqrt(2.0 * y)
        return v, 1.0 + v
    for _ in range(20):
        e = math.exp(-v)
        f = exponential_remainder(v) - y * e if v < 0.4 else v - 1.0 + (1.0 - y) * e
        pull = (y - 1.0) * e
        slope = 1.0 + pull
        step = f / (slope + 0.5 * f * pull / slope)
        v -= step
        if abs(step) < 1e-3 * min(v, 1.0):
            break
    return v, (1.0 - step * (1.0 - step * (0.5 - step * (1.0 / 6.0 - step / 24.0)))) / e


@kernel
def near_exponent(y: float) -> float:
    """The root v of :func:`snr_exponent` to two digits: a series at the branch point, or Winitzki's formula."""
    if y < 0.6:
        p = math.sqrt(2.0 * y)
        return p * (1.0 - p * (1.0 / 3.0 - p * (11.0 / 72.0 - p * (43.0 / 540.0 - p * (769.0 / 17280.0)))))
    log = math.log1p((y - 1.0) / math.e)
    return 1.0 + log * (1.0 - math.log1p(log) / (2.0 + log))


@kernel
def snr_exponent(y: float) -> float:
    """The v >= 0 with e^v (v - 1) + 1 = y, for y >= 0, to rounding: v = 1 + W((y - 1) / e)."""
    if y < 1e-18:
        return math.sqrt(2.0 * max(y, 0.0))
    v, _ = refined_exponent(y, near_exponent(y))
    return refined_exponent(y, v)[0]
