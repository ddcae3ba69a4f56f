"""The conformance suite: what every solver, ours or a plugin, must do. One function, one property.

Each check takes a function that makes a fresh solver. It raises :class:`ConformanceError` with the likely cause, or
:class:`NotApplicable` where it says nothing about that solver. :func:`run_check` runs one and says what came of it,
:func:`parametrize_with_checks` makes a pytest test of each.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import batch, budget, claims, correctness, edges, flags, form, invariance, learning, purity, randomness
from .core import (
    PREFIX,
    Check,
    ConformanceError,
    Make,
    NotApplicable,
    Outcome,
    Status,
    name_of,
    require,
    run_check,
)
from .instances import small_problems
from .learning import briefly_trained, loading, train_briefly
from .observation import alike, answer, same
from .oracle import optimum
from .testing import parametrize_with_checks

__all__ = [
    "Check",
    "ConformanceError",
    "Make",
    "NotApplicable",
    "Outcome",
    "Status",
    "alike",
    "all_checks",
    "answer",
    "briefly_trained",
    "loading",
    "name_of",
    "optimum",
    "parametrize_with_checks",
    "require",
    "run_check",
    "same",
    "small_problems",
    "train_briefly",
]

_THEMES = (form, claims, randomness, purity, budget, correctness, invariance, edges, flags, batch, learning)


def all_checks() -> Iterator[Check]:
    """Every check, theme by theme, in the order of the files."""
    for theme in _THEMES:
        for name, value in list(vars(theme).items()):
            if name.startswith(PREFIX):
                yield value
