"""A zoo of image models on the page: its table, the data of its plots, and its pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .tables import Table
from .wording import MINUS, duration, plural
from .zoo_models import DECIBELS, Model, beaten_by, main_dataset, other_datasets, read_model
from .zoo_pictures import Pictures, zoo_pictures
from .zoo_table import zoo_table
from .zoo_wording import DATASETS, headline

CHANNELS = {"awgn": "AWGN", "rayleigh": "Rayleigh block fading"}


@dataclass(frozen=True)
class Zoo:
    """One zoo: what it says, its table, the data of its plots, its pictures and how it was made."""

    name: str
    slug: str
    title: str
    headline: str
    dataset: str
    others: tuple[str, ...]
    table: Table
    families: tuple[str, ...]
    plot: dict[str, Any]
    pictures: Pictures | None
    made: tuple[tuple[str, str], ...]


def zoo_view(name: str, content: Mapping[str, Any]) -> Zoo | None:
    """What the page shows of a zoo.

    Args:
        name: The zoo's name, or the folder it lies in.
        content: ``cards``, a list of cards as mappings; ``separate``, the curves of separate coding, a list of
            mappings with ``codec``, ``symbols``, ``dataset``, ``snr_db`` and ``distortion``; ``pictures``, None
            or an index of pictures with ``data``, the files in base64 by their name. Only ``cards`` has to be
            there.

    Returns:
        The view, or None if there is no card.
    """
    models = sorted(
        (read_model(card) for card in content["cards"]), key=lambda m: (m.symbols, m.macs, m.name)
    )
    if not models:
        return None
    dataset = main_dataset(models)
    separate = [one for one in content.get("separate") or [] if one["dataset"] == dataset]
    ordered = sorted(models, key=lambda model: not model.is_floor)  # the floor takes the first colour, grey
    families = tuple(dict.fromkeys(model.family for model in ordered))
    short = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return Zoo(
        name=short,
        slug="zoo-" + re.sub(r"[^a-z0-9]+", "-", short.lower()).strip("-"),
        title=f"The SCM zoo {short}",
        headline=headline(models, dataset, separate),
        dataset=dataset,
        others=tuple(other_datasets(models, dataset)),
        table=zoo_table(models, dataset),
        families=families,
        plot=_plot(models, dataset, separate, families),
        pictures=zoo_pictures(models, content.get("pictures")),
        made=_made(models),
    )


def _plot(
    models: Sequence[Model], dataset: str, separate: Sequence[Mapping[str, Any]], families: Sequence[str]
) -> dict[str, Any]:
    """What the plots need: the measured distortion of each model, in units of 10^-3."""
    entries = []
    for model in models:
        curve = model.figures.get(dataset)
        if curve is None:
            continue
        floor = model.floor(models)
        floors = floor.figures.get(dataset, {}) if floor else {}
        entries.append(
            {
                "name": model.name,
                "family": families.index(model.family),
                "floor": model.is_floor,
                "worth": beaten_by(model, models, dataset) is None,
                "rate": model.rate,
                "symbols": model.symbols,
                "bits": model.payload_bits,
                "seconds": _rounded(model.seconds),
                "at": _rounded((model.figure(dataset, "distortion") or 0.0) * 1e3) or None,
                "curve": [[snr, _rounded(one["distortion"] * 1e3)] for snr, one in curve.items()],
                "ratio": [
                    [snr, _rounded(one["distortion"] / floors[snr]["distortion"] - 1.0)]
                    for snr, one in curve.items()
                    if snr in floors and floors[snr]["distortion"] > 0
                ],
            }
        )
    lines = [
        {
            "symbols": int(one["symbols"]),
            "curve": [
                [snr, _rounded(value * 1e3)]
                for snr, value in zip(one["snr_db"], one["distortion"], strict=True)
            ],
        }
        for one in separate
    ]
    return {"models": entries, "separate": lines, "decibels": DECIBELS}


def _made(models: Sequence[Model]) -> tuple[tuple[str, str], ...]:
    """On what hardware and data the zoo was trained and measured."""

    def distinct(values: Any) -> str:
        return "; ".join(dict.fromkeys(str(value) for value in values if value))

    trained = [model for model in models if model.train["steps"]] or list(models)
    seconds = sum(float(model.train["seconds"]) for model in models)
    low_high = {tuple(model.train["snr_db"]) for model in trained}
    ranges = distinct(f"{low:g} to {high:g} dB".replace("-", MINUS) for low, high in sorted(low_high))
    channels = [str(model.train["channel"]) for model in trained]
    datasets = list(
        dict.fromkeys([m.train["dataset"] for m in trained] + [n for m in models for n in m.figures])
    )
    described = [(name, DATASETS[name]) for name in datasets if name in DATASETS]
    return (
        ("trained on", distinct(model.train["dataset"] for model in trained)),
        ("hardware", distinct(model.train["hardware"] for model in trained)),
        ("training time", f"{duration(seconds)} for {plural(len(models), 'model')} together"),
        ("channel", f"{distinct(CHANNELS.get(one, one) for one in channels)}, {ranges}"),
        (
            "recipe",
            distinct(f"preset {model.train['preset']}, seed {model.train['seed']}" for model in trained),
        ),
        ("timed on", distinct(model.latency_device for model in models)),
        ("power", distinct(f"{model.power_source}: {model.power_method}" for model in models)),
        *described,
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
