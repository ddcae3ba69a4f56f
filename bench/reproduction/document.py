"""The document of a reproduction: everything that was measured, with what it was measured by."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from .. import provenance
from . import figures, printed
from .comparison import Comparison
from .decisions import Reading
from .exact import INSTANCES, exact_times
from .learners import Policies
from .table1 import NOTES, table1
from .training import finished
from .trainings import ROLLOUT, Job

FORMAT = "rdebench-reproduction/1"

SUITE_SEED = 1
"""Test instances are those of a run with this seed, as on the leaderboard."""

Report = Callable[[str, float], None]
"""Is told what is being done, and the share of everything that is done."""


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        episodes: Test episodes of each reading; the paper has 400.
        seeds: Trainings of PPO for each reading; the paper has five.
        steps: Decisions of each training; the paper has 150 epochs of 2,000.
        suite_seed: Which test instances.
    """

    episodes: int = 400
    seeds: int = 5
    steps: int = 300_000
    suite_seed: int = SUITE_SEED


def make(
    readings: Sequence[Reading],
    jobs: Sequence[Job],
    settings: Settings,
    policies: Policies,
    *,
    command: str,
    report: Report = lambda what, share: None,
) -> dict[str, Any]:
    """Measure everything; trainings must be finished.

    Args:
        readings: What is compared.
        jobs: The trainings that Fig. 4 shows.
        settings: How much.
        policies: Where policies are looked for.
        command: The command that makes this document again.
        report: Told how far it is.

    Returns:
        The document, ready for JSON, with the claims judged.

    Raises:
        PolicyError: If a policy is damaged.
    """
    from .claims import judge

    comparison = Comparison(settings.episodes, settings.suite_seed, policies)
    measured = []
    parts = len(readings) + 1

    def within(what: str, done: int) -> Callable[[float], None]:
        return lambda share: report(what, (done + share) / parts)

    for n, reading in enumerate(readings):
        report(reading.key, n / parts)
        measured.append(comparison.measure(reading, within(reading.key, n)))
    report("time of the exact method", len(readings) / parts)
    few = settings.episodes < 400
    exact = exact_times(
        dict.fromkeys(list(INSTANCES)[:6], 3) if few else INSTANCES,
        report=within("time of the exact method", len(readings)),
    )
    document = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": provenance.versions()
        | {name: provenance.installed(name) for name in ("torch", "stable-baselines3")},
        "machine": provenance.machine(),
        "code_hash": provenance.code_hash(),
        "command": command,
        "settings": asdict(settings),
        "table1": table1(),
        "table1_notes": list(NOTES),
        "printed": {"fig5": {name: list(values) for name, values in printed.FIG5.items()}},
        "convergence": _convergence(jobs, policies),
        "readings": measured,
        "exact": exact,
    }
    document |= judge(document)
    # Through JSON once, so that what is judged, shown and written is one and the same.
    plain: dict[str, Any] = json.loads(json.dumps(document))
    report("done", 1.0)
    return plain


def _convergence(jobs: Sequence[Job], policies: Policies) -> list[dict[str, Any]]:
    """The reward curves of Fig. 4 by preset, reading and users, one for each seed."""
    curves: dict[tuple[str, str, int], dict[str, Any]] = {}
    for job in jobs:
        if policies.folder is None:
            break
        done = finished(job.scenario(), job.seed, policies.folder, steps=job.steps)
        if done is None:
            continue
        key = job.preset, job.reading, job.users
        curve = curves.setdefault(
            key,
            dict(zip(("base", "reading", "users"), key, strict=True))
            | {"steps_per_rollout": ROLLOUT, "seeds": [], "rewards": [], "seconds": []},
        )
        curve["seeds"].append(job.seed)
        curve["rewards"].append([figures.number(reward, 5) for reward in done.rewards])
        curve["seconds"].append(round(done.seconds, 1))
    return list(curves.values())
