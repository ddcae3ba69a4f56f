"""Joining results of several people or machines: every row is kept, and what cannot stand together is refused."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..problems import Scenario
from . import bundle, files, manifest, reference, store
from .cell_checks import shown
from .joined_manifest import joined
from .manifest import ResultsError
from .merge_rules import choose
from .source import Source, StoredCell, read_source
from .verifier import verify
from .zoo_data import FOLDER as ZOOS

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Merged:
    """What was joined.

    Attributes:
        sources: Bundles and folders, with the one that was there.
        suites: Suites.
        cells: Cells that are kept.
        rows: Their rows.
        instances: Their instances.
        repeated: Cells that were there more than once, or in a larger one.
    """

    sources: int
    suites: int
    cells: int
    rows: int
    instances: int
    repeated: int


def merge(given: Sequence[Path], out: Path, tell: Tell = lambda _: None) -> Merged:
    """Join bundles and results folders; results that are in ``out`` already are joined with them.

    Nothing is written to ``out`` unless everything can be joined.

    Args:
        given: Bundles and results folders.
        out: The results folder to write.
        tell: Told what is being done.

    Raises:
        ResultsError: If a source cannot be read safely, two of them cannot stand together, or ``out`` cannot be
            written.
    """
    with ExitStack() as stack:
        if out.exists():
            stack.enter_context(store.lock(out))
        aside = stack.enter_context(_aside(out))
        there = [out] if (out / manifest.FILE).exists() else []
        places: dict[Path, Path] = {}
        for place in [*there, *given]:
            places.setdefault(place.resolve(), place)
        sources: list[Source] = []
        for place in places.values():
            tell(f"reading {place}")
            sources.append(_read(place, aside / str(len(sources))))
        tell("comparing")
        chosen, repeated = choose(sources)
        references = _references(sources)
        tell(f"writing {out}")
        _write(sources, chosen, references, aside / "merged")
        _publish(aside / "merged", out, {cell.place.key: cell.path.name for cell in chosen})
    rows = sum(len(cell.identity.indices) for cell in chosen)
    suites = len({cell.place.suite for cell in chosen})
    return Merged(len(sources), suites, len(chosen), rows, len(references), repeated)


def _read(place: Path, aside: Path) -> Source:
    if place.is_dir():
        return read_source(str(place), place)
    aside.mkdir()
    bundle.unpack(place, aside)
    return read_source(str(place), aside)


def _references(sources: Sequence[Source]) -> dict[str, dict[str, Any]]:
    """What is known about each instance; where two sources differ, the better of what the verifier finds sound."""
    found: dict[str, tuple[Source, dict[str, Any]]] = {}
    for source in sources:
        for instance_hash, known in source.references.items():
            there = found.get(instance_hash)
            if there is None or there[1]["status"] == "unknown":
                found[instance_hash] = (source, known)
            elif known["status"] != "unknown" and known != there[1]:
                both = [there, (source, known)]
                for one, claim in both:
                    _require_sound(one, instance_hash, claim)
                found[instance_hash] = min(both, key=_bound)
    return {instance_hash: known for instance_hash, (_, known) in found.items()}


def _bound(of: tuple[Source, Mapping[str, Any]]) -> float:
    bound = of[1].get("bound")
    return -1.0 if bound is None else float(bound)


def _require_sound(source: Source, instance_hash: str, known: dict[str, Any]) -> None:
    """Verify a certificate. Raises ResultsError that names the source."""
    scenario, seed, index = source.instances[instance_hash]
    try:
        problem = Scenario.load(scenario).instance(index, seed)
        verify(problem, known)
    except Exception as error:  # it may come from anybody: whatever it makes the verifier raise is its fault
        raise ResultsError(
            f"{source.name}: the certificate of {scenario}, instance {index}, does not hold: {shown(error)}; "
            "leave this source out"
        ) from None


def _write(
    sources: Sequence[Source],
    chosen: Sequence[StoredCell],
    references: Mapping[str, dict[str, Any]],
    folder: Path,
) -> None:
    """Write the joined results to a new folder."""
    described = joined([source.manifest for source in sources], chosen)
    encoded = manifest.encode(described)
    manifest.decode(encoded, "the joined manifest")
    try:
        store.cells_folder(folder).mkdir(parents=True)
        for cell in chosen:
            shutil.copyfile(cell.path, store.cells_folder(folder) / cell.path.name)
        for instance_hash, known in references.items():
            place = reference.file_of(store.references_folder(folder), instance_hash)
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(reference.encode(known))
        for file in _zoos(described):
            _copy_zoo(file, [source.folder for source in sources], folder)
        files.write_atomically(folder / manifest.FILE, encoded)
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error.strerror}") from None


def _zoos(described: Mapping[str, Any]) -> set[str]:
    zoos = [scenario["zoo"] for entry in described["suites"].values() for scenario in entry["scenarios"]]
    return {zoo["file"] for zoo in zoos if zoo.get("file")}


def _copy_zoo(file: str, folders: Sequence[Path], to: Path) -> None:
    """The cards of a zoo, from the first source that has them intact; without them the page leaves the zoo out."""
    for folder in folders:
        place = folder / ZOOS / file
        if place.is_file() and place.stat().st_size <= bundle.MOST_FILE_BYTES:
            data = place.read_bytes()
            if file.startswith(hashlib.sha256(data).hexdigest()[:16]):
                files.write_atomically(to / ZOOS / file, data)
                return


def _publish(merged: Path, out: Path, shards: Mapping[str, str]) -> None:
    """Put the joined results in place: as a whole where nothing was, else file by file and the manifest last."""
    try:
        if not out.exists():
            os.replace(merged, out)
            return
        listing = store.list_cells(out)
        earlier = _earlier_cells(out)
        ordered = sorted(path for path in merged.rglob("*") if path.is_file() and path.parent != merged)
        for path in [*ordered, merged / manifest.FILE]:
            place = out / path.relative_to(merged)
            place.parent.mkdir(exist_ok=True)
            os.replace(path, place)
        for key, names in listing.items():
            if key in earlier or key in shards:
                for name in names:
                    if name != shards.get(key):
                        (store.cells_folder(out) / name).unlink(missing_ok=True)
    except OSError as error:
        raise ResultsError(f"{out} cannot be written: {error.strerror}") from None


def _earlier_cells(out: Path) -> set[str]:
    """The cells of the manifest that is in the folder; of those that go, all rows are in other cells."""
    if not (out / manifest.FILE).exists():
        return set()
    return {key for entry in manifest.load(out)["suites"].values() for key in entry["cells"]}


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """A folder beside the one to write, which does not outlive the merge."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent)
    except OSError as error:
        raise ResultsError(f"{out} cannot be written: {error.strerror}; choose another --out") from None
    try:
        yield Path(aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
