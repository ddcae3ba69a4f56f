"""The leaderboard: one HTML file that works offline, and as plain tables without JavaScript."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .headline import headline
from .learners import learners_view
from .stats import ALL, REFUTED, instance_gaps, pareto_front, summarise, summarise_refuted, thin
from .tables import Table, refuted_table, solvable_table
from .wording import percent, plural
from .zoo import zoo_view

SCRIPTS = ("d3.min.js", "plot.umd.min.js", "zoo.js", "learners.js", "page.js")
LICENCES = ("LICENSE-d3", "LICENSE-plot")


@dataclass(frozen=True)
class View:
    """One scenario of a suite, or all together: its tables and the data of its plots."""

    key: str
    title: str
    description: str
    instances: str
    solvable: Table | None
    refuted: Table | None
    plot: dict[str, Any]


@dataclass(frozen=True)
class Suite:
    """One suite: what it asks, what came out, and how to run it again."""

    name: str
    slug: str
    title: str
    question: str
    headline: str
    views: list[View]
    solvers: list[Mapping[str, Any]]
    command: str


def render(
    rows: pd.DataFrame,
    manifest: Mapping[str, Any],
    zoos: Mapping[str, Mapping[str, Any]] | None = None,
    learners: Mapping[str, Any] | None = None,
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

    Returns:
        The document. Nothing in it is fetched from anywhere; names in the data are only ever shown as text.
    """
    described = manifest.get("suites") or {}
    names = [name for name in described if (rows["suite"] == name).any()]
    names += [name for name in rows["suite"].unique() if name not in names]
    suites = [_suite(rows[rows["suite"] == name], name, described.get(name) or {}) for name in names]
    shown = [view for name, content in (zoos or {}).items() if (view := zoo_view(name, content))]
    learnt = None if learners is None else learners_view(learners)
    needed = {"zoo.js": bool(shown), "learners.js": learnt is not None}
    scripts = [Markup(_asset(name)) for name in SCRIPTS if needed.get(name, True)]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("page.html.jinja")).render(
        suites=suites,
        zoos=shown,
        learners=learnt,
        scripts=scripts,
        script_hashes=" ".join(_csp_hash(script) for script in scripts),
        licences=[_asset(name) for name in LICENCES],
        style=Markup(_asset("page.css")),
        plots={suite.slug: [view.plot for view in suite.views] for suite in suites},
        zoo_plots={zoo.slug: zoo.plot for zoo in shown},
        scale=_scale(rows, suites),
        machine=_facts(manifest.get("machine")),
        versions=_facts(manifest.get("versions")),
        made=_facts({key: manifest.get(key) for key in ("created", "updated", "code_hash", "git_commit")}),
        report_command="rdebench report results --out leaderboard.html",
    )


def _suite(rows: pd.DataFrame, name: str, described: Mapping[str, Any]) -> Suite:
    solvable, refuted = summarise(rows), summarise_refuted(rows)
    scenarios = {entry.get("id"): entry for entry in described.get("scenarios") or []}
    present = list(rows["scenario"].unique())
    keys = [key for key in scenarios if key in present] + [key for key in present if key not in scenarios]
    views = [
        _view(
            key,
            scenarios.get(key, {}),
            rows if key == ALL else rows[rows["scenario"] == key],
            solvable,
            refuted,
        )
        for key in ([ALL] if len(keys) > 1 else []) + keys
    ]
    ran = set(rows["solver"])
    return Suite(
        name=name,
        slug="suite-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"),
        title=described.get("title") or name,
        question=described.get("question") or "",
        headline=headline(rows, solvable, refuted),
        views=views,
        solvers=[solver for solver in described.get("solvers") or [] if solver.get("name") in ran],
        command=described.get("command") or _command(name, rows, described),
    )


def _view(
    key: str, described: Mapping[str, Any], rows: pd.DataFrame, solvable: pd.DataFrame, refuted: pd.DataFrame
) -> View:
    solvable = solvable[solvable["scenario"] == key]
    refuted = refuted[refuted["scenario"] == key]
    rate = str(rows["rate"].iloc[0]) if rows["rate"].nunique() == 1 else None
    counts = [plural(int(solvable["total"].iloc[0]), "instance")] if len(solvable) else []
    if len(refuted):
        more = int(refuted["total"].iloc[0])
        counts.append(f"{more:,} more" if counts else plural(more, "instance"))
        counts[-1] += " proved infeasible or unbounded"
    return View(
        key=key,
        title="All scenarios" if key == ALL else str(described.get("title") or key),
        description=str(described.get("description") or ""),
        instances=", and ".join(counts),
        solvable=solvable_table(solvable, rate) if len(solvable) else None,
        refuted=refuted_table(refuted, alone=solvable.empty) if len(refuted) else None,
        plot=_plot(rows, solvable),
    )


def _plot(rows: pd.DataFrame, summary: pd.DataFrame) -> dict[str, Any]:
    """What the plots of a view need: a point for each solver, and its gaps instance by instance."""
    summary = summary.assign(partial=summary["ran"] < summary["total"])
    summary = summary[summary["gap"].notna()].sort_values(["partial", "gap", "seconds"], kind="stable")
    front = pareto_front(summary["seconds"].mask(summary["partial"]), summary["gap"])
    solvable = rows[~rows["reference_status"].isin(REFUTED)]
    gaps = instance_gaps(solvable).dropna().groupby(solvable["solver"])
    points = [
        {
            "solver": row["solver"],
            "seconds": None if pd.isna(row["seconds"]) else float(f"{row['seconds']:.4g}"),
            **{
                key: None if pd.isna(row[key]) else float(f"{row[key]:.4g}")
                for key in ("gap", "gap_low", "gap_high")
            },
            "label": percent(row["gap"]),
            "partial": bool(row["partial"]),
            "front": bool(best),
            "median": float(f"{gaps.get_group(row['solver']).median():.3g}"),
            "gaps": [float(f"{gap:.3g}") for gap in thin(gaps.get_group(row["solver"]))],
            "instances": int(row["bounded"]),
        }
        for (_, row), best in zip(summary.iterrows(), front, strict=True)
    ]
    return {"points": points}


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
