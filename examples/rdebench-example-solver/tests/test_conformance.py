"""The solver keeps to the contract of rdebench."""

from rdebench_example_solver import Frugal

from rdebench.solvers.checks import parametrize_with_checks


@parametrize_with_checks(Frugal)
def test_conformance(check):
    """One property at a time."""
    check()
