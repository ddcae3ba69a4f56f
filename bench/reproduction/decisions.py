"""What a decision of the open list is, and what one other choice of it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...problems import RDEProblem, Scenario
from .presets import PRESETS, base, changed

USERS = 12
"""Number of users of the paper's Fig. 5 and 6."""


@dataclass(frozen=True)
class Alternative:
    """Another choice than that of a base preset.

    Attributes:
        key: Unique among the alternatives of a preset.
        option: The choice, in words.
        changes: New constants of the scenario, as :func:`rdebench.bench.reproduction.presets.changed` takes them.
        options: Other arguments of strategies, by the name of the strategy.
        altered: What is done to each instance after it was drawn, where no constant of a scenario says it.
        reason: Why it is not computed; empty where it is.
        against: Key of the alternative that this one is one step away from; None for the base itself.
    """

    key: str
    option: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    altered: Callable[[RDEProblem], RDEProblem] | None = None
    reason: str = ""
    against: str | None = None


@dataclass(frozen=True)
class Decision:
    """Something that the paper leaves open.

    Attributes:
        number: Its number in the list of ``docs/problem.md``.
        title: The question.
        here: What each base preset takes, in words.
        alternatives: What else could be taken, by base preset.
    """

    number: int
    title: str
    here: Mapping[str, str]
    alternatives: Mapping[str, tuple[Alternative, ...]]


@dataclass(frozen=True)
class Reading:
    """One reading of the problem: a base preset, or one with a decision changed.

    Attributes:
        preset: Key of :data:`rdebench.bench.reproduction.presets.PRESETS`.
        decision: What is changed; None for the preset itself.
        alternative: To what; None for the preset itself.
    """

    preset: str
    decision: Decision | None = None
    alternative: Alternative | None = None

    @property
    def key(self) -> str:
        """Unique among all readings."""
        return self.preset if self.alternative is None else f"{self.preset}-{self.alternative.key}"

    @property
    def against(self) -> str | None:
        """Key of the reading that this one is compared with; None for a preset."""
        if self.alternative is None:
            return None
        other = self.alternative.against
        return self.preset if other is None else f"{self.preset}-{other}"

    @property
    def reason(self) -> str:
        """Why it is not computed; empty where it is."""
        return "" if self.alternative is None else self.alternative.reason

    @property
    def of_reward(self) -> bool:
        """Whether it is a preset or one that differs by the reading of (12) alone: PPO is trained for these."""
        return self.alternative is None or set(self.alternative.changes) == {"reward.reading"}

    def scenario(self, users: int = USERS) -> Scenario:
        """Where its instances come from.

        Raises:
            pydantic.ValidationError: If that is no valid scenario.
        """
        scenario = base(self.preset, users)
        return scenario if self.alternative is None else changed(scenario, self.alternative.changes)

    def options(self) -> Mapping[str, Mapping[str, Any]]:
        """Arguments of strategies in which it differs from its preset."""
        return {} if self.alternative is None else self.alternative.options


def readings() -> list[Reading]:
    """All readings: each preset, and after it every alternative of every decision."""
    from . import open_channel, open_problem, open_reward

    found = []
    decisions = sorted(
        (*open_channel.DECISIONS, *open_problem.DECISIONS, *open_reward.DECISIONS),
        key=lambda one: one.number,
    )
    for preset in PRESETS:
        found.append(Reading(preset))
        for decision in decisions:
            found += [
                Reading(preset, decision, alternative)
                for alternative in decision.alternatives.get(preset, ())
            ]
    return found
