"""The paper's strategy (c), average: one SCM for everybody, equal power, equal bandwidth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ..problems import RDEProblem
from ..problems.rde import IntArray
from .select_then_share import ExactSharing, PowerShare, SelectThenShare


class Average(SelectThenShare):
    """The same SCM for every user, power and bandwidth in equal parts (the paper's "average").

    Args:
        model: Name of the SCM, or None for the first one, which is LeNet in Table I; the paper names none.
        power_share: What is shared out, see :class:`SelectThenShare`.
    """

    name: ClassVar[str] = "average"
    family: ClassVar[str] = "baseline"
    known_failures: ClassVar[Mapping[str, str]] = {
        "models_may_be_renumbered": "takes the first model of the list where none is named; the paper names none"
    }

    def __init__(self, model: str | None = None, power_share: PowerShare = "remaining") -> None:
        self.model = model
        self.power_share = power_share

    def supports(self, problem: RDEProblem) -> str | None:
        """Refuses problems without the named SCM."""
        if self.model is not None and self.model not in problem.scm_names:
            return f"no SCM is called {self.model!r}; this instance has {', '.join(problem.scm_names)}"
        return super().supports(problem)

    def select(self, problem: RDEProblem, rng: np.random.Generator) -> IntArray:
        """The one SCM, for everybody."""
        index = 0 if self.model is None else problem.scm_names.index(self.model)
        return np.full(problem.users, index, dtype=np.int64)


class AverageExact(ExactSharing, Average):
    """The same SCM for every user, power and bandwidth exact."""

    name: ClassVar[str] = "average+exact"
