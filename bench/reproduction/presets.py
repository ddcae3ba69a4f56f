"""The two readings of the paper that everything starts from, and scenarios that differ from them in one decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...problems import Scenario

PRESETS = {"main": "paper-m{users}-v1", "literal": "paper-literal-m12-v1"}
"""Main: the Shannon rate, path loss and hinge of the leaderboard. Literal: the formulas as they are printed."""

USERS = (6, 9, 12)
"""Numbers of users in the paper's Fig. 4; its Fig. 5 and 6 have 12."""

READINGS = ("hinge", "signed", "absolute")
"""Of (12); PPO is trained anew for each."""


def base(preset: str, users: int) -> Scenario:
    """The scenario of a preset for a number of users.

    Args:
        preset: A key of :data:`PRESETS`.
        users: One of :data:`USERS`.
    """
    scenario = Scenario.load(PRESETS[preset].format(users=users))
    if scenario.users == [users]:
        return scenario
    return changed(scenario, {"users": [users], "id": scenario.id.replace("m12", f"m{users}")})


def changed(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """The scenario with some constants changed, drawn from the same random streams unless its id is changed.

    Args:
        scenario: What to start from.
        changes: New values by ``section.name``, or by the name of a field of the scenario itself; None removes
            a constant.

    Raises:
        pydantic.ValidationError: If that is no valid scenario.
    """
    data = scenario.model_dump(exclude_none=True, exclude_unset=True)
    sources = dict(data["sources"])
    for name, value in changes.items():
        section, _, key = name.rpartition(".")
        place = data.setdefault(section, {}) if section else data
        if value is None:
            place.pop(key, None)
            sources.pop(name, None)
        else:
            place[key] = value
            if section or key in ("users", "rate"):
                sources[name] = "changed to see what hangs on it"
    return Scenario.model_validate(data | {"sources": sources})
