"""One wrong answer explained user by user, and what each wrong choice costs by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..problems import Allocation, Evaluation, RDEProblem
from ..problems.rde import FloatArray, IntArray
from ..solvers.allocation import InnerSolver
from .reference import OPTIMAL_GAP
from .rows import VIOLATIONS

MOST_EXPLAINED = 10
"""Most users whose wrong choices are told one by one."""

_SAME = 1e-9
"""Relative difference below which two values count as equal."""


@dataclass(frozen=True)
class Share:
    """What one user gets: SCM, power in mW, bandwidth in kHz, rate in Mbit/s (bit/s/Hz if spectral), latency in s."""

    scm: str
    power_mw: float
    bandwidth_khz: float
    rate: float
    latency_s: float


@dataclass(frozen=True)
class UserChoice:
    """One user in the answer and in the best answer.

    Attributes:
        user: Index.
        gain_db: Channel gain over the best user's, dB.
        deadline_s: Deadline, s.
        chosen: What the answer gives.
        best: What the best answer gives.
        differs: Whether the SCMs differ.
    """

    user: int
    gain_db: float
    deadline_s: float
    chosen: Share
    best: Share
    differs: bool


@dataclass(frozen=True)
class WrongChoice:
    """An answer that is not the best one.

    Attributes:
        solver: Who gave it.
        scenario: Scenario of the instance.
        instance: Its number.
        gap: 1 - RDE / best RDE; 1 if a constraint is broken.
        rde: What the answer is worth, broken constraints aside.
        best_rde: What the best answer is worth.
        rate_unit: Unit of the rates.
        users: The users in order.
        explained: Those whose SCM is wrong and whose sentences follow, in order: where there are too many, the ones
            whose change alone changes the value most.
        sentences: What is wrong, in words.
    """

    solver: str
    scenario: str
    instance: int
    gap: float
    rde: float
    best_rde: float
    rate_unit: str
    users: list[UserChoice]
    explained: list[int]
    sentences: list[str]


def worst_answer(rows: pd.DataFrame) -> pd.Series | None:
    """The row of largest gap that holds decisions, where the best answer is known; None if there is none.

    Args:
        rows: Rows of one solver, as :func:`rdebench.bench.verification.measure` returns them.
    """
    known = (rows["against"] == "optimum") | (rows["reference_status"] == "optimal")
    wrong = rows[known & (rows["loss"] > OPTIMAL_GAP) & rows["scm"].notna()]
    return None if wrong.empty else wrong.loc[wrong["loss"].idxmax()]


def explain(problem: RDEProblem, row: pd.Series) -> WrongChoice:
    """Compare an answer with the best one.

    Args:
        problem: The instance.
        row: Its row.
    """
    scm = np.array(row["scm"], dtype=np.int64)
    given = Allocation(scm, np.array(row["power_w"]), np.array(row["bandwidth_hz"]))
    inner = InnerSolver(problem)
    best_scm = np.array(row["best_scm"], dtype=np.int64)
    own, best_value = inner.values(np.stack([scm, best_scm]))
    if own >= best_value * (1 - _SAME):
        best_scm = scm  # another best answer: its SCMs are not wrong
    best = _row_of(inner.allocate(best_scm[None]).allocation)
    found, found_best = problem.evaluate(given), problem.evaluate(best)
    users = [
        UserChoice(
            user=user,
            gain_db=float(10.0 * np.log10(problem.gain[user] / problem.gain.max())),
            deadline_s=float(problem.max_latency[user]),
            chosen=_share(problem, given, found, user),
            best=_share(problem, best, found_best, user),
            differs=bool(scm[user] != best_scm[user]),
        )
        for user in range(problem.users)
    ]
    explained, swaps = _swaps(inner, scm, best_scm, best_value)
    return WrongChoice(
        solver=str(row["solver"]),
        scenario=str(row["scenario"]),
        instance=int(row["instance"]),
        gap=float(row["loss"]),
        rde=float(found.rde),
        best_rde=float(found_best.rde),
        rate_unit="Mbit/s" if problem.rate == "shannon" else "bit/s/Hz",
        users=users,
        explained=explained,
        sentences=[
            *_broken(row),
            _shared(float(row["loss"]), own, best_value, right=bool((scm == best_scm).all())),
            *swaps,
        ],
    )


def _broken(row: pd.Series) -> list[str]:
    broken = {name: float(row[f"violation_{name}"]) for name in VIOLATIONS if row[f"violation_{name}"] > 0}
    if row["status"] != "violated":
        return []
    return [f"it breaks {', '.join(f'{name} by {value:.2%} of its limit' for name, value in broken.items())}"]


def _shared(gap: float, own: float, best: float, *, right: bool) -> str:
    """What sharing power and bandwidth costs, with the SCMs as they are."""
    if own == -np.inf:
        return "no power and bandwidth make these SCMs feasible"
    if right:
        return "its SCMs are a best choice: all of the gap is in power and bandwidth"
    rest = 1.0 - own / best
    if gap - rest <= _SAME:
        return "with these SCMs its power and bandwidth are the best: all of the gap is in the SCMs"
    return f"with the same SCMs and exact power and bandwidth the gap is {rest:.2%} instead of {gap:.2%}"


def _swaps(inner: InnerSolver, scm: IntArray, best_scm: IntArray, best: float) -> tuple[list[int], list[str]]:
    """What a change of one user's SCM towards the best answer is worth by itself: the users, and sentences."""
    wrong = np.flatnonzero(scm != best_scm)
    if not wrong.size:
        return [], []
    changed = np.repeat(scm[None], len(wrong), axis=0)
    changed[np.arange(len(wrong)), wrong] = best_scm[wrong]
    values = inner.values(np.vstack([scm[None], changed]))
    names = inner.problem.scm_names
    told = _largest(values[1:], float(values[0]))
    sentences = [
        f"user {user} takes {names[scm[user]]} where {names[best_scm[user]]} is best; with that one change alone "
        f"and exact allocation {_worth(float(values[0]), float(value), best)}"
        for user, value in zip(wrong[told], values[1:][told], strict=True)
    ]
    if rest := len(wrong) - len(told):
        sentences.append(
            f"{rest} more {'users differ' if rest > 1 else 'user differs'}; "
            "no such change alone changes the value by more than those above"
        )
    if len(wrong) > 1 and not (values[1:] > values[0] * (1 + _SAME)).any():
        sentences.append("no single change helps: only together they do")
    return [int(user) for user in wrong[told]], sentences


