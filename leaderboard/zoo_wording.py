"""Which models of a zoo are worth their cost, in computed sentences that hold whatever the cards say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .wording import SPACE, duration, listing
from .zoo_models import DECIBELS, Model, beaten_by

DATASETS = {
    "cifar10-mixed": "CIFAR-10 as trained on here: 46,000 of the 50,000 training images stored as JPEG at quality 75, "
    "4,000 lossless; figures are means over 1,000 lossless test images.",
    "cifar10": "CIFAR-10 from its official archive; figures are means over the first 1,000 test images.",
    "dead-leaves": "Procedural images of shapes that hide one another, drawn from a seed: anyone can check "
    "these figures.",
}
"""What is worth saying about the images that are named on cards."""


def headline(models: Sequence[Model], dataset: str, separate: Sequence[Mapping[str, Any]] = ()) -> str:
    """Which model is worth its cost: for each rate, high rates first; what a higher rate buys; the classical way.

    A model is worth its cost if its distortion is lower than that of every faster one of its rate, by 1 % at least.
    """
    with_figure = [model for model in models if model.figure(dataset, "distortion") is not None]
    if not with_figure:
        return f"No card has figures at {DECIBELS:g} dB, so the models are not compared."
    rates = sorted({model.symbols for model in with_figure}, reverse=True)
    sentences = [_at_rate([m for m in with_figure if m.symbols == symbols], dataset) for symbols in rates]
    sentences[1:] = [one[0].upper() + one[1:] for one in sentences[1:]]
    sentences[0] = f"At {DECIBELS:g} dB on {dataset}: {sentences[0]}"
    sentences += _rate_or_network(with_figure, rates, dataset) + _classical(
        with_figure, rates[0], dataset, separate
    )
    return " ".join(sentences)


def _at_rate(models: Sequence[Model], dataset: str) -> str:
    """One sentence on the models of one rate."""
    floor = next((model for model in models if model.is_floor), None)
    learned = sorted((model for model in models if not model.is_floor), key=lambda model: model.seconds)
    place = f"at rate {models[0].rate}"
    if not learned:
        return f"{place}, there is only the linear transform."
    worth = [model for model in learned if beaten_by(model, models, dataset) is None]
    wasted = [model.name for model in learned if model not in worth]
    if not worth:
        return (
            f"{place}, no learned model is worth its cost: a faster one, or the linear transform, is as good."
        )
    if floor is None:
        gains = [f"{model.name} ({duration(model.seconds)} an image)" for model in worth]
    else:
        gains = [_gain(model, floor, dataset, first=model is worth[0]) for model in worth]
    rest = f"; {listing(wasted)} {'is' if len(wasted) == 1 else 'are'} not" if wasted else ""
    return f"{place}, {listing(gains)} {'is' if len(worth) == 1 else 'are'} worth the cost{rest}."


def _gain(model: Model, floor: Model, dataset: str, *, first: bool) -> str:
    """``LeNet-C16 (7.3 % below the linear floor for 5.0 times its time)``."""
    own, least = model.figure(dataset, "distortion"), floor.figure(dataset, "distortion")
    assert own is not None
    assert least is not None
    times = model.seconds / floor.seconds
    text = f"{abs(1.0 - own / least) * 100:.1f}{SPACE}%"
    text += f" {'below' if own < least else 'above'} the linear floor" if first or own >= least else ""
    text += f" for {times:.{1 if times < 10 else 0}f} times"
    return f"{model.name} ({text} its time)" if first else f"{model.name} ({text})"


def _rate_or_network(models: Sequence[Model], rates: Sequence[int], dataset: str) -> list[str]:
    """What the highest rate buys against the lowest, beside what the best network buys against the floor."""

    def best(symbols: int, *, floor: bool) -> float | None:
        values = [
            m.figure(dataset, "distortion") for m in models if m.symbols == symbols and m.is_floor == floor
        ]
        return min((value for value in values if value is not None), default=None)

    if len(rates) < 2:
        return []
    least, low, high = best(rates[-1], floor=True), best(rates[-1], floor=False), best(rates[0], floor=True)
    if not least or not low or not high:
        return []
    by_network, by_rate = 1.0 - low / least, 1.0 - high / least
    if by_network <= 0 or by_rate <= 0:
        return []
    factor = rates[0] / rates[-1]
    times = "twice the symbols" if factor == 2 else f"{factor:.3g} times the symbols"
    return [
        f"Against the linear transform at the lowest rate, {times} alone take {by_rate * 100:.0f}{SPACE}% off the "
        f"distortion, the best network alone {by_network * 100:.0f}{SPACE}%."
    ]


def _classical(
    models: Sequence[Model], symbols: int, dataset: str, separate: Sequence[Mapping[str, Any]]
) -> list[str]:
    """How the best model of a rate stands against separate coding."""
    best = min(
        (model for model in models if model.symbols == symbols),
        key=lambda model: model.figure(dataset, "distortion") or 0.0,
    )
    own = best.figure(dataset, "distortion")
    for curve in separate:
        figures = dict(zip(curve["snr_db"], curve["distortion"], strict=True))
        if curve["symbols"] == symbols and own and DECIBELS in figures:
            change = figures[DECIBELS] / own - 1.0
            way = "less" if change < 0 else "more"
            return [
                f"Separate coding, {curve['codec']} behind an ideal channel code that knows the SNR, leaves "
                f"{abs(change) * 100:.0f}{SPACE}% {way} distortion than {best.name}."
            ]
    return []
