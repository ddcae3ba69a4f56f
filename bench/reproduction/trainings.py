"""Which trainings the figures need, and doing them in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from ...problems import Scenario
from ...solvers.ppo.learner import PolicyError
from .decisions import USERS as MOST_USERS
from .presets import PRESETS, READINGS, USERS, base, changed
from .training import finished, trained

ROLLOUT = 2048
"""Decisions of a roll-out of PPO, after which the curve has a point."""

_TICK_S = 0.2

Report = Callable[[float], None]


@dataclass(frozen=True)
class Job:
    """A training.

    Attributes:
        preset: Key of :data:`PRESETS`.
        reading: Of (12).
        users: Number of users.
        seed: Decides every random choice.
        steps: Decisions.
    """

    preset: str
    reading: str
    users: int
    seed: int
    steps: int

    def scenario(self) -> Scenario:
        """What is trained on."""
        scenario = base(self.preset, self.users)
        if scenario.reward.reading == self.reading:
            return scenario
        return changed(scenario, {"reward.reading": self.reading})


def plan(seeds: int, steps: int) -> list[Job]:
    """The trainings behind Fig. 4 and Fig. 5: every reading of (12) with 12 users, the preset's own with fewer too.

    Args:
        seeds: How many of each.
        steps: Decisions of each.

    Returns:
        All seeds of one scenario after the other.
    """
    kinds: list[tuple[str, str, int]] = []
    for preset in PRESETS:
        own = base(preset, MOST_USERS).reward.reading
        others = [reading for reading in READINGS if reading != own]
        kinds += [(preset, own, MOST_USERS)]
        kinds += [(preset, reading, MOST_USERS) for reading in others]
        kinds += [(preset, own, users) for users in USERS if users != MOST_USERS]
    return [Job(*kind, seed, steps) for kind in kinds for seed in range(seeds)]


def train_all(jobs: Sequence[Job], folder: Path, processes: int, report: Report = lambda share: None) -> None:
    """Do the trainings that are not finished, each on one core; a finished one stays if a later one fails.

    Args:
        jobs: The trainings.
        folder: Where finished ones are kept.
        processes: How many at a time.
        report: Told of the share of all decisions that were taken.

    Raises:
        PolicyError: If the folder cannot be written, a process died, or a finished training is damaged.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PolicyError(f"{folder} cannot be written: {error.strerror}; choose another folder") from None
    left = [job for job in jobs if finished(job.scenario(), job.seed, folder, steps=job.steps) is None]
    report(1.0 - len(left) / max(len(jobs), 1))
    if not left:
        return
    # A fork of a process that has used threads, as torch does, may hang.
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    workers = ProcessPoolExecutor(
        min(processes, len(left)), mp_context=context, initializer=_prepare, initargs=(told,)
    )
    shares = dict.fromkeys(range(len(left)), 0.0)
    try:
        waiting: set[Future[None]] = {workers.submit(_train, n, job, folder) for n, job in enumerate(left)}
        while waiting:
            done, waiting = wait(waiting, timeout=_TICK_S, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            while True:
                try:
                    n, share = told.get_nowait()
                except Empty:
                    break
                shares[n] = share
            report((len(jobs) - len(left) + sum(shares.values())) / len(jobs))
    except BrokenProcessPool:
        raise PolicyError(
            "a training ended without a word, as when memory runs out; use fewer --jobs; finished ones are kept"
        ) from None
    except OSError as error:
        raise PolicyError(f"{folder} cannot be written: {error.strerror}; choose another folder") from None
    finally:
        workers.shutdown(wait=False, cancel_futures=True)
        # Those still running are of no use any more: an unfinished training is not kept.
        for child in multiprocessing.active_children():
            child.terminate()


_told: Any = None


def _prepare(told: Any) -> None:
    """One thread each; an interruption is the business of the parent, and nobody outlives it."""
    global _told
    _told = told
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch

    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _train(number: int, job: Job, folder: Path) -> None:
    trained(
        job.scenario(),
        job.seed,
        folder,
        steps=job.steps,
        report=lambda share: _told.put((number, share)),
    )
