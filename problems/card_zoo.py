"""Zoos of measured models: a folder with one JSON card for each, read as data and checked as far as it is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .scm_table import SCMTable

SCHEMA = "rdebench-card/1"

LOSS_UNITS = 1000.0
"""Table I's losses are read as thousandths of the loss (11), so a card's distortion is multiplied by this.

With the same ``distortion_per_loss`` the distortions of both kinds of zoo are then of one scale.
"""

_FOLDER = Path(__file__).resolve().parents[1] / "scm_zoo" / "zoos"
"""Where the zoos lie that ship with the package: beside this room, never imported from."""


def card_zoo_names() -> list[str]:
    """Names of the measured zoos that ship with the package."""
    return sorted({card.parent.name for card in _FOLDER.glob("*/*.json")})


def find_card_zoo(zoo: str, beside: Path = Path()) -> Path | None:
    """The folder of a zoo: a shipped one by its name, or one of the user's own by its path.

    Args:
        zoo: Name or path.
        beside: Folder that a relative path starts from.

    Returns:
        The folder, or None if there is none.

    Raises:
        ValueError: If the value is a path, by its slash, and no folder.
    """
    if zoo in card_zoo_names():
        return _FOLDER / zoo
    folder = beside / Path(zoo).expanduser()
    if zoo.strip(".") and folder.is_dir():
        return folder
    if "/" in zoo:
        raise ValueError(f"zoo is {zoo!r}, but there is no folder {folder}; name the folder of the cards")
    return None


def read_cards(folder: Path) -> dict[str, dict[str, Any]]:
    """The cards of a folder by the names of their models.

    Raises:
        ValueError: If there is none, one is no card, or two have one name.
    """
    cards: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ValueError(f"{path}: not a JSON file: {error}") from None
        if not isinstance(card, dict) or card.get("schema") != SCHEMA:
            found = card.get("schema") if isinstance(card, dict) else type(card).__name__
            raise ValueError(f"{path}: schema is {found!r}; a card of a zoo says {SCHEMA!r}")
        name = card.get("name")
        if not isinstance(name, str) or not name or name in cards:
            raise ValueError(f"{path}: name is {name!r}; each card needs a name of its own")
        cards[name] = card
    if not cards:
        raise ValueError(f"{folder}: no cards (*.json)")
    return cards


def card_table(
    cards: Mapping[str, Mapping[str, Any]],
    models: Sequence[str],
    *,
    images_per_request: int,
    bits_per_real: float,
    reference_snr_db: float,
    dataset: str,
    distortion_per_loss: float,
) -> SCMTable:
    """Read measured models: what a request of some images costs on the device that the cards were measured on.

    Args:
        cards: The cards, as :func:`read_cards` gives them.
        models: Names of the models, in the order of the table.
        images_per_request: Images N that a user sends at a time.
        bits_per_real: Bits for each real number sent; a complex symbol is two.
        reference_snr_db: SNR at which the distortion is read, dB; one that was measured.
        dataset: Test images whose distortion counts.
        distortion_per_loss: Factor from the loss (11), in the units of Table I, to the distortion D.

    Returns:
        The table. Payload is 2 b q N bit and latency N times that of an image.

    Raises:
        ValueError: If a model does not exist, or its card lacks what is needed.
    """
    unknown = sorted(set(models) - set(cards))
    if unknown or not models or len(set(models)) != len(models):
        what = unknown or ("a model twice" if models else "no model")
        raise ValueError(f"models names {what}; the zoo has {', '.join(cards)}")
    chosen = [cards[name] for name in models]
    symbols = np.array([_number(card, "rate", "symbols") for card in chosen])
    seconds = np.array([_number(card, "cost", "latency", "seconds") for card in chosen])
    images = np.array([_number(card, "cost", "latency", "images") for card in chosen])
    loss = np.array([_distortion(card, dataset, reference_snr_db) for card in chosen]) * LOSS_UNITS
    return SCMTable(
        names=tuple(models),
        power=np.array([_number(card, "cost", "power", "watts") for card in chosen]),
        latency=seconds / images * images_per_request,
        distortion=loss * distortion_per_loss,
        payload=2.0 * symbols * bits_per_real * images_per_request,
    )


def _distortion(card: Mapping[str, Any], dataset: str, snr_db: float) -> float:
    """The distortion that was measured on a set of images at an SNR."""
    entries = card.get("eval")
    found = {
        str(entry.get("dataset")): entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    }
    if dataset not in found:
        raise ValueError(
            f"dataset is {dataset!r}; {card['name']} was evaluated on {', '.join(found) or 'none'}"
        )
    measured, values = found[dataset].get("snr_db"), found[dataset].get("distortion")
    if not isinstance(measured, list) or not isinstance(values, list) or len(measured) != len(values):
        raise ValueError(f"{card['name']}: eval of {dataset} needs a distortion for each snr_db")
    if snr_db not in measured:
        known = ", ".join(f"{one:g}" for one in measured)
        raise ValueError(f"reference_snr_db is {snr_db:g}; {card['name']} was evaluated at {known} dB")
    return _positive(card, "eval.distortion", values[measured.index(snr_db)])


def _number(card: Mapping[str, Any], *keys: str) -> float:
    value: Any = card
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return _positive(card, ".".join(keys), value)


def _positive(card: Mapping[str, Any], field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= sys.float_info.max:
        raise ValueError(f"{card['name']}: {field} is {value!r}; it must be a number above 0")
    return float(value)
