"""From a trained codec to a zoo: weights as float16 safetensors, and the card that describes them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import asdict
from pathlib import Path

import torch

from . import evaluation
from .card import SCHEMA, Arch, Card, CardError, Evaluation, Rate, Train, Weights
from .checkpoint import load_tensors, save_tensors
from .codec import Design, SemanticCodec
from .cost import measure
from .datasets import Images
from .recipe import Recipe

CURVE_DATASET = "cifar10-mixed"
"""The curve is of these images where they were evaluated, else of the first data set."""


def export_model(
    codec: SemanticCodec, *, name: str, recipe: Recipe, preset: str, dataset_name: str, steps: int, seconds: float,
    hardware: str, folder: Path, evaluate: list[Images],
) -> Card:  # fmt: skip
    """Write ``NAME.safetensors`` and ``NAME.json``; figures and costs are of the weights as written, in float16.

    For the same codec every figure comes out the same, but for latency and what follows from it.

    Args:
        codec: The trained codec; it is not changed.
        name: Name of the model.
        recipe: How it was trained.
        preset: Name of the recipe.
        dataset_name: Images it was trained on.
        steps: Steps of training that were done.
        seconds: Time they took.
        hardware: What they ran on, for example ``AMD EPYC, 1 core``.
        folder: The zoo; made if need be.
        evaluate: Sets whose test images to report on.

    Raises:
        CardError: If weights are too large for float16.
    """
    path = folder / f"{name}.safetensors"
    state = {
        key: value.half() if value.is_floating_point() else value for key, value in codec.state_dict().items()
    }
    for key, value in state.items():
        if not bool(value.isfinite().all()):
            raise CardError(f"{name}: {key} has values that float16 cannot hold")
    # One line about the file, since the order of several would differ from one writing to the next.
    save_tensors(path, state, {"schema": SCHEMA})
    path.chmod(0o644)
    content = path.read_bytes()
    written = _reloaded(codec.design, path, codec.link.pilot.device)
    evaluations = [
        evaluation.evaluate(written, images.test, images.name, alpha=recipe.alpha, beta=recipe.beta)
        for images in evaluate
    ]
    weights = Weights(
        file=path.name, sha256=hashlib.sha256(content).hexdigest(), dtype="float16", bytes=len(content)
    )
    card = Card.model_validate(
        {
            "schema": SCHEMA,
            "name": name,
            "version": 1,
            "arch": Arch(**asdict(codec.design)),
            "weights": weights,
            "train": _train(recipe, preset, dataset_name, steps, seconds, hardware),
            "rate": rate(codec.design),
            "eval": evaluations,
            "curve": evaluation.curve(_for_curve(evaluations)),
            "cost": measure(written),
        }
    )
    write_card(card, folder)
    return card


def rate(design: Design) -> Rate:
    """What an image costs to send."""
    symbols = design.symbols
    return Rate(symbols=symbols, k_over_n=symbols / (3 * 32 * 32), payload_bits=16.0 * symbols)


def write_card(card: Card, folder: Path) -> Path:
    """Write ``NAME.json``, whole or not at all."""
    path = folder / f"{card.name}.json"
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(card.dump(), encoding="utf-8")
    aside.replace(path)
    return path


def _train(recipe: Recipe, preset: str, dataset: str, steps: int, seconds: float, hardware: str) -> Train:
    return Train(
        dataset=dataset, channel=recipe.fading, snr_db=recipe.snr_db, preset=preset, epochs=recipe.epochs,
        steps=steps, batch=recipe.batch, learning_rate=recipe.learning_rate, seed=recipe.seed, alpha=recipe.alpha,
        beta=recipe.beta, seconds=round(seconds, 1), hardware=hardware, commit=_commit(),
    )  # fmt: skip


def _reloaded(design: Design, path: Path, device: torch.device) -> SemanticCodec:
    codec = SemanticCodec(design)
    codec.load_state_dict(load_tensors(path)[0], strict=True)
    codec.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return codec.eval()


def _for_curve(evaluations: list[Evaluation]) -> Evaluation:
    return next((one for one in evaluations if one.dataset == CURVE_DATASET), evaluations[0])


def _commit() -> str | None:
    """The commit of the checkout that this file is in, if it is in one."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    git = ["git", "-C", str(root)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        # New cards and weights are no change of the code that wrote them.
        sources = ["status", "--porcelain", "--", "scm_zoo", ":!scm_zoo/zoos"]
        changed = subprocess.run([*git, *sources], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + ("-dirty" if changed.stdout.strip() else "")
