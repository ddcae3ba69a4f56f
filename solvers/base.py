"""The contract between solvers and the referee."""

from __future__ import annotations

import inspect
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ..problems import RDEProblem, Scenario
from ..problems.rde import FloatArray, IntArray

Proof = Literal["infeasible", "unbounded"]

FAMILIES = ("exact", "relaxation", "search", "baseline", "learning", "other")
"""Kinds of solvers, for readers of the leaderboard who look for one."""


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver answers: decisions, and at most two claims that the referee checks where it can.

    Attributes:
        scm: Index of each user's SCM, integers, shape ``[M]``; None with a status.
        power: Transmit power of each user, W, shape ``[M]``; None with a status.
        bandwidth: Bandwidth of each user, Hz, shape ``[M]``; None with a status.
        bound: Upper bound on the RDE of every feasible allocation, if the solver has one.
        status: ``infeasible`` or ``unbounded`` where the solver has proved that.
    """

    scm: IntArray | None
    power: FloatArray | None
    bandwidth: FloatArray | None
    bound: float | None = None
    status: Proof | None = None


Listener = Callable[[Solution, int], None]
"""Is told of an incumbent and of the evaluations used until then."""


@dataclass
class Budget:
    """What a solver may spend on one instance. The clock starts when the budget is made.

    Attributes:
        seconds: Time limit, or None. Rows under a time limit are not reproducible.
        evaluations: How many allocations a search may try, or None.
        listener: Who hears of incumbents, or None.
        used: How many it has tried, as told by :meth:`spend`.
    """

    seconds: float | None = None
    evaluations: int | None = None
    listener: Listener | None = field(default=None, repr=False, compare=False)
    used: int = field(default=0, init=False)
    _start: float = field(default_factory=time.perf_counter, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("seconds", "evaluations"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value}; it must be positive, or None for no limit")

    def spend(self, evaluations: int = 1) -> None:
        """Count evaluations: each allocation whose value the solver looked at is one."""
        self.used += evaluations

    def report(self, scm: IntArray, power: FloatArray, bandwidth: FloatArray) -> None:
        """Tell of an incumbent: the best allocation so far, each time that there is a better one.

        The referee scores it itself and keeps what it is worth beside the time and the evaluations used, for
        anytime curves. If the solver is killed at its time limit, its best incumbent is its answer. Costs
        next to nothing where nobody listens.

        Args:
            scm: Index of each user's SCM, shape ``[M]``.
            power: Transmit power of each user, W, shape ``[M]``.
            bandwidth: Bandwidth of each user, Hz, shape ``[M]``.

        Raises:
            ValueError: If it is not an allocation, where the referee listens.
        """
        if self.listener is not None:
            self.listener(Solution(scm, power, bandwidth), self.used)

    @property
    def remaining(self) -> float:
        """Evaluations left; infinite without a limit."""
        return np.inf if self.evaluations is None else max(self.evaluations - self.used, 0)

    @property
    def exhausted(self) -> bool:
        """Whether evaluations or seconds are used up."""
        late = self.seconds is not None and time.perf_counter() - self._start >= self.seconds
        return late or self.remaining == 0


class Solver(ABC):
    """Base class of every solver.

    The constructor only stores its arguments under their own names; they are the solver's configuration
    and part of what identifies a row. ``solve`` is the only method that must be written.

    Attributes:
        name: Public name, lower case.
        family: Which kind of solver it is, one of :data:`FAMILIES`; decides nothing.
        exact: Claims that its answers are optimal.
        learns: Must be trained with :meth:`fit`, or be given a policy with :meth:`load`, before it can solve.
        general: A solver that learns, and whose policy holds for scenarios that it was not trained on.
        physics: Version of the physics that a policy of this solver was trained on; raised when that changes.
        deterministic: Gives the same answer whatever the generator.
        rates: Rate formulas it handles.
        max_users: Largest M it handles, or None.
        packages: Distributions, beside numpy, scipy and numba, that its answers depend on; their versions are
            part of what identifies its rows.
        known_failures: Conformance checks that it is known to fail, each with the reason.
    """

    name: ClassVar[str]
    family: ClassVar[str] = "other"
    exact: ClassVar[bool] = False
    learns: ClassVar[bool] = False
    general: ClassVar[bool] = False
    physics: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    rates: ClassVar[tuple[str, ...]] = ("shannon", "spectral")
    max_users: ClassVar[int | None] = None
    packages: ClassVar[tuple[str, ...]] = ()
    known_failures: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def solve(self, problem: RDEProblem, *, rng: np.random.Generator, budget: Budget) -> Solution:
        """Answer one instance.

        Args:
            problem: The instance; read-only.
            rng: The only permitted source of randomness.
            budget: What may be spent; call ``budget.spend`` and stop when ``budget.exhausted``. A search also
                calls ``budget.report`` with each allocation that is the best so far.
        """

    def solve_batch(
        self,
        problems: Sequence[RDEProblem],
        *,
        rngs: Sequence[np.random.Generator],
        budgets: Sequence[Budget],
    ) -> list[Solution]:
        """Answer several instances; must equal a loop over :meth:`solve` up to rounding, and is one by default."""
        return [
            self.solve(problem, rng=rng, budget=budget)
            for problem, rng, budget in zip(problems, rngs, budgets, strict=True)
        ]

    def supports(self, problem: RDEProblem) -> str | None:
        """None if the solver handles the problem, else the reason why it does not."""
        if problem.rate not in self.rates:
            return f"{self.name} does not handle the {problem.rate} rate"
        if self.max_users is not None and problem.users > self.max_users:
            return f"{self.name} handles at most {self.max_users} users; this instance has {problem.users}"
        return None

    def trains_on(self, scenario: Scenario) -> str | None:
        """None if :meth:`fit` takes the scenario, else the reason why it does not."""
        return None

    def fit(self, scenario: Scenario, *, seed: int, budget: Budget) -> None:
        """Train on instances of a scenario's ``train`` split; only for solvers that learn."""
        raise NotImplementedError(f"{self.name} does not learn")

    def save(self, path: Path) -> None:
        """Write what was learnt into the folder ``path``, without pickle; only for solvers that learn."""
        raise NotImplementedError(f"{self.name} does not learn")

    def load(self, path: Path) -> None:
        """Read the folder that :meth:`save` wrote; only for solvers that learn."""
        raise NotImplementedError(f"{self.name} does not learn")

    def configuration(self) -> dict[str, Any]:
        """The constructor's arguments and their values: what tells two set-ups of a solver apart."""
        parameters = inspect.signature(type(self).__init__).parameters
        names = [
            name for name, parameter in parameters.items() if parameter.kind is not parameter.VAR_KEYWORD
        ]
        return {name: getattr(self, name) for name in names if name not in ("self", "args")}

    def training_configuration(self) -> dict[str, Any]:
        """What of the configuration decides the policy, and so is part of its key; all of it by default."""
        return self.configuration()

    def policy_name(self) -> str:
        """Under which name the policy is kept; solvers that only use a policy differently share it."""
        return self.name

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring: what the list of solvers shows."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]
