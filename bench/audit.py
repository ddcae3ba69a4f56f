"""Auditing a results folder: every row scored again from its decisions, every instance's certificate verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..problems import Allocation, RDEProblem, Scenario
from . import manifest, reference, store
from .rows import SCHEMA, VIOLATIONS
from .verdicts import RefereeError, judge
from .verifier import CertificateError, verify

_SCORED = ("feasible", "violated")

_EXACT = 1e-12
"""Relative difference beyond which a stored score is not the score: the last bits may differ between machines."""


@dataclass
class Report:
    """What an audit found.

    Attributes:
        rows: Rows scored again.
        instances: Instances drawn again.
        certificates: Certificates verified.
        unproved: Instances without a certificate of a bound.
        faults: What is wrong, one sentence each, naming the file or the row.
    """

    rows: int = 0
    instances: int = 0
    certificates: int = 0
    unproved: int = 0
    faults: list[str] = field(default_factory=list)


def audit(folder: Path) -> Iterator[Report]:
    """Audit a results folder, yielding the growing report after every instance.

    Args:
        folder: The results folder.

    Raises:
        ResultsError: If the folder holds no results that this version reads.
    """
    described = manifest.load(folder)
    report = Report()
    rows = _stored_rows(folder, described, report)
    scenarios = _scenarios(described, report)
    names = ["scenario", "suite_seed", "instance"]
    for (name, seed, index), group in rows.groupby(names, sort=True):
        if name in scenarios:
            problem = scenarios[name].instance(int(index), int(seed))
            report.instances += 1
            _check_rows(problem, scenarios[name], group, report)
            _check_certificate(folder, problem, f"{name}, instance {index}", report)
        yield report
    try:
        judge(rows, store.read_references(folder, rows))
    except RefereeError as error:
        report.faults.append(str(error))
    yield report


def _stored_rows(folder: Path, described: dict[str, Any], report: Report) -> pd.DataFrame:
    shards = []
    for suite in described["suites"].values():
        for key in suite["cells"]:
            table = store.read_cell(folder, key)
            if table is None:
                report.faults.append(f"cells/{key}.parquet is missing or damaged")
            else:
                shards.append(table)
    return pa.concat_tables([SCHEMA.empty_table(), *shards]).to_pandas()


def _scenarios(described: dict[str, Any], report: Report) -> dict[str, Scenario]:
    found = {}
    for suite in described["suites"].values():
        for entry in suite["scenarios"]:
            scenario = Scenario.load(entry["id"])
            if scenario.content_hash() == entry["hash"]:
                found[scenario.id] = scenario
            else:
                report.faults.append(f"{scenario.id}: the results are of another version of this scenario")
    return found


def _check_rows(problem: RDEProblem, scenario: Scenario, rows: pd.DataFrame, report: Report) -> None:
    """Score all answers to one instance as one batch and compare every stored number."""
    report.rows += len(rows)
    strangers = rows[rows["instance_hash"] != problem.content_hash()]
    report.faults += [f"{_name(row)}: it is not of the instance it names" for _, row in strangers.iterrows()]
    scored = rows[rows["status"].isin(_SCORED) & rows["scm"].notna()]
    if scored.empty:
        return
    try:
        allocation = Allocation(*(np.stack(scored[name]) for name in ("scm", "power_w", "bandwidth_hz")))
        evaluation = problem.evaluate(allocation)
    except ValueError as error:
        report.faults.append(f"{_name(scored.iloc[0])}, or another answer to it: {error}")
        return
    expected = {
        "rde": evaluation.rde,
        "reward": scenario.reward_function()(problem, evaluation),
        "total_power_w": evaluation.total_power,
        "total_bandwidth_hz": evaluation.total_bandwidth,
        **{f"violation_{name}": getattr(evaluation.violations, name) for name in VIOLATIONS},
    }
    for column, values in expected.items():
        stored = scored[column].to_numpy()
        wrong = ~np.isclose(stored, values, rtol=_EXACT, atol=1e-15)
        report.faults += [
            f"{_name(scored.iloc[n])}: {column} is {stored[n]!r}, its decisions give {values[n]!r}"
            for n in np.flatnonzero(wrong)
        ]
    verdict = np.where(evaluation.feasible, "feasible", "violated")
    report.faults += [
        f"{_name(scored.iloc[n])}: says {scored['status'].iloc[n]}, but is {verdict[n]}"
        for n in np.flatnonzero(scored["status"].to_numpy() != verdict)
    ]


def _check_certificate(folder: Path, problem: RDEProblem, name: str, report: Report) -> None:
    known = reference.read(store.references_folder(folder), problem.content_hash())
    if known is None:
        report.faults.append(f"{name}: its reference is missing")
        return
    if known["status"] == "unknown":
        report.unproved += 1
        return
    try:
        verify(problem, known)
        report.certificates += 1
    except (CertificateError, KeyError, TypeError, ValueError, IndexError) as error:
        report.faults.append(f"{name}: its certificate does not hold: {error}")


def _name(row: pd.Series[Any]) -> str:
    return f"{row['suite']}, {row['scenario']}, instance {row['instance']}, {row['solver']}"
