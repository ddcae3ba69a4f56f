"""The process in which solvers run, started by :mod:`rdebench.bench.guard`.

It serves one request after the other and answers with frames. Nothing that it says is believed beyond what the
referee can check: the referee draws its own copy of every instance and scores the decisions itself.
"""

from __future__ import annotations

import os
import queue
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ..problems import RDEProblem, Scenario
from ..problems.sampling import stream
from ..solvers.base import Budget, Solver
from ..solvers.registry import SolverError, make_solver
from . import answers, frames
from .inbox import Outbox
from .listening import Timekeeper

MAX_MESSAGE = 2_000

WARM_UP_EVALUATIONS = 100
WARM_UP_SECONDS = 1.0

Send = Callable[..., None]

_process = os.getpid()


def main() -> None:
    """Serve requests until the referee is gone."""
    requests = Connection(int(sys.argv[1]), writable=False)
    outbox = Outbox(int(sys.argv[2]))
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox), daemon=True).start()

    def send(event: str, arrays: frames.Arrays | None = None, **header: Any) -> None:
        outbox.send({"event": event, **header}, arrays)

    tasks = {
        "solve": _solve_all,
        "reference": _refer_all,
        "describe": _describe_all,
        "train": _train,
        "check": _check,
    }
    while True:
        request, _ = frames.decode(inbox.get())
        try:
            tasks[request["task"]](request, send)
        except BaseException as error:
            # Without the interpreter's farewell: threads that a solver left behind must not hold the process.
            try:
                send("failed", message=_last_lines(error))
            finally:
                os._exit(1)


def _listen(requests: Connection, inbox: queue.SimpleQueue[bytes]) -> None:
    """Pass requests on. An end of file means that the referee is gone, and so are we."""
    with suppress(OSError):  # a solver may close the pipe; what is under way is then noticed by its answer
        try:
            while True:
                inbox.put(requests.recv_bytes())
        except EOFError:
            os.kill(os.getpid(), signal.SIGKILL)


def _solve_all(request: dict[str, Any], send: Send) -> None:
    _limit_memory(request.get("memory"))
    scenario = Scenario.model_validate(request["scenario"])
    solver = make_solver(request["solver"], request["plugins"], **request["options"])
    limits, seed = request["limits"], request["seed"]
    unready = _unready(solver, scenario, request) if solver.learns else None
    if request["warm_up"] and unready is None:
        _warm_up(solver, scenario, seed, limits)
    for index in request["indices"]:
        problem = scenario.instance(index, seed)
        rng = stream("solve", scenario.id, seed, index, request["solver"])
        send("start", index=index)
        tell = partial(send, "incumbent", index=index)
        status, message, arrays, header = _solve(solver, problem, rng, limits, unready, tell)
        memory = _peak_memory()
        send("done", arrays, index=index, status=status, message=message, peak_memory=memory, **header)


def _unready(solver: Solver, scenario: Scenario, request: dict[str, Any]) -> tuple[str, str] | None:
    """Give a solver that learns its policy; None, or the status and the reason of all rows if that fails."""
    from . import policies

    policy = request["policy"]
    if policy is None and (reason := solver.trains_on(scenario)) is not None:
        return "skipped", str(reason)[:MAX_MESSAGE]
    if policy is None:
        command = policies.training_command(
            request["solver"], scenario.id, request["options"], request["plugins"]
        )
        return "skipped", f"{solver.name} has not been trained for {scenario.id}; run: {command}"
    try:
        policies.load(solver, Path(policy["path"]), policy["digest"])
    except policies.PackageMissing as error:
        return "skipped", str(error)
    except BaseException as error:
        return "error", str(error)[:MAX_MESSAGE] if isinstance(error, SolverError) else _last_lines(error)
    return None


