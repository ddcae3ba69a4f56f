"""Learning: ``fit``, ``save`` and ``load``. Trained for a moment only; what is learnt is not judged."""

from __future__ import annotations

import functools
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import PrivateAttr

from ...problems import RDEProblem, Scenario
from ..base import Budget, Solver
from .core import Make, applies, require
from .instances import SCENARIO
from .observation import alike, answer

USERS = 3
FIT_EVALUATIONS = 200
"""Budget of a training; one of seconds would make it depend on the machine."""

SUFFIXES = (".safetensors", ".json", ".npy", ".parquet")
"""Files of data, which nobody has to run to read them."""


class WatchedScenario(Scenario):
    """A scenario that notes from which split its instances are drawn."""

    _splits: list[str] = PrivateAttr(default_factory=list)

    @property
    def splits(self) -> set[str]:
        """The splits so far."""
        return set(self._splits)

    def instance(self, index: int, seed: int, *, split: Literal["test", "train"] = "test") -> RDEProblem:
        """Draw an instance, and note the split."""
        self._splits.append(split)
        return super().instance(index, seed, split=split)


@dataclass
class Fit:
    """A solver after a short training, and what it was trained on."""

    solver: Solver
    scenario: WatchedScenario
    problems: list[RDEProblem] = field(default_factory=list)


def briefly_trained(make: Make) -> Make:
    """Makes solvers with a policy that was trained for a moment, once."""
    folder = Path(tempfile.mkdtemp(prefix="rdebench-checks-"))
    train_briefly(make, folder)
    loaded = loading(make, folder)
    weakref.finalize(loaded, shutil.rmtree, folder, ignore_errors=True)
    return loaded


def train_briefly(make: Make, folder: Path) -> None:
    """Train a solver for a moment, and save its policy into a folder."""
    _fit(make()).solver.save(folder)


def loading(make: Make, folder: Path) -> Make:
    """Makes solvers with the policy that lies in a folder."""

    def loaded() -> Solver:
        solver = make()
        solver.load(folder)
        return solver

    return loaded


_fits: weakref.WeakKeyDictionary[Any, tuple[Fit, Fit]] = weakref.WeakKeyDictionary()


def check_fit_with_one_seed_learns_one_policy(make: Make) -> None:
    """Two trainings with the same seed end in the same policy."""
    one, other = fits(make)
    message = (
        "two trainings with the same seed answer differently; draw from np.random.default_rng(seed) only"
    )
    require(_answer_alike(one.solver, other.solver, one.problems), message)


def check_fit_uses_the_training_split(make: Make) -> None:
    """No instance that the referee may ask for is seen in training."""
    for fit in fits(make):
        message = 'fit draws instances of the test split; use scenario.sample(n, seed, split="train")'
        require("test" not in fit.scenario.splits, message)


def check_fit_leaves_the_scenario_alone(make: Make) -> None:
    """The scenario is the same after a training."""
    expected = brief_scenario().content_hash()
    for fit in fits(make):
        require(fit.scenario.content_hash() == expected, "fit changed the scenario; work on a copy of it")


def check_saved_policy_is_data(make: Make) -> None:
    """What ``save`` writes is data: no pickle, no code."""
    with tempfile.TemporaryDirectory(prefix="rdebench-check-") as folder:
        fits(make)[0].solver.save(Path(folder))
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        require(files, "save wrote no file; write what was learnt into the folder")
        others = sorted(path.name for path in files if path.suffix not in SUFFIXES)
        message = f"save wrote {', '.join(others)}; write {', '.join(SUFFIXES)} files only, no pickle"
        require(not others, message)


def check_loaded_policy_answers_the_same(make: Make) -> None:
    """A policy that was saved and loaded answers as before."""
    one, _ = fits(make)
    with tempfile.TemporaryDirectory(prefix="rdebench-check-") as folder:
        one.solver.save(Path(folder))
        loaded = _untrained(make)
        loaded.load(Path(folder))
        message = "answers change when the policy is saved and loaded; save everything that was learnt"
        require(_answer_alike(one.solver, loaded, one.problems), message)


def fits(make: Make) -> tuple[Fit, Fit]:
    """Two short trainings with the same seed, made once for all checks.

    Raises:
        NotApplicable: If the solver does not learn, or not from the instances at hand.
    """
    solver = make()
    applies(solver.learns, "does not learn")
    applies("shannon" in solver.rates, "learns from instances of the spectral rate only")
    if make not in _fits:
        _fits[make] = (_fit(_untrained(make)), _fit(_untrained(make)))
    return _fits[make]


@functools.cache
def brief_scenario() -> Scenario:
    """The small scenario with one number of users, as some policies have room for one only."""
    scenario = Scenario.load(SCENARIO)
    return scenario.model_copy(update={"users": [USERS], "id": f"small-m{USERS}-v1"})


def _fit(solver: Solver) -> Fit:
    plain = brief_scenario()
    scenario = WatchedScenario.model_validate(plain.model_dump(exclude_unset=True))
    solver.fit(scenario, seed=0, budget=Budget(evaluations=FIT_EVALUATIONS))
    problems = [problem for problem in plain.sample(4, 1, split="train") if solver.supports(problem) is None]
    return Fit(solver, scenario, problems)


def _untrained(make: Make) -> Solver:
    solver = make()
    return type(solver)(**solver.configuration())


def _answer_alike(one: Solver, other: Solver, problems: Sequence[RDEProblem]) -> bool:
    return all(alike(answer(one, problem), answer(other, problem)) for problem in problems)
