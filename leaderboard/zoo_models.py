"""What the page reads from a card, and how models of a zoo compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .wording import MINUS, SPACE

DECIBELS = 10.0
"""The SNR at which models are compared."""
LEAST_GAIN = 0.01
"""A model is worth its cost if its distortion is lower by this share than that of every faster one of its rate."""
FLOOR = "linear-klt"
"""The family that a learned model has to beat: the best linear transform of 8 x 8 blocks."""


@dataclass(frozen=True)
class Model:
    """One model, its time for one image; ``figures[dataset][snr]`` holds ``distortion``, ``psnr`` and ``ssim``."""

    name: str
    family: str
    symbols: int
    k_over_n: float
    payload_bits: float
    params: int
    macs: int
    seconds: float
    latency_source: str
    latency_device: str
    watts: float
    power_source: str
    power_method: str
    weights_sha256: str
    curve_dataset: str
    train: Mapping[str, Any]
    figures: Mapping[str, Mapping[float, Mapping[str, float]]]

    @property
    def is_floor(self) -> bool:
        """Whether this is the linear transform that the others have to beat."""
        return self.family == FLOOR

    @property
    def rate(self) -> str:
        """Complex symbols for each value of an image: ``1/12``."""
        fraction = Fraction(self.k_over_n).limit_denominator(100)
        return str(fraction) if abs(fraction - self.k_over_n) < 1e-6 else f"{self.k_over_n:.3f}"

    def figure(self, dataset: str, key: str) -> float | None:
        """A figure at the SNR of comparison, if the card has it."""
        found = self.figures.get(dataset, {}).get(DECIBELS)
        return None if found is None else found[key]

    def floor(self, models: Sequence[Model]) -> Model | None:
        """The linear transform at this model's rate."""
        return next((one for one in models if one.is_floor and one.symbols == self.symbols), None)

    def against_floor(self, models: Sequence[Model], dataset: str) -> float | None:
        """Distortion over that of the linear transform at the same rate; None where one is missing."""
        floor = self.floor(models)
        own = self.figure(dataset, "distortion")
        least = floor.figure(dataset, "distortion") if floor else None
        return own / least if own is not None and least else None


def read_model(card: Mapping[str, Any]) -> Model:
    """A model from its card."""
    cost, rate = card["cost"], card["rate"]
    latency, power = cost["latency"], cost["power"]
    figures = {
        one["dataset"]: {
            float(snr): {"distortion": distortion, "psnr": psnr, "ssim": ssim}
            for snr, distortion, psnr, ssim in zip(
                one["snr_db"], one["distortion"], one["psnr"], one["ssim"], strict=True
            )
        }
        for one in card["eval"]
    }
    return Model(
        name=card["name"],
        family=card["arch"]["family"],
        symbols=int(rate["symbols"]),
        k_over_n=float(rate["k_over_n"]),
        payload_bits=float(rate["payload_bits"]),
        params=int(cost["params"]),
        macs=int(cost["macs_encode"]),
        seconds=float(latency["seconds"]) / int(latency["images"]),
        latency_source=latency["source"],
        latency_device=f"{latency['device']}, {latency['dtype']}, batches of {latency['batch']}",
        watts=float(power["watts"]),
        power_source=power["source"],
        power_method=power["method"],
        weights_sha256=card["weights"]["sha256"],
        curve_dataset=card["curve"]["dataset"],
        train=card["train"],
        figures=figures,
    )


def main_dataset(models: Sequence[Model]) -> str:
    """The images on which models are compared: those of their curves, else the first that all cards report on."""
    wanted = [model.curve_dataset for model in models] + [name for model in models for name in model.figures]
    common = [name for name in wanted if all(name in model.figures for model in models)]
    return (common or wanted)[0]


def other_datasets(models: Sequence[Model], dataset: str) -> list[str]:
    """The further sets of images that cards report on."""
    return [one for one in dict.fromkeys(name for m in models for name in m.figures) if one != dataset]


def beaten_by(model: Model, models: Sequence[Model], dataset: str) -> Model | None:
    """The fastest model of the same rate that is faster and as good: the slower one is not worth its cost."""
    own = model.figure(dataset, "distortion")
    rivals = [
        one
        for one in models
        if one.symbols == model.symbols
        and one.seconds < model.seconds
        and (other := one.figure(dataset, "distortion")) is not None
        and own is not None
        and own > (1.0 - LEAST_GAIN) * other
    ]
    return min(rivals, key=lambda one: one.seconds, default=None)


def signed(share: float) -> str:
    """A change: ``-7.3 %``, ``+2.0 %``."""
    size = f"{abs(share) * 100:.1f}"
    sign = "" if size == "0.0" else MINUS if share < 0 else "+"
    return f"{sign}{size}{SPACE}%"
