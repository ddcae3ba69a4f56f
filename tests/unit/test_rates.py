"""Equation (3), by hand and at its edges."""

from __future__ import annotations

import numpy as np
import pytest

from rdebench.problems.rates import RATES, shannon, spectral, transmission_rate


@pytest.mark.parametrize(
    ("power", "bandwidth", "gain", "noise", "bits"),
    [
        (3.0, 1.0, 1.0, 1.0, 2.0),  # SNR 3, log2 4
        (7.0, 2.0, 2.0, 1.0, 3.0),  # SNR 14 / 2 = 7, log2 8
        (1.0, 4.0, 1.0, 0.25, 1.0),  # SNR 1 / (4 * 0.25) = 1, log2 2
        (0.0, 2.0, 1.0, 1.0, 0.0),  # no power
        (5.0, 2.0, 0.0, 1.0, 0.0),  # no channel
    ],
)
def test_by_hand(power, bandwidth, gain, noise, bits):
    assert spectral(power, bandwidth, gain, noise) == pytest.approx(bits, rel=1e-15)
    assert shannon(power, bandwidth, gain, noise) == pytest.approx(bandwidth * bits, rel=1e-15)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("power", [0.0, 3.0])
def test_no_bandwidth_carries_nothing_and_warns_of_nothing(rate, power, recwarn):
    assert transmission_rate(rate, power, 0.0, 1.0, 1.0) == 0.0
    assert not recwarn


def test_the_name_picks_the_formula():
    assert transmission_rate("shannon", 7.0, 2.0, 2.0, 1.0) == pytest.approx(6.0)
    assert transmission_rate("spectral", 7.0, 2.0, 2.0, 1.0) == pytest.approx(3.0)


def test_a_vanishing_snr_keeps_its_digits():
    # log2(1 + s) = s / ln 2 to first order; forming 1 + 1e-20 would give 0.
    assert spectral(1e-20, 1.0, 1.0, 1.0) == pytest.approx(1e-20 / np.log(2.0), rel=1e-12, abs=0.0)


def test_shannon_is_homogeneous_of_degree_one():
    once = shannon([1.0, 3.0], [2.0, 5.0], [0.3, 7.0], 0.1)
    assert shannon([10.0, 30.0], [20.0, 50.0], [0.3, 7.0], 0.1) == pytest.approx(10 * once, rel=1e-14)


def test_arguments_broadcast():
    rates = shannon(np.ones((4, 1, 3)), np.ones((2, 1)), np.ones(3), 1.0)
    assert rates.shape == (4, 2, 3)
    assert (rates == 1.0).all()
