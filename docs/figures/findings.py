"""Draw docs/figures/findings-*.svg and rewrite the tables of docs/findings.md, all from a reproduction.

Run it with ``python docs/figures/findings.py`` (matplotlib comes with the ``search`` extra), and with the path of a
``reproduction.json`` to take another one than that which ships.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rdebench.bench.reproduction.shipped import shipped
from rdebench.leaderboard.reproduction import reproduction_view
from rdebench.leaderboard.reproduction_names import computed, figure, reading_name, strategy_name
from rdebench.leaderboard.wording import NONE, duration, interval, number, percent, whole_percent

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "findings.md"
LAST = 10
"""Roll-outs at the end of a training whose mean reward is its end."""


def blocks(document: Mapping[str, Any]) -> dict[str, str]:
    """The generated parts of the document by their names."""
    view = reproduction_view(document)
    assert view is not None
    readings = [one for one in document["readings"] if computed(one["strategies"])]
    return {
        "answer": view.headline,
        "settings": _settings(document),
        "verdicts": _table(
            ("claim", "verdict", "evidence"),
            [(claim.text, f"**{claim.verdict}**", claim.evidence) for claim in view.claims],
        ),
        "fig4": _convergence(document["convergence"]),
        "fig5": "\n\n".join(
            _rewards(reading, document["printed"]["fig5"])
            for reading in readings
            if reading["decision"] is None
        ),
        "readings": _readings_of_reward(readings),
        "gaps": _gaps(readings),
        "exact": _exact(document["exact"]),
        "sensitivity": "\n\n".join(_sensitivity(document, base) for base in _bases(readings)),
        "table1": _measured(document["table1"]),
        "left-out": _table(
            ("decision", "choice", "why not"),
            dict.fromkeys(
                (one["title"], one["option"], one["reason"])
                for one in document["readings"]
                if one.get("reason")
            ),
        ),
    }


def with_blocks(text: str, document: Mapping[str, Any]) -> str:
    """The text with its generated parts renewed: what stands between ``<!-- NAME -->`` and ``<!-- end -->``."""
    for name, content in blocks(document).items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        text, found = re.subn(
            pattern, lambda part, new=content: f"{part[1]}{new}\n{part[2]}", text, flags=re.DOTALL
        )
        assert found == 1, f"{name}: no such part in {DOCUMENT.name}"
    return text


def _table(heads: Sequence[str], rows: Any) -> str:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _bases(readings: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(one["base"]) for one in readings))


def _trainings(document: Mapping[str, Any]) -> str:
    """How many trainings there are, as found, not as asked for."""
    counts = {len(one["rewards"]) for one in document["convergence"]}
    few, many = min(counts, default=0), max(counts, default=0)
    return f"{many} trainings" if few == many else f"{few} to {many} trainings"


def _settings(document: Mapping[str, Any]) -> str:
    settings, machine = document["settings"], document["machine"]
    tried = sum(bool(one["strategies"]) for one in document["readings"])
    return "\n".join(
        (
            f"- command: `{document['command']}`",
            f"- {tried} readings, {settings['episodes']} test episodes each (instances 0 to "
            f"{settings['episodes'] - 1} of the split `test`, suite seed {settings['suite_seed']})",
            f"- PPO: {_trainings(document)} for each reading of (12), {settings['steps']:,} decisions each",
            f"- machine: {machine.get('cpu', machine)}"
            if isinstance(machine, dict)
            else f"- machine: {machine}",
            f"- made: {document['created'][:10]}, code `{document['code_hash'][:12]}`",
        )
    )


def _rewards(reading: Mapping[str, Any], printed: Mapping[str, Sequence[float]]) -> str:
    """Fig. 5 of a base."""
    rows = []
    for name, one in computed(reading["strategies"]).items():
        mean, spread = printed.get(name, (None, None))
        rows.append(
            (
                strategy_name(name),
                f"{number(one['mean'])} ± {figure(one['sd'])}",
                _ends(one["low"], one["high"]),
                NONE if mean is None else f"{number(mean)} ± {figure(spread)}",
                whole_percent(one["feasible"]),
                NONE if one["gap"] is None else percent(one["gap"]),
            )
        )
    heads = ("strategy", "mean reward here", "95 % interval of the mean", "printed", "feasible", "proved gap")
    return (
        f"The {reading_name(reading)}, {reading['title']} (`{reading['scenario']}`):\n\n{_table(heads, rows)}"
    )


def _ends(low: float | None, high: float | None) -> str:
    return NONE if low is None or high is None else f"{number(low)} to {number(high)}"


def _readings_of_reward(readings: Sequence[Mapping[str, Any]]) -> str:
    """Mean rewards wherever PPO was trained."""
    shown = [one for one in readings if "ppo-paper" in computed(one["strategies"])]
    names = ["ppo-paper", "average", "random", "heuristic-rde", "optimum", "best-reward-known"]
    rows = [
        (
            reading_name(one),
            *(
                number(computed(one["strategies"])[name]["mean"])
                if name in computed(one["strategies"])
                else NONE
                for name in names
            ),
        )
        for one in shown
    ]
    return _table(("reading", *map(strategy_name, names)), rows)


def _gaps(readings: Sequence[Mapping[str, Any]]) -> str:
    """How far the two PPOs are from the proved optimum."""
    rows = []
    for reading in readings:
        for name in ("ppo-paper", "ppo"):
            one = computed(reading["strategies"]).get(name)
            if (
                one is not None
                and one["gap"] is not None
                and (reading["decision"] is None or name == "ppo-paper")
            ):
                ends = interval(
                    *(
                        one.get(key) if one.get(key) is not None else float("nan")
                        for key in ("gap_low", "gap_high")
                    )
                )
                rows.append(
                    (
                        reading_name(reading),
                        strategy_name(name),
                        percent(one["gap"]),
                        ends,
                        whole_percent(one["feasible"]),
                    )
                )
    return _table(("trained for", "policy", "mean gap", "95 % interval", "feasible"), rows)


def _convergence(curves: Sequence[Mapping[str, Any]]) -> str:
    """Where trainings begin and end."""
    rows = []
    for curve in sorted(curves, key=lambda one: (one["base"], one["reading"], one["users"])):
        ends = [sum(rewards[-LAST:]) / LAST for rewards in curve["rewards"]]
        first = sum(rewards[0] for rewards in curve["rewards"]) / len(curve["rewards"])
        seconds = sum(curve["seconds"]) / len(curve["seconds"])
        spread = f"{number(min(ends))} to {number(max(ends))}"
        rows.append(
            (
                f"{curve['base']}, {curve['reading']}",
                curve["users"],
                len(ends),
                number(first),
                number(sum(ends) / len(ends)),
                spread,
                duration(seconds),
            )
        )
    heads = (
        "base, (12)",
        "users",
        "trainings",
        "first roll-out",
        f"last {LAST}",
        "least to most",
        "time each",
    )
    return _table(heads, rows)


def _exact(exact: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            f"`{one['scenario']}`",
            f"{one['users']:,}",
            f"{one['proved']} of {one['instances']}" + (" (infeasible)" if one["infeasible"] else ""),
            duration(one["seconds"]),
            duration(one["seconds_p99"]),
        )
        for one in exact
    ]
    return _table(("scenario", "users", "proved", "median", "99th percentile"), rows)


def _sensitivity(document: Mapping[str, Any], base: str) -> str:
    """One decision a row: what was tried, what swaps strategies, and how far the means move."""
    decisions: dict[str, list[Mapping[str, Any]]] = {}
    for one in document["sensitivity"]:
        if one["base"] == base and one["decision"] is not None:
            decisions.setdefault(one["title"], []).append(one)
    rows = []
    for title, of_decision in decisions.items():
        swaps = [
            f"{one['option']}: {', '.join(_swap(swap) for swap in one['swaps'] if swap['clear'])}"
            for one in of_decision
            if any(swap["clear"] for swap in one["swaps"])
        ]
        moves = {
            name: max(
                (one["moves"][name] for one in of_decision if name in one["moves"]), key=abs, default=0.0
            )
            for name in ("average", "random", "heuristic-rde")
        }
        rows.append(
            (
                title,
                "; ".join(one["option"] for one in of_decision),
                "; ".join(swaps) or "none",
                *map(figure, moves.values()),
            )
        )
    heads = (
        "decision",
        "tried",
        "swaps beyond the intervals",
        "average moves by up to",
        "random",
        "heuristic-RDE",
    )
    return f"The {base} base:\n\n{_table(heads, rows)}"


def _swap(swap: Mapping[str, Any]) -> str:
    return f"{strategy_name(swap['above'])} above {strategy_name(swap['below'])}"


def _measured(models: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for one in models:
        for variant, measured in (one["measured"] or {}).items():
            printed = one["printed"]
            rows.append(
                (
                    f"{one['model']}, {variant}",
                    *(
                        f"{number(printed[key])} / {figure(measured[key])}"
                        for key in ("power", "seconds", "objective")
                    ),
                    f"{int(measured['payload_bits']):,}",
                )
            )
    heads = ("model", "power, W", "time for 50,000 images, s", "loss (11)", "payload here, bit an image")
    return _table(heads, rows)


if __name__ == "__main__":
    from findings_plots import draw_convergence, draw_rewards

    found = json.loads(Path(sys.argv[1]).read_bytes()) if len(sys.argv) > 1 else shipped()
    if found is None:
        sys.exit(
            "no reproduction ships with this checkout: name a reproduction.json that rdebench reproduce wrote"
        )
    draw_rewards(found, HERE / "findings-fig5.svg")
    draw_convergence(found, HERE / "findings-fig4.svg")
    DOCUMENT.write_text(with_blocks(DOCUMENT.read_text(encoding="utf-8"), found), encoding="utf-8")
