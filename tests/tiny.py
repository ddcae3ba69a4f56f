"""A tiny family of problems with a known answer, and learners that start blind, so that what they reach is learnt."""

from __future__ import annotations

import functools
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest

from rdebench.problems import Scenario
from rdebench.solvers import Budget, make_solver
from rdebench.solvers.allocation import InnerSolver

TINY = """
format = "rdebench-scenario/1"
id = "tiny-v1"
title = "Three users, two models"
description = "Power for one large model: a user with a good channel should have it. Everybody else: the small one."
users = [3]
rate = "shannon"
objective = { distortion_weight = 1e4, epsilon = 1e-5 }
reward = { reading = "hinge", gamma_power = 0.3, gamma_latency = 0.2, rate_unit = "Mbit/s" }
[limits]
power_w_per_user = 0.25
bandwidth_hz_per_user = 2.5e6
max_latency_s = 12.0
min_bandwidth_hz = 180e3
feasible_only = true
[models]
zoo = "paper-table1"
power_unit = "mW"
distortion_per_loss = 1e-4
payload = { LeNet = 60e6, DPN-26 = 100e6 }
[channel]
path_loss = "3gpp-urban-macro"
min_distance_m = 35.0
radius_m = 250.0
fading = "rayleigh"
rayleigh_scale = 0.7071067811865476
noise_psd_dbm_per_hz = -174.0
[sources]
"""

_CONSTANTS = """users rate limits.power_w_per_user limits.bandwidth_hz_per_user limits.max_latency_s
limits.min_bandwidth_hz limits.feasible_only objective.distortion_weight objective.epsilon models.zoo
models.power_unit models.distortion_per_loss models.payload reward.reading reward.gamma_power reward.gamma_latency
reward.rate_unit channel.path_loss channel.min_distance_m channel.radius_m channel.fading channel.rayleigh_scale
channel.noise_psd_dbm_per_hz"""


def tiny(users: int = 3) -> Scenario:
    """The scenario, with as many users as wanted."""
    sources = "".join(f'"{name}" = "ours: for tests"\n' for name in _CONSTANTS.split())
    return Scenario.parse((TINY + sources).replace("users = [3]", f"users = [{users}]"), "tiny.toml", Path())


@functools.cache
def barely_trained(name: str, users: int | None = None) -> Path:
    """The folder of a policy after as little training as there is, made once: what it answers is hardly learnt.

    Args:
        name: The learner.
        users: Train on this number of users of the small scenario, with four SCMs; None: on the tiny one.
    """
    import torch

    scenario = tiny()
    if users is not None:
        scenario = Scenario.load("small-v1").model_copy(update={"users": [users], "id": f"small-m{users}-v1"})
    folder, threads = Path(tempfile.mkdtemp(prefix="rdebench-tests-")), torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        few_instances(patch, 32, 2)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        torch.set_num_threads(1)
        learner = make_solver(name)
        learner.train([scenario], seed=0, budget=Budget(evaluations=1))
        learner.save(folder / "policy")
        torch.set_num_threads(threads)
    return folder / "policy"


def optima(problems: list) -> np.ndarray:
    """The best RDE of each problem over all assignments."""
    shape = problems[0].models, problems[0].users
    scms = np.array(list(itertools.product(range(shape[0]), repeat=shape[1])))
    return np.array([InnerSolver(problem).values(scms).max() for problem in problems])


def few_instances(monkeypatch, count: int = 160, validation: int = 24) -> None:
    """Let learners train on few instances: describing the usual number takes half a minute."""
    from rdebench.solvers.ppo import box, equivariant, expert_iteration, hybrid, learner, maskable, tuned

    monkeypatch.setattr(equivariant, "EACH", count // len(learner.MIXTURE))
    for module in (expert_iteration, hybrid, maskable):
        monkeypatch.setattr(module, "VALIDATION_EACH", validation)
    for solver in (box.BoxPPO, tuned.PPOTuned):
        monkeypatch.setattr(solver, "pool", 512)
    monkeypatch.setattr(box, "VALIDATION", validation)


def blind(monkeypatch) -> None:
    """Networks start without what they know of prices and plans: everybody gets the first SCM and equal shares.

    PPO on boxes starts by giving everybody the large one. The features stay, as there is nothing else to learn from.
    """
    import torch

    from rdebench.solvers.ppo import (
        autoregressive,
        hybrid_network,
        one_shot_env,
        paper,
        tuned,
        turn_network,
    )

    def blinded(module, names):
        made = module.__init__

        def init(self, *args, **kwargs):
            made(self, *args, **kwargs)
            with torch.no_grad():
                for name, value in names.items():
                    getattr(self, name).fill_(value)

        monkeypatch.setattr(module, "__init__", init)

    blinded(hybrid_network.HybridNetwork, {"log_scale": -1e4})
    blinded(turn_network.TurnNetwork, {"log_scale": -1e4})
    blinded(autoregressive.AutoregressivePolicy, {"log_scale": -1e4, "plan_bonus": 0.0, "change_scale": 0.0})
    seen = hybrid_network.observed

    def without_prior(group, rows):
        arrays = seen(group, rows)
        return arrays | {"prior": np.zeros_like(arrays["prior"])}

    for module in (hybrid_network, one_shot_env):
        monkeypatch.setattr(module, "observed", without_prior)

    def with_large_models(made):
        def model(self, *args):
            algorithm = made(self, *args)
            with torch.no_grad():
                algorithm.policy.action_net.bias[:3] += 0.02
            return algorithm

        return model

    for solver in (paper.PPOPaper, tuned.PPOTuned):
        monkeypatch.setattr(solver, "model", with_large_models(solver.model))
