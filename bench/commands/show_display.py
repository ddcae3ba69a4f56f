"""How ``rdebench show`` prints suites and single instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...leaderboard.tables import RATES
from ...leaderboard.wording import duration, number, percent
from ..grid import Column, console, fitted, say
from ..overview import DROPPED, Overview, columns, plain

_LATE = 1e-3
"""Relative excess over a deadline that is more than rounding to four digits."""


def overviews(found: Sequence[Overview]) -> None:
    """Print suites: what their results say, and their tables."""
    where = console()
    for place, one in enumerate(found):
        if place:
            where.print()
        say(where, f"{one.title} ({one.suite})", "bold")
        say(where, one.advice)
        say(where, one.headline)
        for part in one.parts:
            where.print()
            versions = [columns(part.table, notes=notes) for notes in (True, False)]
            printed, left_out = fitted(where, part.title, versions, DROPPED)
            where.print(printed)
            if left_out:
                say(where, f"not shown, for want of width: {', '.join(left_out)}", "dim")


def instance(found: Mapping[str, Any], solver: str | None) -> None:
    """Print an instance: a line for each solver or, of one, what each user gets beside the optimum.

    Args:
        found: What :func:`rdebench.bench.instance_data.read_instance` gives, and the ``suite``.
        solver: The solver; None for all.
    """
    where = console()
    best = found["optimum"]
    say(where, f"{found['scenario']}, instance {found['instance']} ({found['suite']})", "bold")
    proved = found["proved"]
    if best is None:
        known = f"proved {proved}" if proved in ("infeasible", "unbounded") else "its optimum is not proved"
    else:
        known = f"optimum {_worth(found, best)}, by {_source(best)}"
    say(where, f"{found['users']} users, {len(found['models'])} SCMs, {found['rate']} rate; {known}")
    where.print()
    if solver is None:
        where.print(fitted(where, "", [_solvers(found)], ("band, MHz", "power, W", "reward"))[0])
        say(where, "--solver NAME shows what each user gets", "dim")
        return
    answer = found["answers"][solver]
    if answer.get("scm") is None:
        say(where, f"{solver} gave no allocation: {answer['status']}")
        return
    where.print(fitted(where, "", [_users(found, solver)], ("gain", "deadline"))[0])
    where.print()
    for name, one in ((solver, answer), ("optimum", best)):
        if one is not None:
            power, bandwidth = one["total_power_w"], one["total_bandwidth_hz"]
            say(
                where,
                f"{name}: {_worth(found, one)}, reward {_digits(one['reward'])}, "
                f"{_digits(power)} of {found['power_budget_w']:.4g} W with the SCMs, "
                f"{_digits(bandwidth, 1e-6)} of {found['bandwidth_budget_hz'] * 1e-6:.4g} MHz",
            )
    gap = "" if answer["gap"] is None else f", gap {plain(percent(answer['gap']))}"
    say(
        where,
        f"{solver} is {answer['status'].replace('_', ' ')}{gap}; ! marks a missed deadline, * another SCM",
    )


def _solvers(found: Mapping[str, Any]) -> list[Column]:
    """A line for each solver, the smallest gap first."""
    answers = sorted(
        found["answers"].items(), key=lambda item: (item[1]["gap"] is None, item[1]["gap"] or 0.0)
    )
    lines = [
        (
            solver,
            one["status"].replace("_", " "),
            "-" if one["gap"] is None else plain(percent(one["gap"])),
            _digits(one.get("reward")),
            _digits(one.get("total_power_w")),
            _digits(one.get("total_bandwidth_hz"), 1e-6),
            "-" if one["seconds"] is None else plain(duration(one["seconds"])),
        )
        for solver, one in answers
    ]
    titles = ("solver", "status", "gap", "reward", "power, W", "band, MHz", "time")
    cells = zip(*lines, strict=True)
    return [
        Column(title, title, each, left=title in titles[:2])
        for title, each in zip(titles, cells, strict=True)
    ]


def _users(found: Mapping[str, Any], solver: str) -> list[Column]:
    """Two lines for each user, the answer and the optimum; one where no optimum is known."""
    best, unit = found["optimum"], RATES[found["rate"]][0]
    lines = []
    for user in range(found["users"]):
        for name, one in (("answer", found["answers"][solver]), ("optimum", best)):
            if one is not None:
                lines.append((user, name, one))

    def of(key: str, scale: float) -> tuple[str, ...]:
        return tuple(_digits(one[key][user], scale) for user, _, one in lines)

    def first(cells: Any) -> tuple[str, ...]:
        return tuple(cells(user) if name == "answer" else "" for user, name, _ in lines)

    def marks(user: int) -> str:
        answer = found["answers"][solver]
        other = best is not None and best["scm"][user] != answer["scm"][user]
        latency = answer["latency_s"][user]
        late = latency is None or latency > found["deadline_s"][user] * (1 + _LATE)
        return f"{'*' if other else ''}{'!' if late else ''}"

    return [
        Column("user", "user", first(lambda user: str(user + 1))),
        Column("gain", "gain, dB", first(lambda user: _digits(found["gain_db"][user]))),
        Column("marks", "", first(marks), left=True),
        Column("who", "", tuple(name for _, name, _ in lines), left=True),
        Column("scm", "SCM", tuple(found["models"][one["scm"][user]] for user, _, one in lines), left=True),
        Column("power", "power, mW", of("power_w", 1e3)),
        Column("bandwidth", "band, kHz", of("bandwidth_hz", 1e-3)),
        Column("rate", unit, of("rate", 1 / RATES[found["rate"]][1])),
        Column("latency", "latency, s", of("latency_s", 1.0)),
        Column("deadline", "of", first(lambda user: _digits(found["deadline_s"][user]))),
    ]


def _worth(found: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    unit, size = RATES[found["rate"]]
    return f"RDE {_digits(one['rde'], 1 / size)} {unit}"


def _source(best: Mapping[str, Any]) -> str:
    return "a verified certificate" if best["source"] == "certificate" else str(best["source"])


def _digits(value: float | None, scale: float = 1.0) -> str:
    return "-" if value is None else plain(number(value * scale))
