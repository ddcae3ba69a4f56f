"""Genetic algorithms (pymoo): over all decisions, and over the SCMs alone with the exact allocation."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from ..problems import Allocation, RDEProblem
from ..problems.rde import FloatArray
from .allocation import InnerSolver
from .base import Budget, Solution, Solver
from .extras import missing
from .incumbent import Allowance, Incumbent, last_resort
from .least_power_start import power_need

_WORST = 1e6
"""Cap on a violation: pymoo adds them up, and a rate of zero violates its deadline infinitely."""


class _PymooSearch(Solver):
    """A pymoo genetic algorithm on keys in [0, 1] (random-key encoding); infeasible answers rank by their violation."""

    deterministic: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("pymoo",)
    tunable: ClassVar[dict[str, tuple[Any, ...]]] = {
        "population": ("int", 20, 200),
        "crossover_eta": ("float", 2.0, 30.0, True),
        "mutation_eta": ("float", 2.0, 50.0, True),
    }

    population: int
    crossover_eta: float
    mutation_eta: float
    evaluations: int

    def supports(self, problem: RDEProblem) -> str | None:
        """Refuses every problem where pymoo is missing."""
        absent = missing(("pymoo",), "search")
        return f"{self.name} {absent}" if absent else super().supports(problem)

    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Evolve until the budget is used up, or until no new individual can be found."""
        allowance = Allowance(budget, self.evaluations)
        scored = self._scoring(problem, allowance)
        self._evolve(scored, rng, allowance)
        return scored.answer()

    @abstractmethod
    def _scoring(self, problem: RDEProblem, allowance: Allowance) -> _Shared | _Exact:
        """What keys mean and what they are worth."""

    def _evolve(self, scored: _Shared | _Exact, rng: np.random.Generator, allowance: Allowance) -> None:
        from pymoo.algorithms.soo.nonconvex.ga import GA
        from pymoo.core.problem import Problem
        from pymoo.core.termination import NoTermination
        from pymoo.operators.crossover.sbx import SBX
        from pymoo.operators.mutation.pm import PM
        from pymoo.problems.static import StaticProblem

        space = Problem(n_var=scored.keys, n_obj=1, n_ieq_constr=scored.constraints, xl=0.0, xu=1.0)
        algorithm = GA(
            pop_size=self.population,
            crossover=SBX(eta=self.crossover_eta),
            mutation=PM(eta=self.mutation_eta),
        )
        algorithm.setup(space, termination=NoTermination(), seed=int(rng.integers(2**31)), verbose=False)
        while not allowance.exhausted:
            generation = algorithm.ask()
            if generation is None or len(generation) == 0:
                return
            affordable = generation[: int(min(len(generation), allowance.remaining))]
            values, violations = scored.score(affordable.get("X"))
            if len(affordable) < len(generation):
                return
            algorithm.evaluator.eval(StaticProblem(space, F=-values[:, None], G=violations), generation)
            algorithm.tell(infills=generation)


class Genetic(_PymooSearch):
    """A genetic algorithm over SCMs, power and bandwidth together (pymoo), scored by the problem itself.

    Shares of what the models leave over are normalised and spread over decades; one more number is the part of the
    spare bandwidth that is used at all. Broken constraints go to the algorithm as constraints.

    Args:
        population: Size of the population.
        crossover_eta: Distribution index of the simulated binary crossover.
        mutation_eta: Distribution index of the polynomial mutation.
        decades: Spread of the shares of power and bandwidth.
        evaluations: Allocations tried under a budget without limits.
    """

    name: ClassVar[str] = "genetic"
    family: ClassVar[str] = "search"
    max_users: ClassVar[int | None] = 10_000  # beyond it, a generation takes seconds
    tunable: ClassVar[dict[str, tuple[Any, ...]]] = _PymooSearch.tunable | {
        "decades": ("float", 0.5, 5.0, False)
    }

    def __init__(
        self,
        population: int = 20,
        crossover_eta: float = 7.9,
        mutation_eta: float = 4.5,
        decades: float = 1.3,
        evaluations: int = 10_000,
    ) -> None:
        self.population = population
        self.crossover_eta = crossover_eta
        self.mutation_eta = mutation_eta
        self.decades = decades
        self.evaluations = evaluations

    def _scoring(self, problem: RDEProblem, allowance: Allowance) -> _Shared:
        return _Shared(problem, allowance, self.decades)


