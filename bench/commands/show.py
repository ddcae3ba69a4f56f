"""``rdebench show``: the leaderboard in the terminal."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .finished import read_finished
from .options import one_of, positive

if TYPE_CHECKING:
    from ..store import Results

FACETS = ("users", "class", "rate")


def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a run.")] = Path("results"),
    suite: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this suite; may be given several times.")
    ] = None,
    users: Annotated[int | None, typer.Option(metavar="M", help="Only instances with M users.")] = None,
    scenario_class: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Only scenarios of this class.")
    ] = None,
    rate: Annotated[str | None, typer.Option(help="Only this rate: shannon or spectral.")] = None,
    family: Annotated[str | None, typer.Option(metavar="a,b", help="Only solvers of these families.")] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            callback=positive,
            help="Seconds an instance may take, for the advice; default: 0.01.",
        ),
    ] = None,
    instance: Annotated[
        str | None, typer.Option(metavar="SCENARIO/NUMBER", help="One instance instead of the tables.")
    ] = None,
    solver: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --instance: what this solver gives each user."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the tables as CSV.")] = False,
) -> None:
    """Show the leaderboard of a results folder in the terminal: the numbers of the page.

    A table that is too wide for the terminal loses its notes first, then columns, and says which. Elsewhere, as in a
    pipe, it has all of them.

    Examples:

        rdebench show results

        rdebench show results --suite paper-v1 --users 12 --budget 0.01

        rdebench show results --class tight-power --family baseline,learning

        rdebench show results --csv > table.csv

        rdebench show results --instance paper-m12-v1/3 --solver ppo
    """
    from rich.console import Console

    chosen = {
        name: str(value)
        for name, value in zip(FACETS, (users, scenario_class, rate), strict=True)
        if value is not None
    }
    if json and csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    if instance is None and solver is not None:
        raise typer.BadParameter("--solver goes with --instance; name solvers of a kind with --family")
    if instance is not None and (chosen or family is not None or budget is not None or csv):
        raise typer.BadParameter("--instance goes with --suite, --solver and --json only")
    with Console(stderr=True).status("reading"):
        results = read_finished(folder, "table")
    suites = list(results.rows["suite"].unique())
    names = [one_of("--suite", name, suites) for name in dict.fromkeys(suite or suites)]
    if instance is not None:
        _instance(folder, results, names, instance, solver, json)
        return
    families = [word.strip() for word in (family or "").split(",") if word.strip()]
    _check(results, names, chosen, families)
    from .. import overview
    from . import show_display

    found = [overview.overview(results, name, chosen, families, budget) for name in names]
    if not (left := [one for one in found if one is not None]):
        typer.secho("no rows are left; use fewer of the options", fg="yellow", err=True)
    if json:
        typer.echo(json_text.dumps({"suites": overview.as_json(left)}, indent=2))
    elif csv:
        typer.echo(overview.as_csv(left), nl=False)
    else:
        show_display.overviews(left)


def _check(results: Results, suites: list[str], chosen: dict[str, str], families: list[str]) -> None:
    """Refuse values that none of the suites has.

    Raises:
        ResultsError: If there is one.
    """
    from ...leaderboard.views import with_class
    from .. import overview

    rows = with_class(results.rows[results.rows["suite"].isin(suites)])
    for name, value in chosen.items():
        one_of(f"--{name}", value, map(str, rows[name].unique()))
    known = {of: None for suite in suites for of in overview.families_of(results.manifest, suite).values()}
    for name in families:
        one_of("--family", name, known)


def _instance(
    folder: Path, results: Results, suites: list[str], place: str, solver: str | None, json: bool
) -> None:
    """Show one instance.

    Raises:
        ResultsError: If there is none such, or it cannot be drawn again.
    """
    from ...problems import ScenarioError
    from .. import instance_data
    from ..cell_checks import shown
    from ..manifest import ResultsError
    from . import show_display

    rows = results.rows[results.rows["suite"].isin(suites)]
    scenario, slash, number = place.rpartition("/")
    if not slash or not number.isdecimal():
        example = f"{rows['scenario'].iloc[0]}/{rows['instance'].iloc[0]}"
        raise ResultsError(f"--instance is {shown(place)!r}; it must be SCENARIO/NUMBER, as in {example}")
    rows = rows[rows["scenario"] == one_of("the scenario", scenario, rows["scenario"].unique())]
    # The same scenario may be in several suites, and with other seeds.
    rows = rows[rows["suite"] == rows["suite"].iloc[0]]
    numbers = rows["instance"]
    rows = rows[numbers == int(number)]
    if rows.empty:
        raise ResultsError(
            f"the instance is {number}; {scenario} has the instances {numbers.min()} to {numbers.max()}"
        )
    try:
        found = instance_data.read_instance(folder, rows)
    except (ScenarioError, LookupError) as error:
        raise ResultsError(f"{place} cannot be shown: {error}") from None
    if solver is not None:
        one_of("--solver", solver, rows["solver"])
        if solver not in found["answers"]:
            status = rows.loc[rows["solver"] == solver, "status"].iloc[0]
            raise ResultsError(f"{solver} has no allocation for {place}: {status}")
        found["answers"] = {solver: found["answers"][solver]}
    found = {"suite": str(rows["suite"].iloc[0]), **found}
    if json:
        typer.echo(json_text.dumps(found, indent=2))
    else:
        show_display.instance(found, solver)
