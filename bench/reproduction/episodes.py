"""Test episodes: the same instances for every strategy, scored by the referee's formulas in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...problems import Allocation, RDEProblem, Scenario
from ...problems.rde import FloatArray
from ...problems.sampling import stream
from ...problems.stack import ProblemStack
from ...solvers.base import Budget, Solver
from ...solvers.certified import Certified

PROVE_SECONDS = 10.0
"""Time limit of one proof; proofs at these sizes take milliseconds."""


@dataclass(frozen=True, eq=False)
class Scored:
    """What the answers of a strategy to N episodes are worth.

    Attributes:
        rewards: (12), ``[N]``; NaN where there is no answer.
        feasible: Whether every constraint holds, ``[N]``; False where there is no answer.
        gaps: 1 - RDE / proved bound, 1 where infeasible, ``[N]``; NaN where no bound is known.
    """

    rewards: FloatArray
    feasible: NDArray[np.bool_]
    gaps: FloatArray


@dataclass(frozen=True, eq=False)
class Episodes:
    """Instances 0 to N - 1 of the test split of a scenario with one number of users; an episode decides one.

    Attributes:
        scenario: Where they come from.
        seed: The seed of the suite.
        problems: The N instances.
        stack: The same as arrays.
        optimum: The certified optimum of each, ``[N, M]``; meaningless where ``solved`` is False.
        solved: Whether there is one, ``[N]``.
        infeasible: Whether it is proved that nothing is feasible, ``[N]``.
        unbounded: Whether it is proved that nothing is best, ``[N]``.
        bounds: Proved upper bounds on the RDE, ``[N]``; NaN where there is none.
    """

    scenario: Scenario
    seed: int
    problems: list[RDEProblem]
    stack: ProblemStack
    optimum: Allocation
    solved: NDArray[np.bool_]
    infeasible: NDArray[np.bool_]
    unbounded: NDArray[np.bool_]
    bounds: FloatArray

    @classmethod
    def draw(
        cls,
        scenario: Scenario,
        episodes: int,
        seed: int,
        altered: Callable[[RDEProblem], RDEProblem] | None = None,
    ) -> Episodes:
        """Draw the instances, and prove the optimum of each.

        Args:
            scenario: One number of users.
            episodes: N.
            seed: The seed of the suite.
            altered: What is done to each instance after it was drawn.
        """
        problems = scenario.sample(episodes, seed)
        if altered is not None:
            problems = [altered(problem) for problem in problems]
        shape = (episodes, problems[0].users)
        scm, power, bandwidth = np.zeros(shape, np.int64), np.zeros(shape), np.ones(shape)
        status, bounds = np.full(episodes, "", dtype=object), np.full(episodes, np.nan)
        certified, rng = Certified(), np.random.default_rng(0)
        for n, problem in enumerate(problems):
            found = certified.solve(problem, rng=rng, budget=Budget(seconds=PROVE_SECONDS))
            status[n] = found.status or ""
            if found.scm is not None and found.power is not None and found.bandwidth is not None:
                scm[n], power[n], bandwidth[n] = found.scm, found.power, found.bandwidth
                bounds[n] = np.nan if found.bound is None else found.bound
        return cls(
            scenario,
            seed,
            problems,
            ProblemStack.of(problems),
            Allocation(scm, power, bandwidth),
            status == "",
            status == "infeasible",
            status == "unbounded",
            bounds,
        )

    def answers(self, solver: Solver) -> Allocation:
        """What a solver decides, ``[N, M]``; it draws what it draws in a run with the same seed."""
        places = range(len(self.problems))
        found = solver.solve_batch(
            self.problems,
            rngs=[stream("solve", self.scenario.id, self.seed, n, solver.name) for n in places],
            budgets=[Budget() for _ in places],
        )
        return Allocation(
            np.array([one.scm for one in found]),
            np.array([one.power for one in found]),
            np.array([one.bandwidth for one in found]),
        )

    def score(self, scenario: Scenario, allocation: Allocation) -> Scored:
        """Score decisions ``[N, M]``.

        Args:
            scenario: Whose reading of (12) counts; its instances are these.
            allocation: What was decided.
        """
        scored = self.stack.evaluate(allocation)
        gaps = np.where(scored.feasible, 1.0 - scored.rde / self.bounds, 1.0)
        return Scored(
            scenario.reward_function()(self.stack, scored),
            scored.feasible,
            np.where(np.isnan(self.bounds), np.nan, gaps),
        )

    def score_optimum(self, scenario: Scenario) -> Scored:
        """The same of the certified optimum, where there is one."""
        scored = self.score(scenario, self.optimum)
        return Scored(
            np.where(self.solved, scored.rewards, np.nan), scored.feasible & self.solved, scored.gaps
        )
