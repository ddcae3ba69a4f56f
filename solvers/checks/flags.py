"""Flags: what a solver says about itself is checked, not believed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...problems.rates import RATES
from ..base import FAMILIES, Solver
from .core import Make, applies, name_of, require
from .instances import checkable, drawn, take_users

BOOLEANS = ("exact", "learns", "deterministic", "general")


def check_flags_are_of_their_type(make: Make) -> None:
    """Flags are True or False, ``rates`` and ``family`` known names, ``max_users`` a number or None."""
    solver = make()
    for name in BOOLEANS:
        value = getattr(solver, name)
        require(isinstance(value, bool), f"{name} is {value!r}; it must be True or False")
    rates = solver.rates
    known = isinstance(rates, tuple) and bool(rates) and set(rates) <= set(RATES)
    require(known, f"rates is {rates!r}; it must be a tuple of {' and '.join(RATES)}")
    require(solver.family in FAMILIES, f"family is {solver.family!r}; use one of {', '.join(FAMILIES)}")
    most = solver.max_users
    number = most is None or (isinstance(most, int) and not isinstance(most, bool) and most >= 1)
    require(number, f"max_users is {most!r}; it must be a whole number of users, or None")


def check_known_failures_carry_reasons(make: Make) -> None:
    """Each known failure names a check and says why."""
    from . import all_checks

    known, names = make().known_failures, {name_of(check) for check in all_checks()}
    require(
        isinstance(known, Mapping), f"known_failures is {known!r}; it must be a dict from check to reason"
    )
    for name, reason in known.items():
        require(name in names, f"known_failures names {name!r}, and no check is called so")
        require(isinstance(reason, str) and reason.strip(), f"known_failures gives no reason for {name!r}")


def check_supports_gives_a_reason(make: Make) -> None:
    """``supports`` returns None, or the reason in words."""
    solver = make()
    for problem in drawn():
        said = solver.supports(problem)
        message = f"supports returned {said!r}; return None, or why the instance is refused"
        require(said is None or (isinstance(said, str) and said.strip()), message)


def check_other_rates_are_refused(make: Make) -> None:
    """``supports`` refuses a rate that the flag ``rates`` leaves out."""
    solver = make()
    applies(set(solver.rates) != set(RATES), "says that it handles both rates")
    problem = drawn()[0]
    for rate in set(RATES) - set(solver.rates):
        message = (
            f"rates leaves out {rate}, but supports(problem) is None for it; call super().supports(problem)"
        )
        require(solver.supports(problem.replace(rate=rate)) is not None, message)


def check_its_rates_are_supported(make: Make) -> None:
    """Each rate of the flag ``rates`` is one that it supports somewhere."""
    solver = make()
    supported = {problem.rate for problem in checkable(solver)}
    for rate in solver.rates:
        said = next(solver.supports(problem) for problem in drawn() if problem.rate == rate)
        message = f"rates holds {rate}, but supports refuses every small instance of it: {said}"
        require(rate in supported, message)


def check_more_users_are_refused(make: Make) -> None:
    """``supports`` refuses more users than ``max_users``."""
    solver = make()
    applies(solver.max_users is not None, "says that it handles any number of users")
    assert solver.max_users is not None
    problem = take_users(drawn()[0].replace(rate=solver.rates[0]), np.zeros(solver.max_users + 1, int))
    message = (
        f"max_users is {solver.max_users}, but supports(problem) is None for one more; call super().supports"
    )
    require(solver.supports(problem) is not None, message)


def check_learns_if_it_says_so(make: Make) -> None:
    """A solver with ``learns`` has ``fit``, ``save`` and ``load``; one without has none of them."""
    solver = make()
    own = [
        name for name in ("fit", "save", "load") if getattr(type(solver), name) is not getattr(Solver, name)
    ]
    if solver.learns:
        missing = sorted({"fit", "save", "load"} - set(own))
        require(not missing, f"says that it learns, but has no {', '.join(missing)}")
    else:
        require(
            not own, f"has {', '.join(own)}, but learns is False: nobody will call them; set learns = True"
        )
