"""Table I and Fig. 3 of the paper beside what the cards of the shipped zoo say of models of the same names."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from ...scm_zoo.card import Card, zoo_folder

ZOO = "rdebench-lite-v1"

SAMPLES = 50_000
"""Images that Table I's times are for."""

SNR_DB = 10.0
"""Of the channel at which the loss is read: the reference SNR of the scenarios with measured models."""

NOTES = (
    "The paper's architectures have names but no widths, latent sizes or payloads; these are small ones of the same "
    "families, at two payloads.",
    "The paper's power is the whole draw of a GPU, captured from another study; here it is an estimate from operations "
    "and memory traffic on one core of a CPU, so the two cannot be compared.",
    "The paper's time is that of inference on a GPU; here it is that of the encoder on one core.",
    f"The paper's losses have no stated scale. Here it is (11) as a mean over pixels, on test images at {SNR_DB:g} dB, "
    "times 1000.",
)
"""What keeps the two halves of the table apart."""


def table1() -> list[dict[str, Any]]:
    """One entry for each model of Table I.

    Returns:
        ``model``; ``printed`` with ``power`` (W), ``seconds`` for 50,000 images and ``objective``; ``measured`` with
        the same of each card, by the end of its name, which is its rate, and ``power_source``, ``device``, ``mse``,
        ``ssim`` and ``psnr_db``; None where the zoo has no such model.
    """
    text = resources.files("rdebench.problems").joinpath("zoos", "paper-table1.json").read_text("utf-8")
    cards = [
        Card.model_validate_json(path.read_bytes()).model_dump(mode="json", by_alias=True)
        for path in sorted((zoo_folder() / ZOO).glob("*.json"))
    ]
    found = []
    for model in json.loads(text)["models"]:
        of_model = [card for card in cards if card["arch"]["family"] == model["name"]]
        measured = {card["name"].removeprefix(f"{model['name']}-"): _measured(card) for card in of_model}
        printed = {"power": model["power"], "seconds": model["latency_s"], "objective": model["loss"]}
        found.append({"model": model["name"], "printed": printed, "measured": measured or None})
    return found


def _measured(card: dict[str, Any]) -> dict[str, Any]:
    """The columns of Table I from a card."""
    of_images = card["eval"][0]
    place = of_images["snr_db"].index(SNR_DB)
    latency, power = card["cost"]["latency"], card["cost"]["power"]
    return {
        "power": power["watts"],
        "power_source": power["source"],
        "seconds": round(latency["seconds"] / latency["images"] * SAMPLES, 3),
        "device": latency["device"],
        "objective": round(of_images["loss"][place] * 1e3, 4),
        "payload_bits": card["rate"]["payload_bits"],
        "parameters": card["cost"]["params"],
        "dataset": of_images["dataset"],
        "mse": of_images["mse"][place],
        "ssim": of_images["ssim"][place],
        "psnr_db": of_images["psnr"][place],
    }
