"""``rdebench zoo measure`` and ``rdebench zoo verify``: models run again on this machine."""

from __future__ import annotations

import dataclasses
import json as json_text
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .zoo_cards import DEFAULT_ZOO, AsJson, ZooOption, per_image, print_table

if TYPE_CHECKING:
    from torch import Tensor

    from ...scm_zoo.card import Card

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Models; default: all of the zoo.")
]


def measure(names: Names = None, zoo: ZooOption = DEFAULT_ZOO, json: AsJson = False) -> None:
    """Measure latency, multiply-adds and power of models on this machine, beside what their cards say.

    Examples:

        rdebench zoo measure LeNet-C16
    """
    from ...scm_zoo.card import choose, find_zoo, read_zoo
    from ...scm_zoo.errors import require_packages

    folder = find_zoo(zoo)
    cards = choose(read_zoo(folder), names or [])
    require_packages("torch", "safetensors")
    from rich.console import Console

    from ...scm_zoo.cost import measure as measured
    from ...scm_zoo.zoo import load_codec

    found = {}
    with Console(stderr=True).status("measuring") as status:
        for card in cards:
            status.update(f"measuring {card.name}")
            found[card.name] = measured(load_codec(card, folder))
    if json:
        both = {
            card.name: {"here": found[card.name].model_dump(), "card": card.cost.model_dump()}
            for card in cards
        }
        typer.echo(json_text.dumps(both, indent=1))
        return
    rows = [
        {"model": card.name, "from": source, "multiply-adds": f"{cost.macs_encode:,}",
         "an image": per_image(cost.latency.seconds, cost.latency.images),
         "power": f"{cost.power.watts:.3g} W {cost.power.source}", "device": cost.latency.device}
        for card in cards
        for source, cost in (("here", found[card.name]), ("card", card.cost))
    ]  # fmt: skip
    print_table("encoding", rows)
    for method in sorted({f"{cost.power.source} power: {cost.power.method}" for cost in found.values()}):
        typer.echo(method)


def verify(
    names: Names = None,
    zoo: ZooOption = DEFAULT_ZOO,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the images to verify on; default: dead leaves, drawn anew.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=10, help="Only so many images: quicker, and less sure to find a fault.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check cards: the SHA-256 of the weights, their design, the counts, and every figure at 0, 5, 10 and 20 dB.

    Figures are measured again on the card's images with the card's noise, and must agree within 3 standard errors.
    Exit code 1 if anything does not hold. A file of weights that is damaged or swapped is not opened.

    Examples:

        rdebench zoo verify

        rdebench zoo verify LeNet-C16 --data ~/cifar10-mixed
    """
    from ...scm_zoo.card import choose, find_zoo, read_zoo
    from ...scm_zoo.errors import require_packages

    folder = find_zoo(zoo)
    cards = choose(read_zoo(folder), names or [])
    require_packages("torch", "safetensors", "scipy")
    from rich.console import Console

    from ...scm_zoo.verify import images_to_verify

    console = Console(stderr=True)
    with console.status("getting images ready"):
        dataset, pixels = images_to_verify(data, images)
    pixels = pixels[: max(card.evaluation(dataset).images for card in cards)]
    reports = _all_reports(cards, folder, dataset, pixels, console)
    if json:
        typer.echo(json_text.dumps({"dataset": dataset, "images": len(pixels), "models": reports}, indent=1))
    else:
        _print_reports(reports, dataset, len(pixels))
    if any(not report["holds"] for report in reports):
        raise typer.Exit(1)


def _all_reports(
    cards: list[Card], folder: Path, dataset: str, pixels: Tensor, console: Any
) -> list[dict[str, Any]]:
    """Verify the cards under a bar, several at a time: one model on one core wastes least."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from torch import set_num_threads

    stop = Event()
    columns = (TextColumn("verifying"), BarColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=-(-len(pixels) // 100) * len(cards))

        def advance() -> None:
            if stop.is_set():
                raise KeyboardInterrupt
            bar.advance(task)

        with ThreadPoolExecutor(len(os.sched_getaffinity(0)), initializer=lambda: set_num_threads(1)) as pool:
            try:
                return list(pool.map(lambda card: _report(card, folder, dataset, pixels, advance), cards))
            finally:
                stop.set()


def _report(
    card: Card, folder: Path, dataset: str, pixels: Tensor, on_batch: Callable[[], None]
) -> dict[str, Any]:
    """What was found about one card."""
    from ...scm_zoo.card import CardError
    from ...scm_zoo.verify import check_facts, check_figures

    try:
        faults = check_facts(card, folder)
        checks = check_figures(card, folder, dataset, pixels, on_batch=on_batch)
    except CardError as error:
        return {"name": card.name, "holds": False, "faults": [str(error)], "figures": []}
    figures = [dataclasses.asdict(check) | {"holds": check.holds} for check in checks]
    return {
        "name": card.name,
        "holds": not faults and all(check.holds for check in checks),
        "faults": faults,
        "figures": figures,
    }


def _print_reports(reports: list[dict[str, Any]], dataset: str, images: int) -> None:
    checked = 0
    for report in reports:
        typer.secho(f"{report['name']}: {'holds' if report['holds'] else 'DOES NOT HOLD'}",
                    fg=None if report["holds"] else "red")  # fmt: skip
        for fault in report["faults"]:
            typer.echo(f"  {fault}")
        for check in report["figures"]:
            checked += 1
            if not check["holds"]:
                typer.echo(
                    f"  {check['figure']} at {check['snr_db']:g} dB: {check['found']:.6g}, but the card says "
                    f"{check['card']:.6g}; 3 standard errors are {3 * check['standard_error']:.2g}"
                )
    wrong = sum(not report["holds"] for report in reports)
    end = f"{wrong} of {len(reports)} cards do not hold" if wrong else "everything holds"
    typer.echo(
        f"{len(reports)} cards, {checked} figures measured again on at most {images} images of {dataset}; {end}\n"
        "Latency, measured power and figures on other images were not measured again: "
        "see rdebench zoo measure, and --data."
    )
