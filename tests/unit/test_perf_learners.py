"""The measurements of learners measure what they say; how fast anything is, no test asserts."""

from __future__ import annotations

import pytest

from rdebench.bench import policies
from rdebench.bench.perf import Measurement

pytest.importorskip("sb3_contrib")

from rdebench.bench import perf_learners


@pytest.fixture
def small(monkeypatch):
    """Two rows, two instances, few steps."""
    for name in ("_ROWS", "_POOL", "_SINGLE_POOL", "_EPISODES", "_ROUNDS", "_SINGLE_EPISODES", "_FEW"):
        monkeypatch.setattr(perf_learners, name, 2)
    monkeypatch.setattr(perf_learners, "_MANY", 3)


@pytest.mark.parametrize("measure", [perf_learners.decisions, perf_learners.sequential_decisions])
def test_environments_are_measured_beside_the_single_one(small, measure):
    found = measure()
    assert "2 rows" in found.name
    assert found.peer == "one at a time"
    assert found.ratio is not None
    assert found.ratio > 0


def test_the_peer_trains_with_the_same_settings(small):
    from rdebench.problems import Scenario
    from rdebench.solvers import Budget
    from rdebench.solvers.ppo.sb3_training import Training
    from rdebench.solvers.ppo.tuned import PPOTuned

    class Small(PPOTuned):
        pool = 2

    training = Training(Budget(), lambda: (1.0, 0.0), lambda point: None)
    ours = Small(rows=4, n_steps=2, batch_size=8).model(Scenario.load("paper-m12-v1"), training, 0, "cpu")
    plain = perf_learners._on_a_single_environment(ours)
    assert (plain.n_envs, plain.n_steps) == (1, 8)
    assert str(plain.policy) == str(ours.policy)
    for name in ("batch_size", "n_epochs", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm"):
        assert getattr(plain, name) == getattr(ours, name)
    assert plain.lr_schedule(1.0) == ours.lr_schedule(1.0)
    assert plain.clip_range(1.0) == ours.clip_range(1.0)
    assert plain.policy.log_std.tolist() == ours.policy.log_std.tolist()


def test_a_learner_without_a_policy_says_how_to_get_one(small, monkeypatch, tmp_path):
    monkeypatch.setenv(policies.VARIABLE, str(tmp_path))
    monkeypatch.setattr(policies, "shipped_folder", lambda: tmp_path)
    special, general = perf_learners.inference("ppo"), perf_learners.inference("amortized")
    assert special.value is None
    assert special.ratio is None
    assert special.peer == "no policy: rdebench train ppo --scenario paper-m12-v1"
    assert general.peer == "no policy: rdebench train amortized"


def test_every_learner_is_measured_and_nothing_else():
    found = perf_learners._learners()
    assert {"ppo", "ppo-paper", "ppo-hybrid", "ppo-hybrid+exact", "ppo-maskable", "amortized"} <= set(found)
    assert "exhaustive" not in found


def test_less_time_is_faster_and_so_are_more_things_a_second():
    assert Measurement("one", 2.0, "ms", "other", 4.0).ratio == 2.0
    assert Measurement("one", 4.0, "solves/s", "other", 2.0).ratio == 2.0
    assert Measurement("one", 4.0, "solves/s").ratio is None
