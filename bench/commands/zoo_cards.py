"""``rdebench zoo list`` and ``rdebench zoo show``: what the cards say, without torch."""

from __future__ import annotations

import json as json_text
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...scm_zoo.card import Card, Evaluation

DEFAULT_ZOO = "rdebench-lite-v1"
ZooOption = Annotated[
    str, typer.Option("--zoo", metavar="NAME|FOLDER", help="Shipped zoo, or a folder of cards.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_REPORTED_DB = 10.0
_LEGEND = "b: complex symbols an image; D: distortion (11) without KL; us and W: time and power of encoding an image\n"


def list_zoos(
    zoo: Annotated[
        str | None, typer.Option("--zoo", metavar="NAME|FOLDER", help="Only this zoo, or a folder of cards.")
    ] = None,
    json: AsJson = False,
) -> None:
    """List the zoos and their models: rate, size, quality at 10 dB, latency and power.

    Examples:

        rdebench zoo list

        rdebench zoo list --zoo my-zoo --json
    """
    from ...scm_zoo.card import find_zoo, read_zoo, zoo_names

    measured = {
        name: [_row(card) for card in read_zoo(find_zoo(name))] for name in ([zoo] if zoo else zoo_names())
    }
    published = {} if zoo else _published()
    if json:
        typer.echo(json_text.dumps(measured | published, indent=1))
        return
    for name, rows in measured.items():
        print_table(
            f"{name}, figures at {_REPORTED_DB:g} dB on {rows[0]['dataset']}", [_cells(row) for row in rows]
        )
    for name, rows in published.items():
        cells = [
            {"model": row["name"], "power, printed in W": f"{row['power']:g}",
             "latency of 50,000 images, s": f"{row['latency_s']:g}", "loss": f"{row['loss']:g}"}
            for row in rows
        ]  # fmt: skip
        print_table(f"{name}, as published: no weights, nothing to verify", cells)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Model, such as LeNet-C16.")],
    zoo: ZooOption = DEFAULT_ZOO,
    json: AsJson = False,
) -> None:
    """Show the card of a model: how it was trained, what it does at each SNR and what it costs.

    Examples:

        rdebench zoo show LeNet-C16
    """
    from ...scm_zoo.card import choose, find_zoo, read_zoo

    card = choose(read_zoo(find_zoo(zoo)), [name])[0]
    if json:
        typer.echo(card.dump(), nl=False)
        return
    from rich.console import Console

    console = Console()
    for line in _sentences(card):
        console.print(line, highlight=False, markup=False)
    for evaluation in card.eval:
        title = (
            f"{evaluation.dataset}: {evaluation.images} images, {evaluation.channel_draws} channel draws each"
        )
        print_table(title, _figures(evaluation))


def per_image(seconds: float, images: int) -> str:
    """Time for each image, in words."""
    return f"{1e6 * seconds / images:.3g} us"


def _row(card: Card) -> dict[str, Any]:
    """What the list says of a model."""
    evaluation, latency = card.evaluation(card.curve.dataset), card.cost.latency
    return {
        "model": card.name,
        "symbols": card.rate.symbols,
        "k_over_n": card.rate.k_over_n,
        "params": card.cost.params,
        "macs_encode": card.cost.macs_encode,
        "dataset": evaluation.dataset,
        "snr_db": _REPORTED_DB,
        "psnr": evaluation.at("psnr", _REPORTED_DB),
        "ssim": evaluation.at("ssim", _REPORTED_DB),
        "distortion": evaluation.at("distortion", _REPORTED_DB),
        "seconds_per_image": latency.seconds / latency.images,
        "latency_source": latency.source,
        "power_w": card.cost.power.watts,
        "power_source": card.cost.power.source,
    }


def _cells(row: dict[str, Any]) -> dict[str, str]:
    return {
        "model": row["model"],
        "b": str(row["symbols"]),
        "k/n": f"1/{1 / row['k_over_n']:.3g}",
        "params": f"{row['params'] / 1000:,.0f} k",
        "PSNR": f"{row['psnr']:.2f}",
        "SSIM": f"{row['ssim']:.3f}",
        "1000 D": f"{1e3 * row['distortion']:.1f}",
        "us": f"{1e6 * row['seconds_per_image']:,.0f}",
        "W": f"{row['power_w']:.2f}",
        "power is": row["power_source"],
    }


def _sentences(card: Card) -> list[str]:
    """A card in plain words."""
    arch, train, cost = card.arch, card.train, card.cost
    beside = "" if arch.family == "linear-klt" else " beside a linear transform" if arch.linear_skip else ""
    low, high = train.snr_db
    steps = f"{train.steps:,} steps of {train.batch} images" if train.steps else "set in closed form"
    return [
        f"{card.name}, version {card.version}: {arch.family}, {arch.variant}, width {arch.width:g}{beside}",
        f"sends {card.rate.symbols} complex symbols an image (k/n = 1/{1 / card.rate.k_over_n:.3g}), "
        f"counted as {card.rate.payload_bits:,.0f} bits",
        f"trained on {train.dataset}, {train.channel} at {low:g} to {high:g} dB: {steps}, {train.seconds:,.0f} s on "
        f"{train.hardware}, seed {train.seed}",
        f"{cost.params:,} parameters; {cost.macs_encode:,} multiply-adds to encode an image, "
        f"{cost.macs_total:,} with decoding",
        f"encoding takes {per_image(cost.latency.seconds, cost.latency.images)} an image in batches of "
        f"{cost.latency.batch} on {cost.latency.device}, {cost.latency.dtype} ({cost.latency.source})",
        f"power {cost.power.watts:.3g} W ({cost.power.source}): {cost.power.method}",
        f"weights: {card.weights.file}, {card.weights.bytes:,} bytes, {card.weights.dtype}, "
        f"SHA-256 {card.weights.sha256[:16]}...",
    ]


def _figures(evaluation: Evaluation) -> list[dict[str, str]]:
    """One row for each SNR."""
    plus = "\N{PLUS-MINUS SIGN}"
    return [
        {
            "SNR, dB": f"{snr:g}",
            "PSNR, dB": f"{evaluation.psnr[n]:.2f} {plus} {evaluation.sem[n]:.2f}",
            "SSIM": f"{evaluation.ssim[n]:.3f}",
            "1000 MSE": f"{1e3 * evaluation.mse[n]:.2f}",
            "1000 D": f"{1e3 * evaluation.distortion[n]:.1f} {plus} {1e3 * evaluation.standard_error[n]:.1f}",
            "1000 loss": f"{1e3 * evaluation.loss[n]:.1f}",
        }
        for n, snr in enumerate(evaluation.snr_db)
    ]


def _published() -> dict[str, list[dict[str, Any]]]:
    """The zoos of published figures, read as data."""
    from ... import problems

    folder = resources.files(problems).joinpath("zoos")
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".json")]
    contents = [json_text.loads(file.read_text(encoding="utf-8")) for file in files]
    return {content["name"]: content["models"] for content in contents}


def print_table(title: str, rows: list[dict[str, str]]) -> None:
    """Print rows, the first of which names the columns."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(rows[0]):
        table.add_column(column, justify="right" if number else "left", no_wrap=not number)
    for row in rows:
        table.add_row(*map(escape, row.values()))
    Console().print(table)
