"""Bundles: results as one file that can be handed on, and how such a file is read without trusting it."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from . import files, manifest, sealed, store
from .manifest import ResultsError
from .manifest_schema import Count, Hash, Name, Part
from .provenance import versions
from .zoo_data import FOLDER as ZOOS

FORMAT = "rdebench-bundle/1"
FILE = "bundle.json"

PATH = r"manifest\.json|cells/[0-9a-f]{64}\.[0-9a-f]{16}\.parquet|references/[0-9a-f]{64}\.json|zoos/[0-9a-f]{16}\.json"
"""What a file in a bundle may be called."""

MOST_FILES = 60_000
MOST_BYTES = 2 * 1024**3
MOST_FILE_BYTES = 256 * 1024**2
MOST_RATIO = 200
"""What a bundle may hold: files, bytes unpacked in all and in one file, and bytes unpacked per byte packed."""

_SMALL = 64 * 1024
"""Up to this size a file may be packed as tightly as it likes."""

_END = 22
"""Bytes of the record at the end of a zip file that has no comment."""

_LOCATOR = 20
"""Bytes of the record before it, if the archive is a large one."""

_DATE = (1980, 1, 1, 0, 0, 0)


class BundleFile(Part):
    """A file of a bundle."""

    path: Annotated[str, Field(pattern=f"^({PATH})$")]
    size: Annotated[int, Field(ge=0, le=MOST_FILE_BYTES)]
    sha256: Hash


class Description(Part):
    """What a bundle says of itself."""

    format: Literal["rdebench-bundle/1"]
    name: Name
    code_hash: Hash
    versions: Annotated[dict[Name, Name], Field(max_length=100)]
    rows: Count
    files: Annotated[list[BundleFile], Field(min_length=2, max_length=MOST_FILES)]


def pack(folder: Path, out: Path, name: str) -> Description:
    """Write a bundle of the results that the manifest of a folder lists; the same results give the same bytes.

    Args:
        folder: The results folder; audit it first.
        out: The file to write.
        name: Who hands it on.

    Raises:
        ResultsError: If a cell is not finished, there is too much, or the file cannot be written.
    """
    described = manifest.load(folder)
    paths, rows = _contents(folder, described)
    try:
        total = sum((folder / path).stat().st_size for path in paths)
        if len(paths) > MOST_FILES or total > MOST_BYTES:
            raise ResultsError(
                f"{folder} holds {len(paths)} files of {total} bytes; a bundle takes {MOST_FILES} files and "
                f"{MOST_BYTES} bytes: hand on fewer suites, or the folder itself, which rdebench merge reads too"
            )
        contents = {path: (folder / path).read_bytes() for path in paths}
    except OSError as error:
        raise ResultsError(f"{error.filename} cannot be read: {error.strerror}") from None
    listed = [
        {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in contents.items()
    ]
    about = {"format": FORMAT, "name": name, "code_hash": described["code_hash"], "versions": versions()}
    about |= {"rows": rows, "files": listed}
    try:
        description = Description.model_validate(about)
    except ValidationError as error:
        raise ResultsError(f"no bundle can be made: {_first(error)}") from None
    try:
        files.write_output(out, _zipped({FILE: sealed.seal(about, 1), **contents}))
    except OSError as error:
        raise ResultsError(f"{out} cannot be written: {error.strerror}; choose another --out") from None
    return description


def unpack(bundle: Path, into: Path) -> Description:
    """Unpack a bundle that may come from anybody; nothing in it is executed.

    Args:
        bundle: The file.
        into: An empty folder; it becomes a results folder, whose rows are checked by nobody yet.

    Raises:
        ResultsError: If it is no bundle, or not one that can be read safely; the message says why.
    """
    with _told(bundle), _opened(bundle) as archive:
        members = _members(archive, bundle)
        if FILE not in members:
            raise ResultsError(f"{bundle} is no bundle: {FILE} is missing; make one with rdebench submit")
        description = _description(_content(archive, members.pop(FILE), sealed.MOST_BYTES), bundle)
        listed = {file.path: file for file in description.files}
        if len(listed) != len(description.files) or listed.keys() != members.keys():
            odd = sorted(listed.keys() ^ members.keys())[:1] or ["a file twice"]
            raise ResultsError(f"{bundle}: {FILE} does not list what the bundle holds: {odd[0]}")
        for path, file in listed.items():
            data = _content(archive, members[path], file.size)
            if hashlib.sha256(data).hexdigest() != file.sha256 or len(data) != file.size:
                raise ResultsError(f"{bundle}: {path} does not have the hash that {FILE} states")
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            (into / path).write_bytes(data)
    return description


def _contents(folder: Path, described: dict[str, Any]) -> tuple[list[str], int]:
    """The files that belong to a manifest, and how many rows they hold."""
    listing, hashes, cells, rows = store.list_cells(folder), set(), [], 0
    for entry in described["suites"].values():
        for key in entry["cells"]:
            table = store.read_cell(folder, key, listing)
            if table is None:
                raise ResultsError(
                    f"the cell {key[:16]}... is not finished or damaged; run again, then submit"
                )
            cells.append(f"cells/{listing[key][0]}")
            hashes |= set(table["instance_hash"].to_pylist())
            rows += len(table)
    scenarios = [scenario for entry in described["suites"].values() for scenario in entry["scenarios"]]
    zoos = {scenario["zoo"]["file"] for scenario in scenarios if scenario["zoo"].get("file")}
    references = [f"references/{instance}.json" for instance in sorted(hashes)]
    return [manifest.FILE, *cells, *references, *(f"{ZOOS}/{file}" for file in sorted(zoos))], rows


def _zipped(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in contents.items():
            info = zipfile.ZipInfo(path, _DATE)
            info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


@contextmanager
def _told(bundle: Path) -> Iterator[None]:
    """Whatever a damaged archive makes the library raise, as a sentence."""
    try:
        yield
    except OSError as error:
        raise ResultsError(f"{bundle} cannot be read: {error.strerror or error}") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
    ) as error:
        raise ResultsError(f"{bundle} is no sound zip file: {error}") from None


@contextmanager
def _opened(bundle: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; its table of contents is bounded before anything of it is read."""
    if bundle.exists() and not bundle.is_file():  # a pipe could keep us waiting for ever
        raise ResultsError(f"{bundle} is no bundle: it is no plain file")
    with bundle.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _LOCATOR - _END, 0))
        locator, end = file.read(_LOCATOR), file.read(_END)
        large = locator.startswith(b"PK\x06\x07")  # a second table of contents, for archives larger than ours
        if not end.startswith(b"PK\x05\x06") or size > MOST_BYTES or large:
            raise ResultsError(
                f"{bundle} is no bundle: it is no zip file, is too large, or carries a comment"
            )
        count, table = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
        if count > MOST_FILES + 1 or table > 300 * (count + 1):
            raise ResultsError(
                f"{bundle} lists {count} files in {table} bytes; a bundle has at most {MOST_FILES}"
            )
        with zipfile.ZipFile(file) as archive:
            yield archive


