"""The tables of solvers that learn: what training costs and what it reaches, and the matrix of generalisation."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .learner_curves import student_interval
from .seeds import MOST_SEEDS, more_seeds_needed, seed_difference
from .stats import GAP_TOLERANCE, FloatArray, Interval
from .tables import Cell, Column, Row, Table
from .wording import NONE, bytes_of, duration, interval, percent, plural, whole_percent
from .zoo_table import count

_SHADES = (1e-3, 1e-2, 1e-1)
"""Gaps from which on an entry of the matrix is darker."""


@dataclass(frozen=True)
class Trained:
    """Policies of one learner that differ only in the seeds of their training, and in what that cost.

    Attributes:
        name: The learner.
        place: What they are trained on, in words.
        policies: As :func:`~.learners.learners_view` takes them; each has a curve.
    """

    name: str
    place: str
    policies: tuple[Mapping[str, Any], ...]

    @property
    def gaps(self) -> list[float]:
        """Mean gap on validation instances at the end of each training."""
        return [float(policy["curve"][-1][2]) for policy in self.policies]

    @property
    def gap(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.gaps))

    @property
    def seconds(self) -> float:
        """Mean training time, s."""
        return float(np.mean([policy["seconds"] for policy in self.policies]))

    @property
    def is_mixture(self) -> bool:
        """Whether they have seen more than one scenario."""
        return bool(self.policies[0]["scenarios"] > 1)


@dataclass(frozen=True)
class Matrix:
    """What policies of one learner, trained on one thing, reach on others."""

    name: str
    instances: str
    table: Table


def costs(trained: Sequence[Trained]) -> Table:
    """A row for each learner and what it is trained on."""
    columns = (
        Column("learner", "Learner", "and what it is trained on"),
        Column("gap", "Gap on validation", "mean over seeds, 95 % interval"),
        Column("untrained", "Untrained"),
        Column("infeasible", "Infeasible"),
        Column("seeds", "Seeds", first="descending"),
        Column("seconds", "Training", "mean time"),
        Column("steps", "Decisions", "mean"),
        Column("parameters", "Parameters", "size"),
    )
    return Table(columns, tuple(map(_cost, trained)), "")


def _cost(one: Trained) -> Row:
    first = one.policies[0]
    untrained = float(np.mean([policy["curve"][0][2] for policy in one.policies]))
    infeasible = float(np.mean([policy["curve"][-1][3] for policy in one.policies]))
    steps = [policy["steps"] for policy in one.policies if policy["steps"] is not None]
    parameters = first["parameters"]
    cells = (
        Cell(one.name, f"{one.name} {one.place}", one.place),
        Cell(percent(one.gap), one.gap, interval(*student_interval(one.gaps))),
        Cell(percent(untrained), untrained),
        Cell(whole_percent(infeasible), infeasible),
        Cell(str(len(one.policies)), len(one.policies)),
        Cell(duration(one.seconds), one.seconds),
        Cell(count(np.mean(steps)), float(np.mean(steps))) if steps else Cell(NONE, None),
        Cell(NONE if parameters is None else count(parameters), parameters, bytes_of(first["bytes"])),
    )
    return Row(one.name, False, cells)


def separations(trained: Sequence[Trained]) -> Table | None:
    """Each learner against the next of those that were trained on the same: who is better, and is that settled?

    Args:
        trained: The learners, best first in each place.

    Returns:
        A row for each two neighbours; None if there are none.
    """
    columns = (
        Column("better", "Learner", "and what it is trained on"),
        Column("worse", "Against"),
        Column("difference", "Gap less by", "95 % interval"),
        Column("seeds", "Seeds"),
        Column("verdict", "Is that settled?"),
    )
    pairs = [(one, other) for one, other in itertools.pairwise(trained) if one.place == other.place]
    return Table(columns, tuple(_separation(one, other) for one, other in pairs), "") if pairs else None


def _separation(one: Trained, other: Trained) -> Row:
    ours, theirs = (np.array(each.gaps)[:, None] for each in (one, other))
    lead = seed_difference(theirs, ours)
    seeds = f"{len(ours)} and {len(theirs)}" if len(ours) != len(theirs) else str(len(ours))
    ends = "" if np.isnan(lead.low) else f"{percent(lead.low)} to {percent(lead.high)}"
    cells = (
        Cell(one.name, f"{one.name} {one.place}", one.place),
        Cell(other.name, other.name),
        Cell(percent(lead.value), lead.value, ends),
        Cell(seeds, min(len(ours), len(theirs))),
        _verdict(ours, theirs, lead),
    )
    return Row(one.name, False, cells)


def _verdict(ours: FloatArray, theirs: FloatArray, lead: Interval) -> Cell:
    if min(len(ours), len(theirs)) < 2:
        return Cell("unknown", None, "train two seeds of each at least")
    if abs(lead.value) <= GAP_TOLERANCE:
        return Cell("no difference", None)
    if lead.low > 0:
        return Cell("yes", 0)
    more = more_seeds_needed(ours, theirs)
    if more is None:
        return Cell("no", None, f"more than {MOST_SEEDS:,} seeds each")
    return Cell("no", more, f"about {plural(more, 'more seed')} each")


def runs(trained: Sequence[Trained]) -> tuple[tuple[str, str, str], ...]:
    """Every training: which, what it reached and cost, and the command that repeats it."""
    return tuple(
        (
            f"{one.name} on {one.place}, seed {policy['seed']}",
            f"gap {percent(gap)}, {whole_percent(policy['curve'][-1][3])} infeasible; "
            + (f"{policy['steps']:,} decisions in " if policy["steps"] is not None else "")
            + f"{duration(policy['seconds'])} on {policy['machine']}; policy {policy['key']}",
            policy["command"],
        )
        for one in trained
        for policy, gap in zip(one.policies, one.gaps, strict=True)
    )


def matrices(entries: Sequence[Mapping[str, Any]]) -> tuple[Matrix, ...]:
    """The generalisation matrix of each learner."""
    names = dict.fromkeys(entry["solver"] for entry in entries)
    return tuple(_matrix(name, [entry for entry in entries if entry["solver"] == name]) for name in names)


def _matrix(name: str, entries: Sequence[Mapping[str, Any]]) -> Matrix:
    trained = list(dict.fromkeys(entry["trained_on"] for entry in entries))
    tested = list(dict.fromkeys(entry["tested_on"] for entry in entries))
    found = {(entry["tested_on"], entry["trained_on"]): entry for entry in entries}
    columns = [Column("tested_on", "Tested on"), *(Column(place, place) for place in trained)]
    rows = [
        Row(test, False, (Cell(test, test), *(_entry(found.get((test, place))) for place in trained)))
        for test in tested
    ]
    counts = sorted({int(entry["instances"]) for entry in entries})
    words = plural(counts[-1], "instance")
    return Matrix(
        name,
        words if len(counts) == 1 else f"{counts[0]} to {words}",
        Table(tuple(columns), tuple(rows), ""),
    )


def _entry(entry: Mapping[str, Any] | None) -> Cell:
    if entry is None:
        return Cell(NONE, None)
    ends = [np.nan if entry[end] is None else float(entry[end]) for end in ("gap_low", "gap_high")]
    notes = [interval(*ends)]
    if entry["infeasible"] > 0:
        notes.append(f"{whole_percent(entry['infeasible'])} infeasible")
    badges = (("good", "as trained"),) if entry["trained_on"] == entry["tested_on"] else ()
    shade = sum(entry["gap"] >= least for least in _SHADES)
    return Cell(percent(entry["gap"]), entry["gap"], "\n".join(filter(None, notes)), badges, shade)
