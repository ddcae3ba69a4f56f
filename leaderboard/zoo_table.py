"""The table of a zoo: what each model sends, costs and leaves of an image, and whether it beats the floor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .tables import Cell, Column, Row, Table
from .wording import NONE, SPACE, duration, listing
from .zoo_models import DECIBELS, LEAST_GAIN, Model, beaten_by, other_datasets, signed

UNIT = "10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT THREE}"


def zoo_table(models: Sequence[Model], dataset: str) -> Table:
    """The models in their order; figures on the named images, under them on the further ones."""
    at = f"at {DECIBELS:g} dB"
    columns = (
        Column("model", "Model"),
        Column("rate", "Rate k/n", "payload an image"),
        Column("params", "Parameters"),
        Column("macs", "MACs", "to encode"),
        Column("seconds", "Time", "an image"),
        Column("watts", "Power", "encoding"),
        Column("psnr", "PSNR", at, "descending"),
        Column("ssim", "SSIM", at, "descending"),
        Column("distortion", "D", f"{UNIT}, {at}"),
        Column("against", "D against the floor", f"linear transform, {at}"),
    )
    others = other_datasets(models, dataset)
    return Table(columns, tuple(_row(model, models, dataset, others) for model in models), "rate")


def _row(model: Model, models: Sequence[Model], dataset: str, others: Sequence[str]) -> Row:
    def figure(key: str, form: Callable[[float], str]) -> Cell:
        values = [model.figure(one, key) for one in (dataset, *others)]
        texts = [NONE if value is None else form(value) for value in values]
        return Cell(texts[0], values[0], "\n".join(texts[1:]))

    cells = (
        Cell(model.name, model.name),
        Cell(model.rate, model.k_over_n, f"{model.payload_bits:,.0f}{SPACE}bit"),
        Cell(count(model.params), model.params),
        Cell(count(model.macs), model.macs),
        Cell(duration(model.seconds), model.seconds, model.latency_source),
        Cell(f"{two_digits(model.watts)}{SPACE}W", model.watts, model.power_source),
        figure("psnr", lambda value: f"{value:.1f}{SPACE}dB"),
        figure("ssim", lambda value: f"{value:.3f}"),
        figure("distortion", lambda value: f"{value * 1e3:.1f}"),
        _against(model, models, dataset, others),
    )
    return Row(model.name, False, cells)


def _against(model: Model, models: Sequence[Model], dataset: str, others: Sequence[str]) -> Cell:
    """Whether a model beats the floor of its rate, said plainly."""
    if model.is_floor:
        return Cell(NONE, 0.0, badges=(("skipped", "the floor"),))
    ratio = model.against_floor(models, dataset)
    if ratio is None:
        return Cell(NONE, None)
    enough = 1.0 - LEAST_GAIN
    losses = [one for one in others if (model.against_floor(models, one) or 0.0) > enough]
    if ratio > enough:
        badge = ("failed", "no better than the floor")
    elif losses:
        badge = ("failed", f"not on {listing(losses)}")
    else:
        badge = ("good", "beats the floor")
    rival = beaten_by(model, models, dataset)
    return Cell(signed(ratio - 1.0), ratio, f"{rival.name}: faster and as good" if rival else "", (badge,))


def count(value: float) -> str:
    """A number of things to three digits: ``17.4 k``, ``2.90 M``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            scaled = value / size
            return f"{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f}{SPACE}{unit}"
    return f"{value:.0f}"


def two_digits(value: float) -> str:
    """A positive number to two significant digits: ``0.20``, ``12``."""
    return f"{value:.{max(0, 1 - math.floor(math.log10(value)))}f}"
