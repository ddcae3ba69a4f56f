"""The conformance suite in a process apart: a plugin may crash, hang or eat memory, and the other checks go on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

from ..problems import Scenario
from ..solvers.base import Solver
from ..solvers.checks import (
    Make,
    Outcome,
    Status,
    all_checks,
    loading,
    name_of,
    run_check,
    train_briefly,
)
from ..solvers.checks.instances import SCENARIO
from ..solvers.registry import find_solver
from . import policies, pool
from .roster import Entrant
from .tasks import Outcome as TaskOutcome
from .tasks import Task

if TYPE_CHECKING:
    from .worker import Send

TRAINING = "training for a moment"
"""What precedes the checks of a solver that learns and has no policy."""

MOST_IN_A_ROW = 3
"""So many checks may be killed one after the other before the others are given up."""


def check_names() -> list[str]:
    """Names of all checks, in their order."""
    return [name_of(check) for check in all_checks()]


def examine(entrant: Entrant, time_limit: float, memory: int, observer: pool.Observer) -> Iterator[Outcome]:
    """Put a solver through every check, in processes of its own.

    A solver that learns is checked with the policy that it would use on the small scenario; one that has none is
    trained for a moment.

    Args:
        entrant: The solver.
        time_limit: Seconds that a check may take; it fails where it is killed.
        memory: Bytes that the solver may hold.
        observer: Who wants to know how it goes.

    Yields:
        What came of each check, in order, as soon as it is known.
    """
    policy = policies.find(entrant.learning, Scenario.load(SCENARIO)) if entrant.learning else None
    names = check_names() if policy or not entrant.learning else [TRAINING, *check_names()]
    with TemporaryDirectory(prefix="rdebench-checks-") as folder:
        request = {
            "task": "check",
            "solver": entrant.name,
            "plugins": [entrant.plugin] if entrant.plugin else [],
            "options": entrant.options,
            "policy": str(policy or folder) if entrant.learning else None,
            "memory": memory,
        }
        tasks = [Task(name, request | {"check": name}, (0,), time_limit, entrant.name) for name in names]
        with closing(pool.execute(tasks, 1, observer)) as came:
            yield from until_given_up(came, names)


def until_given_up(
    came: Iterable[tuple[Task, dict[int, TaskOutcome]]], names: Sequence[str]
) -> Iterator[Outcome]:
    """Outcomes as they come in, until so many checks in a row were killed; the others of the names fail untried."""
    killed = 0
    for place, (task, outcomes) in enumerate(came, start=1):
        outcome = _outcome(task.label, outcomes[0])
        failed = outcome.status == "failed"
        if task.label != TRAINING or failed:
            yield outcome
        if task.label == TRAINING and failed:
            return
        killed = killed + 1 if outcomes[0].status == "time_limit" else 0
        if killed >= MOST_IN_A_ROW:
            many = f"not run: {killed} checks one after the other were killed"
            yield from (Outcome(name, "failed", many) for name in names[place:])
            return


def check(request: dict[str, Any], send: Send) -> None:
    """One check, in the worker.

    Args:
        request: The solver with its options, plugins and folder of its policy, and the name of the check.
        send: Sends an event to the referee.
    """
    process = os.getpid()
    make = _maker(json.dumps([request[name] for name in ("solver", "plugins", "options", "policy")]))
    for index in request["indices"]:
        send("start", index=index)
        if request["check"] == TRAINING:
            outcome = _trained(request)
        else:
            (chosen,) = [one for one in all_checks() if name_of(one) == request["check"]]
            outcome = run_check(chosen, make)
        if os.getpid() != process:
            os._exit(0)  # a child of the solver's that came back where only its parent belongs
        send("done", index=index, status="answered", message=None, outcome=asdict(outcome))


@cache
def _maker(described: str) -> Make:
    """Makes the solver; one and the same function for all checks, which then share its answers."""
    name, plugins, options, policy = json.loads(described)
    solver = find_solver(name, plugins)

    def make() -> Solver:
        return solver(**options)

    return make if policy is None else loading(make, Path(policy))


def _trained(request: dict[str, Any]) -> Outcome:
    """Train, save and load: without them there is nothing to check."""
    solver, folder = find_solver(request["solver"], request["plugins"]), Path(request["policy"])

    def make() -> Solver:
        return solver(**request["options"])

    try:
        train_briefly(make, folder)
        loading(make, folder)()
    except (Exception, SystemExit) as error:
        return Outcome(TRAINING, "failed", f"fit, save or load raised {type(error).__name__}: {error}")
    return Outcome(TRAINING, "passed")


def _outcome(name: str, came: TaskOutcome) -> Outcome:
    """What the worker says about a check; nothing is believed but one of the known statuses and a text."""
    said = came.header.get("outcome")
    if came.status != "answered" or not isinstance(said, dict):
        return Outcome(
            name, "failed", came.message or "the solver's process sent something that is no outcome"
        )
    status: Status = said["status"] if said.get("status") in get_args(Status) else "failed"
    return Outcome(name, status, str(said.get("message", ""))[:2_000])
