"""Purity: solving leaves nothing behind but its answer."""

from __future__ import annotations

from ...problems import RDEProblem
from ..base import Solver
from .core import Make, require
from .instances import few_problems
from .observation import answer
from .sandbox import (
    CLASSES,
    NUMPY,
    PROCESS,
    Setting,
    Snapshot,
    captured_output,
    class_setting,
    empty_folder,
    end,
    processes,
    threads,
)


def check_problem_is_left_alone(make: Make) -> None:
    """Solving changes nothing in the problem, which others share."""
    solver = make()
    for problem in few_problems(solver):
        before = problem.content_hash()
        answer(solver, problem)
        require(problem.content_hash() == before, "solve changed the problem; work on copies of its arrays")


def check_no_file_is_written(make: Make) -> None:
    """Solving writes no file into the working directory."""
    solver, problems = _warm(make)
    with empty_folder() as folder:
        for problem in problems:
            answer(solver, problem)
        left = sorted(path.name for path in folder.iterdir())
    require(not left, f"solve wrote {', '.join(left[:3])} into the working directory; keep logs out of solve")


def check_nothing_is_printed(make: Make) -> None:
    """Solving prints nothing: programs read the standard output of the referee."""
    solver, problems = _warm(make)
    with captured_output() as written:
        for problem in problems:
            answer(solver, problem)
        text = written()
    require(not text, f"solve printed {text[:60]!r}; remove it, or set the package it uses to be quiet")


def check_numpy_is_left_alone(make: Make) -> None:
    """Error handling and print options of numpy are as before."""
    _unchanged(make, NUMPY, "use a context, such as: with np.errstate(...)")


def check_process_is_left_alone(make: Make) -> None:
    """Environment, working directory, filters of warnings and signal handlers are as before."""
    _unchanged(make, PROCESS, "put it back, or do it in a context, such as: with warnings.catch_warnings()")


def check_classes_are_left_alone(make: Make) -> None:
    """The classes of the project are as before: nobody rewrites what an allocation is worth."""
    settings = tuple(class_setting(owner) for owner in CLASSES)
    _unchanged(make, settings, "make a subclass, or a function of your own")


def check_no_thread_is_left_behind(make: Make) -> None:
    """When ``solve`` returns, its threads have ended."""
    solver, problems = _warm(make)
    before = threads()
    for problem in problems:
        answer(solver, problem)
    left = threads() - before
    require(not left, f"solve left {len(left)} threads running; join them before it returns")


def check_no_process_is_left_behind(make: Make) -> None:
    """When ``solve`` returns, what it started has ended."""
    solver, problems = _warm(make)
    before = processes()
    for problem in problems:
        answer(solver, problem)
    left = processes() - before
    end(left)
    require(not left, f"solve left {len(left)} processes running; end them, and wait for them")


def _warm(make: Make) -> tuple[Solver, list[RDEProblem]]:
    """A solver that has solved once, so that packages are imported and compiled, and two instances."""
    solver = make()
    problems = few_problems(solver)[:2]
    whole = Snapshot.of(*NUMPY, *PROCESS)
    with empty_folder(), captured_output():
        answer(solver, problems[0])
    whole.restore()
    return solver, [problem.replace() for problem in problems]


def _unchanged(make: Make, settings: tuple[Setting, ...], advice: str) -> None:
    classes = Snapshot.of(*(class_setting(owner) for owner in CLASSES))
    solver, problems = _warm(make)
    classes.restore()
    before = Snapshot.of(*settings)
    for problem in problems:
        answer(solver, problem)
    changed = before.changed()
    before.restore()
    require(not changed, f"solve changed {' and '.join(changed)}; {advice}")
