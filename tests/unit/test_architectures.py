"""Every architecture: shapes, the mirrored decoder, and what the multiplier and the variants do."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from rdebench.scm_zoo.architectures import FAMILIES, VARIANTS  # noqa: E402
from rdebench.scm_zoo.codec import LINEAR, Design, SemanticCodec  # noqa: E402

NETWORKS = [(family, variant) for family in FAMILIES for variant in VARIANTS]


def backbone(family, variant, width=0.1):
    torch.manual_seed(0)
    return FAMILIES[family](width, variant).eval()


def sides(module, given):
    """Sides of the inputs of all convolutions, in the order in which they run."""
    found = []
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0].shape[-1]))
    with torch.no_grad():
        return module(given), found


@pytest.mark.parametrize(("family", "variant"), NETWORKS)
@pytest.mark.parametrize("latent", [2, 8, 16])
def test_shapes(family, variant, latent):
    torch.manual_seed(0)
    codec = SemanticCodec(Design(family, 0.1, variant, latent, linear_skip=True)).eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        mean, log_variance = codec.head(images)
        decoded = codec(images, torch.full((2,), 10.0), "rayleigh", torch.Generator().manual_seed(0))
    assert mean.shape == log_variance.shape == (2, latent, 8, 8)
    assert decoded.shape == images.shape
    assert decoded.isfinite().all()
    assert decoded.min() >= 0
    assert decoded.max() <= 1


@pytest.mark.parametrize(("family", "variant"), NETWORKS)
def test_the_decoder_mirrors_the_encoder(family, variant):
    network = backbone(family, variant)
    features, down = sides(network.encoder, torch.rand(1, 3, 32, 32))
    assert features.shape == (1, network.features, 8, 8)
    images, up = sides(network.decoder, features)
    assert images.shape == (1, 3, 32, 32)
    assert (down[0], up[-1]) == (32, 32)
    assert {*down, 8} == {*up, 8}
    layers = [len(list(half.parameters())) for half in (network.encoder, network.decoder)]
    assert layers[0] == pytest.approx(layers[1], rel=0.15)


@pytest.mark.parametrize(("family", "variant"), NETWORKS)
def test_the_width_multiplies_channels(family, variant):
    narrow, wide = (backbone(family, variant, width) for width in (0.25, 0.5))
    count = [sum(parameter.numel() for parameter in network.parameters()) for network in (narrow, wide)]
    assert 1.8 < count[1] / count[0] < 4.5


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"LeNet"}))
def test_lite_is_smaller_than_full(family):
    count = [
        sum(one.numel() for one in backbone(family, variant).parameters()) for variant in ("lite", "full")
    ]
    assert count[0] < count[1]


def test_an_initialised_codec_begins_at_the_linear_floor():
    images = torch.rand(64, 3, 1, 1).expand(-1, -1, 32, 32) * 0.5 + 0.5 * torch.rand(64, 3, 32, 32)
    torch.manual_seed(0)
    codecs = [SemanticCodec(Design(family, 1.0, "lite", 8, True)).eval() for family in ("LeNet", LINEAR)]
    decoded = []
    for codec in codecs:
        codec.initialise(images)
        with torch.no_grad():
            decoded.append(codec(images, torch.full((64,), 10.0), "awgn", torch.Generator().manual_seed(0)))
    errors = [(images - one).square().mean().item() for one in decoded]
    assert errors[0] == pytest.approx(errors[1], rel=0.1)


def test_unknown_designs_are_refused():
    with pytest.raises(ValueError, match="use one of LeNet"):
        Design("AlexNet", 1.0, "lite", 8, True)
    with pytest.raises(ValueError, match="nothing else"):
        Design(LINEAR, 1.0, "lite", 8, False)
