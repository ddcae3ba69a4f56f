"""Learners with one policy for every number of users and SCMs; instances are described and answered in groups."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...problems import RDEProblem
from ..base import Budget, Solution
from .answers import best_of
from .learner import MIXTURE, Learner

if TYPE_CHECKING:
    from .instances import Group

EACH = 600
"""Training instances of each scenario of the mixture; fewer scenarios get as many altogether."""

VALIDATION_EACH = 12
"""Validation instances of each scenario."""


class EquivariantLearner(Learner):
    """A learner whose policy holds for any scenario; trained on a mixture unless it is told otherwise.

    Attributes:
        sees_plan: Whether the policy sees the plan; else none is made, and no assignment is valued before it answers.
    """

    general: ClassVar[bool] = True
    max_users: ClassVar[int | None] = 1000
    sees_plan: ClassVar[bool] = False

    @classmethod
    def default_scenarios(cls) -> tuple[str, ...]:
        """The mixture."""
        return MIXTURE

    @abstractmethod
    def answers(
        self,
        group: Group,
        problems: Sequence[RDEProblem],
        rngs: Sequence[np.random.Generator],
        budgets: Sequence[Budget],
    ) -> list[Solution]:
        """Answer the problems of a group."""

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Answer one instance."""
        return self.solve_batch([problem], rngs=[rng], budgets=[budget])[0]

    def solve_batch(
        self,
        problems: Sequence[RDEProblem],
        *,
        rngs: Sequence[np.random.Generator],
        budgets: Sequence[Budget],
    ) -> list[Solution]:
        """Answer many instances, those of one shape by one pass through the network."""
        from .instances import described

        groups, others = described(problems, plan=self.sees_plan)
        found = {i: best_of(problems[i], None, None, budgets[i]) for i in others}
        for group, places in groups:
            answers = self.answers(
                group, [problems[i] for i in places], [rngs[i] for i in places], [budgets[i] for i in places]
            )
            found |= dict(zip(places, answers, strict=True))
        return [found[i] for i in range(len(problems))]


def instances_each(scenarios: int) -> int:
    """Training instances of each of so many scenarios."""
    return EACH * len(MIXTURE) // scenarios
