"""Form: what a solver is made of, and what an answer looks like."""

from __future__ import annotations

import inspect
import json

import numpy as np

from ..base import Solution
from .core import Make, require
from .instances import few_problems
from .observation import answer, decisions, equal, observed


def check_name_and_summary(make: Make) -> None:
    """The list of solvers needs a lower-case name and a first line of docstring."""
    solver = make()
    lower = isinstance(solver.name, str) and solver.name == solver.name.lower() and solver.name.strip()
    require(lower, f"name is {solver.name!r}; it must be lower-case text")
    require(
        solver.summary(), f"{solver.name} has no docstring; its first line is shown in the list of solvers"
    )


def check_constructor_only_stores(make: Make) -> None:
    """Parameters are kept under their own names, so that the configuration can be recorded."""
    solver = make()
    for name, parameter in inspect.signature(type(solver).__init__).parameters.items():
        if name in ("self", "args", "kwargs"):
            continue
        require(hasattr(solver, name), f"__init__ takes {name!r} but does not store self.{name}")
        if parameter.default is not parameter.empty:
            default = getattr(type(solver)(), name)
            require(default == parameter.default, f"__init__ changes {name!r}; it must only store it")


def check_configuration_is_data(make: Make) -> None:
    """The configuration can be written as JSON, and rows can say by it which solver made them."""
    for name, value in make().configuration().items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            require(
                False, f"{name} is {value!r}, which JSON cannot hold ({error}); take numbers, text, lists"
            )


def check_answer_is_a_solution(make: Make) -> None:
    """``solve`` returns a Solution."""
    for seen in observed(make):
        kind = type(seen.found).__name__
        require(
            isinstance(seen.found, Solution), f"solve returned {kind}; return Solution(scm, power, bandwidth)"
        )


def check_one_number_per_user(make: Make) -> None:
    """SCM index, power and bandwidth have the shape ``[M]``."""
    for seen in observed(make):
        for name, array in (decisions(seen.found) or {}).items():
            expected = (seen.problem.users,)
            message = f"{name} has shape {array.shape}; it must be {expected}, one number for each user"
            require(array.shape == expected, message)


def check_scm_holds_integers(make: Make) -> None:
    """An SCM is an index, not a share or a name."""
    for seen in observed(make):
        if arrays := decisions(seen.found):
            message = (
                f"scm has type {arrays['scm'].dtype}; it must hold integers: use .astype(int), or argmax"
            )
            require(arrays["scm"].dtype.kind in "iu", message)


def check_scm_indices_exist(make: Make) -> None:
    """Indices count from 0 to S - 1."""
    for seen in observed(make):
        arrays = decisions(seen.found)
        if arrays and arrays["scm"].dtype.kind in "iu" and arrays["scm"].size:
            low, high = arrays["scm"].min(), arrays["scm"].max()
            message = (
                f"scm has indices from {low} to {high}; models count from 0 to {seen.problem.models - 1}"
            )
            require(low >= 0 and high < seen.problem.models, message)


def check_shares_are_real_numbers(make: Make) -> None:
    """Power and bandwidth are arrays of real numbers."""
    for seen in observed(make):
        for name, array in (decisions(seen.found) or {}).items():
            message = f"{name} has type {array.dtype}; it must hold real numbers"
            require(name == "scm" or array.dtype.kind in "iuf", message)


def check_shares_are_finite(make: Make) -> None:
    """No NaN and no infinity: usually a division by a rate or a gain of zero."""
    for seen in observed(make):
        for name, array in (decisions(seen.found) or {}).items():
            if array.dtype.kind == "f":
                require(
                    np.isfinite(array).all(), f"{name} holds NaN or infinity; look for a division by zero"
                )


def check_shares_are_not_negative(make: Make) -> None:
    """Power and bandwidth are at least zero."""
    for seen in observed(make):
        for name, array in (decisions(seen.found) or {}).items():
            if name != "scm" and array.dtype.kind in "if":
                require(
                    not (array < 0).any(), f"{name} is negative; clip rounding at zero: np.maximum({name}, 0)"
                )


def check_answer_owns_its_arrays(make: Make) -> None:
    """An answer does not hold the arrays of the problem themselves."""
    solver = make()
    for problem in few_problems(solver):
        for name, array in (decisions(answer(solver, problem)) or {}).items():
            for field, value in vars(problem).items():
                shared = isinstance(value, np.ndarray) and np.shares_memory(array, value)
                require(not shared, f"{name} is a view of problem.{field}; return a copy of it")


def check_answer_stays_as_it_is(make: Make) -> None:
    """An answer does not change when the solver goes on: no array is used twice."""
    solver = make()
    given = []
    for problem in few_problems(solver):
        arrays = decisions(answer(solver, problem)) or {}
        given += [(array, array.copy()) for array in arrays.values()]
    message = "an earlier answer changed when the next one was made; make new arrays each time"
    require(all(equal(array, copied) for array, copied in given), message)
