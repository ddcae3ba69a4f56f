"""What must hold for every problem: batches, relabelling, units, instance files."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rdebench.problems import Allocation, RDEProblem, instance

from ..instances import random_problem

FLOATS = st.floats(min_value=0, max_value=1e12, allow_nan=False, allow_subnormal=True)


@st.composite
def problems(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return random_problem(
        rng,
        draw(st.integers(1, 6)),
        draw(st.integers(1, 4)),
        draw(st.sampled_from(["shannon", "spectral"])),
        min_share=draw(st.sampled_from([0.05, 0.5])),
        demand=draw(st.sampled_from([0.0, 0.3, 1.5])),
    )


def allocations(problem, seed, count=5):
    """Random allocations of every kind: around the budgets, with zeros, with forbidden models."""
    rng = np.random.default_rng(seed)
    shape = (count, problem.users)
    power, bandwidth = (rng.dirichlet(np.ones(problem.users), count) * rng.uniform(0.3, 1.2) for _ in "pB")
    power[rng.random(shape) < 0.1] = 0.0
    bandwidth[rng.random(shape) < 0.1] = 0.0
    return Allocation(rng.integers(problem.models, size=shape), power, bandwidth)


def assert_same(found, expected, rel=1e-12):
    """Equal evaluations up to rounding; where every violation is zero it stays zero up to rounding."""
    for name in ("rde", "latency", "distortion"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=rel)
    for field in dataclasses.fields(found.violations):
        name = field.name
        np.testing.assert_allclose(
            getattr(found.violations, name), getattr(expected.violations, name), rtol=rel, atol=1e-12
        )


@given(problems(), st.integers(0, 2**32))
def test_a_batch_equals_a_loop(problem, seed):
    many = allocations(problem, seed)
    batch = problem.evaluate(many)
    for i in range(len(many.scm)):
        one = problem.evaluate(Allocation(many.scm[i], many.power[i], many.bandwidth[i]))
        assert one.rde == batch.rde[i]
        assert (one.latency == batch.latency[i]).all()
        assert one.feasible == batch.feasible[i]
        for field in dataclasses.fields(one.violations):
            assert getattr(one.violations, field.name) == getattr(batch.violations, field.name)[i]


@given(problems(), st.integers(0, 2**32))
def test_the_order_of_users_is_arbitrary(problem, seed):
    order = np.random.default_rng(seed).permutation(problem.users)
    per_user = ("scm_power", "scm_latency", "distortion", "payload", "gain", "max_latency")
    relabelled = problem.replace(**{name: getattr(problem, name)[order] for name in per_user})
    many = allocations(problem, seed)
    moved = Allocation(many.scm[:, order], many.power[:, order], many.bandwidth[:, order])
    found, expected = relabelled.evaluate(moved), problem.evaluate(many)
    np.testing.assert_allclose(found.rde, expected.rde, rtol=1e-12)
    np.testing.assert_array_equal(found.latency, expected.latency[:, order])
    np.testing.assert_allclose(found.violations.power, expected.violations.power, rtol=1e-9, atol=1e-12)


@given(problems(), st.integers(0, 2**32))
def test_the_order_of_models_is_arbitrary(problem, seed):
    order = np.random.default_rng(seed).permutation(problem.models)
    tables = ("scm_power", "scm_latency", "distortion", "payload")
    relabelled = problem.replace(
        scm_names=[problem.scm_names[s] for s in order],
        **{name: getattr(problem, name)[:, order] for name in tables},
    )
    many = allocations(problem, seed)
    moved = Allocation(np.argsort(order)[many.scm], many.power, many.bandwidth)
    assert_same(relabelled.evaluate(moved), problem.evaluate(many), rel=0)


@given(problems(), st.integers(0, 2**32), st.floats(-9, 9), st.floats(-9, 9))
def test_units_are_arbitrary(problem, seed, log_power, log_bandwidth):
    """In other units of power and of bandwidth only a Shannon rate changes, by the unit of bandwidth."""
    watt, hertz = 10.0**log_power, 10.0**log_bandwidth
    bit = hertz if problem.rate == "shannon" else 1.0
    scaled = problem.replace(
        scm_power=problem.scm_power * watt,
        power_budget=problem.power_budget * watt,
        bandwidth_budget=problem.bandwidth_budget * hertz,
        min_bandwidth=problem.min_bandwidth * hertz,
        noise_psd=problem.noise_psd * watt / hertz,
        payload=problem.payload * bit,
    )
    many = allocations(problem, seed)
    found = scaled.evaluate(Allocation(many.scm, many.power * watt, many.bandwidth * hertz))
    expected = problem.evaluate(many)
    assert_same(dataclasses.replace(found, rde=found.rde / bit), expected, rel=1e-9)


@given(problems(), st.integers(0, 2**32))
def test_more_distortion_is_worth_less(problem, seed):
    many = allocations(problem, seed)
    worse = problem.replace(distortion=problem.distortion * 1.5).evaluate(many)
    assert (worse.rde <= problem.evaluate(many).rde).all()


@given(
    st.lists(FLOATS, min_size=4, max_size=4),
    st.lists(FLOATS, min_size=2, max_size=2),
    st.floats(1e-6, 1e30),
    st.text(min_size=1, max_size=5),
)
@settings(max_examples=200)
def test_an_instance_file_keeps_every_bit(table, vector, budget, name):
    pairs = np.reshape(table, (2, 2))
    problem = RDEProblem(
        rate="shannon",
        scm_names=(name, name + "'"),
        scm_power=pairs,
        scm_latency=pairs[::-1],
        distortion=pairs.T,
        payload=pairs * 3.0,
        gain=np.array(vector) * 1e-12,
        max_latency=vector,
        power_budget=1.0 + budget / 1e30,
        bandwidth_budget=budget,
        min_bandwidth=vector[0],
        noise_psd=1.0 / 3.0,
        distortion_weight=vector[1],
        epsilon=0.1,
    )
    again = instance.from_json(instance.to_json(problem))
    assert again.content_hash() == problem.content_hash()
