"""Deciding in turn and all at once: masks, what is left, and rewards among rows of the same instance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rdebench.problems.feasibility_kernel import total_power
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.ppo.instances import grouped
from rdebench.solvers.ppo.turns import TURN_CONTEXT, TURN_FEATURES, PricedTurns, TurnTable

from ..instances import random_problem

USERS, MODELS = 4, 3


def problems_of(rate="shannon", users=USERS, models=MODELS, count=40, demand=0.9):
    """Instances on which some choices leave nothing for the others."""
    rng = np.random.default_rng(users)
    min_share = 0.3 if rate == "spectral" else 0.0
    return [
        random_problem(rng, users, models, rate, min_share=min_share, demand=demand, compute=0.9)
        for _ in range(count)
    ]


def scarce(problem):
    """The problem with 3 % more power than its cheapest assignment needs, found by trying all."""
    inner, shannon = InnerSolver(problem), problem.rate == "shannon"
    units = shannon, inner.snr, inner.nats, inner.compute, inner.floor
    scms = itertools.product(range(problem.models), repeat=problem.users)
    least = min(total_power(*units, np.array(scm), np.nan) for scm in scms)
    return problem.replace(power_budget=1.03 * least * problem.power_budget)


def feasible_assignments(group):
    """All assignments, and which of each instance's are feasible with choices that are allowed, ``[N, S^M]``."""
    scms = np.array(list(itertools.product(range(group.models), repeat=group.users)))
    found = []
    for n in range(len(group)):
        possible = group.ratios(np.full(len(scms), n), scms) > 0.0
        found.append(possible & group.data.allowed[n][np.arange(group.users), scms].all(axis=1))
    return scms, np.array(found)


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_masks_are_exactly_what_exhaustive_search_allows(rate):
    (group,) = grouped([*problems_of(rate, demand=1.2), *map(scarce, problems_of(rate, demand=0.6))])
    scms, feasible = feasible_assignments(group)
    turns, rng = PricedTurns(TurnTable.of(group), np.arange(len(group))), np.random.default_rng(1)
    assert (turns.feasible == feasible.any(axis=1)).all()
    refused = 0
    while not turns.over:
        m = turns.turn
        prefix = (scms[None, :, :m] == turns.scm[:, None, :m]).all(axis=2) & feasible
        truth = np.stack([(prefix & (scms[:, m] == s)).any(axis=1) for s in range(MODELS)], axis=1)
        here = group.data.allowed[:, m]
        assert (turns.allowed == np.where(turns.feasible[:, None], truth, here)).all()
        assert turns.allowed.any(axis=1).all()
        refused += (here & ~truth)[turns.feasible].sum()
        turns.choose((turns.allowed * rng.random(turns.allowed.shape)).argmax(axis=1))
    assert refused > 5
    assert turns.feasible.sum() > 5
    ratio = group.ratios(np.arange(len(group)), turns.scm)
    assert ((ratio > 0.0) == turns.feasible).all()


def test_leaving_the_mask_is_remembered_and_leaves_every_allowed_choice():
    (group,) = grouped([*problems_of(demand=1.2), *map(scarce, problems_of(demand=0.6))])
    turns = PricedTurns(TurnTable.of(group), np.arange(len(group)))
    began = turns.feasible.copy()
    bad = ~turns.allowed
    turns.choose(np.where(bad.any(axis=1), bad.argmax(axis=1), turns.allowed.argmax(axis=1)))
    left = began & bad.any(axis=1)
    assert left.any()
    assert (turns.feasible == (began & ~bad.any(axis=1))).all()
    assert (turns.allowed[left] == group.data.allowed[left, 1]).all()
    while not turns.over:
        assert all(np.isfinite(array).all() for array in turns.observation().values())
        turns.choose(turns.allowed.argmax(axis=1))


def test_what_is_left_is_seen():
    """Budget left if all after take their favourites, in mean shares of a user: the sum by hand."""
    (group,) = grouped(problems_of(demand=0.5))
    turns, d = PricedTurns(TurnTable.of(group), np.array([7, 3])), group.data
    taken = np.array([d.plan[7], d.plan[3]])
    turns.choose(taken[:, 0])
    turns.choose(taken[:, 1])
    seen = turns.observation()
    assert seen["tokens"].shape == (2, MODELS, TURN_FEATURES)
    assert seen["context"].shape == (2, TURN_CONTEXT)
    for row, n in enumerate((7, 3)):
        favourite = d.loss[n].argmin(axis=1)
        spent = d.cost[n, 0, taken[row, 0]] + d.cost[n, 1, taken[row, 1]]
        left = USERS - spent - d.cost[n, 2, favourite[2]] - d.cost[n, 3, favourite[3]]
        assert seen["context"][row, -2] == pytest.approx(np.tanh(left), abs=1e-6)
        assert seen["context"][row, -3] == 0.5
        assert (seen["loss"][row] == np.minimum(d.loss[n, 2], 20.0).astype(np.float32)).all()
    assert all(np.abs(array).max() <= 20.0 for array in seen.values())


def test_turns_of_rows_are_turns_of_instances():
    (group,) = grouped(problems_of())
    table, rows = TurnTable.of(group), np.array([4, 0, 4])
    many, one = PricedTurns(table, rows), PricedTurns(table, rows[:1])
    while not many.over:
        for name, array in many.observation().items():
            assert (array[0] == one.observation()[name][0]).all()
            assert (array[0] == array[2]).all()
        one.choose(one.allowed[:1].argmax(axis=1))
        many.choose(many.allowed.argmax(axis=1))


