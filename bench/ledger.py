"""What the referee knows to be in a results folder, so that it notices when somebody else writes there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from . import files

ASIDE = "intruders"
"""Folder for files that nobody of ours wrote and that would be taken for results."""

_OURS = ("cells", "references", "zoos", "manifest.json", "badges.json")
"""Where a file is taken for a result, so that a foreign one is put aside."""

_NOT_WATCHED = (".lock", ASIDE)
_MOST_BYTES = 256 * 2**20
"""How much of what is in the folder is remembered, to put back what is damaged."""

_LARGEST_SHARE = 0.03
"""Of the time that is spent on looking."""

_NAMED = 3

Signature = tuple[int, int, int]
"""Inode, size, and when the file was last changed in any way, which cannot be set at will."""


class Ledger:
    """The files of a results folder, as the referee wrote or found them.

    Args:
        folder: The results folder; what is in it now is taken as it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = self._seen()
        self._content: dict[str, bytes] = {}
        self._size = 0
        self._next = 0.0

    def remember(self) -> None:
        """Read what there is, so that it can be put back."""
        for name in self._known:
            if name.split("/")[0] in _OURS and self._size < _MOST_BYTES:
                with suppress(OSError):
                    self._keep(name, (self._folder / name).read_bytes())

    def wrote(self, path: Path, data: bytes, instead_of: Iterable[str] = ()) -> None:
        """The referee has written a file.

        Args:
            path: The file.
            data: Its content.
            instead_of: Names of files of the same folder that it has removed.
        """
        for name in instead_of:
            self._forget(self._name(path.parent / name))
        name = self._name(path)
        signature = _signature(path)
        self._keep(name, data)
        with suppress(OSError):
            if signature is not None and path.read_bytes() == data:
                self._known[name] = signature
                return
        self._known[name] = (0, 0, 0)  # changed already: the next look says so

    @property
    def due(self) -> bool:
        """Whether looking again would take but a small share of the time."""
        return monotonic() >= self._next

    def intruders(self) -> list[str]:
        """What somebody else has done since the last look, a sentence each; results are put right where possible."""
        began = monotonic()
        seen = self._seen()
        removed = [name for name in self._known if name not in seen]
        changed = [name for name, signature in seen.items() if self._known.get(name, signature) != signature]
        added = [name for name in seen if name not in self._known]
        # First aside what is not ours: a link or a file may have taken the place of a folder of results.
        aside = self._put_aside([name for name in added if name.split("/")[0] in _OURS])
        told = [
            *_sentence("changed", changed, self._put_back(changed)),
            *_sentence("removed", removed, self._put_back(removed)),
            *aside,
            *_sentence("written", [name for name in added if name.split("/")[0] not in _OURS], ""),
        ]
        if told:
            self._known = self._seen()
        ended = monotonic()
        self._next = ended + (ended - began) / _LARGEST_SHARE
        return told

    def _put_back(self, names: list[str]) -> str:
        """Write files again as they were; what has become of them, in words."""
        lost = 0
        for name in names:
            data = self._content.get(name)
            try:
                if data is None:
                    raise OSError
                if (self._folder / name).is_dir():
                    self._put_aside([name])
                files.write_atomically(self._folder / name, data)
            except OSError:
                lost += 1
        if not lost:
            return "put back as it was" if len(names) == 1 else "put back as they were"
        return "run again to make up for it" if lost == len(names) else f"put back but for {lost}: run again"

    def _put_aside(self, names: list[str]) -> list[str]:
        place = self._folder / ASIDE
        for name in names:
            with suppress(OSError):
                place.mkdir(exist_ok=True)
                os.replace(self._folder / name, place / name.replace("/", "_"))
        return _sentence("written", names, f"put aside in {ASIDE}")

    def _keep(self, name: str, data: bytes) -> None:
        self._size += len(data) - len(self._content.pop(name, b""))
        self._content[name] = data
        while self._size > _MOST_BYTES:
            self._size -= len(self._content.pop(next(iter(self._content))))

    def _forget(self, name: str) -> None:
        self._known.pop(name, None)
        self._size -= len(self._content.pop(name, b""))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _seen(self) -> dict[str, Signature]:
        """All files below the folder by their names, links as themselves."""
        found = {}
        for place, folders, names in os.walk(self._folder):
            inside = Path(place).relative_to(self._folder)
            if inside == Path():
                folders[:] = [name for name in folders if name not in _NOT_WATCHED]
                names = [name for name in names if name not in _NOT_WATCHED]
            names += [name for name in folders if os.path.islink(os.path.join(place, name))]
            for name in names:
                if (signature := _signature(os.path.join(place, name))) is not None:
                    found[(inside / name).as_posix()] = signature
        return found


def _signature(path: Path | str) -> Signature | None:
    try:
        about = os.lstat(path)
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_ctime_ns


def _sentence(what: str, names: list[str], then: str) -> list[str]:
    if not names:
        return []
    named = ", ".join(_shown(name) for name in sorted(names)[:_NAMED])
    more = f" and {len(names) - _NAMED} more files" if len(names) > _NAMED else ""
    verb = "was" if len(names) == 1 else "were"
    return [f"{named}{more} {verb} {what} by somebody else" + (f", and {then}" if then else "")]


def _shown(name: str) -> str:
    """A file name of whatever bytes as text of one line."""
    text = name[:200].encode(errors="replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in text)
