"""Solvers that learn on the page: how they converge, what training costs, and what carries over to other problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .learner_curves import mean_curve
from .learner_tables import Matrix, Trained, costs, matrices, runs, separations
from .tables import Table
from .wording import duration, percent, plural

MIXTURE = "mixture"
"""What a policy is said to be trained on that has seen more than one scenario."""


@dataclass(frozen=True)
class Learners:
    """All that the page says of solvers that learn."""

    headline: str
    table: Table
    separations: Table | None
    runs: tuple[tuple[str, str, str], ...]
    names: tuple[str, ...]
    plot: dict[str, Any]
    matrices: tuple[Matrix, ...]
    slug: str = "learners"


def learners_view(content: Mapping[str, Any]) -> Learners | None:
    """What the page shows of policies.

    Args:
        content: ``policies``, a list of mappings with ``policy`` (its name), ``trained_on`` (a scenario's id or
            ``mixture``), ``scenarios`` (how many), ``seed``, ``steps``, ``seconds``, ``machine``, ``command``,
            ``parameters``, ``bytes`` and ``curve`` (see :data:`~.learner_curves.Curve`); ``generalisation``, the
            entries of a matrix: mappings with ``solver``, ``trained_on``, ``tested_on``, ``instances``,
            ``policies``, ``gap``, ``gap_low``, ``gap_high`` and ``infeasible``. Steps, parameters and ends of
            intervals may be None.

    Returns:
        The view, or None if there is no policy.
    """
    trained = _grouped(content["policies"])
    if not trained:
        return None
    panels = _panels(trained)
    names = _colours(trained)
    return Learners(
        headline=" ".join(_sentence([one for one in trained if one.place == place]) for place in panels),
        table=costs(trained),
        separations=separations(trained),
        runs=runs(trained),
        names=tuple(names),
        plot={
            "panels": [
                {"title": place, "lines": [_line(one, names) for one in trained if one.place == place]}
                for place in panels
            ]
        },
        matrices=matrices(content["generalisation"]),
    )


def _grouped(policies: Sequence[Mapping[str, Any]]) -> list[Trained]:
    """Policies that differ only in their seeds together; in the order of what they are trained on, best first."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for policy in sorted(policies, key=lambda one: int(one["seed"])):
        if policy["curve"]:
            groups.setdefault((policy["trained_on"], policy["policy"]), []).append(policy)
    trained = [Trained(name, _place(place, group), tuple(group)) for (place, name), group in groups.items()]
    return sorted(trained, key=lambda one: (one.place, one.gap, one.name))


def _place(trained_on: str, group: Sequence[Mapping[str, Any]]) -> str:
    return f"a mixture of {group[0]['scenarios']} scenarios" if trained_on == MIXTURE else trained_on


def _panels(trained: Sequence[Trained]) -> list[str]:
    """What is trained on with several seeds, or in a mixture; else the place with the most learners."""
    places = list(dict.fromkeys(one.place for one in trained))
    wanted = [
        place
        for place in places
        if any(one.place == place and (len(one.policies) > 1 or one.is_mixture) for one in trained)
    ]
    return wanted or [max(places, key=lambda place: sum(one.place == place for one in trained))]


def _colours(trained: Sequence[Trained]) -> list[str]:
    """The learners in the order of their colours, the one that stays farthest from the bound first."""
    names = {one.name for one in trained}
    best = {name: min(one.gap for one in trained if one.name == name) for name in names}
    return sorted(names, key=lambda name: (-best[name], name))


def _sentence(trained: Sequence[Trained]) -> str:
    """How far the best learner of a place came, and how far the worst."""
    best, worst = trained[0], trained[-1]
    text = f"Trained on {best.place}, {best.name} is {percent(best.gap)} below the proved bound on average"
    text += f" after {duration(best.seconds)}"
    text += f" (mean of {plural(len(best.policies), 'seed')})" if len(best.policies) > 1 else ""
    if worst is best:
        return f"{text}."
    return f"{text}, the closest of {len(trained)}; {worst.name}, the farthest, is at {percent(worst.gap)}."


def _line(one: Trained, names: Sequence[str]) -> dict[str, Any]:
    points = mean_curve([policy["curve"] for policy in one.policies])
    return {
        "name": one.name,
        "colour": names.index(one.name),
        "seeds": len(one.policies),
        "points": [
            [_rounded(value) for value in (point.seconds, point.gap, point.low, point.high)]
            for point in points
        ],
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
