"""How fast results are audited: a folder of made-up solvers on real instances, written and audited."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..problems import RDEProblem, Scenario
from . import manifest, reference, store
from .cells import Cell, Limits, SuiteRun
from .roster import Entrant
from .suite import Suite
from .tasks import Outcome
from .work import cell_work, instances, made

SUITE, SCENARIO, SEED = "paper-v1", "paper-m12-v1", 1


def audit_speed(solvers: int = 25, count: int = 400) -> dict[str, float]:
    """Seconds of processor time that ``rdebench audit`` takes, with the start of Python.

    Args:
        solvers: Made-up solvers.
        count: Instances of 12 users.

    Returns:
        ``rows``, ``write_seconds`` (of scoring and writing them), ``audit_seconds`` and ``rows_per_second``.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "results"
        run = made_up_run([f"made-up-{n}" for n in range(solvers)], count, SUITE, SCENARIO)
        prove(folder, run)
        started = time.process_time()
        write(folder, run)
        written = time.process_time()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "rdebench.bench.cli", "audit", str(folder), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = json.loads(done.stdout)
    if report["faults"]:
        raise RuntimeError(f"the audit of made-up results finds faults: {report['faults'][0]}")
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {
        "rows": report["rows"],
        "write_seconds": written - started,
        "audit_seconds": seconds,
        "rows_per_second": report["rows"] / seconds,
    }


def made_up_run(solvers: Sequence[str], count: int, suite: str, scenario: str) -> SuiteRun:
    """A run of solvers that do not exist.

    Args:
        solvers: Their names.
        count: Instances.
        suite: Name of the suite.
        scenario: Id of its only scenario.
    """
    about = Suite.load(suite)
    entrants = tuple(
        Entrant(name, "Made up.", "other", {}, {}, False, None, None, "none") for name in solvers
    )
    limits = Limits(about.evaluations, None, about.time_limit_s)
    return SuiteRun(about, "custom", count, SEED, (Scenario.load(scenario),), entrants, limits)


def write(folder: Path, run: SuiteRun) -> None:
    """Score random answers for a run and write them."""
    manifest.record(folder, run)
    for cell in run.cells():
        store.write_shard(folder, cell.key, _shard(cell), {})


def prove(folder: Path, run: SuiteRun) -> None:
    """Write the references of all instances, from the user's own where they are known."""
    for scenario, indices in run.blocks():
        for problem, _ in instances(scenario, run.seed, indices):
            known = reference.find(problem, [reference.user_folder()])
            if known is None:
                known = reference.reference(problem)
                reference.keep_for_user(known)
            store.write_reference(folder, known)


def _shard(cell: Cell) -> bytes:
    drawn = instances(cell.scenario, cell.seed, cell.indices)
    rng = np.random.default_rng(int(cell.key[:8], 16))
    outcomes = {index: _answer(problem, rng) for index, (problem, _) in zip(cell.indices, drawn, strict=True)}
    shard = made(cell_work(cell), outcomes).shard
    assert shard is not None
    return shard


def _answer(problem: RDEProblem, rng: np.random.Generator) -> Outcome:
    """A random choice of models with equal shares of what they leave."""
    users = problem.users
    scm = rng.integers(problem.models, size=users)
    left = problem.power_budget - problem.scm_power[np.arange(users), scm].sum()
    arrays: dict[str, Any] = {
        "scm": scm,
        "power": np.full(users, max(left, 0.0) / users),
        "bandwidth": np.full(users, problem.bandwidth_budget / users),
    }
    return Outcome("answered", None, {"seconds": 1e-3, "evaluations": 1, "peak_memory": 10**8}, arrays)
