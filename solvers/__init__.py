"""Solvers of the RDE problem, one algorithm a file, behind one contract."""

from .base import Budget, Solution, Solver
from .registry import SolverError, find_solver, make_solver, solver_names

__all__ = ["Budget", "Solution", "Solver", "SolverError", "find_solver", "make_solver", "solver_names"]
