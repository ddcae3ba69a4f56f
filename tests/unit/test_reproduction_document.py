"""What a reproduction states: its statistics, its search for reward, its table, and the document as a whole."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rdebench.bench.reproduction import document as making
from rdebench.bench.reproduction import figures, reward_search
from rdebench.bench.reproduction.comparison import Comparison
from rdebench.bench.reproduction.decisions import readings
from rdebench.bench.reproduction.episodes import Episodes, Scored
from rdebench.bench.reproduction.learners import Policies
from rdebench.bench.reproduction.reward_search import best_reward_known
from rdebench.bench.reproduction.table1 import table1
from rdebench.solvers.average import Average

ALL = {reading.key: reading for reading in readings()}
NOBODY = Policies(None, 0, 1)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(reward_search, "TRIES", 20)
    monkeypatch.setattr(best_reward_known, "__kwdefaults__", best_reward_known.__kwdefaults__ | {"tries": 20})


def scored(rewards, feasible=1.0, gaps=None):
    rewards = np.array(rewards, float)
    return Scored(
        rewards,
        np.arange(len(rewards)) < feasible * len(rewards),
        np.full(len(rewards), np.nan) if gaps is None else np.array(gaps, float),
    )


def test_figures_by_hand():
    found = figures.of_strategy(scored([1, 2, 3, np.nan], 0.5, [0.5, 0.0, 0.1, np.nan]), keep=True)
    assert (found["n"], found["mean"], found["sd"], found["feasible"]) == (3, 2.0, 1.0, 0.5)
    assert found["gap"] == pytest.approx(0.2)
    assert found["low"] < 2.0 < found["high"]
    assert found["rewards"] == [1.0, 2.0, 3.0, None]


def test_a_strategy_without_an_answer_has_no_numbers():
    found = figures.of_strategy(scored([np.nan] * 4, 0.0), keep=False)
    assert (found["n"], found["feasible"]) == (0, 0.0)
    assert all(found[name] is None for name in ("mean", "sd", "low", "high", "gap"))


def test_policies_differ_by_seed_and_by_episode():
    """The deviation is that of one policy; the interval knows that five seeds are few."""
    rng = np.random.default_rng(0)
    seeds, episodes = rng.normal(0.0, 1.0, 5), rng.normal(0.0, 0.1, 400)
    runs = [scored(seed + episodes) for seed in seeds]
    found = figures.of_policies(runs, range(5), keep=True)
    assert found["mean"] == pytest.approx(seeds.mean() + episodes.mean(), rel=1e-5)
    assert found["sd"] == pytest.approx(0.1, rel=0.1)
    assert found["seed_means"] == pytest.approx(seeds + episodes.mean(), rel=1e-5)
    assert np.shape(found["rewards"]) == (5, 400)
    half = (found["high"] - found["low"]) / 2.0
    # Student's t of four degrees of freedom: five trainings are few.
    assert half == pytest.approx(2.776 * seeds.std(ddof=1) / np.sqrt(5), rel=0.05)


def test_the_interval_of_one_policy_is_that_over_episodes():
    rewards = np.random.default_rng(1).normal(0.0, 1.0, 400)
    found = figures.of_strategy(scored(rewards), keep=False)
    assert (found["high"] - found["low"]) / 2.0 == pytest.approx(1.96 / np.sqrt(400), rel=0.2)


def test_who_earns_the_same_has_the_same_interval():
    rewards = np.random.default_rng(2).normal(0.0, 1.0, 50)
    one = figures.of_strategy(scored(rewards), keep=False)
    five = figures.of_policies([scored(rewards)] * 5, range(5), keep=False)
    assert (five["low"], five["high"]) == pytest.approx((one["low"], one["high"]), rel=1e-6)
    assert figures.of_policies([scored(np.zeros(1))] * 3, range(3), keep=False)["low"] is None


def test_the_search_for_reward_is_never_worse_than_where_it_starts():
    for key in ("main", "literal"):
        scenario = ALL[key].scenario()
        drawn = Episodes.draw(scenario, 6, 1)
        start = drawn.answers(Average())
        before = drawn.score(scenario, start).rewards
        found = best_reward_known(drawn.stack, scenario.reward_function(), [start], seed=1, tries=300)
        after = drawn.score(scenario, found).rewards
        assert (after >= before).all()
        assert after.mean() > before.mean() + 0.1
        violations = drawn.stack.evaluate(found).violations
        assert (violations.bandwidth <= 1e-9).all()  # (7c) is a constraint whatever the reward says
        assert (violations.min_bandwidth <= 1e-9).all()


def test_the_search_finds_the_powers_at_which_the_reward_has_no_slope():
    """Signed, printed rate: at the least bandwidth each user's best power is a root of one equation."""
    scenario = ALL["literal"].scenario()
    drawn = Episodes.draw(scenario, 2, 1)
    found = best_reward_known(
        drawn.stack, scenario.reward_function(), [drawn.answers(Average())], seed=1, tries=4_000
    )
    lenet = (found.scm == 0).all(axis=1)
    assert lenet.all()
    assert np.allclose(found.bandwidth, 180e3)
    # d/dp of r / (12 x 24.65) + 0.2 x 552 ... / r - 0.3 p is zero: bisection on the decreasing derivative.
    noise = 180e3 * 10.0 ** (-20.4)
    low, high = np.full((2, 12), 1e-6), np.full((2, 12), 3.0)
    for _ in range(100):
        p = np.sqrt(low * high)
        snr = p * drawn.stack.gain / noise
        rate, slope = np.log2(1.0 + snr), drawn.stack.gain / noise / (1.0 + snr) / np.log(2.0)
        rises = slope * (1.0 / (12 * 24.65 + 1e-5) + 0.2 * 552.0 / rate**2) > 0.3
        low, high = np.where(rises, p, low), np.where(rises, high, p)
    assert found.power == pytest.approx(low, rel=0.02)


