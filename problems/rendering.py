"""Who gets what, as a table in text and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .rde import Allocation, Evaluation, RDEProblem
from .reward import RATE_UNITS

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]

_COLOURS: tuple[Colour, ...] = (  # Okabe and Ito: told apart by the colour-blind too
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
    (90, 90, 90),
)
_INK, _PALE, _GOOD, _BAD = (20, 20, 20), (228, 228, 228), (0, 120, 70), (190, 30, 30)
_WIDTH, _TOP, _BAR = 960, 76, 230
_COLUMNS = {"user": 16, "SCM": 60, "power": 200, "bandwidth": 510, "latency": 820}


def text(problem: RDEProblem, allocation: Allocation, decided: NDArray[np.bool_], instance: int) -> str:
    """A table with a row for each user, and below it what the allocation is worth.

    Args:
        problem: The problem.
        allocation: What was decided so far, ``[M]``.
        decided: Who has decided, ``[M]``.
        instance: The number of the instance, for the headline.
    """
    rate_name, rate_size = rate_unit(problem)
    header = ("user", "SCM", "compute", "power", "bandwidth", "rate", "latency", "deadline", "")
    units = ("", "", "W", "W", "Hz", rate_name, "s", "s", "")
    rows: list[tuple[str, ...]] = [header, units]
    scored = problem.evaluate(allocation)
    for m in range(problem.users):
        cells = [str(m), "-", "-", "-", "-", "-", "-", f"{problem.max_latency[m]:.3g}", ""]
        if decided[m]:
            scm = int(allocation.scm[m])
            cells[1:3] = [problem.scm_names[scm], f"{problem.scm_power[m, scm]:.3g}"]
            if allocation.bandwidth[m] > 0.0:
                numbers = (
                    allocation.power[m],
                    allocation.bandwidth[m],
                    scored.rate[m] / rate_size,
                    scored.latency[m],
                )
                cells[3:7] = [f"{number:.3g}" for number in numbers]
                cells[8] = "" if in_time(problem, scored)[m] else "late"
        rows.append(tuple(cells))
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([f"instance {instance}", *lines, verdict(problem, scored, decided)])


def verdict(problem: RDEProblem, scored: Evaluation, decided: NDArray[np.bool_]) -> str:
    """One line: what is used of the budgets, and RDE once everybody has decided."""
    if not decided.all():
        return f"{int(decided.sum())} of {problem.users} users have decided"
    name, size = rate_unit(problem)
    power = float(scored.total_power) / problem.power_budget
    bandwidth = float(scored.total_bandwidth) / problem.bandwidth_budget
    judged = "feasible" if scored.feasible else "not feasible"
    used = f"power {power:.1%}, bandwidth {bandwidth:.1%} of the budget"
    return f"RDE {float(scored.rde) / size:.4g} {name}, {judged}; {used}"


def rate_unit(problem: RDEProblem) -> tuple[str, float]:
    """The unit that rates are shown in, and its size."""
    name = "Mbit/s" if problem.rate == "shannon" else "bit/s/Hz"
    return name, RATE_UNITS[name]


def in_time(problem: RDEProblem, scored: Evaluation) -> NDArray[np.bool_]:
    """Who meets the deadline, ``[M]``, at the tolerance of the referee or a little more generously."""
    return np.asarray(scored.latency <= problem.max_latency * (1.0 + 1e-8))


def picture(
    problem: RDEProblem, allocation: Allocation, decided: NDArray[np.bool_], instance: int
) -> NDArray[np.uint8]:
    """A row for each user: its SCM by colour, bars of its shares of power and bandwidth, latency and deadline.

    The pale part of a power bar is the model's, the full part the transmitter's; bars of a column have one
    scale.

    Returns:
        Pixels, ``[height, 960, 3]``.
    """
    from PIL import Image, ImageDraw, ImageFont

    step = 26 if problem.users <= 40 else 14
    height = _TOP + step * problem.users + 34
    image = Image.new("RGB", (_WIDTH, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(13 if step > 14 else 10)
    assert isinstance(font, ImageFont.FreeTypeFont)
    scored = problem.evaluate(allocation)
    _heading(draw, font, instance)
    compute = np.where(decided, problem.scm_power[np.arange(problem.users), allocation.scm], 0.0)
    compute = compute / problem.power_budget
    power, share = allocation.power / problem.power_budget, allocation.bandwidth / problem.bandwidth_budget
    widest = [max(float(part.max()), 1e-12) for part in (compute + power, share)]
    late = ~in_time(problem, scored)
    for m in range(problem.users):
        y = _TOP + step * m
        draw.text((_COLUMNS["user"], y), str(m), _INK, font)
        if not decided[m]:
            continue
        scm = int(allocation.scm[m])
        colour = _COLOURS[scm % len(_COLOURS)]
        draw.rectangle((_COLUMNS["SCM"], y + 3, _COLUMNS["SCM"] + 8, y + 11), colour)
        draw.text((_COLUMNS["SCM"] + 14, y), _short(problem.scm_names[scm], font, 118), _INK, font)
        bars = (("power", (compute[m], power[m]), widest[0]), ("bandwidth", (0.0, share[m]), widest[1]))
        for column, parts, largest in bars:
            _bar(draw, font, (_COLUMNS[column], y, step), parts, largest, colour)
        if share[m] > 0.0:
            label = f"{_number(scored.latency[m])} of {_number(problem.max_latency[m])} s"
            draw.text((_COLUMNS["latency"], y), label, _BAD if late[m] else _GOOD, font)
    draw.text((16, height - 24), verdict(problem, scored, decided), _INK, font)
    return np.asarray(image, dtype=np.uint8).copy()


def _heading(draw: ImageDraw, font: FreeTypeFont, instance: int) -> None:
    """The number of the instance and the names of the columns."""
    draw.text((16, 10), f"instance {instance}", _INK, font)
    names = {"power": "power (pale: the model's)"}
    for column, left in _COLUMNS.items():
        draw.text((left, 44), names.get(column, column), _INK, font)
    draw.line((16, 66, _WIDTH - 16, 66), _PALE)


def _bar(
    draw: ImageDraw,
    font: FreeTypeFont,
    place: tuple[int, int, int],
    parts: tuple[float, float],
    largest: float,
    colour: Colour,
) -> None:
    """A bar of two parts, the first pale, and its total in percent behind it."""
    x, y, step = place
    pale = tuple(255 - (255 - value) * 2 // 5 for value in colour)
    first = x + round(_BAR * parts[0] / largest)
    last = x + round(_BAR * (parts[0] + parts[1]) / largest)
    bottom = y + max(step - 10, 8)
    if first > x:
        draw.rectangle((x, y + 2, first, bottom), pale)
    if last > first:
        draw.rectangle((first, y + 2, last, bottom), colour)
    if sum(parts) > 0.0:
        draw.text((last + 6, y), f"{100.0 * (parts[0] + parts[1]):.3g} %", _INK, font)


def _number(value: float) -> str:
    """Three digits, and no exponent below a million."""
    return f"{value:.0f}" if 100.0 <= value < 1e6 else f"{value:.3g}"


def _short(name: str, font: FreeTypeFont, width: float) -> str:
    """A name cut to a width in pixels."""
    while font.getlength(name) > width:
        name = name.rstrip("…")[:-1] + "…"
    return name
