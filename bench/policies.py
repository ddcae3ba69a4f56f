"""Policies: what learners have learnt, in folders that are named by what decides their content."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import platformdirs

from ..problems import Scenario
from ..solvers.base import Solver
from ..solvers.registry import SolverError
from . import policy_files
from .policy_files import FORMAT, PolicyError

VARIABLE = "RDEBENCH_POLICIES"
"""Environment variable with the folder of the user's own policies."""


class PackageMissing(SolverError):
    """A policy that needs a package which is not installed."""


_NAME = re.compile(r"[a-z0-9][a-z0-9+._-]*")


@dataclass(frozen=True)
class Learning:
    """What decides a policy of a solver, apart from the scenarios that it is trained on.

    Attributes:
        policy: Name of the policy, and of its folder.
        configuration: What of the constructor's arguments decides it.
        physics: Version of the physics that the solver is trained on.
        mixture: Ids of the scenarios whose policy holds for every scenario; none if each needs its own.
    """

    policy: str
    configuration: dict[str, Any]
    physics: int
    mixture: tuple[str, ...]

    @classmethod
    def of(cls, solver: Solver) -> Learning | None:
        """How a solver learns; None if it does not.

        Raises:
            SolverError: If the name of its policy cannot be that of a folder.
        """
        if not solver.learns:
            return None
        name = solver.policy_name()
        if not _NAME.fullmatch(name):
            raise SolverError(
                f"{solver.name}: its policy is called {name!r}; use lower-case letters, digits, +, ., _ and -"
            )
        mixture = tuple(getattr(solver, "default_scenarios", tuple)()) if solver.general else ()
        configuration = json.loads(json.dumps(solver.training_configuration(), default=repr))
        return cls(name, configuration, int(solver.physics), mixture)

    def key(self, hashes: Iterable[str]) -> str:
        """Name of the folder of the policy that is trained on scenarios with these content hashes."""
        identity = {
            "policy": self.policy,
            "configuration": self.configuration,
            "physics": self.physics,
            "scenarios": sorted(hashes),
        }
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Policy:
    """A policy as it lay on disk when it was looked up; it need not be sound.

    Attributes:
        path: Its folder.
        digest: SHA-256 over its files.
        seconds: What its training took, s; None if it does not say.
    """

    path: Path
    digest: str
    seconds: float | None

    @classmethod
    def at(cls, path: Path) -> Policy:
        """The policy in a folder."""
        try:
            stated = policy_files.description(path).get("seconds")
        except PolicyError:
            stated = None
        seconds = float(stated) if isinstance(stated, int | float) else None
        return cls(path, policy_files.digest(path), seconds)


def user_folder() -> Path:
    """Where the user's own policies are kept."""
    # Absolute, because workers are at home in a folder of their own.
    return Path(
        os.environ.get(VARIABLE) or Path(platformdirs.user_data_dir("rdebench")) / "policies"
    ).absolute()


def shipped_folder() -> Path:
    """Where the policies are that come with the package."""
    return Path(str(resources.files("rdebench.solvers.ppo"))) / "policies"


def find(learner: Solver | Learning, scenario: Scenario | None) -> Path | None:
    """The folder of the policy that a solver uses on a scenario, or None.

    It is the one trained on exactly that scenario, the user's before the shipped one; else, if the solver has one
    policy for all, the one trained on its mixture.

    Args:
        learner: The solver, or how it learns.
        scenario: None stands for instances of no known scenario.
    """
    learning = Learning.of(learner) if isinstance(learner, Solver) else learner
    if learning is None:
        return None
    keys = [learning.key([scenario.content_hash()])] if scenario is not None else []
    if learning.mixture:
        keys.append(learning.key(map(_content_hash, learning.mixture)))
    places = (folder / learning.policy / key for key in keys for folder in (user_folder(), shipped_folder()))
    return next((place for place in places if place.is_dir()), None)


@cache
def _content_hash(scenario: str) -> str:
    return Scenario.load(scenario).content_hash()


