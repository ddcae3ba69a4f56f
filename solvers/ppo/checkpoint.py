"""State of a training on disk: safetensors and JSON in one file, so that it is never half written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

NAME = "checkpoint.safetensors"


def write(folder: Path, tensors: dict[str, torch.Tensor], record: dict[str, Any]) -> None:
    """Write tensors and a JSON record; replaces what was there in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{NAME}.{os.getpid()}"
    save_file({k: t.contiguous() for k, t in tensors.items()}, aside, {"record": json.dumps(record)})
    aside.replace(folder / NAME)


def read(folder: Path | None) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """What :func:`write` wrote, or None if there is nothing to go on from."""
    if folder is None or not (folder / NAME).is_file():
        return None
    try:
        with safe_open(folder / NAME, framework="pt") as file:
            record = json.loads((file.metadata() or {})["record"])
            return {name: file.get_tensor(name) for name in file.keys()}, record  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{folder / NAME} is damaged ({error}); remove it to start over") from None


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The optimiser's state by parameter number and name."""
    state = optimizer.state_dict()["state"]
    return {f"optimizer/{i}/{name}": value for i, entry in state.items() for name, value in entry.items()}


def use_optimizer_tensors(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Put back what :func:`optimizer_tensors` gave."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer/"):
            _, number, name = key.split("/")
            state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def generator_record(rng: np.random.Generator) -> dict[str, Any]:
    """The state of a numpy generator, fit for JSON."""
    return dict(rng.bit_generator.state)


def use_generator_record(rng: np.random.Generator, record: dict[str, Any]) -> None:
    """Put a generator back into a recorded state."""
    rng.bit_generator.state = record
