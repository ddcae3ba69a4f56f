"""Cards: what a trained model is, how it was made, what it does and what it costs; JSON, read without torch."""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ZooError

SCHEMA = "rdebench-card/1"
KNOTS_DB = (-12.0, -8.0, -4.0, 0.0, 4.0, 8.0, 12.0, 16.0, 20.0)
"""SNRs of the distortion curve, dB."""
REPORTED_DB = (0.0, 5.0, 10.0, 20.0)
"""SNRs at which figures are reported, dB."""

IMAGE_VALUES = 3 * 32 * 32
"""Values of an image, 8 bits each."""

Source = Literal["measured", "estimated", "published"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CardError(ZooError):
    """A card or its weights that cannot be trusted; the message says why."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Arch(_Section):
    """The design: see ``codec.Design``."""

    family: str
    width: Annotated[float, Field(gt=0, le=64)]
    variant: Literal["lite", "full"]
    latent: Annotated[int, Field(ge=2)]
    linear_skip: bool


class Weights(_Section):
    """The file of weights, beside the card."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*\.safetensors$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    dtype: Literal["float16", "float32"]
    bytes: Annotated[int, Field(gt=0)]


class Train(_Section):
    """How the weights were made.

    Attributes:
        epochs: Most passes over the training images that the recipe allowed; ``steps`` counts what was done.
        seconds: Time spent in training, on ``hardware``.
        commit: Of the code that wrote the card; ``-dirty`` where sources differed from it; None outside a checkout.
    """

    dataset: str
    channel: Literal["awgn", "rayleigh"]
    snr_db: tuple[Finite, Finite]
    preset: str
    epochs: NonNegative
    steps: Annotated[int, Field(ge=0)]
    batch: Annotated[int, Field(ge=1)]
    learning_rate: NonNegative
    seed: int
    alpha: Annotated[float, Field(ge=0, le=1)]
    beta: NonNegative
    seconds: NonNegative
    hardware: str
    commit: str | None


class Rate(_Section):
    """What an image costs to send.

    Attributes:
        symbols: Complex symbols b an image.
        k_over_n: Complex symbols for each of the image's 3 x 32 x 32 values.
        payload_bits: Bits an image when each real number takes 8: 16 b.
    """

    symbols: Annotated[int, Field(ge=1)]
    k_over_n: Positive
    payload_bits: Positive


class Evaluation(_Section):
    """Figures on one set of test images over AWGN, one for each SNR; means over images and channel draws.

    The standard errors tell how far the mean over *all such images* may lie: the standard deviation over images
    of each image's mean over its draws, divided by the square root of the number of images. They are not those of
    a repetition on the same images, which are far smaller (see ``verify``).

    Attributes:
        channel_draws: Draws of the noise for each image.
        seed: Of the noise; the same at every SNR.
        distortion: (11) without its KL term.
        standard_error: Of the distortion.
        loss: (11).
        psnr: Mean of each image's PSNR, dB.
        sem: Standard error of ``psnr``, dB.
    """

    dataset: str
    images: Annotated[int, Field(ge=1)]
    channel_draws: Annotated[int, Field(ge=1)]
    seed: int = 0
    snr_db: list[Finite]
    distortion: list[NonNegative]
    standard_error: list[NonNegative]
    loss: list[Finite]
    mse: list[NonNegative]
    psnr: list[Finite]
    ssim: list[Finite]
    sem: list[NonNegative]

    @model_validator(mode="after")
    def _aligned(self) -> Evaluation:
        columns = (self.distortion, self.standard_error, self.loss, self.mse, self.psnr, self.ssim, self.sem)
        if any(len(column) != len(self.snr_db) for column in columns):
            raise ValueError("every column needs one value for each of snr_db")
        if sorted(set(self.snr_db)) != self.snr_db:
            raise ValueError("snr_db must rise")
        return self

    def at(self, column: str, snr_db: float) -> float:
        """One figure, for example ``at("psnr", 10.0)``.

        Raises:
            CardError: If nothing was measured at that SNR.
        """
        if snr_db not in self.snr_db:
            raise CardError(
                f"no figure at {snr_db:g} dB; there are {', '.join(f'{x:g}' for x in self.snr_db)}"
            )
        return float(getattr(self, column)[self.snr_db.index(snr_db)])


class Curve(_Section):
    """Distortion over SNR, never rising: isotonic regression of the evaluation; interpolate log D over dB by PCHIP."""

    dataset: str
    snr_db: list[Finite]
    distortion: list[Positive]

    @model_validator(mode="after")
    def _falls(self) -> Curve:
        if len(self.snr_db) != len(self.distortion) or sorted(self.snr_db) != self.snr_db:
            raise ValueError("snr_db must rise, with one distortion for each")
        if sorted(self.distortion, reverse=True) != self.distortion:
            raise ValueError("distortion must not rise with the SNR")
        return self


class ReferenceCurve(BaseModel):
    """Distortion over SNR of a codec that is no model of a zoo, such as separate coding; the page draws it dashed."""

    model_config = ConfigDict(extra="allow", frozen=True)

    dataset: str
    codec: str
    symbols: Annotated[int, Field(ge=1)]
    snr_db: list[Finite]
    distortion: list[Positive]

    @model_validator(mode="after")
    def _aligned(self) -> ReferenceCurve:
        if len(self.snr_db) != len(self.distortion):
            raise ValueError("distortion needs one value for each of snr_db")
        return self


class Latency(_Section):
    """Seconds that encoding ``images`` images took, in batches."""

    seconds: Positive
    images: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)]
    device: str
    dtype: str
    source: Source


