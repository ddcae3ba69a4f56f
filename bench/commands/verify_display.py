"""How a verification is printed: the check of the optimum, a table of the solvers, and their wrong choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from ..cells import SuiteRun
    from ..cross_check import CrossCheck
    from ..verification import Figures
    from ..wrong_choice import Share, WrongChoice

_ALL_USERS = 12
"""Largest M for which every user is printed; beyond it those whose wrong SCM is explained."""

_NO_GAP = 1e-9
_LATE = 1e-6


def show(
    console: Console,
    run: SuiteRun,
    check: CrossCheck,
    found: Sequence[Figures],
    past: Sequence[Figures],
    threshold: float,
    absent: Mapping[str, str],
    wrong: Sequence[WrongChoice],
) -> None:
    """Print a verification."""

    def say(text: str, style: str = "") -> None:
        console.print(escape(text), style=style, highlight=False, soft_wrap=True)

    _show_check(say, check)
    console.print()
    console.print(_figures(run, found))
    for one in found:
        if one.failure:
            say(f"{one.solver} failed on {one.scenario}, {one.failure}", "red")
    for name, reason in absent.items():
        say(f"{name} is not in the table: {reason}")
    for choice in wrong:
        console.print()
        console.print(_choices(choice))
        for sentence in choice.sentences:
            say(f"- {sentence}")
    console.print()
    for one in past:
        say(
            f"{one.solver}: mean gap {one.mean_gap:.3g} on {one.scenario} is past the threshold of {threshold:.3g}",
            "red",
        )
    if not past:
        say(f"every solver is within the threshold: mean gap at most {threshold:.3g}")


def _show_check(say: Callable[..., None], check: CrossCheck) -> None:
    for fault in check.faults:
        say(f"the optimum is in doubt: {fault}", "red")
    if check.faults:
        return
    if check.compared:
        difference = f"largest difference {check.largest_difference:.1e}"
        say(f"exhaustive search and the certificate agree on {check.compared} instances, {difference};")
    else:
        say("no instance is small enough for exhaustive search, so gaps are to the proved bound;")
    say(f"the proofs of {check.certificates} certificates were followed and hold")


def _figures(run: SuiteRun, found: Sequence[Figures]) -> Table:
    title = f"{run.suite.name}: {run.instances} instances of each scenario, seed {run.seed}; gaps in %"
    table = Table(title=title, title_justify="left", box=None)
    several, skips = len(run.scenarios) > 1, any(one.skipped for one in found)
    bounds = any(one.against != "optimum" for one in found)
    table.add_column("solver", no_wrap=True)
    if several:
        table.add_column("scenario", no_wrap=True)
    names = [
        "instances",
        *(["skipped"] if skips else []),
        "mean",
        "95th pct",
        "worst",
        "optimal",
        "infeasible",
    ]
    for name in [*names, "time"]:
        table.add_column(name, justify="right")
    if bounds:
        table.add_column("gap to")
    for one in found:
        table.add_row(
            escape(one.solver),
            *([one.scenario] if several else []),
            str(one.instances),
            *([str(one.skipped)] if skips else []),
            *(_percent(value) for value in (one.mean_gap, one.p95_gap, one.worst_gap)),
            f"{one.optimal_share:.0%}",
            str(one.infeasible),
            "-" if one.median_seconds is None else f"{one.median_seconds * 1e3:.3g} ms",
            *([one.against.replace("proved ", "")] if bounds else []),
        )
    if not bounds:
        table.caption, table.caption_justify = "gaps are to the optimum by exhaustive search", "left"
    return table


def _percent(gap: float) -> str:
    return "0" if gap < _NO_GAP else f"{gap * 100:.3g}"


def _choices(choice: WrongChoice) -> Table:
    """Two lines for each user, the answer and the best answer; ``*`` marks another SCM, ``!`` a missed deadline."""
    title = (
        f"{choice.solver}, the worst of its answers: {choice.scenario}, instance {choice.instance}, "
        f"gap {choice.gap:.3%}"
    )
    table = Table("", "user", "", "SCM", title=escape(title), title_justify="left", box=None)
    for name in ("power, mW", "band, kHz", choice.rate_unit, "latency, s", "of", "gain, dB"):
        table.add_column(name, justify="right")
    for user in choice.users:
        if len(choice.users) > _ALL_USERS and user.user not in choice.explained:
            continue
        style = "bold" if user.differs else ""
        late = user.chosen.latency_s > user.deadline_s * (1 + _LATE)
        table.add_row(
            "*" if user.differs else "",
            str(user.user),
            "given",
            *_share(user.chosen, "!" if late else ""),
            f"{user.deadline_s:.4g}",
            f"{user.gain_db:.1f}",
            style=style,
        )
        table.add_row("", "", "best", *_share(user.best), style=style)
    return table


def _share(share: Share, mark: str = "") -> list[str]:
    numbers = (share.power_mw, share.bandwidth_khz, share.rate, share.latency_s)
    power, bandwidth, rate, latency = (f"{number:.4g}" for number in numbers)
    return [escape(share.scm), power, bandwidth, rate, mark + latency]
