"""What equivariant policies see of an instance: bounded, without units and names, and true of the assignments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from rdebench.problems import Scenario
from rdebench.problems.scenario import scenario_ids
from rdebench.solvers.allocation import InnerSolver
from rdebench.solvers.bounds import PricedProblem
from rdebench.solvers.ppo.description import CONTEXT_FEATURES, TOKEN_FEATURES, describe
from rdebench.solvers.ppo.instances import Group, grouped, shortlisted, validate
from rdebench.solvers.reductions import undominated

from ..instances import random_problem
from ..two_users import two_users

TABLES = ("scm_power", "scm_latency", "distortion", "payload")


def problem_of(seed, users=4, models=3, rate="shannon"):
    rng = np.random.default_rng(seed)
    return random_problem(rng, users, models, rate, min_share=0.4, demand=0.5, compute=0.5)


def all_values(problem, description):
    """Every assignment of the sorted users, and its nats over the denominator; -inf if infeasible."""
    scms = np.array(list(itertools.product(range(problem.models), repeat=problem.users)))
    in_order = np.empty_like(scms)
    in_order[:, description.order] = scms
    inner = InnerSolver(problem)
    return scms, inner.values(in_order) / inner.rate_unit


CASES = [(seed, rate) for rate in ("shannon", "spectral") for seed in range(6)]


@pytest.mark.parametrize("name", [name for name in scenario_ids() if not name.startswith("scale-m1000")])
def test_every_scenario_is_described_in_bounded_numbers(name):
    scenario = Scenario.load(name)
    for problem in scenario.sample(min(2 * len(scenario.users), 5), 1, split="train"):
        if problem.rate == "spectral":
            assert describe(problem) is None  # as printed, nothing meets the deadlines
            problem = problem.replace(payload=problem.payload / 1e3, power_budget=1e3 * problem.power_budget)
        found = describe(problem)
        if name == "class-infeasible-v1":
            assert found is None
            continue
        assert found.tokens.shape == (problem.users, problem.models, TOKEN_FEATURES)
        assert found.context.shape == (CONTEXT_FEATURES,)
        for array in (found.tokens, found.context):
            assert np.isfinite(array).all()
            assert np.abs(array).max() <= 3.0
        assert found.loss.min(axis=1).tolist() == [0.0] * problem.users
        assert (found.loss[found.allowed] >= 0.0).all()
        assert np.isfinite(found.cost[found.allowed]).all()
        assert np.isinf(found.loss[~found.allowed]).all()
        assert (found.tokens[..., 0] == found.allowed).all()
        assert (np.diff(problem.gain[found.order]) >= 0.0).all()
        assert found.optimum == 1.0


@pytest.mark.parametrize(("seed", "rate"), CASES)
def test_losses_bound_every_assignment(seed, rate):
    """No assignment is worth more than the root bound less the losses of its choices."""
    problem = problem_of(seed, rate=rate)
    found = describe(problem)
    scms, values = all_values(problem, found)
    users = np.arange(problem.users)
    denominator = found.weight[users, scms].sum(axis=1) + problem.epsilon
    favourite = found.weight[users, found.loss.argmin(axis=1)].sum() + problem.epsilon
    most = 1.0 - found.loss[users, scms].mean(axis=1) * favourite / denominator
    ratio = values / found.bound
    compared = (values > 0.0) & np.isfinite(most)
    assert compared.sum() > 3
    assert (ratio[compared] <= most[compared] + 1e-9).all()
    assert ratio.max() > 0.9


@pytest.mark.parametrize(("seed", "rate"), CASES)
def test_the_plan_and_what_changes_of_it_are_worth(seed, rate):
    problem = problem_of(seed, rate=rate)
    found = describe(problem)
    scms, values = all_values(problem, found)
    value_of = {tuple(scm): value for scm, value in zip(scms.tolist(), values, strict=True)}
    planned = value_of[tuple(found.plan.tolist())]
    assert planned > 0.0
    assert found.allowed[np.arange(problem.users), found.plan].all()
    for m, s in np.ndindex(*found.allowed.shape):
        changed = found.plan.copy()
        changed[m] = s
        exact = value_of[tuple(changed.tolist())]
        expected = problem.users * max(exact / planned - 1.0, -1.0)
        expected = np.clip(expected, -1.0, 1.0) if found.allowed[m, s] else -1.0
        assert found.change[m, s] == pytest.approx(expected, abs=1e-9)


def test_the_cheapest_share_is_the_cheapest():
    problem = problem_of(3)
    found = describe(problem)
    ordered = problem.replace(
        **{name: getattr(problem, name)[found.order] for name in (*TABLES, "gain", "max_latency")}
    )
    _, theta, _ = PricedProblem(InnerSolver(ordered), undominated(ordered)).root()
    for m, s in np.argwhere(found.allowed):
        rho, k = found.nats[m, s], found.k[m]

        def price(log_share, rho=rho, k=k):
            share = np.exp(log_share)
            return share * np.expm1(rho / share) / k + theta * share

        best = minimize_scalar(price, bounds=(np.log(max(found.floor, 1e-6)), 0.0), options={"xatol": 1e-10})
        assert found.share[m, s] == pytest.approx(np.exp(best.x), rel=1e-4)


def same(one, other, by_user=slice(None), by_model=slice(None)):
    """``other`` is the description of the same instance with its SCMs in another order."""
    for name in ("tokens", "loss", "cost", "share", "change"):
        expected = getattr(one, name)[:, by_model]
        np.testing.assert_allclose(getattr(other, name), expected, rtol=1e-5, atol=2e-5)
    np.testing.assert_allclose(other.context, one.context, rtol=1e-5, atol=2e-5)
    assert (other.allowed == one.allowed[:, by_model]).all()
    assert other.bound == pytest.approx(float(one.bound), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_names_of_users_and_scms_do_not_matter(seed):
    problem = problem_of(seed, 6, 4)
    found, rng = describe(problem), np.random.default_rng(seed)
    by_user, by_model = rng.permutation(6), rng.permutation(4)
    users = {name: getattr(problem, name)[by_user] for name in (*TABLES, "gain", "max_latency")}
    renamed = describe(problem.replace(**users))
    same(found, renamed)
    assert (by_user[renamed.order] == found.order).all()
    assert (renamed.plan == found.plan).all()
    models = {name: getattr(problem, name)[:, by_model] for name in TABLES}
    renamed = describe(problem.replace(**models))
    same(found, renamed, by_model=by_model)
    assert (by_model[renamed.plan] == found.plan).all()


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_units_do_not_matter(rate):
    problem = problem_of(5, 6, 4, rate)
    watts, hertz, loss = 1e-3, 1e6, 1e4
    rates = hertz if rate == "shannon" else 1.0
    other = problem.replace(
        scm_power=problem.scm_power * watts,
        power_budget=problem.power_budget * watts,
        bandwidth_budget=problem.bandwidth_budget * hertz,
        min_bandwidth=problem.min_bandwidth * hertz,
        noise_psd=problem.noise_psd * watts / hertz,
        payload=problem.payload * rates,
        distortion=problem.distortion / loss,
        distortion_weight=problem.distortion_weight * loss,
    )
    same(describe(problem), describe(other))


def test_what_cannot_be_chosen_has_no_description():
    problem = problem_of(0)
    assert describe(problem) is not None
    silent = problem.gain.copy()
    silent[1] = 0.0
    assert describe(problem.replace(gain=silent)) is None
    hopeless = problem.scm_latency.copy()
    hopeless[2] = 2.0 * problem.max_latency[2]
    assert describe(problem.replace(scm_latency=hopeless)) is None
    assert describe(problem.replace(power_budget=1e-6)) is None
    assert describe(problem.replace(min_bandwidth=0.3)) is None  # four users would need 1.2 bands
    assert describe(problem.replace(rate="spectral", min_bandwidth=0.0)) is None


def test_forbidden_and_dominated_choices_are_not_allowed():
    problem = two_users(scm_latency=[[1.0, 11.0], [3.0, 4.0]])  # the first user's second SCM is too late
    found = describe(problem)
    assert found.order.tolist() == [0, 1]
    assert found.allowed.tolist() == [[True, False], [True, True]]
    assert found.plan[0] == 0


@pytest.mark.parametrize(("seed", "rate"), CASES[::2])
def test_ratios_and_improvements_against_exhaustive_search(seed, rate):
    problem = problem_of(seed, rate=rate)
    (group,) = grouped([problem, problem_of(seed + 50, rate=rate)])
    found = describe(problem)
    scms, values = all_values(problem, found)
    rows = np.zeros(len(scms), dtype=np.int64)
    ratios = group.ratios(rows, scms)
    np.testing.assert_allclose(ratios, values / found.bound, rtol=1e-9)
    improved, better = group.improved(rows, scms, sweeps=20)
    value_of = {tuple(scm): ratio for scm, ratio in zip(scms.tolist(), ratios, strict=True)}
    assert (better >= ratios).all()
    for scm, ratio in zip(improved.tolist(), better, strict=True):
        assert ratio == value_of[tuple(scm)]
        for m, s in np.argwhere(found.allowed):  # no change of one user is better
            assert value_of[(*scm[:m], s, *scm[m + 1 :])] <= ratio * (1.0 + 1e-9) or ratio == -np.inf
    assert better.max() == pytest.approx(ratios.max(), rel=1e-12)
    assert (better > ratios).any()
    second = group.ratios(np.ones(len(scms), dtype=np.int64), scms)
    assert not np.allclose(second, ratios)


def test_instances_of_a_shape_are_together_and_a_proof_is_the_optimum():
    problems = [problem_of(0), problem_of(1, 5), problem_of(2), problem_of(3, rate="spectral")]
    groups = grouped(problems, prove_seconds=10.0)
    assert [(g.shannon, g.users, len(g)) for g in groups] == [(True, 4, 2), (True, 5, 1), (False, 4, 1)]
    _, values = all_values(problems[0], describe(problems[0]))
    first = groups[0].data
    assert first.optimum[0] * first.bound[0] == pytest.approx(values.max(), rel=1e-6)


def test_the_gap_of_answers_and_what_infeasible_ones_count():
    groups = grouped([problem_of(0), problem_of(1)], prove_seconds=10.0)
    optimum = groups[0].data.optimum
    assert validate(groups, lambda group: optimum) == (0.0, 0.0)
    gap, infeasible = validate(groups, lambda group: np.array([0.9 * optimum[0], -np.inf]))
    assert gap == pytest.approx(0.55)
    assert infeasible == 0.5


def test_a_shortlist_keeps_the_plan_and_what_loses_least():
    (group,) = grouped([problem_of(seed, 3, 6) for seed in range(5)])
    short = shortlisted(group, 3)
    data, kept = group.data, short.data
    assert short.models == 3
    assert shortlisted(short, 3) is short
    for n in range(5):
        for m in range(3):
            rest = np.delete(data.loss[n, m], data.plan[n, m])
            expected = {float(data.loss[n, m, data.plan[n, m]]), *np.sort(rest)[:2].tolist()}
            assert set(kept.loss[n, m].tolist()) == expected
    rows = np.arange(5)
    assert isinstance(short, Group)
    np.testing.assert_array_equal(short.ratios(rows, kept.plan), group.ratios(rows, data.plan))
