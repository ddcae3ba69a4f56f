"""A training that is watched by its reward: what the paper's Fig. 4 shows."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.bench.reproduction import presets, training
from rdebench.problems import Scenario
from rdebench.solvers import Budget

pytest.importorskip("stable_baselines3")
torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def scenario():
    return presets.base("literal", 6)


@pytest.fixture(autouse=True)
def _few_instances(monkeypatch):
    monkeypatch.setattr(training.PPOPaper, "pool", 64)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_it_gives_the_mean_reward_of_each_roll_out_and_a_policy_that_answers(scenario, tmp_path):
    done = []
    found = training.trained(scenario, 0, tmp_path, steps=4096, report=done.append)
    assert len(found.rewards) == 2
    assert done == [0.5, 1.0]
    # No allocation of this scenario is feasible, and rewards are finite all the same.
    assert np.isfinite(found.rewards).all()
    problem = scenario.instance(0, 1)
    answer = found.solver.solve(problem, rng=np.random.default_rng(0), budget=Budget())
    assert answer.scm.shape == (6,)


def test_a_finished_training_is_read_and_not_done_again(scenario, tmp_path, monkeypatch):
    first = training.trained(scenario, 3, tmp_path, steps=2048)
    monkeypatch.setattr(training.PPOPaper, "learn_rewards", lambda *_, **__: pytest.fail("trained again"))
    again = training.trained(scenario, 3, tmp_path, steps=2048)
    assert again.rewards == first.rewards
    problem = scenario.instance(5, 1)
    answers = [
        one.solver.solve(problem, rng=np.random.default_rng(0), budget=Budget()) for one in (first, again)
    ]
    np.testing.assert_array_equal(answers[0].power, answers[1].power)


def test_each_training_is_kept_by_its_scenario_seed_and_length(scenario, tmp_path):
    training.trained(scenario, 0, tmp_path, steps=2048)
    signed = presets.changed(scenario, {"reward.reading": "absolute"})
    training.trained(signed, 0, tmp_path, steps=2048)
    training.trained(scenario, 1, tmp_path, steps=2048)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("preset", presets.PRESETS)
@pytest.mark.parametrize("users", presets.USERS)
def test_a_preset_has_the_users_it_was_asked_for(preset, users):
    scenario = presets.base(preset, users)
    assert scenario.users == [users]
    assert scenario.instance(0, 1).users == users
    assert f"-m{users}-" in scenario.id


def test_a_changed_scenario_differs_in_that_alone():
    scenario = Scenario.load("paper-m12-v1")
    changed = presets.changed(scenario, {"reward.reading": "signed"})
    assert changed.reward.reading == "signed"
    assert changed.content_hash() != scenario.content_hash()
    assert changed.instance(3, 1).content_hash() == scenario.instance(3, 1).content_hash()
    assert presets.changed(changed, {"reward.reading": "hinge"}).content_hash() == scenario.content_hash()
