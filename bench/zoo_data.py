"""The zoos that a run draws from, kept beside its results, so that the page shows the very cards that were used."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..problems import Scenario
from . import files

FOLDER = "zoos"


def keep_zoo(folder: Path, scenario: Scenario) -> dict[str, str]:
    """Keep the cards, pictures and reference curves of a scenario's zoo in a results folder.

    Args:
        folder: The results folder.
        scenario: The scenario; a published zoo has no cards, and nothing is kept.

    Returns:
        The zoo's name and, if it was kept, the name of its ``file``.

    Raises:
        OSError: If it cannot be written.
    """
    place = scenario.models.folder
    if place is None:
        return {"name": scenario.models.zoo}
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(place.glob("*.json"))]
    content = {"cards": cards, "separate": _separate(cards), "pictures": _pictures(place)}
    data = json.dumps(content).encode()
    file = f"{hashlib.sha256(data).hexdigest()[:16]}.json"
    if not (folder / FOLDER / file).is_file():
        files.write_atomically(folder / FOLDER / file, data)
    return {"name": place.resolve().name, "file": file}


def read_zoos(folder: Path, manifest: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What was kept of the zoos of a results folder, checked.

    Returns:
        The zoos by name, as :func:`rdebench.leaderboard.page.render` takes them, and a sentence on each that is
        left out.
    """
    found: dict[str, dict[str, Any]] = {}
    notes = []
    for file, name in _kept(manifest).items():
        try:
            content = _checked(json.loads((folder / FOLDER / file).read_bytes()))
        except (OSError, ValueError, TypeError, KeyError) as error:
            notes.append(f"the zoo {name} is left out: {str(error).splitlines()[0]}")
            continue
        found[name if name not in found else f"{name} {file[:6]}"] = content
    return found, notes


def _kept(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The files of the zoos of a manifest, with their names."""
    entries = [
        scenario.get("zoo") for suite in manifest["suites"].values() for scenario in suite["scenarios"]
    ]
    return {
        Path(zoo["file"]).name: str(zoo["name"]) for zoo in entries if isinstance(zoo, dict) and "file" in zoo
    }


def _checked(content: Any) -> dict[str, Any]:
    """A zoo whose cards are all cards; pictures and curves that are not what they should be are left out."""
    from ..scm_zoo.card import Card
    from ..scm_zoo.picture_index import PictureIndex, is_lossless_webp

    cards = [Card.model_validate(card).model_dump(mode="json", by_alias=True) for card in content["cards"]]
    pictures = content.get("pictures")
    if pictures is not None:
        index, data = PictureIndex.model_validate(pictures["index"]), pictures["data"]
        intact = all(is_lossless_webp(base64.b64decode(data[name], validate=True)) for name in index.files())
        pictures = index.model_dump(mode="json", by_alias=True) | {"data": data} if intact else None
    return {"cards": cards, "separate": _curves(content.get("separate")), "pictures": pictures}


def _curves(content: Any) -> list[dict[str, Any]]:
    """The reference curves of separate coding; none where they are not what they should be."""
    from ..scm_zoo.card import ReferenceCurve

    try:
        return [ReferenceCurve.model_validate(curve).model_dump(mode="json") for curve in content or []]
    except (TypeError, ValueError):
        return []


def _pictures(place: Path) -> dict[str, Any] | None:
    """The pictures beside some cards, their files as text; None where there are none that can be read."""
    from ..scm_zoo.picture_index import read_pictures

    try:
        found = read_pictures(place)
    except (OSError, ValueError):
        return None
    if found is None:
        return None
    index, contents = found
    data = {name: base64.b64encode(content).decode() for name, content in contents.items()}
    return {"index": index.model_dump(mode="json", by_alias=True), "data": data}


def _separate(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The shipped curves of separate coding for the rates of some cards; none if they cannot be read."""
    from ..scm_zoo.card import zoo_folder

    try:
        reference = json.loads((zoo_folder() / "separate-coding.json").read_bytes())
        symbols = {card["rate"]["symbols"] for card in cards}
        return [
            {name: curve[name] for name in ("dataset", "symbols", "snr_db", "distortion")}
            | {"codec": reference["codec"]}
            for curve in reference["curves"]
            if curve["symbols"] in symbols
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []
