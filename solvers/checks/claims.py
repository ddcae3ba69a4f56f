"""Claims: a bound, and the proof that an instance is infeasible or unbounded."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np

from ..base import Proof, Solution
from .core import Make, NotApplicable, require
from .instances import few_problems, infeasible
from .observation import DECISIONS, EVALUATIONS, Observation, observe, observed
from .oracle import optimum

PROOFS = get_args(Proof)


def check_status_is_a_proof(make: Make) -> None:
    """A status is a claim, not a report on the search."""
    for seen in observed(make):
        status = getattr(seen.found, "status", None)
        message = f"status is {str(status)[:40]!r}; it may be None, {' or '.join(PROOFS)}: the referee judges the rest"
        require(status is None or status in PROOFS, message)


def check_decisions_or_proof(make: Make) -> None:
    """An answer holds all three decisions, or a proof and no decision; nothing at all only after its whole budget."""
    for seen in [*observed(make), *_observed_at(make, infeasible)]:
        found = seen.found
        if not isinstance(found, Solution):
            continue
        given = [name for name in DECISIONS if getattr(found, name) is not None]
        if found.status in PROOFS:
            require(
                not given,
                f"status is {found.status}, but there are decisions; set scm, power, bandwidth to None",
            )
        elif found.status is None and len(given) < len(DECISIONS):
            spent = not given and seen.used >= EVALUATIONS
            missing = [name for name in DECISIONS if name not in given]
            message = f"{', '.join(missing)} is None without a proof; answer with the best that was found, or anything"
            require(spent, message)


def check_bound_is_a_number(make: Make) -> None:
    """A bound is None or a number."""
    for seen in observed(make):
        bound = getattr(seen.found, "bound", None)
        if bound is not None:
            number = (
                isinstance(bound, float | int | np.number) and not math.isnan(bound) and bound > -math.inf
            )
            require(number, f"bound is {bound!r}; it must be a number, or None if nothing is proved")


def check_bounds_are_valid(make: Make) -> None:
    """A claimed bound is never below the optimum."""
    for seen in observed(make):
        bound = getattr(seen.found, "bound", None)
        if isinstance(bound, float | int | np.number) and not math.isnan(bound):
            best = optimum(seen.problem)
            message = (
                f"claims the bound {bound:g}, but an allocation has RDE {best:g}; claim only what is proved"
            )
            require(bound >= best * (1 - 1e-9), message)


def check_infeasibility_is_true(make: Make) -> None:
    """Where ``infeasible`` is claimed, nothing is feasible."""
    for seen in observed(make):
        if getattr(seen.found, "status", None) == "infeasible":
            best = optimum(seen.problem)
            message = f"claims infeasible, but an allocation has RDE {best:g}; not finding one is no proof"
            require(best == -math.inf, message)


def check_unboundedness_is_true(make: Make) -> None:
    """Where ``unbounded`` is claimed, the value has no limit."""
    for seen in [*observed(make), *_observed_at(make, few_problems)]:
        if getattr(seen.found, "status", None) == "unbounded":
            best = optimum(seen.problem)
            require(
                best == math.inf,
                f"claims unbounded, but the optimum is {best:g}; a least bandwidth bounds it",
            )


def _observed_at(make: Make, instances: object) -> list[Observation]:
    """Answers to other instances; none where the solver raises or supports none, which other checks see."""
    assert callable(instances)
    found = []
    try:
        for problem in instances(make()):
            found.append(observe(make(), problem))
    except NotApplicable:
        return []
    except Exception:
        return found
    return found
