"""``rdebench new-solver``: a plugin that works, and its test."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

PLUGIN = '''\
import numpy as np

from rdebench.problems import Allocation
from rdebench.solvers import Solution, Solver


class {title}(Solver):
    """Random models and equal shares, the best of some tries; write what yours does here."""

    name = "{name}"
    deterministic = False

    def __init__(self, tries: int = 100):
        self.tries = tries

    def solve(self, problem, *, rng, budget):
        tries = int(max(min(self.tries, budget.remaining), 1))
        scm = rng.integers(problem.models, size=(tries, problem.users))
        compute = problem.scm_power[np.arange(problem.users), scm].sum(axis=1, keepdims=True)
        power = np.maximum(problem.power_budget - compute, 0) / problem.users + np.zeros(scm.shape)
        bandwidth = np.full(scm.shape, problem.bandwidth_budget / problem.users)
        found = problem.evaluate(Allocation(scm, power, bandwidth))
        budget.spend(tries)
        best = np.where(found.feasible, found.rde, -1).argmax()
        return Solution(scm[best], power[best], bandwidth[best])
'''
"""Every try is a row of ``[tries, M]``; 25 lines without the empty ones at most."""

TEST = """\
from pathlib import Path

from rdebench.solvers.checks import parametrize_with_checks
from rdebench.solvers.registry import load_plugin

SOLVERS = load_plugin(Path(__file__).with_name("{module}.py"))


@parametrize_with_checks(*SOLVERS)
def test_conformance(check):
    check()
"""

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_MOST_LETTERS = 60


def new_solver(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the solver, such as my-solver.")],
    out: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
) -> None:
    """Write a plugin that works, and its test, to start from.

    The plugin is one class of at most 25 lines; the test puts it through the conformance suite.

    Examples:

        rdebench new-solver my-solver

        rdebench new-solver my-solver --out plugins
    """
    from ...solvers import SolverError

    module = name.replace("-", "_")
    _check_form(name, module)
    plugin, test = out / f"{module}.py", out / f"test_{module}.py"
    for path in (plugin, test):
        if path.exists():
            raise SolverError(f"{path} exists already; choose another name, or another --out")
    _check_free(name, module)
    title = "".join(part.capitalize() for part in module.split("_"))
    title += "Solver" if title in ("Allocation", "Solution", "Solver") else ""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, template in ((plugin, PLUGIN), (test, TEST)):
            with path.open("x", encoding="utf-8") as file:
                file.write(template.format(name=name, module=module, title=title))
    except OSError as error:
        raise SolverError(f"{out} cannot be written: {error.strerror}; choose another --out") from None
    given = shlex.quote(str(plugin))
    typer.echo(f"wrote {plugin} and {test}; it works as it is. Next:")
    typer.echo(f"  rdebench check-solver {given}")
    typer.echo(f"  rdebench run --suite small-v1 --plugin {given} --out results")


def _check_form(name: str, module: str) -> None:
    """Refuse what cannot name a solver, a file and a class.

    Raises:
        SolverError: If it cannot.
    """
    from ...solvers import SolverError

    if len(name) > _MOST_LETTERS:
        raise SolverError(f"the name has {len(name)} letters; {_MOST_LETTERS} are allowed")
    if keyword.iskeyword(module):
        raise SolverError(f"{name!r} is a word of Python; choose another name")
    if not _NAME.fullmatch(name):
        raise SolverError(
            f"{name!r} cannot name a solver; begin with a lower-case letter and go on with letters and digits, "
            "words separated by -, such as my-solver"
        )


def _check_free(name: str, module: str) -> None:
    """Refuse a name that is taken.

    Raises:
        SolverError: If it is, by a solver or by a Python module.
    """
    from ...solvers import SolverError, solver_names

    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        raise SolverError(f"{module}.py would hide the Python module {module}; choose another name")
    if module in {taken.replace("-", "_") for taken in solver_names()}:
        raise SolverError(f"there is a solver {name!r} already; choose another name")