def test_an_episode_of_the_environment():
    pytest.importorskip("stable_baselines3")
    from rdebench.solvers.ppo.one_shot_env import SAMPLES, WORST
    from rdebench.solvers.ppo.turn_env import TurnEnv

    group, small = grouped(problems_of()), grouped(problems_of(users=2, demand=0.5))
    env, rng = TurnEnv([*group, *small], 5 * SAMPLES, seed=0), np.random.default_rng(2)
    observation, lengths = env.reset(), set()
    for _ in range(12):
        turns, length = env.turns, 0
        table = turns.table
        assert table.feasible[turns.instances].all()  # an instance that nothing solves teaches nothing
        assert (turns.instances.reshape(-1, SAMPLES) == turns.instances[::SAMPLES, None]).all()
        over = np.zeros(1, bool)
        while not over.any():
            assert env.observation_space.contains({name: array[0] for name, array in observation.items()})
            masks = np.stack(env.env_method("action_masks"))
            assert (masks == turns.allowed).all()
            action = (masks * rng.random(masks.shape)).argmax(axis=1)
            observation, reward, over, _ = env.step(action)
            length += 1
            assert over.all() or (reward == 0.0).all()
        assert length == table.group.users
        ratio = table.group.ratios(turns.instances, turns.scm)
        assert (ratio > 0.0).all()
        np.testing.assert_array_equal(env.ratio, np.maximum(ratio, 1.0 + WORST))
        together = reward.reshape(-1, SAMPLES)
        np.testing.assert_allclose(together.mean(axis=1), 0.0, atol=1e-5)
        best = env.ratio.reshape(-1, SAMPLES).argmax(axis=1)
        assert (together.max(axis=1) == together[np.arange(5), best]).all()
        lengths.add(length)
    assert lengths == {2, 4}


def test_all_at_once():
    """Padding, values against the inner solver, excluded SCMs, and rewards with mean 0 for every instance."""
    pytest.importorskip("stable_baselines3")
    from rdebench.solvers.ppo.one_shot_env import SAMPLES, OneShotEnv

    problems = problems_of(users=3, models=2, count=6), problems_of(count=10)
    groups = [*grouped(problems[0]), *grouped(problems[1])]
    env, rng = OneShotEnv(groups, 4 * SAMPLES, False, seed=0), np.random.default_rng(3)
    observation, sizes = env.reset(), set()
    for _ in range(12):
        group, instances = env.group, env.instances
        users, models = group.users, group.models
        assert observation["tokens"].shape[1:3] == (USERS, MODELS)
        assert (observation["present"] == (np.arange(USERS) < users)).all()
        assert (observation["tokens"][:, users:] == 0.0).all()
        assert (observation["tokens"][:, :, models:] == 0.0).all()
        assert (observation["tokens"][:, :users, :models, 0] == group.data.allowed[instances]).all()
        scm = rng.integers(models, size=(env.num_envs, USERS))
        observation, reward, over, _ = env.step(scm.astype(np.float32))
        assert over.all()
        scm = scm[:, :users]
        allowed = group.data.allowed[instances[:, None], np.arange(users), scm]
        ratio = np.where(allowed.all(axis=1), group.ratios(instances, scm), -1.0)  # excluded is infeasible
        expected = np.where(ratio > 0.0, np.maximum(ratio - 1.0, env.worst), env.worst)
        assert (env.ratio[ratio > 0.0] == expected[ratio > 0.0]).all()
        assert (env.ratio[~(ratio > 0.0)] <= env.worst).all()
        np.testing.assert_allclose(reward.reshape(-1, SAMPLES).mean(axis=1), 0.0, atol=1e-5)
        sizes.add(users)
    assert sizes == {3, 4}


def test_all_at_once_with_shares_is_worth_what_the_referee_says():
    pytest.importorskip("stable_baselines3")
    from rdebench.problems import Allocation
    from rdebench.solvers.ppo.one_shot_env import SAMPLES, OneShotEnv

    problems = problems_of(count=12, demand=0.7)
    (group,) = grouped(problems)
    if len(group) != len(problems):
        problems = [problem for problem in problems if grouped([problem])]
    env, rng = OneShotEnv([group], 8 * SAMPLES, True, seed=1), np.random.default_rng(4)
    env.reset()
    scm = group.data.plan[env.instances]
    numbers = rng.normal(size=(2, env.num_envs, USERS))
    actions = np.concatenate([scm, *numbers], axis=1)
    scores = env.scores(actions)
    compared = 0
    for row, n in enumerate(env.instances):
        problem, order = problems[n], group.data.order[n]
        one = type(group)(group.shannon, grouped([problem])[0].data)
        met, power, share = one.shares(0, scm[row], numbers[0, row], numbers[1, row])
        decided = [np.empty_like(array) for array in (scm[row], power, share)]
        for to, array in zip(decided, (scm[row], power, share), strict=True):
            to[order] = array
        found = problem.evaluate(Allocation(*decided))
        assert met == found.feasible
        if not met:
            assert scores[row] <= env.worst
            continue
        ratio = float(found.rde) / InnerSolver(problem).rate_unit / group.data.bound[n]
        assert scores[row] == pytest.approx(max(ratio - 1.0, env.worst), abs=1e-9)
        compared += scores[row] > env.worst
    assert compared > 5
