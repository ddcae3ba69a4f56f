"""Certificates hold, and a tampered one does not."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from rdebench.bench.verifier import CertificateError, verify
from rdebench.problems import Scenario
from rdebench.problems.scenario import scenario_ids
from rdebench.solvers.certificate import certify

from ..instances import random_problem


def slow_if_large(name):
    """100,000 users take a minute."""
    return pytest.param(name, marks=pytest.mark.slow) if name == "scale-m100000-v1" else name


@pytest.mark.parametrize("name", [slow_if_large(name) for name in scenario_ids()])
def test_every_scenario_is_certified(name):
    for problem in Scenario.load(name).sample(4, 3):
        certificate = json.loads(json.dumps(certify(problem)))
        assert certificate["status"] in ("optimal", "infeasible")
        verify(problem, certificate)


def test_random_instances_and_bounds_that_are_too_low():
    rng = np.random.default_rng(8)
    refused = statuses = 0
    for number in range(300):
        rate = "shannon" if number % 3 else "spectral"
        problem = random_problem(
            rng, int(rng.integers(1, 7)), 3, rate, min_share=float(rng.choice([0.0, 0.4, 1.0])),
            demand=float(rng.choice([0.4, 1.0, 1.6])), snr_decades=(-6, 16) if number % 5 == 0 else (1, 6),
        )  # fmt: skip
        certificate = certify(problem)
        verify(problem, certificate)
        statuses += certificate["status"] == "infeasible"
        if certificate["status"] == "optimal" and certificate["rde"] > 0:
            low = certificate | {"bound": certificate["rde"] * (1 - 1e-7), "rde": None}
            with pytest.raises(CertificateError):
                verify(problem, low)
            with pytest.raises(CertificateError):
                verify(problem, certificate | {"status": "infeasible", "rde": None, "bound": None})
            refused += 1
    assert refused > 100
    assert statuses > 10


NOTHING = {
    "status": "infeasible",
    "rde": None,
    "bound": None,
    "scm": None,
    "power_w": None,
    "bandwidth_hz": None,
}


def tampered(certificate):
    """Copies with one thing changed, each of which must be refused."""
    for name, value in {
        "format": "rdebench-certificate/0",
        "instance": "0" * 64,
        "rde": certificate["rde"] * 1.001,
        "bound": certificate["rde"] * 0.999,
        "order": [0] * len(certificate["order"]) + [0],
        "rows": {"theta": [-1.0], "mu": [1.0]},
        "status": "splendid",
        "steps": ["magic"],
    }.items():
        yield name, certificate | {name: value}
    for theta, mu in (
        (1.0, np.inf),
        (np.inf, 1.0),
        (np.nan, 1.0),
        (1.0, np.nan),
        (1e305, 1.0),
        (1e200, 1e200),
    ):
        prices = {"theta": [theta], "mu": [mu]}
        low = {"bound": certificate["rde"] * 0.999, "rde": None, "status": "bounded"}
        yield f"prices {theta}, {mu}", certificate | low | {"rows": prices}
        yield f"prices {theta}, {mu}", certificate | NOTHING | {"rows": prices}
    for bound in (np.nan, np.inf, -1.0, None, 3 * certificate["rde"]):
        yield f"bound {bound}", certificate | {"bound": bound}
    yield "no incumbent", certificate | {"rde": None}
    without = copy.deepcopy(certificate)
    without["leaves"] = {"scm": [], "theta": [], "mu": []}
    yield "leaves", without
    greedy = copy.deepcopy(certificate)
    greedy["power_w"][0] *= 1.001
    yield "power_w", greedy


def test_tampering_is_refused():
    problem = Scenario.load("class-near-identical-v1").instance(0, 0)
    certificate = certify(problem)
    assert certificate["leaves"]["scm"]
    verify(problem, certificate)
    for name, changed in tampered(certificate):
        try:
            verify(problem, changed)
        except CertificateError:
            continue
        pytest.fail(f"a certificate with another {name} was accepted")


def test_a_certificate_of_another_instance_is_refused():
    first, second = Scenario.load("small-v1").sample(2, 0)
    with pytest.raises(CertificateError, match="another instance"):
        verify(second, certify(first))


def test_unbounded_needs_a_witness():
    problem = Scenario.load("paper-literal-m12-v1").instance(0, 0).replace(min_bandwidth=0.0)
    certificate = certify(problem)
    assert certificate["status"] == "unbounded"
    verify(problem, certificate)
    with pytest.raises(CertificateError):
        verify(problem.replace(min_bandwidth=1.0), certificate)
