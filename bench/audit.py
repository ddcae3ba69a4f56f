"""Auditing a results folder: every row scored again from its decisions, every instance's certificate verified once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..problems import Scenario, ScenarioError
from . import badges, manifest, reference, rescoring, store, try_shards
from .cell_checks import Checked, Place, check, shown
from .cell_checks import name as row_name
from .coverage import Coverage, mislabelled
from .rows import SCHEMA
from .shards import SHARD_NAME, ShardError, decode_cell, read_shard
from .suite import Suite, suite_names
from .verdicts import RefereeError, judge
from .verifier import verify
from .work import instances
from .zoo_data import FOLDER as ZOOS

_REFERENCE_NAME = re.compile(r"([0-9a-f]{64})\.json", re.ASCII)
_ZOO_NAME = re.compile(r"([0-9a-f]{16})\.json", re.ASCII)


@dataclass
class Report:
    """What an audit has found so far.

    Attributes:
        cells: Cells looked at.
        total: Cells of the manifest.
        rows: Rows scored again.
        instances: Instances drawn again.
        certificates: Certificates verified.
        unproved: Instances without a certificate of a bound.
        faults: What is wrong, one sentence each, naming the file or the row.
        clean: Shards without a fault, in themselves or in the certificates of their instances, by cell.
        looked_at: Keys of the cells looked at.
    """

    cells: int = 0
    total: int = 0
    rows: int = 0
    instances: int = 0
    certificates: int = 0
    unproved: int = 0
    faults: list[str] = field(default_factory=list)
    clean: dict[str, str] = field(default_factory=dict)
    looked_at: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Shard:
    place: Place
    file: str
    checked: Checked


def audit(folder: Path, only: str | None = None) -> Iterator[Report]:
    """Audit a results folder, yielding the growing report after every block of instances.

    Args:
        folder: The results folder.
        only: The key of one cell, to look at nothing else.

    Raises:
        ResultsError: If the folder holds no results that this version reads.
    """
    report = Report()
    try:
        described = manifest.load(folder)
    except manifest.DamagedError as error:
        report.faults.append(str(error))
        yield report
        return
    auditor = _Auditor(folder, described, report)
    blocks = [block for block in _blocks(described, only) if block]
    report.total = sum(len(block) for block in blocks)
    auditor.try_out(place for block in blocks for place in block)
    for block in blocks:
        auditor.look_at(block)
        yield report
    if only is None:
        auditor.look_at_the_rest()
        yield report


def _blocks(described: dict[str, Any], only: str | None) -> Iterator[list[Place]]:
    """The cells of all solvers on one block of instances after the other."""
    for name, entry in described["suites"].items():
        by_solver = [
            [Place(name, entry, solver, key) for key in solver["cells"]] for solver in entry["solvers"]
        ]
        for block in zip_longest(*by_solver):
            yield [place for place in block if place is not None and only in (None, place.key)]


class _Auditor:
    def __init__(self, folder: Path, described: dict[str, Any], report: Report) -> None:
        self.folder, self.described, self.report = folder, described, report
        self.listing = store.list_cells(folder)
        self.refused: dict[Path, str] = {}
        self.scenarios: dict[str, Scenario] = {}
        self.instances: dict[tuple[str, int, int], bool] = {}
        self.references: dict[str, dict[str, Any] | None] = {}
        self.coverage = Coverage()
        for name, entry in described["suites"].items():
            report.faults += mislabelled(name, entry)
            if name in suite_names() and Suite.load(name).content_hash() != entry["hash"]:
                report.faults.append(f"{name}: the results are of another version of this suite")
            self._load_scenarios(entry["scenarios"])

    def try_out(self, places: Iterable[Place]) -> None:
        """Find out which shards must not be unpacked in this process."""
        cells = store.cells_folder(self.folder)
        files = [self.listing[place.key][0] for place in places if place.key in self.listing]
        self.refused = try_shards.refused([cells / file for file in files])

    def look_at(self, block: list[Place]) -> None:
        """Check the shards of a block, draw its instances once, score all answers, verify its certificates."""
        report = self.report
        shards = [shard for place in block if (shard := self._shard(place)) is not None]
        faulty: set[str] = set()
        groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self.coverage.count(block, {shard.place.key: shard.checked.identity for shard in shards})
        for shard in shards:
            report.faults += [f"cells/{shard.file}: {fault}" for fault in shard.checked.faults]
            if shard.checked.faults:
                faulty.add(shard.place.key)
            identity = shard.checked.identity
            if identity.scenario.id in self.scenarios:
                group = groups.setdefault((identity.scenario.id, identity.seed), [])
                group += [
                    row for row in shard.checked.sound if row["instance"] < shard.place.entry["instances"]
                ]
            else:
                faulty.add(shard.place.key)
        for (name, seed), rows in groups.items():
            faulty |= self._score(self.scenarios[name], seed, rows)
        report.cells += len(block)
        report.looked_at += [place.key for place in block]
        report.clean |= {shard.place.key: shard.file for shard in shards if shard.place.key not in faulty}

    def look_at_the_rest(self) -> None:
        """Check that no instance is missing, and the files that no cell of the manifest needs."""
        for sentence, cells in self.coverage.faults(self.described):
            self.report.faults.append(sentence)
            for key in cells:
                self.report.clean.pop(key, None)
        if badges.damaged(self.folder):
            self.report.faults.append(
                f"{badges.FILE} was changed or is not from here; its badges do not count"
            )
        known = {key for entry in self.described["suites"].values() for key in entry["cells"]}
        for name in _names(store.cells_folder(self.folder)):
            match = SHARD_NAME.fullmatch(name)
            if match is None:
                self.report.faults.append(f"cells/{shown(name)} is no shard; remove it")
            elif match["key"] not in known and not self._has_hash("cells", name):
                self.report.faults.append(f"cells/{name} was changed or is damaged")
        for name in _names(store.references_folder(self.folder)):
            match = _REFERENCE_NAME.fullmatch(name)
            if match is None:
                self.report.faults.append(f"references/{shown(name)} is no reference; remove it")
            elif match[1] not in self.references:
                self._reference(match[1], f"references/{name}")
        for name in _names(self.folder / ZOOS):
            if _ZOO_NAME.fullmatch(name) is None or not self._has_hash(ZOOS, name):
                self.report.faults.append(f"{ZOOS}/{shown(name)} was changed, is damaged or is no zoo")

    def _load_scenarios(self, entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            identifier = entry["id"]
            try:
                scenario = Scenario.load(identifier)
            except ScenarioError as error:
                self.report.faults.append(f"{shown(identifier)}: its rows cannot be scored again: {error}")
                continue
            if scenario.content_hash() == entry["hash"]:
                self.scenarios[identifier] = scenario
            else:
                self.report.faults.append(
                    f"{identifier}: the results are of another version of this scenario"
                )

    def _shard(self, place: Place) -> _Shard | None:
        """The shard of a cell with its rows checked; of a damaged one what can still be read, to name the rows."""
        files, faults = self.listing.get(place.key, []), self.report.faults
        what = f"{shown(place.suite)}, {shown(place.solver['name'])}"
        if not files:
            faults.append(f"cells/{place.key}.*.parquet is missing ({what})")
            return None
        if len(files) > 1:
            faults.append(f"cells/{files[1]} is a second shard of its cell ({what}); remove one")
        path = store.cells_folder(self.folder) / files[0]
        reason = self.refused.get(path)
        try:
            if reason is None:
                return _Shard(
                    place, files[0], check(decode_cell(place.key, files[0], read_shard(path)), place)
                )
        except (OSError, ShardError) as error:
            reason = str(error)
        faults.append(f"cells/{files[0]} was changed or is damaged ({what}): {reason}")
        table = try_shards.salvage(path)
        with suppress(ShardError):
            return None if table is None else _Shard(place, files[0], check(table, place))
        return None

    def _score(self, scenario: Scenario, seed: int, rows: list[dict[str, Any]]) -> set[str]:
        """Score the rows of a block; the keys of the cells that are not clean."""
        report = self.report
        numbers = sorted({row["instance"] for row in rows})
        drawn = dict(zip(numbers, instances(scenario, seed, numbers), strict=True))
        faults = rescoring.faults_of(rows, drawn, scenario.reward_function())
        report.rows += len(rows)
        report.faults += [sentence for _, sentence in faults]
        faulty = {row["cell"] for row, _ in faults}
        for number in numbers:
            if not self._instance(scenario.id, seed, number, *drawn[number]):
                faulty |= {row["cell"] for row in rows if row["instance"] == number}
        wrong = {id(row) for row, _ in faults}
        proved = {number for number in numbers if self.instances[scenario.id, seed, number]}
        return faulty | self._judge(
            [row for row in rows if id(row) not in wrong and row["instance"] in proved]
        )

    def _instance(self, scenario: str, seed: int, number: int, problem: Any, instance_hash: str) -> bool:
        """Whether what is said to be proved about an instance is; looked at once, however many suites it is in."""
        at = (scenario, seed, number)
        if at not in self.instances:
            self.report.instances += 1
            known = self._reference(instance_hash, f"{scenario}, instance {number}")
            self.instances[at] = known is not None and self._proved(
                problem, known, f"{scenario}, instance {number}"
            )
        return self.instances[at]

    def _reference(self, instance_hash: str, what: str) -> dict[str, Any] | None:
        folder = store.references_folder(self.folder)
        self.references[instance_hash] = known = reference.read(folder, instance_hash)
        if known is None:
            there = reference.file_of(folder, instance_hash).exists()
            state = "was changed or is damaged" if there else "is missing"
            self.report.faults.append(f"{what}: its reference references/{instance_hash}.json {state}")
        return known

    def _proved(self, problem: Any, known: dict[str, Any], what: str) -> bool:
        if known["status"] == "unknown":
            self.report.unproved += 1
            return True
        try:
            verify(problem, known)
        except (
            Exception
        ) as error:  # it may come from anybody: whatever it makes the verifier raise is its fault
            self.report.faults.append(f"{what}: its certificate does not hold: {shown(error)}")
            return False
        self.report.certificates += 1
        return True

    def _judge(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        """Hold rows against what is proved about their instances; the cells of those that contradict it."""
        if not rows:
            return set()
        known = {row["instance_hash"]: self.references[row["instance_hash"]] or {} for row in rows}
        faulty = set()
        for row in rows:  # incumbents are kept without their decisions: all that can be said of them is this
            bound, trace = known[row["instance_hash"]].get("bound"), row["trace_rde"]
            if trace and bound is not None and trace[-1] > bound * (1 + reference.OPTIMAL_GAP):
                self.report.faults.append(
                    f"{row_name(row)}: trace_rde ends with {trace[-1]!r}, the proved bound is {bound!r}"
                )
                faulty.add(row["cell"])
        frame = pa.Table.from_pylist(list(rows), SCHEMA).to_pandas()
        try:
            judge(frame, store.reference_frame(list(known.values())))
        except (RefereeError, pa.ArrowException, TypeError) as error:
            self.report.faults.append(shown(error))
            faulty |= {row["cell"] for row in rows}
        return faulty

    def _has_hash(self, place: str, name: str) -> bool:
        """Whether a file has the content whose hash its name states."""
        try:
            data = read_shard(self.folder / place / name)
        except (OSError, ShardError):
            return False
        return hashlib.sha256(data).hexdigest()[:16] == name.split(".")[-2]


def _names(folder: Path) -> list[str]:
    """Names of the files in a folder, without those that are still being written."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []
