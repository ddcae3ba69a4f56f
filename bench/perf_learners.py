"""Speed of the environments, of training and of policies, each beside the plain way to do the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np

from ..problems import RDEProblem, Scenario
from ..problems.env import RDEEnv, RDESequentialEnv
from ..problems.sampling import stream
from ..solvers import Budget, Solver, make_solver
from ..solvers.registry import SolverError, find_solver, solver_names
from . import policies
from .perf import Measurement, alternating_seconds, seconds

if TYPE_CHECKING:
    from stable_baselines3 import PPO

_SCENARIO = "paper-m12-v1"
_ROWS, _POOL = 512, 1024
_SINGLE_POOL = (
    64  # a single environment draws an instance when it first comes up, which is not to be measured
)
_EPISODES, _SINGLE_EPISODES = 8, 200
_ROUNDS = 3
_MANY, _FEW = 1000, 20
_ENOUGH_S = 2.0


def measurements() -> Iterator[tuple[str, Callable[[], Measurement]]]:
    """Environments single and batched, training, and the answers of each policy there is; one core, M = 12."""
    import torch

    torch.set_num_threads(1)
    yield "decisions in RDE-v0", decisions
    yield "decisions in RDESequential-v0", sequential_decisions
    yield "training ppo", training
    for name in _learners():
        yield f"answers of {name}", partial(inference, name)


def decisions() -> Measurement:
    """Random actions in the batched environment, beside the single one; both draw from a pool."""
    from ..solvers.ppo.vec_env import BatchedRDE

    batched = BatchedRDE(_SCENARIO, _ROWS, pool=_POOL)
    batched.seed(0)
    batched.reset()
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1.0, 1.0, (_EPISODES, _ROWS, *batched.action_space.shape)).astype(np.float32)  # type: ignore[misc]
    many = seconds(lambda: [batched.step(action) for action in actions], _ROUNDS)
    single = gymnasium.make("rdebench/RDE-v0", scenario=_SCENARIO, pool=_SINGLE_POOL)
    single.reset(seed=0)

    def alone() -> None:
        for action in islice(cycle(actions[0]), _SINGLE_EPISODES):
            single.step(action)
            single.reset()

    one = seconds(alone, _ROUNDS)
    return Measurement(
        f"RDE-v0, M = 12, {_ROWS} rows",
        actions.shape[0] * _ROWS / many,
        "decisions/s",
        "one at a time",
        _SINGLE_EPISODES / one,
    )


def sequential_decisions() -> Measurement:
    """Random allowed SCMs, a mask for each decision, in the batched environment beside the single one."""
    from ..solvers.ppo.vec_env import BatchedRDESequential

    batched = BatchedRDESequential(_SCENARIO, _ROWS, pool=_POOL)
    batched.seed(0)
    batched.reset()
    users, models = batched.source.users, batched.action_space.n  # type: ignore[attr-defined]
    wishes = np.random.default_rng(0).random((users, _ROWS, models))

    def together() -> None:
        for wish in wishes:
            batched.step((wish * batched.action_masks()).argmax(axis=1))

    single = RDESequentialEnv(_SCENARIO, pool=_SINGLE_POOL)
    single.reset(seed=0)

    def alone() -> None:
        for episode in range(_SINGLE_EPISODES // 2):
            for wish in wishes[:, episode]:
                single.step(int((wish * single.action_masks()).argmax()))
            single.reset()

    many, one = seconds(together, _ROUNDS), seconds(alone, _ROUNDS)
    return Measurement(
        f"RDESequential-v0 with masks, M = 12, {_ROWS} rows",
        users * _ROWS / many,
        "decisions/s",
        "one at a time",
        users * (_SINGLE_EPISODES // 2) / one,
    )


def training() -> Measurement:
    """One round of roll-out and updates of ppo, beside stable-baselines3's PPO, set up alike, on the single one."""
    from ..solvers.ppo.sb3_training import Training
    from ..solvers.ppo.tuned import PPOTuned

    class Small(PPOTuned):
        pool = _POOL

    untouched = Training(Budget(), lambda: (1.0, 0.0), lambda point: None)
    ours = Small().model(Scenario.load(_SCENARIO), untouched, 0, "cpu")
    plain = _on_a_single_environment(ours)
    steps = ours.n_steps * ours.n_envs
    batched_s, single_s = alternating_seconds(
        lambda: ours.learn(steps), lambda: plain.learn(steps), rounds=_ROUNDS - 1
    )
    return Measurement(
        f"training ppo, M = 12, {ours.n_envs} rows",
        steps / batched_s,
        "decisions/s",
        "SB3's PPO, single environment",
        steps / single_s,
    )


def _on_a_single_environment(model: PPO) -> PPO:
    """The same algorithm, hyper-parameters, network and weights, with as many steps before each update."""
    from stable_baselines3 import PPO

    plain = PPO(
        "MlpPolicy",
        RDEEnv(_SCENARIO, pool=_SINGLE_POOL),
        learning_rate=model.learning_rate,
        n_steps=model.n_steps * model.n_envs,
        batch_size=model.batch_size,
        n_epochs=model.n_epochs,
        gamma=model.gamma,
        gae_lambda=model.gae_lambda,
        clip_range=model.clip_range,
        ent_coef=model.ent_coef,
        vf_coef=model.vf_coef,
        max_grad_norm=model.max_grad_norm,
        policy_kwargs=model.policy_kwargs,
        seed=0,
        device="cpu",
    )
    plain.policy.load_state_dict(model.policy.state_dict())
    return plain


def inference(name: str) -> Measurement:
    """Time for one instance of 1,000 given at once, beside one instance at a time."""
    what = f"{name}, {_MANY:,} instances at once, M = 12"
    try:
        solver = _ready(name)
    except SolverError as error:
        return Measurement(what, None, "ms", str(error))
    problems = _problems()
    _answer(solver, problems[:_FEW])  # compiles, allocates
    start = time.perf_counter()
    _answer(solver, problems)
    many = (time.perf_counter() - start) / len(problems)
    return Measurement(what, 1e3 * many, "ms", "one at a time", 1e3 * _alone(solver, problems))


def _ready(name: str) -> Solver:
    """A solver with its policy.

    Raises:
        SolverError: If there is none that can be used.
    """
    solver, scenario = make_solver(name), Scenario.load(_SCENARIO)
    found = policies.find(solver, scenario)
    if found is None:
        place = "" if solver.general else f" --scenario {scenario.id}"
        raise SolverError(f"no policy: rdebench train {name}{place}")
    policies.load(solver, found)
    return solver


def _answer(solver: Solver, problems: Sequence[RDEProblem]) -> None:
    rngs = [stream("perf", index) for index in range(len(problems))]
    solver.solve_batch(problems, rngs=rngs, budgets=[Budget() for _ in problems])


def _alone(solver: Solver, problems: Sequence[RDEProblem]) -> float:
    """Mean seconds of single answers, of as many as fit into little time."""
    start, count = time.perf_counter(), 0
    while count < len(problems) and time.perf_counter() - start < _ENOUGH_S:
        _answer(solver, problems[count : count + 1])
        count += 1
    return (time.perf_counter() - start) / count


@cache
def _problems() -> list[RDEProblem]:
    return Scenario.load(_SCENARIO).sample(_MANY, 0, split="train")


def _learners() -> list[str]:
    """Solvers of this package that learn."""
    found: list[Any] = []
    for name in solver_names():
        try:
            found.append(find_solver(name))
        except SolverError:  # somebody else's, and broken
            continue
    return [one.name for one in found if one.learns and one.__module__.startswith("rdebench.")]