def _members(archive: zipfile.ZipFile, bundle: Path) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive by name, after everything that it says of them has been checked."""
    found: dict[str, zipfile.ZipInfo] = {}
    total, before = 0, 0
    for info in sorted(archive.infolist(), key=lambda one: one.header_offset):
        name, kind = info.filename, stat.S_IFMT(info.external_attr >> 16)
        tight = info.file_size > max(_SMALL, MOST_RATIO * info.compress_size)
        reasons = {
            "its name is not one that a bundle holds": name != info.orig_filename or not _may_be_called(name),
            "it is there twice": name in found,
            "it is encrypted": info.flag_bits & 0x1,
            "it is a link or no plain file": kind not in (0, stat.S_IFREG),
            "it is packed in a way that bundles are not": info.compress_type
            not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
            f"it has {info.file_size} bytes": info.file_size > MOST_FILE_BYTES,
            f"it unpacks to more than {MOST_RATIO} times its size": tight,
            "it lies over another file": info.header_offset < before,
        }
        for reason, given in reasons.items():
            if given:
                raise ResultsError(f"{bundle} is refused: {_quoted(name)}: {reason}")
        found[name] = info
        before = info.header_offset + info.compress_size
        total += info.file_size
    if total > MOST_BYTES:
        raise ResultsError(f"{bundle} is refused: it unpacks to {total} bytes; at most {MOST_BYTES} are read")
    return found


def _may_be_called(name: str) -> bool:
    return name == FILE or re.fullmatch(PATH, name, re.ASCII) is not None


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """What a file unpacks to, whatever size it states: at most one byte more than it may have."""
    with archive.open(info) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ResultsError(f"{archive.filename or 'the bundle'}: {info.filename} has more than {most} bytes")
    return data


def _description(data: bytes, bundle: Path) -> Description:
    try:
        return Description.model_validate(sealed.unseal(data, 1))
    except sealed.SealError as error:
        raise ResultsError(f"{bundle}: {FILE} was changed or is damaged: {error}") from None
    except ValidationError as error:
        raise ResultsError(f"{bundle}: {FILE} is not what rdebench submit writes: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part)[:60] for part in first['loc'])}: {first['msg']}"


def _quoted(name: str) -> str:
    return repr(name[:80])
