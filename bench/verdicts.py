"""The last word on every row: its status and gap against what is known about its instance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .reference import OPTIMAL_GAP
from .rows import FAILURES

CLAIMS = ("infeasible", "unbounded")

_ROUNDING = 1e-9

EXACT_GAP = 2e-6
"""Relative gap at which a solver that says exact is beaten: each side may be off by what counts as optimal."""


class RefereeError(Exception):
    """A row and a reference that cannot both be right: the referee itself is wrong."""


def judge(rows: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Join rows with the references of their instances.

    Args:
        rows: Columns of ``rows.SCHEMA``.
        references: Columns of ``rows.REFERENCE_SCHEMA``, one row per instance.

    Returns:
        The rows in their order, with the final ``status`` and ``message``, and the columns ``bound``,
        ``bound_source``, ``reference_status``, ``reference_rde`` and ``gap``. The gap is 1 - rde / bound, also
        of an answer at a time limit; 1 for violated answers and failures; on instances proved infeasible or
        unbounded 0 for the right answer and 1 for any other; NaN for skipped rows and where nothing is known.

    Raises:
        RefereeError: If a feasible row beats the bound of its instance, or solves one proved infeasible.
    """
    columns = {
        "bound": "bound",
        "source": "bound_source",
        "status": "reference_status",
        "value": "reference_rde",
    }
    known = references.set_index("instance_hash")[list(columns)].rename(columns=columns)
    judged = rows.join(known, on="instance_hash")
    judged["reference_status"] = judged["reference_status"].fillna("unknown")
    _refuse_contradictions(judged)
    _refute_claims(judged)
    judged["gap"] = _gap(judged)
    best = (judged["status"] == "feasible") & (judged["gap"] <= OPTIMAL_GAP)
    judged.loc[best, "status"] = "optimal"
    return judged


def _refuse_contradictions(judged: pd.DataFrame) -> None:
    feasible = answered(judged)
    # Feasible means within the tolerance of the constraints, which near infeasibility is worth more than
    # the tolerance itself: hence the tolerance of the optimum here.
    beaten = feasible & (judged["rde"] > judged["bound"] * (1 + OPTIMAL_GAP))
    solved = feasible & (judged["reference_status"] == "infeasible")
    for wrong, what in ((beaten, "exceeds the proved bound"), (solved, "is feasible where none can be")):
        if wrong.any():
            row = judged[wrong].iloc[0]
            raise RefereeError(
                f"{row['suite']}, {row['scenario']}, instance {row['instance']}: the answer of {row['solver']}, "
                f"RDE {row['rde']!r}, {what} ({row['bound']!r} by {row['bound_source']}); either the results were "
                "altered, which rdebench audit tells, or this is a bug in rdebench"
            )


def _refute_claims(judged: pd.DataFrame) -> None:
    """Turn claims that are known to be false into invalid rows: proofs, bounds, and being exact."""
    feasible = judged["rde"].where(answered(judged))
    reached = feasible.groupby(judged["instance_hash"]).transform("max")
    reached = pd.concat([reached, judged["reference_rde"]], axis=1).max(axis=1)
    for claim in CLAIMS:
        other = judged["reference_status"].ne("unknown") & judged["reference_status"].ne(claim)
        known = other | (reached.notna() if claim == "infeasible" else False)
        false = (judged["status"] == claim) & known
        judged.loc[false, "message"] = f"claims that the instance is {claim}, which is false"
        judged.loc[false, "status"] = "invalid"
    low = judged["claimed_bound"] < reached * (1 - _ROUNDING)
    judged.loc[low, "message"] = [
        f"claims the bound {claimed!r}, but a feasible allocation reaches {best!r}"
        for claimed, best in zip(judged.loc[low, "claimed_bound"], reached[low], strict=True)
    ]
    judged.loc[low, "status"] = "invalid"
    beaten = (
        judged["exact"].eq(True) & feasible.lt(reached * (1 - EXACT_GAP)) & judged["status"].eq("feasible")
    )
    judged.loc[beaten, "message"] = [
        f"says that it is exact, but found {found!r} where {best!r} can be reached"
        for found, best in zip(judged.loc[beaten, "rde"], reached[beaten], strict=True)
    ]
    judged.loc[beaten, "status"] = "invalid"


def _gap(judged: pd.DataFrame) -> pd.Series[float]:
    status, proved = judged["status"], judged["reference_status"]
    gap = pd.Series(np.nan, index=judged.index)
    bounded = proved.isin(("optimal", "bounded"))
    gap[bounded] = 1.0
    scored = bounded & answered(judged)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = (1.0 - judged["rde"] / judged["bound"]).fillna(0.0).clip(lower=0.0)
    gap[scored] = below[scored]
    for claim in CLAIMS:
        gap[proved == claim] = np.where(status[proved == claim] == claim, 0.0, 1.0)
    gap[status == "skipped"] = np.nan
    return gap


def failed(judged: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are failures of the solver, and make a command end with exit code 1."""
    return judged["status"].isin(FAILURES) & ~answered(judged)


def answered(judged: pd.DataFrame) -> pd.Series[bool]:
    """Rows with a feasible answer, given in time or at a time limit."""
    return judged["status"].isin(("feasible", "optimal")) | (
        judged["status"].eq("time_limit") & judged["rde"].notna()
    )
