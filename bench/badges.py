"""How far a cell has been checked here: claimed, re-scored by an audit, or re-run by a replay.

Badges are kept in ``badges.json`` beside the results. They say what was done by this user on this machine, so they
are never taken over from anybody else's results: a code that only this user's key gives goes with them. They hold
for the shard and for what was proved about its instances, and go when either changes.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from . import files, reference, sealed
from .manifest import ResultsError

FORMAT = "rdebench-badges/2"
FILE = "badges.json"
KEY_FILE = "badge-key"

CLAIMED, RE_SCORED, RE_RUN = "claimed", "re-scored", "re-run"

BADGES = (CLAIMED, RE_SCORED, RE_RUN)
"""From least to most."""

_KEY_BYTES = 32


def read(folder: Path, shards: Mapping[str, str], instances: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The badges of some cells.

    Args:
        folder: The results folder.
        shards: The file of each cell's shard, by the cell's key.
        instances: The content hashes of its instances.

    Returns:
        The badge of each of the cells; one that was given to another shard, to other proofs or by somebody else, or
        was altered, does not count.
    """
    kept, proofs = _kept(folder), _Proofs(folder)
    found = dict.fromkeys(shards, CLAIMED)
    for key in kept.keys() & shards.keys():
        entry = kept[key]
        if entry["shard"] == shards[key] and entry["proofs"] == proofs.digest(instances.get(key, ())):
            found[key] = entry["badge"]
    return found


def award(
    folder: Path,
    badge: str,
    shards: Mapping[str, str],
    looked_at: Collection[str],
    instances: Mapping[str, Iterable[str]],
) -> None:
    """Enter what was found out about some cells; call it under the lock of the folder.

    Args:
        folder: The results folder.
        badge: What the cells without a fault are given, unless they have more already.
        shards: The files of those, by the cell's key.
        looked_at: The keys of all cells that were looked at; those with a fault lose their badge.
        instances: The content hashes of the instances of each cell.

    Raises:
        ResultsError: If it cannot be written.
    """
    kept, proofs = _kept(folder), _Proofs(folder)
    for key in looked_at:
        earlier = kept.pop(key, None)
        if key in shards:
            entry = {"shard": shards[key], "proofs": proofs.digest(instances.get(key, ())), "badge": badge}
            if earlier is not None and earlier | {"badge": badge} == entry:
                entry["badge"] = max(badge, earlier["badge"], key=BADGES.index)
            kept[key] = entry
    try:
        content = {"format": FORMAT, "cells": kept, "code": _code(kept, _key(make=True))}
        files.write_atomically(folder / FILE, sealed.seal(content))
    except OSError as error:
        raise ResultsError(f"{error.filename or folder / FILE} cannot be written: {error.strerror}") from None


def damaged(folder: Path) -> bool:
    """Whether the file is not as anybody wrote it."""
    with suppress(OSError):
        try:
            sealed.unseal(sealed.read(folder / FILE))
        except sealed.SealError:
            return True
    return False


def _kept(folder: Path) -> dict[str, dict[str, Any]]:
    """What the file holds; nothing if there is none, it is not as it was written, or not written by this user."""
    try:
        content = sealed.unseal(sealed.read(folder / FILE))
        key = _key(make=False)
    except (OSError, sealed.SealError):
        return {}
    cells, code = content.get("cells"), content.get("code")
    if content.get("format") != FORMAT or not isinstance(cells, dict) or not isinstance(code, str):
        return {}
    return cells if hmac.compare_digest(code.encode(), _code(cells, key).encode()) else {}


def _code(cells: dict[str, Any], key: bytes) -> str:
    return hmac.new(key, sealed.seal(cells), hashlib.sha256).hexdigest()


def _key(*, make: bool) -> bytes:
    """The key of this user. Raises OSError if it cannot be read or made."""
    path = Path(platformdirs.user_cache_dir("rdebench")) / KEY_FILE
    if make and not path.exists():
        files.write_atomically(path, os.urandom(_KEY_BYTES))
        path.chmod(0o600)
    return path.read_bytes()


class _Proofs:
    """What is proved about instances, as digests of the files that say so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "references"
        self._known: dict[str, bytes] = {}

    def digest(self, instances: Iterable[str]) -> str:
        """Of some instances in their order."""
        return hashlib.sha256(b"".join(map(self._of, instances))).hexdigest()

    def _of(self, instance_hash: str) -> bytes:
        if instance_hash not in self._known:
            try:
                data = sealed.read(reference.file_of(self._folder, instance_hash))
            except (OSError, sealed.SealError):
                data = b""
            self._known[instance_hash] = hashlib.sha256(data).digest()
        return self._known[instance_hash]
