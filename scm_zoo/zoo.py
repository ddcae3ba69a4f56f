"""From a card and its weights to a codec, refusing whatever does not fit."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from .card import Card, CardError, checked_weights
from .codec import Design, SemanticCodec


def load_codec(card: Card, folder: Path) -> SemanticCodec:
    """The trained codec of a card, float32, on the CPU and in evaluation mode.

    Size and SHA-256 of the file are checked first, and exactly the bytes that were checked are read, as
    safetensors: no other format is ever opened.

    Args:
        card: The card.
        folder: The folder with its weights.

    Raises:
        CardError: If the weights are missing, damaged, or of another design than the card says.
    """
    content = checked_weights(card, folder)
    try:
        tensors = load(content)
    except SafetensorError as error:
        raise CardError(f"{folder / card.weights.file}: not a file of safetensors: {error}") from None
    wanted = getattr(torch, card.weights.dtype)
    for name, tensor in tensors.items():
        counts = name.endswith("num_batches_tracked")  # batch normalisation's
        if tensor.dtype != (torch.int64 if counts else wanted) or not bool(tensor.isfinite().all()):
            raise CardError(f"{folder / card.weights.file}: {name} is not finite {card.weights.dtype}")
    tensors = {name: one.float() if one.is_floating_point() else one for name, one in tensors.items()}
    try:
        # Without memory for weights of its own: a card cannot ask for more than its file holds.
        with torch.device("meta"):
            codec = SemanticCodec(Design(**card.arch.model_dump()))
        codec.load_state_dict(tensors, strict=True, assign=True)
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise CardError(
            f"{card.name}: the weights do not fit the card's arch: {_first_line(error)}"
        ) from None
    codec.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return codec.eval()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
