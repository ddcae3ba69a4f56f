"""The channel as a layer: power and noise per complex symbol, fading, and gradients through it."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from rdebench.scm_zoo.architectures import FAMILIES  # noqa: E402
from rdebench.scm_zoo.channel import FADINGS, transmit, unit_power  # noqa: E402
from rdebench.scm_zoo.codec import LINEAR, Design, SemanticCodec  # noqa: E402
from rdebench.scm_zoo.dead_leaves import dead_leaves  # noqa: E402
from rdebench.scm_zoo.loss import distortion  # noqa: E402

SMALL = {"LeNet": 0.5, "MobileNet": 0.1, "ResNet": 0.1, "DPN-26": 0.1, LINEAR: 1.0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def small_codec(family, skip=True):
    torch.manual_seed(0)
    return SemanticCodec(Design(family, SMALL[family], "lite", 4, skip))


@pytest.fixture(scope="module")
def images():
    return dead_leaves(200, 5).float() / 255


@pytest.fixture(scope="module")
def linear(images):
    codec = SemanticCodec(Design(LINEAR, 1.0, "lite", 8, True))
    codec.initialise(images)
    return codec.eval()


@pytest.mark.parametrize("family", SMALL)
def test_every_image_is_sent_with_unit_average_power(family, images):
    codec = small_codec(family).eval()
    codec.initialise(images)
    with torch.no_grad():
        symbols = codec.encode(images[:20])
    assert symbols.is_complex()
    assert symbols.shape == (20, codec.design.symbols) == (20, 32 * 4)
    assert symbols.abs().square().mean(1).numpy() == pytest.approx(1.0, rel=1e-4)


def test_power_is_of_the_complex_symbol_and_a_dark_image_stays_finite():
    symbols = unit_power(torch.complex(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0]])))
    # |3|^2 and |4i|^2 average 12.5
    assert symbols[0, 0].real.item() == pytest.approx(3 / math.sqrt(12.5))
    assert symbols[0, 1].imag.item() == pytest.approx(4 / math.sqrt(12.5))
    assert unit_power(torch.zeros(1, 8, dtype=torch.complex64)).abs().sum() == 0


@pytest.mark.parametrize("snr_db", [-12.0, 0.0, 10.0, 20.0])
def test_awgn_has_the_stated_power_for_each_complex_symbol(snr_db):
    symbols = unit_power(torch.randn(400, 256, dtype=torch.complex64, generator=generator(1)))
    estimate, ratio = transmit(symbols, torch.full((400,), snr_db), "awgn", generator())
    expected = 10 ** (-snr_db / 10)
    noise = estimate * (1 + expected) - symbols  # the MMSE factor undone
    assert noise.abs().square().mean().item() == pytest.approx(expected, rel=0.01)
    assert noise.real.square().mean().item() == pytest.approx(expected / 2, rel=0.015)
    assert noise.imag.square().mean().item() == pytest.approx(expected / 2, rel=0.015)
    assert ratio.numpy() == pytest.approx(expected, rel=1e-5)


def test_rayleigh_fading_is_one_gain_an_image_of_unit_mean_power_and_the_noise_stays():
    count, snr_db = 100_000, 3.0
    noise_power = 10 ** (-snr_db / 10)
    nothing = torch.zeros(count, 2, dtype=torch.complex64)
    estimate, ratio = transmit(nothing, torch.full((count,), snr_db), "rayleigh", generator())
    strength = noise_power / ratio  # |h|^2, from what the receiver is told
    assert strength.mean().item() == pytest.approx(1.0, rel=0.01)
    # |h|^2 is exponential: half of it lies below ln 2
    assert (strength < math.log(2)).float().mean().item() == pytest.approx(0.5, rel=0.01)
    # nothing was sent, so that the estimate is h* n / (|h|^2 + E|n|^2)
    noise = estimate.abs().square() * (strength + noise_power) ** 2 / strength
    assert noise.mean().item() == pytest.approx(noise_power, rel=0.01)


def mean_distortion(codec, images, snr_db, fading, seed):
    """Mean over all images and all SNRs, one batch for each SNR."""
    noise, total = generator(seed), 0.0
    with torch.no_grad():
        for one in snr_db:
            decoded = codec(images, one.expand(len(images)), fading, noise)
            total += distortion(images, decoded).mean().item()
    return total / len(snr_db)


@pytest.mark.parametrize("snr_db", [5.0, 15.0])
def test_rayleigh_with_mmse_is_awgn_averaged_over_the_fading(linear, images, snr_db):
    """The average over |h|^2, which is exponential, by quadrature at the middle of 50 equally likely parts."""
    strengths = -torch.log(1 - (torch.arange(50) + 0.5) / 50)
    some = images[:40]
    averaged = mean_distortion(linear, some, snr_db + 10 * strengths.log10(), "awgn", seed=3)
    faded = mean_distortion(linear, some, torch.full((200,), snr_db), "rayleigh", seed=4)
    assert faded == pytest.approx(averaged, rel=0.03)


@pytest.mark.parametrize("fading", FADINGS)
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_flow_through_the_channel_to_the_first_layer(family, skip, fading, images):
    codec = small_codec(family, skip)  # not initialised: that sets the last layer of the skip variant to zero
    snr_db = torch.full((8,), 10.0)
    loss, _ = codec.training_loss(images[:8], snr_db, fading, generator(), alpha=0.8, beta=0.0)
    loss.backward()
    first = next(layer for layer in codec.backbone.encoder.modules() if isinstance(layer, torch.nn.Conv2d))
    reached = [first.weight, codec.to_latent.weight, codec.link.pilot]
    reached += [codec.linear.analyse.weight, codec.linear.synthesise.weight] if skip else []
    for parameter in reached:
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0
