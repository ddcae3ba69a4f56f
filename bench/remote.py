"""Work done on another machine: packed here, done there by the same isolated processes, checked when it comes back.

What travels is data: JSON and the bytes of files. A parcel holds all that the work needs, so machines share no files.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..problems import Scenario, ScenarioError
from ..solvers.registry import SolverError
from . import frames, pool, reference, shards
from .cells import Cell, Limits
from .executor import ExecutorError
from .explain import differences
from .policies import Policy
from .provenance import code_hash, code_hashes, file_hash, installed, numerical_versions
from .roster import Entrant, entrant_of, entrants
from .tasks import Task
from .work import Made, Work, cell_work, instances, made, reference_work

FORMAT = "rdebench-parcel/1"

_MOST_SHOWN = 4


class Abandoned(Exception):
    """Nobody waits for this work any more."""


def pack(chunk: Sequence[Work]) -> bytes:
    """Some work as the bytes that :func:`work_off` takes.

    Args:
        chunk: Pieces that differ in nothing but their instances.

    Raises:
        ExecutorError: If a plugin or a policy cannot be read, or is no longer the one that was described.
    """
    first = chunk[0]
    header = {
        "format": FORMAT,
        "here": _here(),
        "scenario": first.request["scenario"],
        "seed": first.seed,
        "indices": [item.indices for item in chunk],
        "cell": first.cell and _described(first.cell),
    }
    return frames.encode(header, {} if first.cell is None else _files(first.cell))


def work_off(parcel: bytes, abandoned: Callable[[], bool]) -> bytes:
    """Do the work of a parcel, in worker processes as on the sender's machine.

    Args:
        parcel: What :func:`pack` returned.
        abandoned: Asked now and then whether the result is still wanted.

    Returns:
        What :func:`unpack` takes: what came of the work, or why it is refused.

    Raises:
        Abandoned: If it is not wanted any more.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="rdebench-") as folder:
            return _work_off(*frames.decode(parcel), Path(folder), abandoned)
    except (ExecutorError, SolverError, ScenarioError) as error:
        return frames.encode({"refused": str(error)})
    except frames.FrameError as error:
        return frames.encode({"refused": f"it cannot read the work: {error}; install one version everywhere"})


def unpack(chunk: Sequence[Work], reply: bytes) -> list[tuple[Work, Made, float]]:
    """What came of some work, checked: every shard is whole and of the cell that was asked for.

    Args:
        chunk: The work.
        reply: What :func:`work_off` returned.

    Returns:
        Each piece of work, what came of it, and the seconds that it took.

    Raises:
        ExecutorError: If the work was refused, or something else came back.
    """
    try:
        header, arrays = frames.decode(reply)
        if (refused := header.get("refused")) is not None:
            raise ExecutorError(f"another machine refuses the work: {refused}")
        pieces = header["pieces"]
        if len(pieces) != len(chunk):
            raise ExecutorError(f"{len(pieces)} results came back for {len(chunk)} pieces of work")
        found = []
        for number, (item, piece) in enumerate(zip(chunk, pieces, strict=True)):
            data = None if item.cell is None else arrays[str(number)].tobytes()
            one = Made(data, tuple(piece["references"]))
            _check(item, one)
            found.append((item, one, float(piece["seconds"])))
    except (frames.FrameError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ExecutorError):
            raise
        raise ExecutorError(f"what came back from another machine is no result: {error}") from None
    return found


def _here() -> dict[str, Any]:
    """What must agree between two machines."""
    return {"code": code_hashes(), "versions": numerical_versions()}


def _described(cell: Cell) -> dict[str, Any]:
    policy = cell.policy
    return {
        "suite": cell.suite,
        "identity": cell.identity,
        "entrant": asdict(cell.entrant),
        "limits": asdict(cell.limits),
        "policy": policy and {"name": policy.path.name, "digest": policy.digest, "seconds": policy.seconds},
    }


def _files(cell: Cell) -> frames.Arrays:
    """The bytes of the plugin, and of the files of the policy."""
    found: frames.Arrays = {}
    if cell.entrant.changed():
        raise ExecutorError(f"{cell.entrant.plugin} was changed during the run; run again")
    try:
        if cell.entrant.plugin is not None:
            found["plugin"] = _bytes(Path(cell.entrant.plugin))
        if cell.policy is not None:
            for path in sorted(cell.policy.path.iterdir()):
                found[f"policy/{path.name}"] = _bytes(path)
    except OSError as error:
        raise ExecutorError(f"{error.filename} cannot be read: {error.strerror}; run again") from None
    return found


def _bytes(path: Path) -> Any:
    return np.frombuffer(path.read_bytes(), np.uint8)


def _work_off(
    header: frames.Header, arrays: frames.Arrays, folder: Path, abandoned: Callable[[], bool]
) -> bytes:
    if header.get("format") != FORMAT:
        raise ExecutorError(
            f"it reads work of the format {FORMAT!r}, not {header.get('format')!r}; install one version everywhere"
        )
    _require_same(header["here"], _here())
    chunk = _chunk(header, Scenario.model_validate(header["scenario"]), arrays, folder)
    watch = _Watch(abandoned)
    pieces: dict[tuple[int, ...], dict[str, Any]] = {}
    bytes_of: frames.Arrays = {}
    with closing(pool.execute(chunk, 1, watch)) as finished:
        for item, outcomes in finished:
            one = made(item, outcomes)
            if one.shard is not None:
                bytes_of[str(chunk.index(item))] = np.frombuffer(one.shard, np.uint8)
            pieces[item.indices] = {"references": one.references, "seconds": watch.lap()}
    return frames.encode({"pieces": [pieces[item.indices] for item in chunk]}, bytes_of)


