"""Bayesian search (Optuna's TPE) over SCM assignments with the exact allocation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..problems import RDEProblem
from .allocation import InnerSolver
from .base import Budget, Solution, Solver
from .extras import missing
from .incumbent import Allowance, Incumbent
from .least_power_start import power_need


class OptunaSearch(Solver):
    """Tree-structured Parzen estimator over the users' SCMs (Optuna), each assignment with its exact allocation.

    A trial costs some thousand times an exact allocation: it stops after ``trials`` even if the budget allows more.

    Args:
        trials: Most assignments that it tries.
        startup: How many of them are random.
        candidates: How many candidates it compares for each trial.
    """

    name: ClassVar[str] = "optuna-search"
    family: ClassVar[str] = "search"
    max_users: ClassVar[int | None] = 100  # its time grows with users times trials
    deterministic: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("optuna",)
    tunable: ClassVar[dict[str, tuple[Any, ...]]] = {
        "startup": ("int", 5, 100),
        "candidates": ("int", 4, 48),
    }

    def __init__(self, trials: int = 200, startup: int = 11, candidates: int = 24) -> None:
        self.trials = trials
        self.startup = startup
        self.candidates = candidates

    def supports(self, problem: RDEProblem) -> str | None:
        """Refuses every problem where Optuna is missing."""
        absent = missing(("optuna",), "search")
        return f"{self.name} {absent}" if absent else super().supports(problem)

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Ask and tell until the trials or the budget are used up."""
        import optuna

        inner = InnerSolver(problem)
        incumbent = Incumbent(inner, Allowance(budget, self.trials))
        need = power_need(inner)
        users = np.arange(problem.users)
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            sampler = optuna.samplers.TPESampler(
                seed=int(rng.integers(2**31)),
                n_startup_trials=self.startup,
                n_ei_candidates=self.candidates,
            )
            study = optuna.create_study(direction="maximize", sampler=sampler)
            for _ in range(self.trials):
                if incumbent.allowance.exhausted or incumbent.rde == np.inf:
                    break
                trial = study.ask()
                scm = np.array([trial.suggest_categorical(f"user-{m}", range(problem.models)) for m in users])
                value = float(incumbent.values(scm[None])[0])
                # RDE is never negative: below zero infeasible assignments are ordered by the power they need.
                missing_power = float(np.maximum(need[users, scm].sum() - 1.0, 1e-3))
                study.tell(trial, min(value, 1e300) if value > -np.inf else -missing_power)
        finally:
            optuna.logging.set_verbosity(before)
        return incumbent.answer()
