"""Single instances for a closer look: what every solver gives each user, beside the best allocation known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..problems import Allocation, RDEProblem, Reward, Scenario, ScenarioError
from . import reference, store
from .store import Results
from .work import instances

MOST = 12
"""Instances of a suite at most."""

MOST_USERS = 64
"""Users of an instance at most; a larger one is shown alone, when it is asked for."""

CHOICES = {1: ("median",), 3: ("easiest", "median", "hardest")}
"""Which instances of a scenario are chosen, by how many; in the order of the mean gap over solvers."""

_DIGITS = 4
_DECISIONS = ("scm", "power_w", "bandwidth_hz")
_COLUMNS = (
    *("suite", "scenario", "scenario_hash", "instance", "instance_hash", "suite_seed", "users", "solver"),
    *("status", "reference_status", "gap", "solve_seconds", *_DECISIONS),
)
"""The columns that are read: few, since rows are taken one by one."""


def read_instances(folder: Path, results: Results) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Some instances of each suite of a results folder, spread over its scenarios and from easy to hard.

    Args:
        folder: The results folder.
        results: What it holds.

    Returns:
        By suite the instances, as :func:`read_instance` gives them, each also with the ``choice`` that it is; and a
        sentence on each scenario whose instances cannot be drawn again and are left out.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    notes: dict[str, None] = {}
    for suite, rows in results.rows[[*_COLUMNS]].groupby("suite", sort=False):
        for scenario, number, choice in chosen(rows):
            own = rows[(rows["scenario"] == scenario) & (rows["instance"] == number)]
            try:
                entry = read_instance(folder, own)
            except (ScenarioError, LookupError) as error:
                notes[f"{scenario} is left out of the allocations: {error}"] = None
                continue
            found.setdefault(str(suite), []).append({**entry, "choice": choice})
    return found, list(notes)


def chosen(rows: pd.DataFrame) -> list[tuple[str, int, str]]:
    """Scenario, number and :data:`CHOICES` of the instances of a suite that are worth a look.

    Args:
        rows: The rows of one suite.
    """
    small = rows[rows["users"] <= MOST_USERS]
    scenarios = [str(name) for name in small["scenario"].unique()]
    if len(scenarios) > MOST:
        scenarios = [scenarios[n] for n in np.linspace(0, len(scenarios) - 1, MOST).round().astype(int)]
    gaps = small.groupby(["scenario", "instance"], sort=False)["gap"].mean()
    found = []
    for scenario in scenarios:
        order = gaps.loc[scenario].fillna(0.0).sort_values(kind="stable").index
        names = CHOICES[3 if len(order) >= 3 and len(scenarios) * 3 <= MOST else 1]
        places = [len(order) // 2] if len(names) == 1 else np.linspace(0, len(order) - 1, len(names)).round()
        found += [(scenario, int(order[int(place)]), name) for place, name in zip(places, names, strict=True)]
    return found


def read_instance(folder: Path, rows: pd.DataFrame) -> dict[str, Any]:
    """What every solver gives each user of an instance, scored again.

    Args:
        folder: The results folder, for the certified allocation.
        rows: The rows of one instance of one suite.

    Returns:
        What JSON can hold, in SI units: ``scenario``, ``instance``, ``users`` (M), ``rate``, ``models`` (names of
        the S SCMs), ``compute_w`` (``[M][S]``), ``deadline_s`` and ``gain_db`` (channel gain over the best user's)
        of each user, ``power_budget_w``, ``bandwidth_budget_hz``, ``proved`` (the status of its reference), and
        ``optimum`` and, by solver, ``answers``: ``status``, ``gap``, ``reward``, ``seconds`` (of the run), ``rde``,
        ``total_power_w`` (of SCMs and transmission), ``total_bandwidth_hz``, and by user ``scm``, ``power_w`` (of
        transmission), ``bandwidth_hz``, ``rate`` and ``latency_s`` (None if infinite). An answer without an
        allocation has only the first four. The optimum has no status, gap and seconds, but its ``source``:
        ``certificate`` or a solver; it is None if no allocation is known to be optimal. Skipped runs are left out.

    Raises:
        ScenarioError: If the scenario is not there.
        LookupError: If it does not draw this instance any more.
    """
    records = rows[[*_COLUMNS]].to_dict("records")
    first = records[0]
    problem, scenario = _drawn(first)
    reward = scenario.reward_function()
    answers = {
        str(row["solver"]): {
            "status": row["status"],
            "gap": _short(row["gap"]),
            "reward": None,
            "seconds": _short(row["solve_seconds"]),
            **(_scored(problem, reward, row) or {}),
        }
        for row in records
        if row["status"] != "skipped"
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = 10.0 * np.log10(problem.gain / problem.gain.max())
    return {
        "scenario": str(first["scenario"]),
        "instance": int(first["instance"]),
        "users": problem.users,
        "rate": problem.rate,
        "models": list(problem.scm_names),
        "compute_w": [_list(line) for line in problem.scm_power],
        "deadline_s": _list(problem.max_latency),
        "gain_db": _list(gain),
        "power_budget_w": problem.power_budget,
        "bandwidth_budget_hz": problem.bandwidth_budget,
        "proved": str(first["reference_status"]),
        "optimum": _optimum(folder, records, problem, reward),
        "answers": answers,
    }


def _drawn(row: Mapping[str, Any]) -> tuple[RDEProblem, Scenario]:
    """The instance of a row and its scenario, drawn again.

    Raises:
        ScenarioError: If the scenario is not there.
        LookupError: If the instance is not the one of the row.
    """
    scenario = Scenario.load(str(row["scenario"]))
    if scenario.content_hash() != row["scenario_hash"]:
        raise LookupError("the scenario here is not the one that was run")
    ((problem, instance_hash),) = instances(scenario, int(row["suite_seed"]), [int(row["instance"])])
    if instance_hash != row["instance_hash"]:
        raise LookupError(f"instance {row['instance']} drawn here is not the one that was run")
    return problem, scenario


def _optimum(
    folder: Path, rows: Sequence[Mapping[str, Any]], problem: RDEProblem, reward: Reward
) -> dict[str, Any] | None:
    """The certified allocation or, without one, that of the first row proved optimal."""
    known = reference.read(store.references_folder(folder), rows[0]["instance_hash"]) or {}
    if known.get("status") == "optimal" and (scored := _scored(problem, reward, known)):
        return {"source": "certificate", **scored}
    for row in rows:
        if row["status"] == "optimal" and (scored := _scored(problem, reward, row)):
            return {"source": str(row["solver"]), **scored}
    return None


def _scored(problem: RDEProblem, reward: Reward, decided: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an allocation is worth, in all and for each user; None where there is none that can be scored."""
    if any(decided.get(name) is None for name in _DECISIONS):
        return None
    scm, power, bandwidth = (np.asarray(decided[name]) for name in _DECISIONS)
    try:
        with np.errstate(all="ignore"):
            evaluation = problem.evaluate(Allocation(scm, power, bandwidth))
            worth = float(reward(problem, evaluation))
    except (TypeError, ValueError):  # rows may come from anybody
        return None
    return {
        "reward": _short(worth),
        "rde": _short(float(evaluation.rde)),
        "total_power_w": _short(float(evaluation.total_power)),
        "total_bandwidth_hz": _short(float(evaluation.total_bandwidth)),
        "scm": scm.tolist(),
        "power_w": _list(power),
        "bandwidth_hz": _list(bandwidth),
        "rate": _list(evaluation.rate),
        "latency_s": _list(evaluation.latency),
    }


def _list(values: NDArray[np.float64]) -> list[float | None]:
    return [_short(float(value)) for value in values]


def _short(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
