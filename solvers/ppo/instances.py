"""Training instances, described and kept in groups of one shape; validation instances with proved bounds."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import platformdirs

from ...problems import RDEProblem, Scenario, sampling
from ...problems.rde import FloatArray, IntArray
from . import description
from .description import Description, describe

VALIDATION_FIRST = 10_000_000
"""Number of the first validation instance in the training split: far from all that is trained on."""

PROVE_SECONDS = 0.5


@dataclass(frozen=True, eq=False)
class Group:
    """Described instances of one shape.

    Attributes:
        shannon: Which rate.
        data: Their descriptions, with an axis of N in front.
    """

    shannon: bool
    data: Description

    def __len__(self) -> int:
        return len(self.data.bound)

    @property
    def users(self) -> int:
        """M."""
        return int(self.data.plan.shape[1])

    @property
    def models(self) -> int:
        """S."""
        return int(self.data.loss.shape[2])

    def part(self, row: int) -> Group:
        """The instance at ``row``, alone in a group."""
        arrays = {field.name: getattr(self.data, field.name)[row : row + 1] for field in fields(self.data)}
        return Group(self.shannon, Description(**arrays))

    def ratios(self, rows: IntArray, scm: IntArray) -> FloatArray:
        """Value of assignments ``[R, M]`` on instances ``rows [R]`` over the root bound; -inf if infeasible."""
        from .batch_kernel import assignment_values

        d, value = self.data, np.empty(len(rows))
        rows, scm = np.ascontiguousarray(rows), np.ascontiguousarray(scm, dtype=np.int64)
        assignment_values(
            self.shannon, d.k, d.nats, d.compute, d.floor, d.weight, d.epsilon, rows, scm, value
        )
        return np.asarray(value / d.bound[rows])

    def share_ratios(
        self, rows: IntArray, scm: IntArray, wanted: FloatArray, surplus: FloatArray
    ) -> FloatArray:
        """The same with the power and bandwidth of logits ``[R, M]``; where infeasible, -1 to -2 by what lacks."""
        from .shares_kernel import share_values

        d, value = self.data, np.empty(len(rows))
        rows, scm = np.ascontiguousarray(rows), np.ascontiguousarray(scm, dtype=np.int64)
        share_values(
            self.shannon, d.k, d.nats, d.compute, d.floor, d.weight, d.epsilon, rows, scm,
            np.ascontiguousarray(wanted), np.ascontiguousarray(surplus), value,
        )  # fmt: skip
        return np.asarray(np.where(value > 0.0, value / d.bound[rows], value))

    def shares(
        self, row: int, scm: IntArray, wanted: FloatArray, surplus: FloatArray
    ) -> tuple[bool, FloatArray, FloatArray]:
        """Whether ``scm [M]`` meets the deadlines of an instance, and its power and bandwidth in budgets."""
        from .shares_kernel import allocate_shares

        d, users = self.data, np.arange(self.users)
        power, share = np.empty(self.users), np.empty(self.users)
        rho, left = d.nats[row, users, scm], 1.0 - float(d.compute[row, users, scm].sum())
        floor = float(d.floor[row])
        met = allocate_shares(self.shannon, d.k[row], rho, left, floor, wanted, surplus, power, share)
        return met, power, share

    def improved(self, rows: IntArray, scm: IntArray, sweeps: int) -> tuple[IntArray, FloatArray]:
        """The assignments after changes of one user at a time, and their ratios."""
        from .batch_kernel import improve_assignments

        d, scm = self.data, np.array(scm, dtype=np.int64)
        value = self.ratios(rows, scm) * d.bound[rows]
        improve_assignments(
            self.shannon, d.k, d.nats, d.compute, d.floor, d.weight, d.epsilon, d.allowed,
            np.ascontiguousarray(rows), scm, value, sweeps,
        )  # fmt: skip
        return scm, np.asarray(value / d.bound[rows])


def shortlisted(group: Group, count: int) -> Group:
    """The group with the ``count`` SCMs of each user that lose least at the root prices, the planned one among them."""
    data = group.data
    if group.models <= count:
        return group
    first = np.where(np.arange(group.models) == data.plan[..., None], -1.0, data.loss)
    keep = np.argsort(first, axis=2, kind="stable")[..., :count]
    pairs = ("loss", "cost", "share", "change", "allowed", "nats", "compute", "weight")
    taken = {name: np.take_along_axis(getattr(data, name), keep, axis=2) for name in pairs}
    taken["tokens"] = np.take_along_axis(data.tokens, keep[..., None], axis=2)
    return Group(group.shannon, replace(data, **taken, plan=np.zeros_like(data.plan)))


def grouped(problems: Sequence[RDEProblem], *, prove_seconds: float | None = None) -> list[Group]:
    """Describe instances and group those of equal rate, M and S; those that have no description are left out."""
    return [group for group, _ in described(problems, prove_seconds=prove_seconds)[0]]


def described(
    problems: Sequence[RDEProblem], *, plan: bool = True, prove_seconds: float | None = None
) -> tuple[list[tuple[Group, list[int]]], list[int]]:
    """Describe instances and group those of equal rate, M and S; arguments as for :func:`~.description.describe`.

    Returns:
        The groups with the places of their instances, and the places of those that have no description.
    """
    found: dict[tuple[bool, int, int], dict[int, Description]] = {}
    others = []
    for place, problem in enumerate(problems):
        one = describe(problem, plan=plan, prove_seconds=prove_seconds)
        if one is None:
            others.append(place)
        else:
            key = (problem.rate == "shannon", problem.users, problem.models)
            found.setdefault(key, {})[place] = one
    groups = [
        (Group(key[0], Description.stacked(list(parts.values()))), list(parts))
        for key, parts in found.items()
    ]
    return groups, others


def training_groups(scenarios: Sequence[Scenario], each: int) -> list[Group]:
    """``each`` training instances of every scenario, described.

    They are the same for every training seed, which decides weights, batches and samples: drawn once, they are read
    from the user's cache.
    """

    def make() -> list[Group]:
        return grouped([p for scenario in scenarios for p in scenario.sample(each, 0, split="train")])

    return _cached(["training", *(scenario.content_hash() for scenario in scenarios), each], make)


def validation_groups(scenarios: Sequence[Scenario], each: int) -> list[Group]:
    """``each`` instances of every scenario with proved optima, to watch training by.

    They are of the training split, but from numbers that training never uses.
    """

    def make() -> list[Group]:
        numbers = range(VALIDATION_FIRST, VALIDATION_FIRST + each)
        problems = [scenario.instance(n, 0, split="train") for scenario in scenarios for n in numbers]
        return grouped(problems, prove_seconds=PROVE_SECONDS)

    return _cached(["validation", *(scenario.content_hash() for scenario in scenarios), each], make)


def validate(groups: Sequence[Group], answer: Callable[[Group], FloatArray]) -> tuple[float, float]:
    """Mean gap of a policy's answers, in which an infeasible one counts 1, and the share of infeasible ones.

    Args:
        groups: Instances with proved optima.
        answer: Gives the ratios to the root bound ``[N]`` of the answers on the instances of a group, 0 or less
            where infeasible.
    """
    gaps = []
    for group in groups:
        ratio = answer(group)
        gaps.append(np.where(ratio > 0.0, 1.0 - ratio / group.data.optimum, 1.0))
    gap = np.concatenate(gaps)
    return float(gap.mean()), float((gap == 1.0).mean())


def _cached(names: Sequence[str | int], make: Callable[[], list[Group]]) -> list[Group]:
    """What ``make`` gives, from a file if it was made before by the same sources."""
    sources = "".join(Path(module.__file__ or "").read_text() for module in (description, sampling))
    key = hashlib.sha256("/".join(map(str, [*names, sources])).encode()).hexdigest()[:24]
    file = Path(platformdirs.user_cache_dir("rdebench")) / "instances" / f"{key}.npz"
    try:
        with np.load(file, allow_pickle=False) as data:
            count, names_of = int(data["groups"]), [f.name for f in fields(Description)]
            return [
                Group(bool(data[f"{i}/shannon"]), Description(**{n: data[f"{i}/{n}"] for n in names_of}))
                for i in range(count)
            ]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        groups = make()
    arrays = {f"{i}/{f.name}": getattr(g.data, f.name) for i, g in enumerate(groups) for f in fields(g.data)}
    arrays |= {f"{i}/shannon": np.asarray(group.shannon) for i, group in enumerate(groups)}
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_suffix(f".{os.getpid()}.npz")
        np.savez(aside, groups=np.asarray(len(groups)), **arrays)
        aside.replace(file)
    return groups
