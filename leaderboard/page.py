"""The leaderboard: one HTML file that works offline, and as plain tables without JavaScript."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .allocation import allocation_view
from .learners import learners_view
from .reproduction import reproduction_view
from .suite_view import BUDGET_NAMES, FIRST_BUDGET, Suite, slug_of, suite_view
from .wording import plural
from .zoo import zoo_view

LIBRARIES = ("d3.min.js", "plot.umd.min.js")
SCRIPTS = (
    "common.js",
    "state.js",
    "tables.js",
    "time.js",
    "strips.js",
    "lines.js",
    "facets.js",
    "improvement.js",
    "allocation.js",
    "zoo.js",
    "learners.js",
    "reproduction.js",
    "page.js",
)
"""In the order in which they run; the first ones offer what the later ones use, and the last one starts the page."""

LICENCES = ("LICENSE-d3", "LICENSE-plot")


def render(
    rows: pd.DataFrame,
    manifest: Mapping[str, Any],
    zoos: Mapping[str, Mapping[str, Any]] | None = None,
    learners: Mapping[str, Any] | None = None,
    instances: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    reproduction: Mapping[str, Any] | None = None,
) -> str:
    """The leaderboard as one HTML document.

    Args:
        rows: One row per suite, scenario, instance and solver: the columns of a result row, and ``bound``,
            ``bound_source``, ``reference_status``, ``reference_rde``, ``gap`` and the final ``status``.
        manifest: What was run: ``suites``, ``versions``, ``machine``, ``code_hash``, ``created``. What it
            does not say is left out of the page.
        zoos: The zoos of image models that the suites draw from, by name; what each holds: see
            :func:`~.zoo.zoo_view`. A zoo without cards is left out.
        learners: The policies of solvers that learn; what it holds: see :func:`~.learners.learners_view`. Without
            policies that part is left out.
        instances: Some instances of each suite with every solver's decisions; see
            :func:`~.allocation.allocation_view`.
        reproduction: The paper's experiments run again; what it holds: see
            :func:`~.reproduction.reproduction_view`. Without it, that part is left out.

    Returns:
        The document. Nothing in it is fetched from anywhere; names in the data are only ever shown as text.
    """
    suites = _suites(rows, manifest, allocation_view(instances or {}))
    shown = [view for name, content in (zoos or {}).items() if (view := zoo_view(name, content))]
    learnt = None if learners is None else learners_view(learners)
    paper = None if reproduction is None else reproduction_view(reproduction)
    needed = {"zoo.js": bool(shown), "learners.js": learnt is not None, "reproduction.js": paper is not None}
    names = [*LIBRARIES, *(name for name in SCRIPTS if needed.get(name, True))]
    scripts = [Markup(_asset(name)) for name in names]
    environment = Environment(
        loader=PackageLoader(__package__, "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja").render(
        suites=suites,
        zoos=shown,
        learners=learnt,
        reproduction=paper,
        scripts=scripts,
        script_hashes=" ".join(_csp_hash(script) for script in scripts),
        licences=[_asset(name) for name in LICENCES],
        style=Markup(_asset("page.css")),
        suite_data={suite.slug: suite.data() for suite in suites},
        zoo_plots={zoo.slug: zoo.plot for zoo in shown},
        budgets=BUDGET_NAMES,
        first_budget=FIRST_BUDGET,
        scale=_scale(rows, suites),
        machine=_facts(manifest.get("machine")),
        versions=_facts(manifest.get("versions")),
        made=_facts({key: manifest.get(key) for key in ("created", "updated", "code_hash", "git_commit")}),
        report_command="rdebench report results --out leaderboard.html",
    )


def _suites(
    rows: pd.DataFrame, manifest: Mapping[str, Any], allocations: Mapping[str, list[dict[str, Any]]]
) -> list[Suite]:
    """The suites that have rows, in the order of the manifest."""
    described = manifest.get("suites") or {}
    present = list(rows["suite"].unique())
    names = [name for name in described if name in present]
    suites: dict[str, Suite] = {}
    for name in names + [name for name in present if name not in names]:
        part, entry = rows[rows["suite"] == name], described.get(name) or {}
        slug = slug_of(name)
        while slug in suites:
            slug += "-2"
        suites[slug] = suite_view(part, name, slug, entry, _command(name, part, entry), allocations.get(name))
    return list(suites.values())


def _scale(rows: pd.DataFrame, suites: list[Suite]) -> str:
    """How much was run: ``12 solvers on 100 instances in 2 suites, 1,200 runs``."""
    instances = len(rows[["suite", "scenario", "instance"]].drop_duplicates())
    solvers = plural(int(rows["solver"].nunique()), "solver")
    runs = plural(len(rows), "run")
    return f"{solvers}, {plural(instances, 'instance')}, {runs} in {plural(len(suites), 'suite')}"


def _command(name: str, rows: pd.DataFrame, described: Mapping[str, Any]) -> str:
    """The command that runs a suite again, for a manifest that does not say."""
    seeds = rows["suite_seed"].dropna().unique()
    seed = described.get("seed", seeds[0] if len(seeds) == 1 else None)
    words = ["rdebench", "run", "--suite", name]
    words += ["--preset", str(described["preset"])] if described.get("preset") else []
    words += ["--suite-seed", str(seed)] if seed is not None else []
    words += ["--solvers", ",".join(str(solver) for solver in rows["solver"].unique()), "--out", "results"]
    return shlex.join(words)


def _facts(facts: Any) -> list[tuple[str, str]]:
    """Names and values worth printing, of a mapping that may be anything."""
    if not isinstance(facts, Mapping):
        return []
    return [
        (str(key).replace("_", " "), str(value)) for key, value in facts.items() if value not in (None, "")
    ]


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _csp_hash(script: str) -> str:
    """A script's entry in the content security policy: with it, no other script runs on the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
