"""Correctness: values against the optimum, which is known for small instances."""

from __future__ import annotations

import numpy as np

from .core import Make, applies, require
from .instances import easy, small_problems
from .observation import observe, scored
from .oracle import optimum


def check_exact_finds_the_optimum(make: Make) -> None:
    """With the flag ``exact`` the value is the optimum over all assignments."""
    applies(make().exact is True, "does not say that it is exact")
    for problem in small_problems(make()):
        seen, best = observe(make(), problem, evaluations=None), optimum(problem)
        found = scored(problem, seen.found)
        if getattr(seen.found, "status", None) is None:
            value = float(found.rde) if found is not None and found.feasible else -np.inf
            message = f"says exact, but found {value:g} where the optimum is {best:g}; set exact = False"
            require(value >= best * (1 - 1e-6), message)


def check_plenty_is_feasible(make: Make) -> None:
    """With power, bandwidth and time in plenty the answer breaks no constraint."""
    applies(not make().learns, "what a policy answers far from its training is not a matter of form")
    for problem in easy(make()):
        found = scored(problem, observe(make(), problem).found)
        if found is not None:
            broken = [name for name, value in vars(found.violations).items() if value > 0]
            message = (
                f"breaks {' and '.join(broken)} where there is plenty; (7b) counts the models' power too"
            )
            require(found.feasible, message)
