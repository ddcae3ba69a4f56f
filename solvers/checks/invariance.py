"""Invariance: numbering and units mean nothing.

Factors are powers of two, so that nothing rounds otherwise and an answer that differs was decided otherwise.
"""

from __future__ import annotations

import numpy as np

from ...problems import RDEProblem
from .core import Make, applies, require
from .instances import scaled, take_models, take_users
from .observation import answer, differing, equally_good, first_answer, settled

_MILLION, _THOUSAND = 2.0**20, 2.0**10


def check_users_may_be_renumbered(make: Make) -> None:
    """The same users in another order get an answer of the same value; for deterministic solvers."""
    for problem in _indifferent(make):
        other = take_users(problem, np.arange(problem.users)[::-1])
        message = "the answer changes when users are renumbered; let no choice depend on a user's number"
        require(_same_value(make, problem, other), message)


def check_models_may_be_renumbered(make: Make) -> None:
    """The same models in another order get an answer of the same value; for deterministic solvers."""
    for problem in _indifferent(make):
        other = take_models(problem, np.arange(problem.models)[::-1])
        message = (
            "the answer changes when models are renumbered; choose by their properties, not by their number"
        )
        require(_same_value(make, problem, other), message)


def check_units_of_bandwidth_mean_nothing(make: Make) -> None:
    """MHz and Mbit instead of Hz and bit."""
    for problem in settled(make):
        factors = dict.fromkeys(("bandwidth_budget", "min_bandwidth"), 1 / _MILLION)
        factors |= {"noise_psd": _MILLION}
        shannon = problem.rate == "shannon"
        factors |= {"payload": 1 / _MILLION} if shannon else {}
        _require_same(make, problem, factors, "MHz instead of Hz", 1 / _MILLION if shannon else 1.0)


def check_units_of_power_mean_nothing(make: Make) -> None:
    """mW instead of W."""
    for problem in settled(make):
        factors = dict.fromkeys(("power_budget", "scm_power", "noise_psd"), _THOUSAND)
        _require_same(make, problem, factors, "mW instead of W")


def check_units_of_time_mean_nothing(make: Make) -> None:
    """Deadlines, latencies and payloads, all a thousandfold."""
    for problem in settled(make):
        factors = dict.fromkeys(("max_latency", "scm_latency", "payload"), _THOUSAND)
        _require_same(make, problem, factors, "all times and payloads a thousandfold")


def check_units_of_distortion_mean_nothing(make: Make) -> None:
    """Distortions a thousandfold, and their weight the thousandth."""
    for problem in settled(make):
        factors = {"distortion": _THOUSAND, "distortion_weight": 1 / _THOUSAND}
        _require_same(make, problem, factors, "distortions a thousandfold and their weight the thousandth")


def _indifferent(make: Make) -> list[RDEProblem]:
    """A few instances, for a solver to whom the generator is indifferent."""
    applies(make().deterministic is True, "draws at random, so that numbers of users and models decide")
    problems = settled(make)
    applies(not differing(make, problems[:2], 1), "answers differ between seeds")
    return problems


def _same_value(make: Make, problem: RDEProblem, other: RDEProblem, factor: float = 1.0) -> bool:
    if make().supports(other) is not None:
        return True
    here, there = first_answer(make, problem).found, answer(make(), other)
    return equally_good((problem, here), (other, there), factor)


def _require_same(
    make: Make, problem: RDEProblem, factors: dict[str, float], what: str, factor: float = 1.0
) -> None:
    message = f"the answer changes with {what}; compare with budgets and limits, not with fixed numbers"
    require(_same_value(make, problem, scaled(problem, factors), factor), message)
