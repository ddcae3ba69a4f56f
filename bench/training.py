"""Trainings from the outside: what is to be trained, each in a process of its own, stopped as it should be."""

from __future__ import annotations

import math
import shlex
import shutil
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import platformdirs

from ..problems import Scenario
from ..solvers.registry import SolverError
from . import policies, policy_files
from .cells import SuiteRun
from .frames import Header
from .policies import Learning
from .process import WorkerProcess
from .roster import Entrant
from .work import plain

_TICK_S = 0.2

_GRACE_S = 600.0
_GRACE_SHARE = 2.0
"""What a training may take beyond its seconds, for what it prepares, validates and saves, before it is ended."""


class TrainingError(Exception):
    """A training that failed; the message says how."""


class TrainingStopped(Exception):
    """A training that was interrupted."""


@dataclass(frozen=True)
class Training:
    """A training to do.

    Attributes:
        entrant: The solver; it learns.
        scenarios: What it is trained on.
        seed: Decides its random choices.
        seconds: Training time, that before an interruption included, s; or None.
        steps: Decisions to train on, or None.
        device: ``auto``, ``cpu`` or ``cuda``.
        root: Folder of policies that gets the policy.
        file: The file that the only scenario comes from, as it was given; None if it was named by its id.
    """

    entrant: Entrant
    scenarios: tuple[Scenario, ...]
    seed: int
    seconds: float | None
    steps: int | None
    device: str
    root: Path
    file: str | None = None

    @property
    def learning(self) -> Learning:
        """How the solver learns."""
        assert self.entrant.learning is not None
        return self.entrant.learning

    @property
    def place(self) -> str:
        """What it is trained on, in words."""
        return self.scenarios[0].id if len(self.scenarios) == 1 else f"{len(self.scenarios)} scenarios"

    @property
    def key(self) -> str:
        """Name of the policy's folder."""
        return self.learning.key(scenario.content_hash() for scenario in self.scenarios)

    @property
    def folder(self) -> Path:
        """Where checkpoint and logs are."""
        cache = Path(platformdirs.user_cache_dir("rdebench"))
        return cache / "training" / self.learning.policy / f"{self.key}-seed{self.seed}"

    @property
    def command(self) -> str:
        """The command that makes the same policy; files appear by their names."""
        words = ["rdebench", "train", self.entrant.name]
        if len(self.scenarios) == 1:
            words += ["--scenario", Path(self.file).name if self.file else self.scenarios[0].id]
        words += ["--seconds", f"{self.seconds:g}"] if self.seconds is not None else []
        words += ["--steps", str(self.steps)] if self.steps is not None else []
        words += ["--seed", str(self.seed)]
        options = {name: value for name, value in self.entrant.options.items() if name != "policy_seed"}
        words += policies.option_words(options)
        words += ["--plugin", Path(self.entrant.plugin).name] if self.entrant.plugin else []
        return shlex.join(words)


@dataclass(frozen=True)
class Point:
    """How far a training is: steps, seconds, mean gap and share of infeasible answers on validation instances."""

    steps: int
    seconds: float
    gap: float
    infeasible: float


class Watcher(Protocol):
    """Who wants to know how it goes."""

    def started(self, training: Training, resumed: bool) -> None:
        """A training begins, or goes on from what lies in its folder."""

    def point(self, point: Point) -> None:
        """It was validated."""

    def stopping(self) -> None:
        """It was interrupted and is about to stop."""

    def tick(self) -> None:
        """Some time has passed."""


def missing(runs: Iterable[SuiteRun], seconds: float) -> list[Training]:
    """The trainings whose policies some suites lack: the mixture of a solver that has one, else each scenario."""
    found: dict[tuple[str, str], Training] = {}
    for run in runs:
        for entrant in run.entrants:
            learning = entrant.learning
            for scenario in run.scenarios if learning is not None else ():
                if learning is None or policies.find(learning, scenario) is not None:
                    continue
                scenarios = tuple(map(Scenario.load, learning.mixture)) or (scenario,)
                seed = int(entrant.configuration.get("policy_seed", 0))
                root = policies.user_folder()
                training = Training(entrant, scenarios, seed, seconds, None, "auto", root)
                found.setdefault((learning.policy, training.key), training)
    return list(found.values())


def train(training: Training, watcher: Watcher, *, fresh: bool = False) -> Path:
    """Do a training in a process of its own and keep its policy.

    Args:
        training: What to do.
        watcher: Told how it goes.
        fresh: Start over, whatever lies in its folder.

    Returns:
        The folder of the policy.

    Raises:
        SolverError: If the solver cannot be trained on that here.
        TrainingError: If it fails.
        TrainingStopped: If it is interrupted: at the first time after the current step, at the second at once.
    """
    if fresh:
        shutil.rmtree(training.folder, ignore_errors=True)
    watcher.started(training, training.folder.is_dir() and any(training.folder.iterdir()))
    with _interruptions() as interruptions:
        worker = WorkerProcess(one_thread=False)
        try:
            worker.send(_request(training))
            last = _follow(worker, watcher, interruptions, training.seconds)
        finally:
            worker.kill()
    if interruptions or last.get("event") == "stopped":
        raise TrainingStopped
    if last.get("event") == "refused":
        raise SolverError(str(last.get("message")))
    if last.get("event") != "kept":
        raise TrainingError(str(last.get("message")))
    path = Path(str(last.get("path")))
    policy_files.checked(path)
    return path


def _request(training: Training) -> Header:
    entrant = training.entrant
    return {
        "task": "train",
        "solver": entrant.name,
        "options": entrant.options,
        "plugins": [entrant.plugin] if entrant.plugin else [],
        "scenarios": [plain(scenario) for scenario in training.scenarios],
        "seed": training.seed,
        "seconds": training.seconds,
        "steps": training.steps,
        "device": training.device,
        "folder": str(training.folder),
        "root": str(training.root.resolve()),
        "command": training.command,
    }


def _follow(
    worker: WorkerProcess, watcher: Watcher, interruptions: Sequence[int], seconds: float | None
) -> Header:
    """Listen to a worker until its last event, or until it is to be killed."""
    told = 0
    most = math.inf if seconds is None else _GRACE_SHARE * seconds + _GRACE_S
    end = time.monotonic() + most
    while True:
        if time.monotonic() > end:
            return {
                "message": f"it went on for {most:g} s, with a budget of {seconds:g} s; it must heed its budget"
            }
        if len(interruptions) > told:
            told += 1
            if told > 1:
                return {}
            worker.interrupt()
            watcher.stopping()
        watcher.tick()
        if not worker.replies.poll(_TICK_S):
            if worker.alive:
                continue
            return {"message": f"the solver's process {worker.how_it_ended()}"}
        if (frame := worker.receive()) is None:
            return {"message": f"the solver's process {worker.how_it_ended()}"}
        header = frame[0]
        if header.get("event") != "point":
            return header
        try:
            figures = (float(header[name]) for name in ("seconds", "gap", "infeasible"))
            watcher.point(Point(int(header["steps"]), *figures))
        except (KeyError, TypeError, ValueError):
            return {"message": "the solver's process sent something that is not a point of a training"}


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """The signals so far that ask to stop, instead of what they would do; one that is ignored stays ignored."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: received.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