class GeneticExact(_PymooSearch):
    """A genetic algorithm over SCMs alone (pymoo), each assignment with its exact power and bandwidth.

    Args:
        population: Size of the population.
        crossover_eta: Distribution index of the simulated binary crossover.
        mutation_eta: Distribution index of the polynomial mutation.
        evaluations: Assignments tried under a budget without limits.
    """

    name: ClassVar[str] = "genetic+exact"
    family: ClassVar[str] = "search"

    def __init__(
        self,
        population: int = 92,
        crossover_eta: float = 6.6,
        mutation_eta: float = 2.1,
        evaluations: int = 2_000,
    ) -> None:
        self.population = population
        self.crossover_eta = crossover_eta
        self.mutation_eta = mutation_eta
        self.evaluations = evaluations

    def _scoring(self, problem: RDEProblem, allowance: Allowance) -> _Exact:
        return _Exact(problem, allowance)


class _Shared:
    """Keys of SCMs, of shares of power and of bandwidth, and of the part of the bandwidth that is used."""

    constraints = 4

    def __init__(self, problem: RDEProblem, allowance: Allowance, decades: float) -> None:
        self.problem, self.allowance, self.decades = problem, allowance, decades
        self.keys = 3 * problem.users + 1
        self._best: Solution | None = None
        self._rank = (np.inf, np.inf)

    def decode(self, x: FloatArray) -> Allocation:
        """Keys ``[N, 3M + 1]`` to allocations."""
        problem, users = self.problem, self.problem.users
        scm = _chosen(x[:, :users], problem.models)
        left = problem.power_budget - problem.scm_power[np.arange(users), scm].sum(axis=1, keepdims=True)
        spare = max(problem.bandwidth_budget - users * problem.min_bandwidth, 0.0) * x[:, -1:]
        power = np.maximum(left, 0.0) * self._shares(x[:, users : 2 * users])
        bandwidth = problem.min_bandwidth + spare * self._shares(x[:, 2 * users : -1])
        return Allocation(scm, power, bandwidth)

    def score(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """RDE ``[N]`` and violations ``[N, 4]`` of the keys; remembers the best."""
        allocation = self.decode(x)
        found = self.problem.evaluate(allocation)
        self.allowance.spend(len(x))
        broken = found.violations
        columns = (broken.power, broken.bandwidth, broken.min_bandwidth, broken.latency)
        violations = np.minimum(np.stack(columns, axis=1), _WORST)
        violations[found.feasible] = 0.0
        total = violations.sum(axis=1)
        first = int(np.lexsort((-found.rde, total))[0])
        rank = (float(total[first]), -float(found.rde[first]))
        if rank < self._rank:
            self._rank = rank
            best = (allocation.scm[first], allocation.power[first], allocation.bandwidth[first])
            self._best = Solution(*best)
            self.allowance.budget.report(*best)
        return found.rde, violations

    def answer(self) -> Solution:
        """The best feasible allocation, or the one that breaks the constraints least."""
        return last_resort(self.problem) if self._best is None else self._best

    def _shares(self, keys: FloatArray) -> FloatArray:
        weight = 10.0 ** (self.decades * keys)
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))


class _Exact:
    """Keys of SCMs; the only constraint is that some allocation is feasible."""

    constraints = 1

    def __init__(self, problem: RDEProblem, allowance: Allowance) -> None:
        self.keys = problem.users
        self._models = problem.models
        inner = InnerSolver(problem)
        self._incumbent = Incumbent(inner, allowance)
        self._need = power_need(inner)

    def score(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """RDE ``[N]`` and violations ``[N, 1]``: the power that infeasible assignments need in excess."""
        scm = _chosen(x, self._models)
        values = self._incumbent.values(scm)
        need = self._need[np.arange(self.keys), scm].sum(axis=1)
        violation = np.where(values > -np.inf, 0.0, np.maximum(need - 1.0, 1e-3))
        return np.nan_to_num(values, neginf=0.0), violation[:, None]

    def answer(self) -> Solution:
        """The best assignment with its exact allocation."""
        return self._incumbent.answer()


def _chosen(keys: FloatArray, models: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Keys in [0, 1] to indices of SCMs."""
    return np.minimum((keys * models).astype(np.int64), models - 1)
