"""Values that must not move unnoticed: of every shipped scenario, and of the paper's baselines.

After an intended change of physics (which needs a new scenario version) run
``REBLESS=1 make test`` and review the difference of goldens.json.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from rdebench.problems import Allocation, Scenario
from rdebench.problems.sampling import stream
from rdebench.problems.scenario import scenario_ids
from rdebench.solvers import Budget, make_solver

FILE = Path(__file__).with_name("goldens.json")
INSTANCES = 3


def value(solver, problem):
    """The RDE as the problem scores it, the status where the solver proves one, None where it declines."""
    if solver.supports(problem) is not None:
        return None
    answer = solver.solve(problem, rng=np.random.default_rng(0), budget=Budget())
    if answer.status is not None:
        return answer.status
    return float(problem.evaluate(Allocation(answer.scm, answer.power, answer.bandwidth)).rde)


def values(scenario):
    problems = Scenario.load(scenario).sample(INSTANCES, 0)
    return {
        name: [value(make_solver(name), problem) for problem in problems]
        for name in ("average+exact", "exhaustive")
    }


@pytest.mark.skipif("REBLESS" not in os.environ, reason="only with REBLESS=1: writes goldens.json anew")
def test_rebless():
    found = {scenario: values(scenario) for scenario in scenario_ids()}
    FILE.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


@pytest.mark.parametrize("scenario", scenario_ids())
def test_values_have_not_moved(scenario):
    goldens = json.loads(FILE.read_text(encoding="utf-8"))
    assert scenario in goldens, f"no goldens for {scenario}; bless it with REBLESS=1 make test"
    for solver, found in values(scenario).items():
        for now, then in zip(found, goldens[scenario][solver], strict=True):
            assert now == (pytest.approx(then, rel=1e-9) if isinstance(then, float) else then), solver


def literal_reward(name, **changes):
    """Mean reward of a baseline that shares out the whole budget, over 400 literal episodes."""
    scenario = Scenario.load("paper-literal-m12-v1")
    solver, reward, rewards = make_solver(name, power_share="budget"), scenario.reward_function(), []
    for index in range(400):
        problem = scenario.instance(index, 0).replace(**changes)
        rng = stream("solve", scenario.id, 0, index, name)
        answer = solver.solve(problem, rng=rng, budget=Budget())
        found = problem.evaluate(Allocation(answer.scm, answer.power, answer.bandwidth))
        rewards.append(reward(problem, found))
    return np.mean(rewards), np.std(rewards)


@pytest.mark.parametrize(
    ("name", "mean", "spread"),
    [("average", -13.51, 0.21), ("random", -16.25, 1.20), ("heuristic-rde", -22.52, 0.22)],
)
def test_the_baselines_earn_what_the_literal_preset_was_fitted_to(name, mean, spread):
    found = literal_reward(name, min_bandwidth=0.0)
    assert found == (pytest.approx(mean, abs=0.15), pytest.approx(spread, abs=0.15))


@pytest.mark.parametrize(
    ("name", "mean"), [("average", -13.51), ("random", -16.43), ("heuristic-rde", -22.52)]
)
def test_the_least_bandwidth_moves_random_alone(name, mean):
    """The scenario adds a least bandwidth, without which it would be unbounded; equal shares never meet it."""
    assert literal_reward(name)[0] == pytest.approx(mean, abs=0.15)
