"""``rdebench zoo``: image models, trained through a noisy channel and described by cards."""

from __future__ import annotations

import typer

from .zoo_cards import list_zoos, show
from .zoo_measure import measure, verify
from .zoo_train import train

zoo_app = typer.Typer(
    help="Train, list, measure and verify image models.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
zoo_app.command("train", no_args_is_help=True)(train)
zoo_app.command("list")(list_zoos)
zoo_app.command("show", no_args_is_help=True)(show)
zoo_app.command("measure")(measure)
zoo_app.command("verify")(verify)
