"""How long an exact method takes on the paper's problem, and on larger ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ...problems import Allocation, RDEProblem, Scenario
from ...solvers import Budget
from ...solvers.certified import Certified

INSTANCES = {
    "paper-m6-v1": 50,
    "paper-m9-v1": 50,
    "paper-m12-v1": 100,
    "paper-literal-m12-v1": 100,
    "scale-m100-v1": 20,
    "scale-m1000-v1": 10,
    "scale-m10000-v1": 3,
    "scale-m100000-v1": 1,
}
"""Test instances by scenario."""

TOLERANCE = 1e-6


def exact_times(
    instances: dict[str, int] = INSTANCES, *, report: Callable[[float], None] = lambda share: None
) -> list[dict[str, Any]]:
    """Time ``certified`` to its proof, on one core and after one instance to warm up.

    Args:
        instances: How many of each scenario.
        report: Told of the share of scenarios that is done.

    Returns:
        For each scenario a mapping with ``scenario``, ``users``, ``models``, ``instances``, ``proved`` (how many
        ended with a gap of at most 1e-6, or a proof that no allocation is feasible), ``infeasible`` (of these), and
        ``seconds`` and ``seconds_p99``, the median and the 99th percentile.
    """
    found = []
    for count, (name, number) in enumerate(instances.items()):
        scenario = Scenario.load(name)
        problems = [scenario.instance(index, seed=1) for index in range(number)]
        _proof(problems[0])
        proofs, seconds = [], []
        for problem in problems:
            began = time.perf_counter()
            proofs.append(_proof(problem))
            seconds.append(time.perf_counter() - began)
        found.append(
            {
                "scenario": name,
                "users": problems[0].users,
                "models": problems[0].models,
                "instances": number,
                "proved": sum(proof is not None for proof in proofs),
                "infeasible": proofs.count("infeasible"),
                "seconds": float(np.median(seconds)),
                "seconds_p99": float(np.quantile(seconds, 0.99)),
            }
        )
        report((count + 1) / len(instances))
    return found


def _proof(problem: RDEProblem) -> str | None:
    """What is proved of an instance: ``optimal``, ``infeasible``, ``unbounded``, or None."""
    answer = Certified(tol=TOLERANCE).solve(problem, rng=np.random.default_rng(0), budget=Budget())
    if answer.scm is None or answer.power is None or answer.bandwidth is None:
        return answer.status
    value = problem.evaluate(Allocation(answer.scm, answer.power, answer.bandwidth))
    # The solver stops at the tolerance itself, which rounding may put on either side.
    close = answer.bound is not None and 1 - float(value.rde) / answer.bound <= 1.001 * TOLERANCE
    return "optimal" if close and bool(value.feasible) else None
