"""Tuning solvers that learn: a trial is a training of a stated length, judged by the learner's own validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..problems import Scenario
from ..solvers import Budget, Solver, SolverError
from ..solvers.ppo.learner import Learner, PolicyError
from . import policies, tuning
from .tuning import Tuned

POINTS = 2
"""How many of the last validations count: the last one alone is noisier."""


def tune(
    name: str,
    scenarios: Sequence[Scenario],
    *,
    trials: int,
    seconds: float | None,
    steps: int | None,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> Tuned:
    """Tune a solver that learns with Optuna, as :func:`.tuning.tune` does the others.

    Args:
        name: The solver.
        scenarios: What it trains on; with one policy for a scenario, a trial trains one for each.
        trials: Settings to try; the first one is the defaults.
        seconds: Length of a training, s, or None; what it is judged by is not counted.
        steps: Decisions of a training, or None.
        seed: Seed of the tuner and of every training.
        advance: Called after each trial.

    Raises:
        SolverError: If the solver does not exist, declares nothing to tune, cannot train here, or Optuna is missing.
    """

    def judge(solver: Solver) -> tuple[float, int]:
        together = [scenarios] if solver.general else [[scenario] for scenario in scenarios]
        found = [trained_gap(solver, some, seconds=seconds, steps=steps, seed=seed) for some in together]
        return float(np.mean([gap for gap, _ in found])), sum(used for _, used in found)

    space = space_of(name, scenarios)
    return tuning.search(name, space, judge, trials=trials, seed=seed, instances=None, advance=advance)


def space_of(name: str, scenarios: Sequence[Scenario]) -> dict[str, tuple[object, ...]]:
    """The search space of a solver that learns; see :func:`.tuning.tunable_space`."""
    one_of_each = [(scenario.id, scenario.instance(0, 0, split="train")) for scenario in scenarios]
    return tuning.tunable_space(name, one_of_each)


def trained_gap(
    solver: Solver, scenarios: Sequence[Scenario], *, seconds: float | None, steps: int | None, seed: int
) -> tuple[float, int]:
    """Train a solver: its mean gap over the last validations, an infeasible answer counted 1, and its decisions.

    The instances of validation are of the training split too, from numbers that are not trained on.

    Raises:
        SolverError: If it reports no validations, or cannot be trained on that.
    """
    if not isinstance(solver, Learner):
        raise SolverError(f"{solver.name} reports no validations; only subclasses of Learner can be tuned")
    try:
        solver.train(scenarios, seed=seed, budget=Budget(seconds, steps))
    except PolicyError as error:
        raise SolverError(str(error)) from None
    except ModuleNotFoundError as error:
        raise SolverError(policies.package_missing(solver, error)) from None
    # The first point is from before the training.
    last = (solver.curve[1:] or solver.curve)[-POINTS:]
    return float(np.mean([point.gap for point in last])), solver.steps_trained