def _solve(
    solver: Solver,
    problem: RDEProblem,
    rng: Any,
    limits: dict[str, Any],
    unready: tuple[str, str] | None,
    tell: Send,
) -> tuple[str, str | None, frames.Arrays, dict[str, Any]]:
    """Status, message, arrays and measurements of one instance."""
    header: dict[str, Any] = {}
    try:
        if (reason := solver.supports(problem)) is not None:
            return "skipped", str(reason)[:MAX_MESSAGE], {}, {}
        if unready is not None:
            return *unready, {}, {}
        timekeeper = Timekeeper(problem.users, tell)
        budget = Budget(**limits, listener=timekeeper)
        try:
            solution = solver.solve(problem, rng=rng, budget=budget)
        finally:
            if os.getpid() != _process:
                os._exit(0)  # a child of the solver's that came back where only its parent belongs
            header["seconds"] = timekeeper.seconds
            header["evaluations"] = _count(budget.used)
        if any(limits.values()) and answers.is_empty(solution):
            return "time_limit", "found nothing within its budget", {}, header
    except MemoryError as error:
        return "memory_limit", _last_lines(error), {}, header
    except BaseException as error:  # a solver may raise SystemExit, and that is a row too
        return "error", _last_lines(error), {}, header
    try:
        arrays, bound, claim = answers.checked(solution, problem.users)
    except ValueError as error:
        return "invalid", _message(error), {}, header
    except BaseException as error:  # what it returned has code of its own
        return "invalid", _last_lines(error), {}, header
    return "answered", None, arrays, header | {"bound": bound, "claim": claim}


def _warm_up(solver: Solver, scenario: Scenario, seed: int, limits: dict[str, Any]) -> None:
    """Solve a training instance, so that compilation is outside the timing; whatever comes of it is ignored."""
    try:
        problem = scenario.instance(0, seed, split="train")
        if solver.supports(problem) is None:
            evaluations = min(limits["evaluations"] or WARM_UP_EVALUATIONS, WARM_UP_EVALUATIONS)
            budget = Budget(seconds=WARM_UP_SECONDS, evaluations=evaluations, listener=lambda *_: None)
            solver.solve(problem, rng=stream("warm-up"), budget=budget)
    except BaseException:
        pass


def _refer_all(request: dict[str, Any], send: Send) -> None:
    from .reference import reference

    scenario = Scenario.model_validate(request["scenario"])
    for index in request["indices"]:
        problem = scenario.instance(index, request["seed"])
        send("start", index=index)
        send("done", index=index, status="answered", message=None, reference=reference(problem))


def _train(request: dict[str, Any], send: Send) -> None:
    from .trainer import train

    train(request, send)


def _check(request: dict[str, Any], send: Send) -> None:
    from .conformance import check

    _limit_memory(request.get("memory"))
    check(request, send)


def _describe_all(request: dict[str, Any], send: Send) -> None:
    from .roster import describe

    try:
        names, with_plugins = request["names"], request["with_plugins"]
        solvers = describe(names, request["options"], request["plugins"], with_plugins=with_plugins)
    except SolverError as error:
        send("refused", message=str(error))
    else:
        send("described", solvers=solvers)


def _last_lines(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error)[-3:])[-MAX_MESSAGE:].strip()
    except BaseException:
        return f"an exception that cannot be shown: {type(error).__name__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)[:MAX_MESSAGE]
    except BaseException:
        return _last_lines(error)


def _count(number: object) -> int | None:
    """A number of evaluations as far as it is one."""
    return int(number) if isinstance(number, int | float) and 0 <= number < 2**63 else None


def _limit_memory(limit: int | None) -> None:
    """Let allocations past a limit fail, here and in every process that is started from here."""
    if limit is not None:
        with suppress(ValueError, OSError):  # there is a lower one already, or the system has none
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _peak_memory() -> int:
    """Peak resident memory of this process, bytes."""
    try:
        # Linux counts the referee's own peak in ru_maxrss of a process it starts, but not in VmHWM.
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
