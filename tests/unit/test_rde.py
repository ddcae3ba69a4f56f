"""Equations (4)-(7f) by hand, the tolerance, and what the constructor and the scorer refuse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rdebench.problems import RDEProblem

from ..two_users import by_hand, two_users

INSIDE, OUTSIDE = 0.9e-9, 1.1e-9


def violations(problem, **changes):
    return problem.evaluate(by_hand(**changes)).violations


def test_shannon_by_hand():
    found = two_users().evaluate(by_hand())
    assert found.rate == pytest.approx([2.0, 6.0])  # 1 Hz * log2 4, 2 Hz * log2 8
    assert found.latency == pytest.approx([5.0, 6.0])  # (4): 1 + 8 / 2, 4 + 12 / 6
    assert found.distortion == pytest.approx([0.5, 0.25])
    assert found.rde == pytest.approx(4.0)  # (6): (2 + 6) / (2 * 0.75 + 0.5)
    assert found.total_power == pytest.approx(12.5)  # (7b): 1 + 1.5 + 3 + 7
    assert found.total_bandwidth == pytest.approx(3.0)  # (7c)
    assert found.feasible


def test_spectral_by_hand():
    found = two_users(rate="spectral").evaluate(by_hand())
    assert found.rate == pytest.approx([2.0, 3.0])
    assert found.latency == pytest.approx([5.0, 8.0])  # 1 + 8 / 2, 4 + 12 / 3
    assert found.rde == pytest.approx(2.5)  # (2 + 3) / 2


def test_least_rates_by_hand():
    # x / (T - tau): 8 / 9, 4 / 8 and 6 / 7, 12 / 6
    assert two_users().min_rate == pytest.approx(np.array([[8 / 9, 0.5], [6 / 7, 2.0]]))


def test_violations_by_hand():
    problem = two_users(power_budget=10.0, bandwidth_budget=2.0, min_bandwidth=1.25, max_latency=[10.0, 5.0])
    found = violations(problem)
    assert found.power == pytest.approx(0.25)  # 12.5 / 10 - 1
    assert found.bandwidth == pytest.approx(0.5)  # 3 / 2 - 1
    assert found.min_bandwidth == pytest.approx(0.2)  # 1 - 1 / 1.25
    assert found.latency == pytest.approx(1.0)  # R = 12 / (5 - 4) = 12 against r = 6
    assert found.sign == 0.0
    assert not found.feasible


@pytest.mark.parametrize(("excess", "allowed"), [(INSIDE, True), (OUTSIDE, False)])
@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("power", lambda excess: {"power_budget": 12.5 / (1 + excess)}),
        ("bandwidth", lambda excess: {"bandwidth_budget": 3.0 / (1 + excess)}),
        ("min_bandwidth", lambda excess: {"min_bandwidth": 1.0 / (1 - excess)}),
        ("latency", lambda excess: {"max_latency": [10.0, 4.0 + 2.0 / (1 + excess)]}),
    ],
)
def test_one_tolerance(constraint, change, excess, allowed):
    found = violations(two_users(**change(excess)))
    assert getattr(found, constraint) == pytest.approx(excess, rel=1e-3)
    assert bool(found.feasible) is allowed


def test_a_negative_power_however_small_violates():
    problem = two_users(payload=np.zeros((2, 2)))
    assert problem.evaluate(by_hand(power=np.array([0.0, 7.0]))).feasible
    found = violations(problem, power=np.array([-1e-300, 7.0]))
    assert found.sign > 0
    assert not found.feasible


def test_a_negative_bandwidth_violates():
    found = violations(two_users(min_bandwidth=0.0), bandwidth=np.array([1.0, -1e-300]))
    assert found.sign > 0
    assert not found.feasible


def test_a_model_slower_than_the_deadline_is_forbidden():
    problem = two_users(max_latency=[10.0, 3.5], payload=[[8.0, 4.0], [6.0, 0.0]])
    assert np.isinf(problem.min_rate[1, 1])
    assert np.isinf(violations(problem).latency)


def test_a_model_as_slow_as_the_deadline_must_send_nothing():
    sends = two_users(max_latency=[10.0, 4.0])
    assert np.isinf(sends.min_rate[1, 1])
    assert np.isinf(violations(sends).latency)
    silent = two_users(max_latency=[10.0, 4.0], payload=[[8.0, 4.0], [6.0, 0.0]])
    assert silent.min_rate[1, 1] == 0.0
    assert silent.evaluate(by_hand()).feasible
    assert silent.evaluate(by_hand(power=np.array([3.0, 0.0]))).feasible


@pytest.mark.parametrize("rate", ["shannon", "spectral"])
def test_no_bandwidth_is_an_infinite_latency(rate):
    found = two_users(rate=rate, min_bandwidth=0.0).evaluate(by_hand(bandwidth=np.array([0.0, 2.0])))
    assert found.rate[0] == 0.0
    assert np.isinf(found.latency[0])
    assert np.isinf(found.violations.latency)
    assert found.rde == pytest.approx((6.0 if rate == "shannon" else 3.0) / 2.0)


def test_no_bandwidth_is_allowed_under_shannon_only():
    no_payload = np.zeros((2, 2))
    idle = by_hand(bandwidth=np.array([0.0, 2.0]))
    assert two_users(min_bandwidth=0.0, payload=no_payload).evaluate(idle).feasible
    found = two_users(rate="spectral", min_bandwidth=0.0, payload=no_payload).evaluate(idle)
    assert found.violations.min_bandwidth == 1.0
    assert not found.feasible


def test_leading_axes_are_a_batch():
    problem, rng = two_users(), np.random.default_rng(3)
    many = by_hand(
        scm=rng.integers(2, size=(2, 3, 2)),
        power=rng.uniform(0, 9, (2, 3, 2)),
        bandwidth=rng.uniform(0, 3, (2, 3, 2)),
    )
    batch = problem.evaluate(many)
    assert batch.rde.shape == batch.feasible.shape == batch.violations.latency.shape == (2, 3)
    assert batch.latency.shape == (2, 3, 2)
    for index in np.ndindex(2, 3):
        one = problem.evaluate(
            by_hand(scm=many.scm[index], power=many.power[index], bandwidth=many.bandwidth[index])
        )
        assert one.rde == batch.rde[index]
        assert one.feasible == batch.feasible[index]


def test_arrays_are_copied_and_read_only():
    gain = np.array([1.0, 2.0])
    problem = two_users(gain=gain)
    gain[0] = 9.0
    assert problem.gain[0] == 1.0
    for name in ("scm_power", "scm_latency", "distortion", "payload", "gain", "max_latency", "min_rate"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(problem, name)[0] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.power_budget = 1.0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("rate", "bits", "shannon, spectral"),
        ("scm_names", (), "at least one name"),
        ("scm_names", ("small", "small"), "each of them once"),
        ("scm_power", [[1.0, 2.0]], r"has shape \[1, 2\]; it must be \[2, 2\]"),
        ("scm_latency", [[1.0, 2.0], [3.0]], "not an array of numbers"),
        ("distortion", [[-0.5, 0.1], [0.1, 0.1]], "holds -0.5"),
        ("distortion", None, "not finite|not an array|has shape"),
        ("payload", [["many", 1.0], [1.0, 1.0]], "not an array of numbers"),
        ("gain", [1.0, np.nan], "not finite"),
        ("gain", [], "M >= 1"),
        ("gain", 1.0, "one number per user"),
        ("max_latency", [np.inf, 1.0], "not finite"),
        ("power_budget", 0.0, "a finite number > 0"),
        ("power_budget", "3 W", "must be a number"),
        ("bandwidth_budget", -1.0, "a finite number > 0"),
        ("min_bandwidth", -1.0, "a finite number >= 0"),
        ("noise_psd", -174.0, "linear units, not decibels"),
        ("distortion_weight", np.nan, "a finite number >= 0"),
        ("epsilon", np.inf, "a finite number >= 0"),
    ],
)
def test_the_constructor_names_the_field(field, value, said):
    with pytest.raises(ValueError, match=rf"^{field} .*({said})"):
        two_users(**{field: value})


def test_the_denominator_must_be_positive():
    with pytest.raises(ValueError, match=r"^distortion .* raise epsilon"):
        two_users(distortion_weight=0.0, epsilon=0.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scm": np.array([0.0, 1.0])}, "scm has type float64"),
        ({"scm": np.array([True, False])}, "scm has type bool"),
        ({"scm": np.array([0, 2])}, "scm has indices from 0 to 2; use 0 to 1"),
        ({"scm": np.array([-1, 1])}, "scm has indices from -1"),
        ({"scm": np.array([0, 1, 1])}, "the last axis must be the 2 users"),
        ({"scm": np.array(0)}, "the last axis must be the 2 users"),
        ({"power": np.array([1.0])}, r"power has shape \(1,\); it must be \(2,\)"),
        ({"power": np.array([1.0, np.nan])}, "power holds a value that is not finite"),
        ({"power": np.array([1.0, 1j])}, "power has type complex128"),
        ({"bandwidth": np.array([1.0, np.inf])}, "bandwidth holds a value that is not finite"),
        ({"bandwidth": np.array(["1", "2"])}, "bandwidth has type"),
    ],
)
def test_the_scorer_says_what_is_wrong(changes, said):
    with pytest.raises(ValueError, match=said):
        two_users().evaluate(by_hand(**changes))


def test_the_hash_follows_every_field():
    problem = two_users()
    assert problem.content_hash() == two_users().content_hash()
    changes = {
        "rate": "spectral",
        "scm_names": ("a", "b"),
        **{
            name: getattr(problem, name) * 1.5
            for name in (field.name for field in dataclasses.fields(RDEProblem))
            if name not in ("rate", "scm_names")
        },
    }
    hashes = {problem.replace(**{name: value}).content_hash() for name, value in changes.items()}
    assert len(hashes | {problem.content_hash()}) == len(changes) + 1