def _largest(values: FloatArray, before: float) -> IntArray:
    """Where the values that differ most from the one before are, in order; infeasible ones count as the least."""
    size = np.where(np.isfinite(values), values, 0.0) - (before if np.isfinite(before) else 0.0)
    return np.sort(np.argsort(-np.abs(size), kind="stable")[:MOST_EXPLAINED])


def _worth(before: float, after: float, best: float) -> str:
    if after == -np.inf:
        return "no power and bandwidth are feasible"
    if before == -np.inf:
        return f"the answer is feasible, {1.0 - after / best:.2%} below the best"
    change = after / before - 1.0
    if abs(change) <= _SAME:
        return "the value stays the same"
    return f"the value {'rises' if change > 0 else 'falls'} by {abs(change):.2%}"


def _share(problem: RDEProblem, allocation: Allocation, found: Evaluation, user: int) -> Share:
    return Share(
        scm=problem.scm_names[allocation.scm[user]],
        power_mw=float(allocation.power[user]) * 1e3,
        bandwidth_khz=float(allocation.bandwidth[user]) / 1e3,
        rate=float(found.rate[user]) / (1e6 if problem.rate == "shannon" else 1.0),
        latency_s=float(found.latency[user]),
    )


def _row_of(allocation: Allocation) -> Allocation:
    return Allocation(allocation.scm[0], allocation.power[0], allocation.bandwidth[0])
