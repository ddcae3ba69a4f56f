"""Randomness: all of it comes from the generator that ``solve`` is given."""

from __future__ import annotations

import random

import numpy as np

from .core import Make, applies, require
from .instances import few_problems
from .observation import answer, differing, first_answer, same, settled

_MARK = 741_852
"""A seed that no solver uses, so that one that seeds is noticed."""


def check_same_seed_same_answer(make: Make) -> None:
    """The generator is the only source of randomness."""
    problems = few_problems(make())
    message = "two runs with the same generator differ; draw from rng only, and iterate over no set"
    require(not differing(make, problems, 0), message)


def check_deterministic_if_it_says_so(make: Make) -> None:
    """With the flag ``deterministic`` the seed does not matter."""
    applies(make().deterministic is True, "does not say that it is deterministic")
    problems = settled(make)
    require(not differing(make, problems, 1), "answers differ between seeds; set deterministic = False")


def check_no_memory_between_answers(make: Make) -> None:
    """An answer does not depend on what was solved before."""
    problems, solver = settled(make), make()
    message = "the answer depends on earlier instances; keep no state between calls of solve"
    for problem in (*problems, *problems):
        require(same(answer(solver, problem), first_answer(make, problem).found), message)


def check_global_generators_are_left_alone(make: Make) -> None:
    """Neither draws from nor seeds the global generators of numpy and Python."""
    solver = make()
    problems = few_problems(solver)
    answer(solver, problems[0])  # importing a package may draw from them, once
    for number, problem in enumerate(problems):
        random.seed(_MARK + number)
        np.random.seed(_MARK + number)  # noqa: NPY002
        before = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002
        answer(solver, problem)
        after = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002
        require(before == after, "solve drew from or seeded a global random generator; use rng")
