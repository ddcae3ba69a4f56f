"""The drawings of docs/findings.md; docs/figures/findings.py runs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rdebench.leaderboard.reproduction_names import computed, strategy_name
from rdebench.leaderboard.reproduction_plot import convergence

COLOURS = {
    "ppo-paper": "#0067a5",
    "average": "#6b6f75",
    "random": "#8a6d00",
    "heuristic-rde": "#b8480a",
    "ppo": "#a5407d",
    "optimum": "#00805b",
    "best-reward-known": "black",
}
USERS = {6: "#a5407d", 9: "#00805b", 12: "#0067a5"}


def _plots() -> Any:
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "rdebench", "font.family": "sans-serif", "font.size": 9})
    return plt


def _finish(figure: Any, path: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def draw_rewards(document: Mapping[str, Any], path: Path) -> None:
    """Fig. 5 of each base beside the printed one: mean and standard deviation over the episodes."""
    plt = _plots()
    bases = [one for one in document["readings"] if one["decision"] is None]
    picture, panels = plt.subplots(1, len(bases), figsize=(4.6 * len(bases), 3.2), squeeze=False)
    for axes, reading in zip(panels[0], bases, strict=True):
        strategies = computed(reading["strategies"])
        for place, (name, one) in enumerate(strategies.items()):
            axes.errorbar(
                one["mean"], -place + 0.12, xerr=one["sd"], fmt="o", color=COLOURS.get(name, "black")
            )
            if name in document["printed"]["fig5"]:
                mean, spread = document["printed"]["fig5"][name]
                axes.errorbar(
                    mean, -place - 0.18, xerr=spread, fmt="o", color="#9a9a9a", markerfacecolor="white"
                )
        axes.set_yticks(
            [-place for place in range(len(strategies))], [strategy_name(name) for name in strategies]
        )
        if min(one["mean"] for one in strategies.values()) < -40:
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xticks(
                [-100, -10, -1, 0, 1], ["\N{MINUS SIGN}100", "\N{MINUS SIGN}10", "\N{MINUS SIGN}1", "0", "1"]
            )
            axes.minorticks_off()
        axes.set(title=f"{reading['base']} base", xlabel="mean reward (12)")
        axes.grid(alpha=0.3, axis="x")
    _finish(picture, path)
    plt.close(picture)


def draw_convergence(document: Mapping[str, Any], path: Path) -> None:
    """Fig. 4: mean over the trainings with the interval of that mean, in the bases' own readings."""
    plt = _plots()
    panels = [
        one for one in convergence(document["convergence"], document["readings"]) if len(one["lines"]) > 1
    ]
    panels = panels or convergence(document["convergence"], document["readings"])[:2]
    if not panels:
        return
    picture, grid = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 3.4), squeeze=False)
    for axes, panel in zip(grid[0], panels, strict=True):
        for line in panel["lines"]:
            steps, mean, low, high = zip(*line["points"], strict=True)
            colour = USERS.get(line["users"], "black")
            axes.plot(steps, mean, color=colour, label=f"{line['users']} users")
            if None not in low:
                axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
        for name in ("average", "optimum", "best-reward-known"):
            if name in panel["levels"]:
                axes.axhline(
                    panel["levels"][name],
                    color=COLOURS[name],
                    linestyle="--",
                    linewidth=1,
                    label=f"{strategy_name(name)}, {panel['users']} users",
                )
        if axes.get_ylim()[0] < -60:
            axes.set_yscale("symlog", linthresh=1)
            ticks = [tick for tick in (-100, -30, -10, -3, -1, 0, 1, 3) if tick <= axes.get_ylim()[1]]
            axes.set_yticks(ticks, [f"{tick}".replace("-", "\N{MINUS SIGN}") for tick in ticks])
            axes.minorticks_off()
        axes.set_xticks([0, 100_000, 200_000, 300_000], ["0", "100k", "200k", "300k"])
        axes.set(title=panel["title"], xlabel="decisions in training", ylabel="mean reward (12)")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
    _finish(picture, path)
    plt.close(picture)
