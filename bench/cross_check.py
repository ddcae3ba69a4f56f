"""The optimum, found twice: exhaustive search against the certificate, and the certificate against its verifier."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from . import reference, store
from .cells import SuiteRun
from .reference import OPTIMAL_GAP
from .verifier import CertificateError, verify

JUDGE = "exhaustive"
"""The solver that finds the optimum by trying everything; the certificate must agree with it."""

ANSWERED = ("optimal", "feasible")
_NO_OPINION = ("skipped", "time_limit")


@dataclass
class CrossCheck:
    """Whether exhaustive search and the certificate say the same.

    Attributes:
        compared: Instances on which both have a proof.
        certificates: Certificates whose proof the independent verifier has followed.
        largest_difference: Largest relative difference between the two values.
        faults: Contradictions, one sentence each.
    """

    compared: int = 0
    certificates: int = 0
    largest_difference: float = 0.0
    faults: list[str] = field(default_factory=list)


def cross_check(run: SuiteRun, rows: pd.DataFrame, folder: Path) -> CrossCheck:
    """Compare exhaustive search with the certificate on every instance, and follow the proof of each certificate.

    Args:
        run: The run.
        rows: As :func:`rdebench.bench.verification.measure` returns them.
        folder: The results folder of the run.
    """
    check = CrossCheck()
    scenarios = {scenario.id: scenario for scenario in run.scenarios}
    for _, row in rows[rows["solver"] == JUDGE].iterrows():
        name = f"{row['scenario']}, instance {row['instance']}"
        known = reference.read(store.references_folder(folder), row["instance_hash"])
        if known is not None and known["status"] != "unknown":
            problem = scenarios[row["scenario"]].instance(int(row["instance"]), int(row["suite_seed"]))
            try:
                verify(problem, known)
                check.certificates += 1
            except (CertificateError, KeyError, TypeError, ValueError, IndexError) as error:
                check.faults.append(f"{name}: the certificate does not hold: {error}")
        _compare(row, name, check)
    return check


def _compare(row: pd.Series, name: str, check: CrossCheck) -> None:
    found, proved = str(row["status"]), str(row["reference_status"])
    if found in _NO_OPINION or proved == "unknown":
        return
    if found in ANSWERED and proved == "bounded":
        return  # that no answer beats its bound is tested whenever rows are read
    check.compared += 1
    if found in ANSWERED and proved == "optimal":
        value, other = float(row["rde"]), float(row["reference_rde"])
        difference = abs(value - other) / max(abs(other), np.finfo(float).tiny)
        check.largest_difference = max(check.largest_difference, difference)
        if difference > OPTIMAL_GAP:
            check.faults.append(
                f"{name}: the best RDE is {value!r} by exhaustive search and {other!r} by the certificate"
            )
    elif found != proved:
        check.faults.append(
            f"{name}: exhaustive search ends as {found}{_because(row)}, the certificate as {proved}"
        )


def _because(row: pd.Series) -> str:
    return f" ({row['message']})" if row["message"] else ""
