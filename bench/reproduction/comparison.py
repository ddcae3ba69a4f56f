"""Fig. 5 and 6 of the paper, for every reading of the problem."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...problems import Scenario
from ...solvers.base import Solver
from . import figures
from .decisions import Reading
from .episodes import Episodes, Scored
from .learners import Policies
from .reward_search import best_reward_known
from .strategies import baselines

Report = Callable[[float], None]


@dataclass
class Comparison:
    """Measures readings one after the other.

    Attributes:
        episodes: Test episodes of each.
        seed: The seed of the suite that they are of.
        policies: Where policies are looked for.
    """

    episodes: int
    seed: int
    policies: Policies
    _drawn: dict[str, Episodes] = field(default_factory=dict, init=False, repr=False)

    def measure(self, reading: Reading, report: Report = lambda share: None) -> dict[str, Any]:
        """What the document states of a reading.

        Args:
            reading: The reading.
            report: Told of the share that is done.

        Raises:
            PolicyError: If a policy is damaged.
        """
        if reading.reason:
            return _about(reading) | {"strategies": {}}
        scenario = reading.scenario()
        episodes = self._episodes(reading, scenario)
        keep = reading.of_reward
        answers = {
            name: episodes.answers(solver)
            for name, solver in baselines(reading.preset, reading.options()).items()
        }
        strategies = {
            name: figures.of_strategy(episodes.score(scenario, answer), keep=keep)
            for name, answer in answers.items()
        }
        strategies["optimum"] = figures.of_strategy(episodes.score_optimum(scenario), keep=keep)
        starts = list(answers.values()) + ([episodes.optimum] if episodes.solved.all() else [])
        for name, solvers in self._learners(reading, scenario):
            scored: list[Scored] = []
            for solver in solvers.values():
                starts.append(episodes.answers(solver))
                scored.append(episodes.score(scenario, starts[-1]))
            strategies[name] = figures.of_policies(scored, list(solvers), keep=keep)
        if _searched(reading):
            best = best_reward_known(
                episodes.stack, scenario.reward_function(), starts, seed=self.seed, report=report
            )
            strategies["best-reward-known"] = figures.of_strategy(episodes.score(scenario, best), keep=keep)
        report(1.0)
        return _about(reading) | {
            "scenario": scenario.id,
            "scenario_hash": scenario.content_hash(),
            "users": episodes.stack.users,
            "episodes": len(episodes.problems),
            "proved_infeasible": int(episodes.infeasible.sum()),
            "proved_unbounded": int(episodes.unbounded.sum()),
            "strategies": strategies,
        }

    def _episodes(self, reading: Reading, scenario: Scenario) -> Episodes:
        """Drawn and proved once for all readings that share their instances, as those of the reward do."""
        altered = None if reading.alternative is None else reading.alternative.altered
        content = scenario.model_dump(exclude={"reward", "sources", "title", "description"})
        key = json.dumps([content, None if altered is None else altered.__name__], sort_keys=True)
        if key not in self._drawn:
            self._drawn[key] = Episodes.draw(scenario, self.episodes, self.seed, altered)
        return self._drawn[key]

    def _learners(self, reading: Reading, scenario: Scenario) -> Iterator[tuple[str, Mapping[int, Solver]]]:
        """Policies by the name of the strategy: trained for the reading, or for its preset and only tested on it."""
        own = reading.scenario() if reading.of_reward else Reading(reading.preset).scenario()
        found = self.policies.paper(own)
        if found:
            yield ("ppo-paper" if reading.of_reward else "ppo-transferred"), found
        if reading.of_reward and (tuned := self.policies.tuned(Reading(reading.preset).scenario())):
            yield "ppo", tuned


_SEARCHED = ("payload-100", "payload-100-hinge", "payload-100-absolute", "band-15-khz", "band-1-hz")
"""Alternatives where the best reward is looked for: those of the flip, and those that allow more of it."""


def _searched(reading: Reading) -> bool:
    """The presets and the readings of (12) too."""
    return reading.of_reward or (reading.alternative is not None and reading.alternative.key in _SEARCHED)


def _about(reading: Reading) -> dict[str, Any]:
    """What a reading is, without numbers."""
    decision, alternative = reading.decision, reading.alternative
    return {
        "key": reading.key,
        "base": reading.preset,
        "against": reading.against,
        "decision": None if decision is None else decision.number,
        "title": _TITLES[reading.preset] if decision is None else decision.title,
        "here": None if decision is None else decision.here[reading.preset],
        "option": None if alternative is None else alternative.option,
        "reason": reading.reason or None,
        "scenario": None,
        "scenario_hash": None,
        "users": None,
        "episodes": 0,
        "proved_infeasible": 0,
        "proved_unbounded": 0,
    }


_TITLES = {"main": "Shannon main track", "literal": "the formulas as printed"}
