"""One training, in the worker: what it reports, how it is stopped, and the policy that it leaves."""

from __future__ import annotations

import signal
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..problems import Scenario
from ..solvers.base import Budget, Solver
from ..solvers.registry import SolverError, make_solver
from . import policies
from .policy_files import PolicyError
from .provenance import machine

if TYPE_CHECKING:
    from .worker import Send

_MOMENT_S = 1e-9
"""Seconds of a budget that is to be used up at once."""


def train(request: dict[str, Any], send: Send) -> None:
    """Train a solver and keep its policy.

    Sends ``point`` for every point of the curve and then one of ``kept``, ``stopped`` and ``refused``; whatever else
    goes wrong is left to the worker. An interruption uses up the budget, so that the solver stops after its step.

    Args:
        request: The solver with its options and plugins, scenarios, seed, seconds, steps, device, folder of
            checkpoint and logs, root of the policies, and command.
        send: Sends an event to the referee.
    """
    stopped: list[bool] = []
    try:
        path = _trained(request, stopped, send)
    except PolicyError as error:
        send("failed", message=str(error))
    except SolverError as error:
        send("refused", message=str(error))
    else:
        send("stopped") if path is None else send("kept", path=str(path))


def _trained(request: dict[str, Any], stopped: list[bool], send: Send) -> Path | None:
    """The folder of the policy; None if the training was stopped before its end."""
    scenarios = [Scenario.model_validate(scenario) for scenario in request["scenarios"]]
    solver = make_solver(request["solver"], request["plugins"], **request["options"])
    for scenario in scenarios:
        if (reason := solver.supports(scenario.instance(0, 0, split="train"))) is not None:
            raise SolverError(f"{solver.name} cannot be trained on {scenario.id}: {reason}")
    learn = getattr(solver, "train", None)
    device = "cpu" if learn is None else _device(request["device"])

    def report(point: Any) -> None:
        send("point", **dict(zip(("steps", "seconds", "gap", "infeasible"), _numbers(point), strict=True)))

    seed, began = request["seed"], time.perf_counter()
    budget = Budget(request["seconds"], request["steps"])

    def stop(*_: object) -> None:
        stopped.append(True)
        budget.seconds = _MOMENT_S

    signal.signal(signal.SIGINT, stop)
    try:
        if learn is None:
            solver.fit(scenarios[0], seed=seed, budget=budget)
        else:
            folder = Path(request["folder"])
            folder.mkdir(parents=True, exist_ok=True)
            learn(scenarios, seed=seed, budget=budget, device=device, folder=folder, report=report)
    except ModuleNotFoundError as error:
        raise SolverError(policies.package_missing(solver, error)) from None
    except SolverError as error:
        place = ", ".join(scenario.id for scenario in scenarios)
        raise SolverError(f"{solver.name} cannot be trained on {place}: {error}") from None
    if stopped:
        return None
    return policies.keep(
        solver,
        scenarios,
        seed=seed,
        command=request["command"],
        machine=_machine(device),
        steps=getattr(solver, "steps_trained", budget.used),
        seconds=round(float(getattr(solver, "seconds_trained", time.perf_counter() - began)), 1),
        curve=_curve(solver),
        root=Path(request["root"]),
    )


def _curve(solver: Solver) -> list[list[float]]:
    return [_numbers(point) for point in getattr(solver, "curve", [])]


def _numbers(point: Any) -> list[float]:
    """Steps, seconds, gap and share of infeasible answers of a point."""
    return [
        int(point.steps),
        *(round(float(value), 6) for value in (point.seconds, point.gap, point.infeasible)),
    ]


def _device(wanted: str) -> str:
    if wanted == "cpu" or (wanted == "auto" and find_spec("torch") is None):
        return "cpu"
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise SolverError("this torch finds no CUDA GPU; use --device cpu, or install torch with CUDA")
    return "cuda" if torch.cuda.is_available() else "cpu"


def _machine(device: str) -> str:
    about = machine()
    words = f"{about['cpu']}, {about['cores']} cores"
    if device == "cuda":
        import torch

        words += f", {torch.cuda.get_device_name()}"
    return words
