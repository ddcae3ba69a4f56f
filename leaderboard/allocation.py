"""Where power, bandwidth and rate go, user by user: what the page draws of single instances."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .tables import RATES

_DIGITS = 3

Instance = Mapping[str, Any]


def allocation_view(instances: Mapping[str, Sequence[Instance]]) -> dict[str, list[dict[str, Any]]]:
    """What the page shows of single instances, in the units it prints.

    Args:
        instances: By suite; each with ``scenario``, ``instance``, ``users`` (M), ``rate``, ``models`` (S names),
            ``compute_w`` (``[M][S]``), ``deadline_s``, ``gain_db``, ``power_budget_w``, ``bandwidth_budget_hz``,
            ``proved``, ``optimum`` (or None) and ``answers`` by solver. An answer has ``status``, ``gap`` and
            ``reward`` and, if it is an allocation, ``scm``, ``power_w``, ``bandwidth_hz``, ``rate`` and
            ``latency_s`` by user; the optimum has these and its ``source``. A ``choice`` (easiest, median, hardest)
            may say why it is here.

    Returns:
        By suite and in the same order: ``label``, ``scenario``, ``instance``, ``users``, ``models``, ``rate_unit``,
        ``deadline_s``, ``gain_db``, ``compute_mw``, ``power_budget_mw``, ``bandwidth_budget_khz``, ``proved``,
        ``optimum`` (or None) and ``answers`` by solver, the smallest gap first. Allocations have ``scm``,
        ``power_mw``, ``bandwidth_khz``, ``rate`` (in the unit) and ``latency_s`` by user, None where infinite, with
        three significant digits; answers without one have none of these.

    Raises:
        ValueError: If an allocation has not one value for each user, or names an SCM that is not there.
    """
    return {suite: [_shaped(one) for one in some] for suite, some in instances.items() if some}


def _shaped(one: Instance) -> dict[str, Any]:
    unit, size = RATES[one["rate"]]
    answers = sorted(one["answers"].items(), key=lambda item: (item[1]["gap"] is None, item[1]["gap"] or 0.0))
    choice = f" ({one['choice']})" if one.get("choice") else ""
    return {
        "label": f"{one['scenario']}, instance {one['instance']}{choice}",
        **{key: one[key] for key in ("scenario", "instance", "users", "models", "proved")},
        "rate_unit": unit,
        "deadline_s": _scaled(one["deadline_s"]),
        "gain_db": _scaled(one["gain_db"]),
        "compute_mw": [_scaled(line, 1e3) for line in one["compute_w"]],
        "power_budget_mw": one["power_budget_w"] * 1e3,
        "bandwidth_budget_khz": one["bandwidth_budget_hz"] * 1e-3,
        "optimum": _optimum(one, size),
        "answers": {
            solver: {
                **{key: answer[key] for key in ("status", "gap", "reward")},
                **_allocation(one, answer, size),
            }
            for solver, answer in answers
        },
    }


def _optimum(one: Instance, size: float) -> dict[str, Any] | None:
    best = one["optimum"]
    return (
        None
        if best is None
        else {"source": best["source"], "reward": best["reward"]} | _allocation(one, best, size)
    )


def _allocation(one: Instance, answer: Mapping[str, Any], size: float) -> dict[str, Any]:
    """The columns of an allocation in the units of the page; none of an answer that is no allocation."""
    if answer.get("scm") is None:
        return {}
    columns = {
        "scm": list(answer["scm"]),
        "power_mw": _scaled(answer["power_w"], 1e3),
        "bandwidth_khz": _scaled(answer["bandwidth_hz"], 1e-3),
        "rate": _scaled(answer["rate"], 1 / size),
        "latency_s": _scaled(answer["latency_s"]),
    }
    for name, values in columns.items():
        if len(values) != one["users"]:
            raise ValueError(
                f"{name} has {len(values)} values; it must be one for each of {one['users']} users"
            )
    if not all(scm in range(len(one["models"])) for scm in columns["scm"]):
        raise ValueError(f"scm is {columns['scm']}; the SCMs are 0 to {len(one['models']) - 1}")
    return columns


def _scaled(values: Iterable[float | None], scale: float = 1.0) -> list[float | int | None]:
    return [None if value is None else _short(value * scale) for value in values]


def _short(value: float) -> float | int | None:
    """Three significant digits, whole numbers without a point."""
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded
