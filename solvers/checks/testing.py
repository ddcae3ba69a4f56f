"""The conformance suite as pytest tests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..base import Solver
from .core import Check, Make, name_of, run_check


def parametrize_with_checks(*solvers: type[Solver] | Make) -> Callable[..., Any]:
    """Decorate a test that takes ``check`` and calls it; each check of each solver becomes a test.

    A solver that learns is first trained for a moment. A known failure is expected to fail, with its reason.

    Args:
        *solvers: Classes of solvers, or functions that make one.

    Returns:
        The decorator.

    Example::

        @parametrize_with_checks(Mine)
        def test_conformance(check):
            check()
    """
    import pytest

    from . import all_checks

    cases = []
    for solver in solvers:
        made = functools.cache(lambda solver=solver: _trained(solver))
        known = getattr(solver(), "known_failures", {})
        for check in all_checks():
            name = name_of(check)
            marks = [pytest.mark.xfail(reason=known[name], strict=True)] if name in known else []
            called = functools.partial(_check, check, made)
            cases.append(pytest.param(called, id=f"{solver().name}-{name}", marks=marks))
    return pytest.mark.parametrize("check", cases)


def _trained(solver: type[Solver] | Make) -> Make:
    from .learning import briefly_trained

    return briefly_trained(solver) if solver().learns else solver


def _check(check: Check, made: Callable[[], Make]) -> None:
    import pytest

    outcome = run_check(check, made())
    if outcome.status == "skipped":
        pytest.skip(outcome.message)
    if outcome.status != "passed":
        pytest.fail(outcome.message, pytrace=False)
