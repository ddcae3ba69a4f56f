"""``rdebench zoo train``: from images to a zoo of models, their weights and their cards."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import cores, positive

if TYPE_CHECKING:
    from rich.console import Console

    from ...scm_zoo.codec import Design
    from ...scm_zoo.datasets import Images
    from ...scm_zoo.job import Job
    from ...scm_zoo.recipe import Preset

INTERRUPTED = 130

_LATENTS = (8, 16)
"""Latent channels of ``--all``."""

_LATENT_LIMITS = (2, 48)
"""Fewest and most latent channels: 48 send as many numbers as an image has."""


def train(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="FAMILY-C<latent>, such as LeNet-C16.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="The ten models of the shipped zoo: every family, C = 8 and 16.")
    ] = False,
    preset: Annotated[str, typer.Option(help="smoke, lite, full or paper: how they are trained.")] = "lite",
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of images; default: $RDEBENCH_DATA, else dead leaves, which are drawn."),
    ] = None,
    fetch_cifar10: Annotated[
        bool, typer.Option("--fetch-cifar10", help="Download CIFAR-10 (162 MiB, once) and train on it.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The zoo: cards, weights, checkpoints and logs.")] = Path("zoo"),
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="Seed of weights, order, noise and flips.")
    ] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Models at a time; default: one a core, or one on a GPU.")
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(callback=positive, help="Multiplier of all channels; default: the preset's."),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No linear transform beside the network.")] = False,
) -> None:
    """Train image models over a noisy channel, and write their weights and cards.

    An interrupted training goes on from its checkpoint when the same command is given again, to the same weights
    as if it had not been interrupted. Checkpoint and TensorBoard logs of a model are in OUT/NAME.

    Examples:

        rdebench zoo train LeNet-C16 --preset smoke --out zoo

        rdebench zoo train --all --data ~/cifar10 --jobs 2

        rdebench zoo train ResNet-C16 --preset full --fetch-cifar10 --device cuda
    """
    from rich.console import Console

    from ...scm_zoo.errors import ZooError, require_packages

    require_packages("torch", "safetensors", "tensorboard")
    if bool(names) == every:
        raise ZooError("give NAMES, such as LeNet-C16, or --all; not both")
    if data is not None and fetch_cifar10:
        raise ZooError("--data and --fetch-cifar10 each say which images; give one of them")
    planned = _jobs(names or _all_names(), preset, seed, width, plain, out, device)
    console = Console()
    images = _images(console, data, fetch_cifar10, max(job.recipe.images for job in planned))
    at_a_time = jobs or (1 if planned[0].device == "cuda" else cores())
    failures = _run(console, planned, images, at_a_time)
    if failures:
        raise ZooError("; ".join(failures))
    console.print(f"cards and weights are in {out}", highlight=False, markup=False, soft_wrap=True)


def _run(console: Console, jobs: Sequence[Job], images: Images, at_a_time: int) -> list[str]:
    """Train, showing how it goes; what failed, in words."""
    from ...scm_zoo.checkpoint import save_tensors
    from ...scm_zoo.team import train_all
    from .zoo_display import TrainingDisplay

    failures = []
    # The processes map this file into memory: they share the images, and none has to draw them again.
    with tempfile.TemporaryDirectory(prefix="rdebench-") as folder, TrainingDisplay(console) as display:
        file = Path(folder) / "images.safetensors"
        save_tensors(file, {"train": images.train, "test": images.test}, {})
        with closing(train_all(jobs, file, images.name, at_a_time)) as progress:
            try:
                for job, now in progress:
                    display.show(job.name, now)
                    if now.phase == "failed":
                        failures.append(f"{job.name}: {now.message}")
            except KeyboardInterrupt:
                display.say("[yellow]interrupted[/]: checkpoints are being written; the same command goes on")
                raise typer.Exit(INTERRUPTED) from None
    return failures


def _images(console: Console, data: Path | None, fetch: bool, count: int) -> Images:
    """The images asked for; dead leaves in a number that suits the recipe."""
    from ...scm_zoo.datasets import data_folder, fetch_cifar10, load_images

    with console.status("getting images ready"):
        images = load_images(fetch_cifar10() if fetch else data_folder(data), count)
    line = f"{images.name}: {len(images.train):,} training images, {len(images.test):,} test images"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
    return images


def _jobs(
    names: Sequence[str], preset: str, seed: int, width: float | None, plain: bool, out: Path, device: str
) -> list[Job]:
    """The trainings asked for, after everything that can be wrong with them was looked at."""
    from ...scm_zoo.errors import ZooError
    from ...scm_zoo.job import Job
    from ...scm_zoo.recipe import PRESETS, recipe

    if preset not in PRESETS:
        raise ZooError(f"preset is {preset!r}; use one of {', '.join(PRESETS)}")
    chosen, device = preset, _device(device)
    jobs = []
    for name in dict.fromkeys(names):
        design = _design(name, chosen, width, plain)
        jobs.append(Job(name, design, recipe(chosen, design.family, seed=seed), chosen, out, device))
    if out.exists() and not out.is_dir():
        raise ZooError(f"{out} is a file; give --out a folder")
    for job in jobs:
        if (out / f"{job.name}.json").exists() and not (job.folder / "checkpoint.safetensors").exists():
            raise ZooError(
                f"{out} has a card {job.name}, but no checkpoint to go on from; choose another --out"
            )
    return jobs


def _design(name: str, preset: Preset, width: float | None, plain: bool) -> Design:
    """A model by its name."""
    from ...scm_zoo.architectures import FAMILIES
    from ...scm_zoo.codec import LINEAR, Design
    from ...scm_zoo.errors import ZooError
    from ...scm_zoo.recipe import LITE_WIDTHS

    family, _, latent = name.rpartition("-C")
    low, high = _LATENT_LIMITS
    if family not in (*FAMILIES, LINEAR):
        known = ", ".join((*FAMILIES, LINEAR))
        raise ZooError(f"no model {name!r}: give FAMILY-C<latent>, such as LeNet-C16; families are {known}")
    if latent not in map(str, range(low, high + 1)):
        raise ZooError(f"{name!r} has {latent!r} latent channels; give a number from {low} to {high}")
    if plain and family == LINEAR:
        raise ZooError(f"--plain leaves the linear transform out, but {LINEAR} has nothing else")
    lite = preset in ("smoke", "lite")
    multiplier = width or (LITE_WIDTHS[family] if lite else 1.0)
    return Design(family, multiplier, "lite" if lite else "full", int(latent), not plain)


def _device(wanted: str) -> str:
    import torch

    from ...scm_zoo.errors import ZooError

    if wanted not in ("auto", "cpu", "cuda"):
        raise ZooError(f"device is {wanted!r}; use auto, cpu or cuda")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ZooError("this torch finds no CUDA GPU; use --device cpu, or install torch with CUDA")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _all_names() -> list[str]:
    """Names of the shipped models."""
    from ...scm_zoo.recipe import LITE_WIDTHS

    return [f"{family}-C{latent}" for family in LITE_WIDTHS for latent in _LATENTS]
