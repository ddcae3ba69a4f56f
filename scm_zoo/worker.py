"""The process that trains one model, from its checkpoint or its beginning to its card."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import torch

from .card import CardError, checked_weights, read_card
from .checkpoint import load_tensors
from .cost import device_name
from .datasets import DEAD_LEAVES, Images, test_leaves
from .errors import ZooError
from .export import export_model
from .job import Job, Progress
from .training import Report, Trainer

_EVERY_S = 0.2
"""Least time between two reports."""

_SMOOTHING = 0.95
"""Share of the loss and the PSNR shown that comes from earlier steps."""

_LOGGED_STEPS = 10
"""Every so many steps go to TensorBoard."""

_SMOKE_IMAGES = 100


def work(job: Job, images: Path, dataset: str, reports: Connection, stop: Event) -> None:
    """Train a model and export it, or stop in between with its checkpoint written.

    Args:
        job: What to train.
        images: File of the tensors ``train`` and ``test``.
        dataset: Name of these images.
        reports: Gets objects of ``Progress``; once nobody listens any more, the work stops.
        stop: Once set, the work stops.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent decides
    torch.set_num_threads(1)  # sums come out the same only in the same order
    try:
        tensors, _ = load_tensors(images)
        trainer = Trainer(job.design, job.recipe, tensors["train"], job.folder, job.device)
        if not _trained(trainer, job, reports, stop):
            return
        if not _exported(trainer, job):
            reports.send(Progress("measuring", trainer.step, trainer.steps))
            _export(trainer, job, Images(dataset, tensors["train"], tensors["test"]))
        reports.send(Progress("done", trainer.step, trainer.steps))
    except BrokenPipeError:
        pass
    except (ZooError, OSError) as error:
        reports.send(Progress("failed", message=str(error)))


def _trained(trainer: Trainer, job: Job, reports: Connection, stop: Event) -> bool:
    """Train to the end; False if it was stopped before."""
    from torch.utils.tensorboard import SummaryWriter

    meter, log = _Meter(trainer), SummaryWriter(str(job.folder / "tensorboard"), purge_step=trainer.step + 1)
    try:
        meter.tell(reports.send)
        for report in trainer.run():
            meter.count(report)
            if report.step % _LOGGED_STEPS == 0:
                log.add_scalar("loss/training", report.loss, report.step)
                log.add_scalar("psnr/training", report.psnr, report.step)
            if report.validation is not None:
                log.add_scalar("loss/validation", report.validation, report.step)
            if stop.is_set():
                trainer.save()
                return False
            if meter.due(report):
                meter.tell(reports.send, report.validation)
    except BrokenPipeError:
        trainer.save()
        return False
    finally:
        log.close()
    if not trainer.path.is_file():  # a training of no steps
        trainer.save()
    return True


def _exported(trainer: Trainer, job: Job) -> bool:
    """Whether this very training was exported before."""
    try:
        card = read_card(job.zoo / f"{job.name}.json")
        checked_weights(card, job.zoo)
    except CardError:
        return False
    return (card.train.steps, card.train.seconds) == (trainer.step, round(trainer.seconds, 1))


def _export(trainer: Trainer, job: Job, images: Images) -> None:
    """Card and weights; under ``smoke`` with figures on few images, so that it takes seconds."""
    count = _SMOKE_IMAGES if job.preset == "smoke" else len(images.test)
    sets = [Images(images.name, images.train, images.test[:count])]
    if images.name != DEAD_LEAVES:
        leaves = test_leaves(_SMOKE_IMAGES) if job.preset == "smoke" else test_leaves()
        sets.append(Images(DEAD_LEAVES, leaves[:0], leaves))
    cores = ", 1 core" if trainer.device.type == "cpu" else ""
    export_model(
        trainer.codec,
        name=job.name,
        recipe=job.recipe,
        preset=job.preset,
        dataset_name=images.name,
        steps=trainer.step,
        seconds=trainer.seconds,
        hardware=device_name(trainer.device) + cores,
        folder=job.zoo,
        evaluate=sets,
    )


class _Meter:
    """What is shown of a training: smoothed figures, and the time left."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._first, self._began = trainer.step, time.monotonic()
        self._told = 0.0
        self._weight = self._loss = self._psnr = 0.0

    def count(self, report: Report) -> None:
        """Take up the figures of a step."""
        self._weight = _SMOOTHING * self._weight + (1 - _SMOOTHING)
        self._loss = _SMOOTHING * self._loss + (1 - _SMOOTHING) * report.loss
        self._psnr = _SMOOTHING * self._psnr + (1 - _SMOOTHING) * report.psnr

    def due(self, report: Report) -> bool:
        """Whether to tell: at the end of an epoch, or when some time has passed."""
        return report.validation is not None or time.monotonic() - self._told > _EVERY_S

    def tell(self, send: Callable[[Progress], None], validation: float | None = None) -> None:
        """Report where the training stands."""
        trainer, self._told = self._trainer, time.monotonic()
        done = trainer.step - self._first
        pace = (self._told - self._began) / done if done else 0.0
        weight = self._weight or 1.0
        send(
            Progress(
                "training",
                step=trainer.step,
                steps=trainer.steps,
                epoch=-(-trainer.step // trainer.steps_per_epoch),
                loss=self._loss / weight,
                psnr=self._psnr / weight,
                seconds_left=pace * (trainer.steps - trainer.step),
                validation=validation,
            )
        )
