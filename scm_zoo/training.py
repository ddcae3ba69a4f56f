"""Training a codec: deterministic by its seed, and resumable from any checkpoint to the same weights."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from .checkpoint import CheckpointError, flatten_optimizer, load_tensors, restore_optimizer, save_tensors
from .codec import Design, SemanticCodec
from .errors import ZooError
from .recipe import Recipe

CHECKPOINT_SECONDS = 60.0
_MOST_SKIPPED = 100
"""Steps in a row without a finite gradient after which a training has failed."""


class TrainingError(ZooError):
    """A training that cannot go on; the message says why."""


@dataclass(frozen=True)
class Report:
    """Where a training stands after a step.

    Attributes:
        step: Steps done, of ``steps``.
        steps: Most steps of this training.
        loss: Equation (11) of the step's batch.
        psnr: Peak signal-to-noise ratio of the step's batch, dB.
        validation: Loss on the held-out images, at the end of an epoch; else None.
        stopped: Whether the validation loss has not improved for too long.
    """

    step: int
    steps: int
    loss: float
    psnr: float
    validation: float | None = None
    stopped: bool = False


class Trainer:
    """One training, from its beginning or from its checkpoint.

    Every random number of step t comes from a generator seeded by (seed, t), so that a checkpoint needs none.

    Args:
        design: The codec to train.
        recipe: How.
        images: Training images, ``uint8 [N, 3, 32, 32]``; the last ``recipe.validation`` are held out.
        folder: Where the checkpoint is kept; an existing one is resumed.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(
        self, design: Design, recipe: Recipe, images: Tensor, folder: Path, device: str = "cpu"
    ) -> None:
        self.design, self.recipe, self.device = design, recipe, torch.device(device)
        if self.device.type == "cuda":
            _repeatable_cuda()
        self.path = folder / "checkpoint.safetensors"
        if len(images) <= recipe.validation + recipe.batch:
            raise TrainingError(
                f"{len(images)} training images; give more than {recipe.validation + recipe.batch}"
            )
        images = images[: recipe.images]
        self.identity = _identity(design, recipe, images)
        torch.manual_seed(recipe.seed)
        self.codec = SemanticCodec(design)
        self.codec.initialise(images[:10_000].float() / 255.0)
        self.codec.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.train_images = images[: -recipe.validation].to(self.device)
        self.held_out = images[-recipe.validation :].to(self.device)
        self.steps_per_epoch = len(self.train_images) // recipe.batch
        self.steps = recipe.epochs * self.steps_per_epoch
        self.optimizer = torch.optim.Adam(
            self._groups(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.step, self.stale, self.seconds, self.best = 0, 0, 0.0, math.inf
        self.best_weights = _copy(self.codec)
        self._resume()
        if self.device.type == "cuda" and self.codec.backbone is not None:
            self.codec.backbone.encoder.compile()
            self.codec.backbone.decoder.compile()

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return self.step >= self.steps or self.stale >= self.recipe.patience

    def run(self) -> Iterator[Report]:
        """Train to the end, reporting each step and writing checkpoints; the best weights end up in the codec."""
        saved, skipped = time.monotonic(), 0
        while not self.finished:
            began = time.monotonic()
            loss, error, moved = self._train_step()
            skipped = 0 if moved else skipped + 1
            if skipped > _MOST_SKIPPED:
                raise TrainingError(f"no finite gradient for {skipped} steps; lower the learning rate")
            self.step += 1
            validation = self._end_of_epoch() if self.step % self.steps_per_epoch == 0 else None
            self.seconds += time.monotonic() - began
            if validation is not None or time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
            stopped = self.stale >= self.recipe.patience
            psnr = -10.0 * math.log10(max(error, 1e-12))
            yield Report(self.step, self.steps, loss, psnr, validation, stopped)
        self.codec.load_state_dict(self.best_weights, strict=True)
        self.codec.eval()

    def save(self) -> None:
        """Write the checkpoint."""
        tensors = {f"codec.{name}": value for name, value in self.codec.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best_weights.items()}
        about = {"step": self.step, "stale": self.stale, "best": self.best, "seconds": self.seconds}
        about_text = {key: repr(value) for key, value in about.items()} | {"identity": self.identity}
        save_tensors(self.path, tensors | flatten_optimizer(self.optimizer), about_text)

    def _resume(self) -> None:
        if not self.path.is_file():
            return
        tensors, about = load_tensors(self.path)
        if about.get("identity") != self.identity:
            raise CheckpointError(
                f"{self.path} belongs to another design, recipe or set of images; remove it or choose another folder"
            )
        own = {
            name.removeprefix("codec."): value for name, value in tensors.items() if name.startswith("codec.")
        }
        self.codec.load_state_dict(own, strict=True)
        self.best_weights = {
            name.removeprefix("best."): value.to(self.device)
            for name, value in tensors.items()
            if name.startswith("best.")
        }
        restore_optimizer(self.optimizer, tensors)
        self.step, self.stale = int(about["step"]), int(about["stale"])
        self.best, self.seconds = float(about["best"]), float(about["seconds"])

    def _groups(self) -> list[dict[str, object]]:
        """The network, and what is linear, which learns at a share of its rate."""
        linear = list(self.codec.link.parameters())
        linear += [] if self.codec.linear is None else list(self.codec.linear.parameters())
        known = {id(parameter) for parameter in linear}
        network = [parameter for parameter in self.codec.parameters() if id(parameter) not in known]
        return [
            {"params": group, "share": share}
            for group, share in ((network, 1.0), (linear, self.recipe.linear_factor))
            if group
        ]

    def _learning_rate(self) -> float:
        recipe = self.recipe
        rate = recipe.learning_rate * min(1.0, (self.step + 1) / max(1, recipe.warm_up))
        if recipe.schedule == "cosine":
            rate *= 0.5 * (1.0 + math.cos(math.pi * self.step / self.steps))
        return rate

    def _train_step(self) -> tuple[float, float, bool]:
        """One step of Adam: the loss, the mean squared error, and whether the weights moved."""
        recipe = self.recipe
        epoch, number = divmod(self.step, self.steps_per_epoch)
        order = torch.randperm(len(self.train_images), generator=_generator(recipe.seed, "order", epoch))
        chosen = order[number * recipe.batch : (number + 1) * recipe.batch].to(self.device)
        generator = _generator(recipe.seed, "step", self.step, self.device)
        images = self.train_images[chosen].float() / 255.0
        flipped = torch.rand(len(images), 1, 1, 1, generator=generator, device=self.device) < 0.5
        images = torch.where(flipped, images.flip(3), images).contiguous(memory_format=torch.channels_last)
        low, high = recipe.snr_db
        snr_db = low + (high - low) * torch.rand(len(images), generator=generator, device=self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate() * group["share"]
        self.codec.train()
        with self._precision():
            loss, error = self.codec.training_loss(
                images, snr_db, recipe.fading, generator, recipe.alpha, recipe.beta
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.codec.parameters(), recipe.clip)
        moved = bool(norm.isfinite())
        if moved:
            self.optimizer.step()
        return float(loss.detach()), float(error), moved

    def _end_of_epoch(self) -> float:
        """The loss (11) on the held-out images; remembers the best weights and how long ago they were found."""
        recipe = self.recipe
        generator = _generator(recipe.seed, "validation", 0, self.device)
        self.codec.eval()
        total = 0.0
        with torch.no_grad(), self._precision():
            for images in torch.split(self.held_out.float() / 255.0, recipe.batch):
                low, high = recipe.snr_db
                snr_db = torch.linspace(low, high, len(images), device=self.device)
                loss, _ = self.codec.training_loss(
                    images, snr_db, recipe.fading, generator, recipe.alpha, recipe.beta
                )
                total += float(loss) * len(images)
        validation = total / len(self.held_out)
        self.stale = 0 if validation < self.best - recipe.delta else self.stale + 1
        if validation < self.best:
            self.best, self.best_weights = validation, _copy(self.codec)
        return validation

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16)


def _generator(seed: int, what: str, number: int, device: torch.device | None = None) -> torch.Generator:
    """The random stream of a seed, a purpose and a number."""
    digest = hashlib.sha256(f"{seed}/{what}/{number}".encode()).digest()
    return torch.Generator(device or "cpu").manual_seed(int.from_bytes(digest[:7], "little"))


def _repeatable_cuda() -> None:
    """Algorithms that give the same sums every time, for the whole process; a warning where there is none."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # It only costs time: nothing reads such memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _copy(codec: SemanticCodec) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in codec.state_dict().items()}


def _identity(design: Design, recipe: Recipe, images: Tensor) -> str:
    """SHA-256 over what a checkpoint must agree with before it is resumed."""
    digest = hashlib.sha256(json.dumps([asdict(design), asdict(recipe)], sort_keys=True).encode())
    digest.update(images.numpy().tobytes())
    return digest.hexdigest()
