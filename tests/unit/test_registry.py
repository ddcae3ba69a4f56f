"""Solvers by name: what is found, and what is said when nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.solvers import Budget, Solver, SolverError, find_solver, make_solver, solver_names
from rdebench.solvers.base import FAMILIES
from rdebench.solvers.registry import load_plugin

PLUGIN = """
import numpy as np
from rdebench.solvers import Solution, Solver

class First(Solver):
    "Takes the first model."
    name = "first"

    def __init__(self, share: float = 1.0):
        self.share = share

    def solve(self, problem, *, rng, budget):
        each = np.full(problem.users, self.share / problem.users)
        return Solution(np.zeros(problem.users, int), each, each)
"""


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "first.py"
    path.write_text(PLUGIN)
    return path


def test_every_registered_solver_loads_and_describes_itself():
    names = solver_names()
    assert names == sorted(names)
    assert {"average", "random", "heuristic-rde", "exhaustive", "average+exact"} <= set(names)
    for name in names:
        solver = make_solver(name)
        assert solver.name == name
        assert isinstance(solver, Solver)
        assert solver.summary().endswith(".")


def test_a_configuration_rebuilds_its_solver():
    for name in solver_names():
        configuration = make_solver(name).configuration()
        assert make_solver(name, **configuration).configuration() == configuration
    assert make_solver("average", model="ResNet").configuration()["model"] == "ResNet"


def test_near_misses_are_suggested():
    with pytest.raises(SolverError, match="no solver is called 'exhaustiv'; did you mean 'exhaustive'"):
        find_solver("exhaustiv")
    with pytest.raises(SolverError, match="no solver is called 'zzzz'; use one of amortized, "):
        find_solver("zzzz")


def test_unknown_options_are_refused():
    with pytest.raises(SolverError, match=r"^average: options {'colour': 1} do not fit"):
        make_solver("average", colour=1)


def test_a_plugin_file_adds_its_solvers(plugin):
    assert "first" in solver_names([plugin])
    assert "first" not in solver_names()
    solver = make_solver("first", [plugin], share=0.5)
    assert solver.configuration() == {"share": 0.5}
    assert solver.summary() == "Takes the first model."
    assert [found.name for found in load_plugin(plugin)] == ["first"]


def test_an_edited_plugin_is_read_again(plugin):
    load_plugin(plugin)
    plugin.write_text(PLUGIN.replace('"first"', '"second"'))
    assert [found.name for found in load_plugin(plugin)] == ["second"]


def test_a_solver_that_cannot_solve_is_told_so(plugin):
    plugin.write_text(PLUGIN.replace("def solve", "def solv"))
    with pytest.raises(SolverError, match=r"^first: First has no method solve\(self, problem"):
        make_solver("first", [plugin])


def test_a_plugin_wins_over_a_registered_name(plugin):
    plugin.write_text(PLUGIN.replace('"first"', '"average"'))
    assert find_solver("average", [plugin]).__name__ == "First"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "defines no subclass of rdebench.solvers.Solver with a name"),
        ("from rdebench.solvers import Solver", "defines no subclass"),
        (PLUGIN + "\n\nclass Second(First):\n    pass\n", "two solvers are called 'first'"),
    ],
)
def test_plugins_that_cannot_be_used(plugin, source, said):
    plugin.write_text(source)
    with pytest.raises(SolverError, match=rf"first\.py: .*{said}"):
        load_plugin(plugin)


def test_plugin_paths_that_are_no_python_files(tmp_path):
    with pytest.raises(SolverError, match="no such plugin file"):
        load_plugin(tmp_path / "missing.py")
    (tmp_path / "notes.txt").write_text("x = 1")
    with pytest.raises(SolverError, match=r"a plugin is a Python file, NAME\.py"):
        load_plugin(tmp_path / "notes.txt")


def test_a_budget_counts_down():
    budget = Budget(evaluations=3)
    assert not budget.exhausted
    budget.spend(2)
    assert budget.remaining == 1
    budget.spend(5)
    assert budget.remaining == 0
    assert budget.exhausted
    assert np.isinf(Budget().remaining)
    assert Budget(seconds=1e-9).exhausted
    with pytest.raises(ValueError, match="evaluations is 0; it must be positive"):
        Budget(evaluations=0)


@pytest.mark.parametrize("name", solver_names())
def test_every_solver_of_ours_says_which_kind_it_is(name):
    solver = find_solver(name)
    assert solver.family in set(FAMILIES) - {"other"}
    assert not solver.exact or solver.family == "exact"
    assert solver.learns == (solver.family == "learning")
