"""How far a cell has been checked here: claimed, re-scored by an audit, or re-run by a replay.

Badges are kept in ``badges.json`` beside the results. They say what was done on this machine, so they are never
taken over from anybody else's results.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from . import files, sealed
from .manifest import ResultsError
from .shards import SHARD_NAME

FORMAT = "rdebench-badges/1"
FILE = "badges.json"

CLAIMED, RE_SCORED, RE_RUN = "claimed", "re-scored", "re-run"

BADGES = (CLAIMED, RE_SCORED, RE_RUN)
"""From least to most."""


def read(folder: Path, shards: Mapping[str, str]) -> dict[str, str]:
    """The badges of some cells.

    Args:
        folder: The results folder.
        shards: The file of each cell's shard, by the cell's key.

    Returns:
        The badge of each of the cells; one that was given to another shard, or was altered, does not count.
    """
    kept = _kept(folder)
    return {
        key: kept[key]["badge"] if key in kept and kept[key]["shard"] == file else CLAIMED
        for key, file in shards.items()
    }


def award(folder: Path, badge: str, shards: Mapping[str, str], looked_at: Collection[str]) -> None:
    """Enter what was found out about some cells; call it under the lock of the folder.

    Args:
        folder: The results folder.
        badge: What the cells without a fault are given, unless they have more already.
        shards: The files of those, by the cell's key.
        looked_at: The keys of all cells that were looked at; those with a fault lose their badge.

    Raises:
        ResultsError: If it cannot be written.
    """
    kept = _kept(folder)
    for key in looked_at:
        earlier = kept.pop(key, None)
        if key in shards:
            same = earlier is not None and earlier["shard"] == shards[key]
            best = max(badge, earlier["badge"], key=BADGES.index) if earlier and same else badge
            kept[key] = {"shard": shards[key], "badge": best}
    try:
        files.write_atomically(folder / FILE, sealed.seal({"format": FORMAT, "cells": kept}))
    except OSError as error:
        raise ResultsError(f"{folder / FILE} cannot be written: {error.strerror}") from None


def _kept(folder: Path) -> dict[str, dict[str, Any]]:
    """What the file holds; nothing if there is none or it is not as it was written."""
    try:
        content = sealed.unseal(sealed.read(folder / FILE))
    except (OSError, sealed.SealError):
        return {}
    cells = content.get("cells") if content.get("format") == FORMAT else None
    return {key: entry for key, entry in cells.items() if _sound(entry)} if isinstance(cells, dict) else {}


def _sound(entry: object) -> bool:
    """Whether an entry is what :func:`award` writes."""
    if not isinstance(entry, dict) or not isinstance(entry.get("shard"), str):
        return False
    return entry.get("badge") in BADGES and SHARD_NAME.fullmatch(entry["shard"]) is not None
