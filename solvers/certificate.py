"""Certificates: a proof as data, in the units of the problem, for a verifier that trusts nobody."""

from __future__ import annotations

import dataclasses
import functools
import math
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from ..problems import RDEProblem
from .allocation import InnerSolver
from .base import Budget
from .bounds import Prices
from .certified import Certified

FORMAT = "rdebench-certificate/1"

STEPS = ("dominated-scms", "identical-users")
"""The reductions that the proof rests on, by name; a verifier does each of them again."""


def certify(problem: RDEProblem, *, tol: float = 1e-6, seconds: float | None = None) -> dict[str, Any]:
    """Solve an instance and write down the proof.

    Args:
        problem: The instance.
        tol: Relative gap to prove.
        seconds: Time limit; past it the certificate is of the best bound so far.

    Returns:
        JSON-ready data: ``status`` (optimal, bounded, infeasible or unbounded), ``rde`` and ``bound`` (None where
        the status has none), the incumbent's ``scm``, ``power_w`` and ``bandwidth_hz``, the price pairs ``theta``
        and ``mu`` (None for infinite) of the global rows, the ``steps`` of reduction, the leaves with their price
        pairs, and the branching ``order``.
        Prices are normalised: power in budgets, bandwidth in budgets, rates in nats (per unit of the band under
        Shannon).
    """
    proof = Certified(tol).prove(problem, Budget(seconds=seconds), keep_leaves=True)
    inner = InnerSolver(problem)
    data: dict[str, Any] = {
        "format": FORMAT,
        "instance": problem.content_hash(),
        "status": proof.status,
        "rde": None,
        "bound": None,
        "scm": None,
        "power_w": None,
        "bandwidth_hz": None,
        "steps": list(STEPS),
        "rows": _pairs(proof.prices),
        "order": proof.order.tolist(),
        "leaves": {"scm": proof.leaf_scm.tolist(), **_pairs(proof.leaf_prices)},
    }
    if proof.scm is not None:
        found = inner.allocate(proof.scm[None]).allocation
        data["scm"] = proof.scm.tolist()
        if proof.status != "unbounded":
            data["power_w"], data["bandwidth_hz"] = found.power[0].tolist(), found.bandwidth[0].tolist()
            data["rde"] = float(problem.evaluate(found).rde[0])
    if proof.status in ("optimal", "bounded") and math.isfinite(proof.target):
        data["bound"] = float(proof.target * inner.rate_unit)
    return data


def certify_all(
    problems: Sequence[RDEProblem],
    *,
    tol: float = 1e-6,
    seconds: float | None = None,
    jobs: int | None = None,
) -> list[dict[str, Any]]:
    """Certificates of many instances, on all cores; one thread each, the same as one by one.

    Args:
        problems: The instances.
        tol: Relative gap to prove.
        seconds: Time limit of each.
        jobs: Processes at a time; as many as there are cores by default.
    """
    fields = [
        {field.name: getattr(problem, field.name) for field in dataclasses.fields(problem)}
        for problem in problems
    ]
    work = functools.partial(_certify_fields, tol=tol, seconds=seconds)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(work, fields, chunksize=max(1, len(fields) // 64)))


def _certify_fields(fields: dict[str, Any], tol: float, seconds: float | None) -> dict[str, Any]:
    return certify(RDEProblem(**fields), tol=tol, seconds=seconds)


def _pairs(prices: Prices) -> dict[str, list[float | None]]:
    return {
        "theta": prices.theta.tolist(),
        "mu": [mu if math.isfinite(mu) else None for mu in prices.mu.tolist()],
    }
