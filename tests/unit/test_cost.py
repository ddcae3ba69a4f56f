"""Counts against hand counts; and that a power is called measured only if it was."""

import itertools

import pytest

pytest.importorskip("torch")

from rdebench.scm_zoo import cost
from rdebench.scm_zoo.codec import Design, SemanticCodec


@pytest.fixture
def lenet(monkeypatch, tmp_path):
    monkeypatch.setattr(cost, "_SECONDS", 0.1)
    monkeypatch.setattr(cost, "_RAPL", tmp_path)
    return SemanticCodec(Design("LeNet", 1.0, "lite", 16, linear_skip=True))


def test_counts_agree_with_a_count_by_hand(lenet):
    encode, total, activations, weights = cost.count(lenet)
    first, second = 32 * 32 * 6 * 3 * 25, 16 * 16 * 16 * 6 * 25
    head, linear = 64 * 16 * 32, 16 * 192 * 64
    assert encode == first + second + head + linear
    decoder = 16 * 16 * 6 * 16 * 25 + 32 * 32 * 3 * 6 * 25 + 64 * 17 * 16 + linear
    assert total - encode == decoder
    assert activations == 4 * (32 * 32 * 6 + 16 * 16 * 16 + 64 * 32 + 16 * 64)
    assert weights == 4 * (6 * 75 + 6 + 16 * 150 + 16 + 32 * 16 + 32 + 64 * 192 + 64)


def test_an_estimated_power_says_so_and_follows_from_the_counts(lenet):
    found = cost.measure(lenet)
    encode, _, activations, weights = cost.count(lenet)
    joule = 4.6e-12 * encode + 160e-12 * (activations + weights / cost.BATCH)
    assert found.power.source == "estimated"
    assert "Horowitz" in found.power.method
    assert found.power.watts * found.latency.seconds / found.latency.images == pytest.approx(joule, rel=0.01)
    assert (found.latency.images, found.latency.batch, found.latency.source) == (64, 64, "measured")
    assert found.latency.device.endswith(", 1 core")
    assert found.params == sum(parameter.numel() for parameter in lenet.parameters())


def test_a_counter_of_energy_makes_it_measured(lenet, monkeypatch):
    readings = itertools.count()
    monkeypatch.setattr(cost, "_rapl_joule", lambda: lambda: float(next(readings)))
    power = cost.measure(lenet).power
    assert power.source == "measured"
    assert "RAPL" in power.method
    assert power.watts == pytest.approx(10, rel=0.5)


def test_a_counter_that_stands_still_measures_nothing(lenet, tmp_path):
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "energy_uj").write_text("1000000\n")
    counter = cost._rapl_joule()
    assert counter is not None
    assert counter() == pytest.approx(1.0)
    assert cost.measure(lenet).power.source == "estimated"
    (package / "energy_uj").write_text("nonsense")
    assert cost._rapl_joule() is None
