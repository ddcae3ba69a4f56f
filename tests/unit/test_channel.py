"""Path loss by hand; positions and fading have the distributions that they claim."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rdebench.problems.channel import rayleigh_amplitude, uniform_in_cell, urban_macro_path_loss


def test_path_loss_by_hand():
    # 37.6 dB a decade around 128.1 dB at one kilometre
    assert urban_macro_path_loss(np.array([100.0, 1000.0, 10_000.0])) == pytest.approx([90.5, 128.1, 165.7])


def test_positions_fill_the_ring_evenly():
    distance = uniform_in_cell(np.random.default_rng(1), 20_000, 35.0, 250.0)
    assert distance.min() >= 35.0
    assert distance.max() <= 250.0
    area = (distance**2 - 35.0**2) / (250.0**2 - 35.0**2)
    assert stats.kstest(area, "uniform").pvalue > 0.01


@pytest.mark.parametrize("scale", [0.2, 2**-0.5])
def test_fading_is_rayleigh(scale):
    amplitude = rayleigh_amplitude(np.random.default_rng(2), 20_000, scale)
    assert stats.kstest(amplitude, "rayleigh", (0, scale)).pvalue > 0.01
    assert (amplitude**2).mean() == pytest.approx(2 * scale**2, rel=0.03)


def test_the_generator_decides():
    first, second = (rayleigh_amplitude(np.random.default_rng(7), 5, 1.0) for _ in range(2))
    assert (first == second).all()