def test_table_1_beside_the_cards():
    rows = {row["model"]: row for row in table1()}
    assert list(rows) == ["LeNet", "ResNet", "MobileNet", "DPN-26"]
    assert rows["DPN-26"]["printed"] == {"power": 305.0, "seconds": 9.5, "objective": 10.76}
    for row in rows.values():
        assert set(row["measured"]) == {"C8", "C16"}
        better, worse = row["measured"]["C16"], row["measured"]["C8"]
        assert better["objective"] < worse["objective"]
        assert better["power_source"] in ("measured", "estimated")


def test_readings_share_instances_and_what_is_not_computed_says_why():
    comparison = Comparison(4, 1, NOBODY)
    found = {key: comparison.measure(ALL[key]) for key in ("literal", "literal-unit-mw", "literal-minimise")}
    assert len(comparison._drawn) == 1
    own, other = found["literal"], found["literal-unit-mw"]
    assert own["decision"] is None
    assert own["proved_infeasible"] == 4
    assert own["scenario_hash"] != other["scenario_hash"]
    assert (other["decision"], other["against"]) == (14, "literal")
    assert len(own["strategies"]["average"]["rewards"]) == 4
    assert "rewards" not in other["strategies"]["average"]
    assert {"average", "random", "heuristic-rde", "optimum", "best-reward-known"} == set(own["strategies"])
    assert found["literal-minimise"]["strategies"] == {}
    assert found["literal-minimise"]["reason"]


def test_shipped_policies_are_tested_where_they_fit():
    pytest.importorskip("stable_baselines3")
    comparison = Comparison(20, 1, NOBODY)
    own = comparison.measure(ALL["main"])["strategies"]
    assert own["ppo-paper"]["seeds"] == own["ppo"]["seeds"] == [0, 1, 2, 3, 4]
    assert own["ppo"]["gap"] < 0.2 < own["ppo-paper"]["gap"]
    changed = comparison.measure(ALL["main-gammas-swapped"])["strategies"]
    assert "ppo-transferred" in changed
    assert "ppo-paper" not in changed
    signed = comparison.measure(ALL["main-reward-signed"])["strategies"]
    assert "ppo" in signed  # tuned PPO is trained without (12)
    assert "ppo-paper" not in signed  # but PPO as in the paper for each reading of it
    assert "ppo-paper" not in comparison.measure(ALL["literal"])["strategies"]


def test_the_document(monkeypatch):
    monkeypatch.setattr(making, "exact_times", lambda instances, report: [])
    told = []
    chosen = [
        ALL[key]
        for key in ("literal", "literal-payload-100", "literal-payload-100-hinge", "literal-minimise")
    ]
    settings = making.Settings(episodes=5, seeds=0)
    made = making.make(
        chosen, [], settings, NOBODY, command="rdebench reproduce", report=lambda *now: told.append(now)
    )
    assert made == json.loads(json.dumps(made, allow_nan=False))
    assert made["format"] == making.FORMAT
    assert made["settings"] == {"episodes": 5, "seeds": 0, "steps": 300_000, "suite_seed": 1}
    assert made["printed"]["fig5"]["ppo-paper"] == [-3.92, 0.17]
    assert [one["key"] for one in made["readings"]] == [one.key for one in chosen]
    assert {"claims", "sensitivity", "table1", "convergence", "versions", "machine", "code_hash"} <= set(made)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
