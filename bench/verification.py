"""Solvers against the optimum: exhaustive search and the certificate on small instances, and what each solver loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..problems import Scenario
from ..solvers.registry import SolverError, solver_names
from . import policies, roster, runner, store
from .cells import Limits, SuiteRun
from .cross_check import ANSWERED, JUDGE
from .reference import OPTIMAL_GAP
from .suite import Suite


@dataclass(frozen=True)
class Figures:
    """What one solver loses on the instances of one scenario that have a best answer.

    Attributes:
        scenario: Its id.
        solver: Its name.
        instances: Instances answered or failed.
        skipped: Instances that the solver does not handle, in no figure.
        mean_gap: Mean of 1 - RDE / optimum, or / proved bound where the optimum is not known; an answer that breaks a
            constraint and a failure count as 1.
        p95_gap: 95th percentile of the same.
        worst_gap: Largest of the same.
        optimal_share: Share of the instances with a gap of at most ``OPTIMAL_GAP``.
        infeasible: Answers that break a constraint, and failures.
        median_seconds: Median time of one instance, s; None if no time was measured.
        against: ``optimum``, ``proved bound`` or ``optimum or proved bound``.
        failure: Why the first failed instance failed, if one did.
    """

    scenario: str
    solver: str
    instances: int
    skipped: int
    mean_gap: float
    p95_gap: float
    worst_gap: float
    optimal_share: float
    infeasible: int
    median_seconds: float | None
    against: str
    failure: str | None


def plan(
    suite: Suite,
    solvers: Sequence[str],
    *,
    scenarios: Sequence[str] = (),
    instances: int | None = None,
    plugins: Sequence[Path] = (),
) -> SuiteRun:
    """The run that a verification needs: the solvers and exhaustive search on the instances of a suite.

    Args:
        suite: The suite.
        solvers: Names; if empty all that have a policy for one of the scenarios, and all of the plugins.
        scenarios: Ids or files of scenarios instead of the suite's.
        instances: Instances of each scenario; those of the quick preset by default.
        plugins: Files with further solvers.

    Raises:
        ScenarioError: If a scenario does not exist.
        SolverError: If a solver does not exist or cannot be used, or none has a policy.
    """
    chosen = tuple(Scenario.load(name) for name in dict.fromkeys(scenarios or suite.scenarios))
    if scenarios:
        update = {"name": "verify-v1", "title": "Verification", "scenarios": [one.id for one in chosen]}
        suite = suite.model_copy(update=update)
    found = roster.entrants(list(solvers) or solver_names(), suite.options, plugins, with_plugins=not solvers)
    if not solvers:
        found = [one for one in found if one.plugin is not None or _has_policy(one, chosen)]
    if not found:
        names = ", ".join(one.id for one in chosen)
        raise SolverError(
            f"no solver that learns has a policy for {names}; train one with rdebench train, or name other solvers "
            "with --solver"
        )
    if JUDGE not in {entrant.name for entrant in found}:
        found += roster.entrants([JUDGE])
    return SuiteRun(
        suite=suite,
        preset="quick" if instances is None else "custom",
        instances=suite.instances("quick") if instances is None else instances,
        seed=suite.seed,
        scenarios=chosen,
        entrants=tuple(found),
        limits=Limits(suite.evaluations, None, suite.time_limit_s),
    )


def _has_policy(entrant: roster.Entrant, scenarios: Sequence[Scenario]) -> bool:
    learning = entrant.learning
    return learning is not None and any(policies.find(learning, scenario) for scenario in scenarios)


def measure(run: SuiteRun, folder: Path, jobs: int, display: runner.Display) -> pd.DataFrame:
    """Do the run, in worker processes, and read its rows with what solvers are measured against.

    Args:
        run: As :func:`plan` makes it.
        folder: Results folder; what is finished in it is not run again.
        jobs: Workers at a time.
        display: Told how it goes.

    Returns:
        The rows of ``store.Results`` of this run's solvers, and the columns ``target`` (RDE of the best answer, or the
        proved bound), ``against`` (which of the two), ``loss`` (1 - rde / target, at least 0; 1 for violated answers
        and failures; NaN where skipped or without a target) and ``best_scm`` (indices ``[M]`` of the best answer, or
        None).

    Raises:
        ResultsError: If the folder cannot be used.
        RefereeError: If an answer contradicts a proof.
    """
    runner.run([run], folder, jobs, display)
    rows = store.read_results(folder).rows
    names = [entrant.name for entrant in run.entrants]
    rows = rows[(rows["suite"] == run.suite.name) & rows["solver"].isin(names)].reset_index(drop=True)
    best = rows[(rows["solver"] == JUDGE) & rows["status"].isin(ANSWERED)].set_index("instance_hash")
    proofs = store.read_references(folder, rows).set_index("instance_hash")
    optimum = rows["instance_hash"].map(best["rde"])
    rows["target"] = optimum.fillna(rows["bound"])
    rows["against"] = np.where(optimum.notna(), "optimum", "proved bound")
    scm = proofs["scm"].to_dict() | best["scm"].to_dict()
    rows["best_scm"] = rows["instance_hash"].map(scm)
    rows["loss"] = _loss(rows)
    return rows


def _loss(rows: pd.DataFrame) -> pd.Series[float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        below = (1.0 - rows["rde"] / rows["target"]).fillna(0.0).clip(lower=0.0)
    loss = below.where(rows["status"].isin(ANSWERED), 1.0)
    measurable = rows["reference_status"].isin(("optimal", "bounded")) | (rows["against"] == "optimum")
    return loss.where(measurable & rows["target"].notna() & (rows["status"] != "skipped"))


def figures(rows: pd.DataFrame) -> list[Figures]:
    """The figures of each scenario and solver; a solver that was skipped everywhere has none.

    Args:
        rows: As :func:`measure` returns them.
    """
    groups = rows.groupby(["scenario", "solver"], sort=False)
    return [
        _figures(str(scenario), str(solver), group)
        for (scenario, solver), group in groups
        if group["loss"].notna().any()
    ]


def _figures(scenario: str, solver: str, group: pd.DataFrame) -> Figures:
    ran = group[group["loss"].notna()]
    loss, wrong = ran["loss"].to_numpy(), ran[~ran["status"].isin(ANSWERED)]
    failed, seconds = wrong[wrong["status"] != "violated"], ran["solve_seconds"].median()
    first = None if failed.empty else failed.iloc[0]
    return Figures(
        scenario=scenario,
        solver=solver,
        instances=len(ran),
        skipped=int((group["status"] == "skipped").sum()),
        mean_gap=float(loss.mean()),
        p95_gap=float(np.quantile(loss, 0.95)),
        worst_gap=float(loss.max()),
        optimal_share=float((loss <= OPTIMAL_GAP).mean()),
        infeasible=len(wrong),
        median_seconds=None if pd.isna(seconds) else float(seconds),
        against=" or ".join(sorted(ran["against"].unique())),
        failure=None if first is None else f"instance {first['instance']}: {_last_line(first)}",
    )


def _last_line(row: pd.Series) -> str:
    return str(row["message"] or row["status"]).splitlines()[-1]
