"""Every check notices its fault: for each there is a solver that fails it and no other."""

from __future__ import annotations

import pytest

from rdebench.solvers.checks import all_checks, briefly_trained, name_of, run_check
from rdebench.solvers.checks import budget as budget_checks
from rdebench.solvers.greedy import Greedy
from rdebench.solvers.random_allocation import RandomAllocation

from .mutants import MUTANTS, Student

CHECKS = {name_of(check): check for check in all_checks()}


def outcomes(solver):
    """What comes of every check, by name."""
    make = briefly_trained(solver) if solver.learns else solver
    return {name: run_check(check, make) for name, check in CHECKS.items()}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def impatient(monkeypatch):
    """A mutant that sleeps need not sleep for long."""
    monkeypatch.setattr(budget_checks, "PATIENCE_S", 0.5)


def test_every_check_has_a_mutant():
    assert list(CHECKS) == list(MUTANTS)
    assert len(CHECKS) >= 25


@pytest.mark.parametrize("solver", [Greedy, RandomAllocation, Student])
def test_sound_solvers_pass_everything(solver):
    found = outcomes(solver)
    assert not [outcome for outcome in found.values() if outcome.status not in ("passed", "skipped")]
    assert all(outcome.message for outcome in found.values() if outcome.status == "skipped")


@pytest.mark.parametrize("name", [name for name in MUTANTS if name != "seconds_are_respected"])
def test_a_mutant_fails_its_check_and_no_other(name):
    found = outcomes(MUTANTS[name])
    failed = {check: outcome.message for check, outcome in found.items() if outcome.status == "failed"}
    assert set(failed) == {name}, failed
    assert len(failed[name]) > 20
    assert not failed[name].startswith("raised")


@pytest.mark.usefixtures("impatient")
def test_a_mutant_that_sleeps_fails_its_check():
    outcome = run_check(CHECKS["seconds_are_respected"], MUTANTS["seconds_are_respected"])
    assert outcome.status == "failed"
    assert "look at budget.exhausted" in outcome.message


def test_a_mutant_that_sleeps_fails_no_other():
    found = outcomes(MUTANTS["seconds_are_respected"])
    assert {outcome.status for outcome in found.values()} <= {"passed", "skipped"}