def load(solver: Solver, path: Path, digest: str | None = None) -> None:
    """Give a solver its policy.

    Args:
        solver: The solver.
        path: Folder of the policy.
        digest: What its files must be, before and after they are read; None for no matter what.

    Raises:
        PolicyError: If the policy is damaged, of something else, or changes; nothing of the kind is loaded.
        PackageMissing: If the solver needs a package which is not installed.
    """
    learning = Learning.of(solver)
    if learning is None:
        raise SolverError(f"{solver.name} does not learn; it takes no policy")
    about = policy_files.checked(path)
    if learning.key(about["scenarios"].values()) != path.name:
        raise PolicyError(
            f"{path}: is not a policy of {solver.name} in this configuration, trained on the scenarios it names; "
            "delete the folder and train again"
        )
    try:
        solver.load(path)
    except ModuleNotFoundError as error:
        raise PackageMissing(package_missing(solver, error)) from None
    except Exception as error:
        raise PolicyError(
            f"{path}: {solver.name} cannot load it: {type(error).__name__}: {error}; delete the folder and train again"
        ) from None
    if digest is not None and policy_files.digest(path) != digest:
        raise PolicyError(f"{path}: was changed during the run; run again")


def package_missing(solver: Solver, error: ModuleNotFoundError) -> str:
    """What a solver lacks, and for one of ours what to do."""
    ours = type(solver).__module__.startswith("rdebench.")
    hint = "; run: pip install 'rdebench[rl]'" if ours else ""
    return f"{solver.name} needs {error.name}, which is not installed{hint}"


def keep(
    solver: Solver,
    scenarios: Sequence[Scenario],
    *,
    seed: int,
    command: str,
    machine: str,
    steps: int | None,
    seconds: float,
    curve: Sequence[Sequence[float]] = (),
    root: Path | None = None,
) -> Path:
    """Keep what a solver has learnt, in place of what was there; it appears as a whole or not at all.

    Args:
        solver: The trained solver; its ``save`` may write safetensors, JSON, parquet and npy files.
        scenarios: What it was trained on.
        seed: Seed of the training.
        command: The command that makes the same policy.
        machine: Where it was trained, in words.
        steps: Decisions that it was trained on, if they were counted.
        seconds: What the training took, s.
        curve: Points (steps, seconds, gap, share of infeasible answers) of the training.
        root: Folder of policies; default: the user's.

    Returns:
        The folder of the policy.

    Raises:
        PolicyError: If ``save`` writes anything else, or the folder cannot be written.
    """
    learning = Learning.of(solver)
    if learning is None:
        raise SolverError(f"{solver.name} does not learn; it has no policy to keep")
    hashes = {scenario.id: scenario.content_hash() for scenario in scenarios}
    target = (root or user_folder()) / learning.policy / learning.key(hashes.values())
    aside = _new_folder(target.parent)
    try:
        solver.save(aside)
        about = {
            "format": FORMAT,
            "policy": learning.policy,
            "configuration": learning.configuration,
            "physics": learning.physics,
            "scenarios": hashes,
            "seed": seed,
            "command": command,
            "steps": steps,
            "seconds": seconds,
            "machine": machine,
            "curve": curve,
        }
        policy_files.describe(aside, about)
        _replace(target, aside)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return target


def check_writable(folder: Path) -> None:
    """Make a folder for policies, and look whether one could be kept there.

    Raises:
        PolicyError: If it cannot be made or written.
    """
    _new_folder(folder).rmdir()


def _new_folder(parent: Path) -> Path:
    """An empty folder under a name that no policy has."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    except OSError as error:
        raise PolicyError(f"{parent} cannot be written: {error.strerror}; choose another --out") from None


def _replace(target: Path, aside: Path) -> None:
    """Put a folder in the place of another."""
    policy_files.force_to_disk(aside)
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=target.parent))
        os.replace(target, old)
        os.replace(aside, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(aside, target)


def training_command(
    solver: str, scenario: str, options: Mapping[str, Any], plugins: Iterable[str | Path] = ()
) -> str:
    """The command that trains a solver for a scenario; plugins appear by the name of their file."""
    words = ["rdebench", "train", solver, "--scenario", scenario, *option_words(options)]
    for plugin in plugins:
        words += ["--plugin", Path(plugin).name]
    return shlex.join(words)


def option_words(options: Mapping[str, Any]) -> list[str]:
    """Constructor arguments as words of that command; the seed that a policy is chosen by is that of its training."""
    words = []
    for name, value in options.items():
        words += (
            ["--seed", str(value)] if name == "policy_seed" else ["--option", f"{name}={json.dumps(value)}"]
        )
    return words