class Power(_Section):
    """Power while encoding, W, and how that figure was got."""

    watts: Positive
    device: str
    source: Source
    method: str


class Cost(_Section):
    """What it takes to encode (and, for ``macs_total``, to decode) one image."""

    params: Annotated[int, Field(ge=1)]
    macs_encode: Annotated[int, Field(ge=1)]
    macs_total: Annotated[int, Field(ge=1)]
    activation_bytes: Annotated[int, Field(ge=1)]
    latency: Latency
    power: Power


class Card(_Section):
    """One model of a zoo."""

    schema_: Annotated[Literal["rdebench-card/1"], Field(alias="schema")]
    name: Name
    version: Annotated[int, Field(ge=1)]
    arch: Arch
    weights: Weights
    train: Train
    rate: Rate
    eval: Annotated[list[Evaluation], Field(min_length=1)]
    curve: Curve
    cost: Cost

    @model_validator(mode="after")
    def _consistent(self) -> Card:
        symbols = self.rate.symbols
        if symbols != 32 * self.arch.latent or self.rate.payload_bits != 16 * symbols:
            raise ValueError(
                "rate must have 32 symbols for each channel of the latent, and 16 bits for each symbol"
            )
        if abs(self.rate.k_over_n * IMAGE_VALUES - symbols) > 1e-6 * symbols:
            raise ValueError(f"rate.k_over_n must be symbols / {IMAGE_VALUES}")
        names = [one.dataset for one in self.eval]
        if len(set(names)) != len(names) or self.curve.dataset not in names:
            raise ValueError("eval must have one entry for each data set, the curve's among them")
        return self

    def evaluation(self, dataset: str) -> Evaluation:
        """The figures on a set of images.

        Raises:
            CardError: If the card has none.
        """
        for one in self.eval:
            if one.dataset == dataset:
                return one
        known = ", ".join(one.dataset for one in self.eval)
        raise CardError(f"{self.name} has no figures on {dataset!r}; it has them on {known}")

    def dump(self) -> str:
        """The card as the text of its file."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def zoo_folder() -> Path:
    """The folder of the zoos that ship with the package, one folder each."""
    return Path(__file__).with_name("zoos")


def zoo_names() -> list[str]:
    """Names of the zoos that ship with the package."""
    return sorted({card.parent.name for card in zoo_folder().glob("*/*.json")})


def find_zoo(zoo: str) -> Path:
    """The folder of a zoo.

    Args:
        zoo: A name out of :func:`zoo_names`, or a folder of cards.

    Raises:
        CardError: If it is neither.
    """
    if zoo in zoo_names():
        return zoo_folder() / zoo
    if Path(zoo).is_dir():
        return Path(zoo)
    raise CardError(f"{zoo!r} is no zoo; name a folder of cards, or one of {', '.join(zoo_names())}")


def read_card(path: Path) -> Card:
    """Read and validate one card.

    Raises:
        CardError: If the file is no card; the message names the field.
    """
    try:
        card = Card.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CardError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "card"
        raise CardError(f"{path}: {field}: {first['msg']}") from None
    if card.name != path.stem:
        raise CardError(f"{path}: name is {card.name!r}; the file must be called {card.name}.json")
    return card


def read_zoo(folder: Path) -> list[Card]:
    """All cards of a zoo, in the order of rising payload, then MACs.

    Raises:
        CardError: If there is none, or one is damaged.
    """
    cards = [read_card(path) for path in sorted(folder.glob("*.json"))]
    if not cards:
        raise CardError(f"{folder}: no cards (*.json)")
    return sorted(cards, key=lambda card: (card.rate.symbols, card.cost.macs_encode, card.name))


def choose(cards: list[Card], names: list[str]) -> list[Card]:
    """The cards of some names, or all of them without names.

    Raises:
        CardError: If a name has no card.
    """
    known = {card.name: card for card in cards}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
            raise CardError(f"no model {name!r} in this zoo; {hint}")
    return [known[name] for name in dict.fromkeys(names)] or cards


def checked_weights(card: Card, folder: Path) -> bytes:
    """The content of the card's file of weights, its size and SHA-256 found right; not yet looked at as tensors.

    Raises:
        CardError: If it is missing, damaged or another file.
    """
    path = folder / card.weights.file
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size == card.weights.bytes else b""
    except OSError as error:
        raise CardError(f"{path}: {error.strerror}; the card {card.name} needs it") from None
    if size != card.weights.bytes:
        raise CardError(f"{path} has {size} bytes, but its card says {card.weights.bytes}; it was not opened")
    found = hashlib.sha256(content).hexdigest()
    if found != card.weights.sha256:
        raise CardError(
            f"{path} is not the file that its card describes: its SHA-256 is {found[:12]}..., "
            f"the card says {card.weights.sha256[:12]}...; it was not opened"
        )
    return content