def _chunk(header: frames.Header, scenario: Scenario, arrays: frames.Arrays, folder: Path) -> list[Work]:
    """The work as it is done here; refused unless it makes the very cells that the sender expects."""
    described, seed = header["cell"], header["seed"]
    pieces = [tuple(indices) for indices in header["indices"]]
    if described is None:
        return [reference_work(scenario, seed, indices, header["scenario"]) for indices in pieces]
    policy = described["policy"]
    first = Cell(
        described["suite"],
        scenario,
        seed,
        pieces[0],
        _set_up(described["entrant"], arrays, folder),
        Limits(**described["limits"]),
        policy and Policy(_unfolded(policy["name"], arrays, folder), policy["digest"], policy["seconds"]),
    )
    _require_same(described["identity"], first.identity)
    cells = [replace(first, indices=indices) for indices in pieces]
    return [cell_work(cell, header["scenario"]) for cell in cells]


def _set_up(described: dict[str, Any], arrays: frames.Arrays, folder: Path) -> Entrant:
    """The solver as this machine has it: its plugin file written here, its sources and packages looked up here."""
    entrant = entrant_of(described)
    packages = {package: installed(package) for package in entrant.packages}
    if entrant.plugin is not None:
        path = folder / "plugin" / Path(entrant.plugin).name
        path.parent.mkdir()
        path.write_bytes(arrays["plugin"].tobytes())
        return replace(entrant, plugin=str(path), code=file_hash(path), packages=packages)
    if entrant.code == code_hash():
        return replace(entrant, packages=packages)
    return _of_another_distribution(entrant.name, json.dumps(entrant.options))


@lru_cache(maxsize=100)
def _of_another_distribution(name: str, options: str) -> Entrant:
    """A solver that somebody else ships, described by a process that imports it."""
    return entrants([name], {name: json.loads(options)})[0]


def _unfolded(name: str, arrays: frames.Arrays, folder: Path) -> Path:
    """The folder of the policy, written here under its own name."""
    target = folder / "policy" / Path(name).name
    target.mkdir(parents=True)
    for label, data in arrays.items():
        kind, _, file = label.partition("/")
        if kind == "policy":
            (target / Path(file).name).write_bytes(data.tobytes())
    return target


def _require_same(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Raises ExecutorError that names both sides if anything differs that can change a row."""
    theirs = json.loads(json.dumps(theirs))
    found = list(islice(differences(theirs, json.loads(json.dumps(ours))), _MOST_SHOWN))
    if found:
        raise ExecutorError(
            f"it has other sources or packages than the sender ({'; '.join(found)}); "
            "install the same version of rdebench and of its packages on both"
        )


def _check(item: Work, one: Made) -> None:
    """Raises ExecutorError unless what came back is what was asked for."""
    if item.cell is None:
        _check_references(item, one.references)
        return
    assert one.shard is not None
    key, cell = item.cell.key, item.cell
    try:
        table = shards.decode_cell(key, shards.shard_name(key, one.shard), one.shard)
    except shards.ShardError as error:
        raise ExecutorError(f"the shard of {item.label} that came back is not sound: {error}") from None
    stated = [table[name].to_pylist() for name in ("instance", "cell", "solver", "scenario")]
    asked = [list(item.indices)] + [
        [value] * len(item.indices) for value in (key, cell.entrant.name, cell.scenario.id)
    ]
    if stated != asked or shards.stated_identity(table) != cell.identity:
        raise ExecutorError(f"the shard of {item.label} that came back holds other rows than were asked for")


def _check_references(item: Work, references: Sequence[dict[str, Any]]) -> None:
    problems = instances(item.scenario, item.seed, item.indices)
    if len(references) != len(problems):
        raise ExecutorError(f"{len(references)} references came back for {len(problems)} instances")
    for (problem, instance_hash), known in zip(problems, references, strict=True):
        unknown = reference.unknown(instance_hash) | {"code": code_hash()}
        if known != unknown and not reference.holds(problem, known):
            raise ExecutorError(f"a reference on {item.scenario.id} that came back does not hold")


class _Watch:
    """Hears how the work goes: stops it when nobody wants it any more, and takes the time of each piece."""

    def __init__(self, abandoned: Callable[[], bool]) -> None:
        self._abandoned = abandoned
        self._last = time.monotonic()

    def lap(self) -> float:
        """Seconds since the last call, or since the beginning."""
        last, self._last = self._last, time.monotonic()
        return self._last - last

    def started(self, slot: int, task: Task) -> None: ...

    def advanced(self, slot: int) -> None: ...

    def finished(self, slot: int) -> None: ...

    def tick(self) -> None:
        if self._abandoned():
            raise Abandoned
