"""The loss: values worked by hand, SSIM beside another implementation, and full precision where it matters."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from rdebench.scm_zoo.codec import LINEAR, Design, SemanticCodec  # noqa: E402
from rdebench.scm_zoo.dead_leaves import dead_leaves  # noqa: E402
from rdebench.scm_zoo.loss import distortion, kl, mse, ssim  # noqa: E402


@pytest.fixture(scope="module")
def pair():
    image = dead_leaves(8, 4).float() / 255
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    strength = torch.linspace(0.0, 0.3, 8).reshape(-1, 1, 1, 1)
    return image, (image + strength * noise).clamp(0, 1)


def test_mse_by_hand():
    image, decoded = torch.zeros(2, 3, 32, 32), torch.zeros(2, 3, 32, 32)
    decoded[1, 0] = 0.6  # one of three colours off by 0.6: 0.36 / 3
    assert mse(image, decoded).tolist() == pytest.approx([0.0, 0.12])


def test_kl_by_hand():
    mean, log_variance = torch.zeros(3, 16, 8, 8), torch.zeros(3, 16, 8, 8)
    mean[1] = 2.0
    log_variance[2] = 1.0
    # for each of 1,024 latents: 0; 2^2 / 2 = 2; (e - 1 - 1) / 2 = 0.359141; each times 1024 / 3072 and beta
    expected = [0.0, 2.0 / 3 * 1e-4, 0.3591409 / 3 * 1e-4]
    assert kl(mean, log_variance, values=3072).tolist() == pytest.approx(expected, rel=1e-5)
    assert kl(mean, log_variance, values=3072, beta=0.0).tolist() == [0.0, 0.0, 0.0]


def test_distortion_by_hand():
    image, decoded = torch.full((1, 3, 32, 32), 0.5), torch.full((1, 3, 32, 32), 0.7)
    # flat images: SSIM is its luminance term, (2 0.35 + 1e-4) / (0.25 + 0.49 + 1e-4) = 0.945953
    assert ssim(image, decoded).item() == pytest.approx(0.7001 / 0.7401, abs=2e-4)  # in single precision
    # 0.8 x 0.04 + 0.2 x (1 - 0.945953)
    assert distortion(image, decoded).item() == pytest.approx(0.032 + 0.2 * 0.04 / 0.7401, abs=5e-5)
    assert distortion(image, decoded, alpha=1.0).item() == pytest.approx(0.04)
    assert distortion(image, image).item() == pytest.approx(0.0, abs=1e-6)


def test_ssim_is_that_of_scikit_image(pair):
    metrics = pytest.importorskip("skimage.metrics")
    found = ssim(*pair)
    for number, (image, decoded) in enumerate(zip(*pair, strict=True)):
        expected = metrics.structural_similarity(
            image.double().numpy(),
            decoded.double().numpy(),
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        assert found[number].item() == pytest.approx(expected, abs=1e-5)


def test_ssim_is_symmetric_and_at_most_one(pair):
    assert ssim(*pair).numpy() == pytest.approx(ssim(*pair[::-1]).numpy(), abs=1e-6)
    assert ssim(*pair).max() <= 1 + 1e-6
    assert ssim(*pair)[0].item() == pytest.approx(1.0, abs=1e-6)


def test_the_loss_keeps_full_precision_under_autocast(pair):
    """Variances are differences of nearly equal numbers: bfloat16 leaves nothing of them."""
    expected = distortion(*pair)
    with torch.autocast("cpu", torch.bfloat16):
        found = distortion(*pair)
    assert found.dtype == torch.float32
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-4)


def test_the_linear_codec_keeps_full_precision_under_autocast():
    images = dead_leaves(64, 4).float() / 255
    codec = SemanticCodec(Design(LINEAR, 1.0, "lite", 8, True))
    codec.initialise(images)
    found = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            generator = torch.Generator().manual_seed(0)
            loss, error = codec.training_loss(images, torch.full((64,), 10.0), "awgn", generator, 0.8, 1e-4)
        found.append((loss.item(), error.item()))
    assert found[0] == pytest.approx(found[1], abs=1e-4)
