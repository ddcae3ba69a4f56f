"""Figures over the SNR, the distortion curve, and the test that a card is true."""

import hashlib
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rdebench.scm_zoo.card import KNOTS_DB, CardError, Curve, find_zoo, read_card, read_zoo  # noqa: E402
from rdebench.scm_zoo.channel import transmit  # noqa: E402
from rdebench.scm_zoo.codec import Design, SemanticCodec  # noqa: E402
from rdebench.scm_zoo.datasets import DEAD_LEAVES, Images  # noqa: E402
from rdebench.scm_zoo.datasets import test_leaves as leaves  # noqa: E402
from rdebench.scm_zoo.evaluation import curve, evaluate, interpolate, sample  # noqa: E402
from rdebench.scm_zoo.export import export_model  # noqa: E402
from rdebench.scm_zoo.loss import distortion, ssim  # noqa: E402
from rdebench.scm_zoo.recipe import recipe  # noqa: E402
from rdebench.scm_zoo.verify import check_facts, check_figures  # noqa: E402
from rdebench.scm_zoo.zoo import load_codec  # noqa: E402

from ..small_zoo import IMAGES, linear_codec, write_zoo  # noqa: E402


@pytest.fixture(scope="module")
def codec():
    return linear_codec()


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    write_zoo(folder)
    return folder


def test_figures_are_means_over_images_and_draws(codec):
    images = leaves(20)
    found = evaluate(codec, images, "some", draws=3, snr_db=(10.0,), beta=0.0)
    originals, generator = images.float() / 255.0, torch.Generator().manual_seed(5)
    values, errors, similarities = [], [], []
    with torch.no_grad():
        for _ in range(30):
            sent = transmit(codec.encode(originals), torch.full((20,), 10.0), "awgn", generator)
            decoded = codec.decode(*sent)
            values.append(distortion(originals, decoded).mean())
            errors.append((originals - decoded).square().mean((1, 2, 3)))
            similarities.append(ssim(originals, decoded).mean())
    assert found.distortion[0] == pytest.approx(float(torch.stack(values).mean()), rel=0.02)
    assert found.loss == found.distortion
    assert found.mse[0] == pytest.approx(float(torch.stack(errors).mean()), rel=0.02)
    assert found.ssim[0] == pytest.approx(float(torch.stack(similarities).mean()), rel=0.01)
    assert found.psnr[0] == pytest.approx(float(-10 * torch.stack(errors).log10().mean()), abs=0.1)
    assert (found.images, found.channel_draws, found.seed) == (20, 3, 0)


def test_the_noise_of_an_image_does_not_depend_on_how_many_there_are(codec):
    images = leaves(120)
    everything = sample(codec, images, draws=2, snr_db=(0.0, 20.0))
    few, again = (sample(codec, images[:30], draws=1, snr_db=(20.0,)) for _ in range(2))
    np.testing.assert_allclose(few.mse[0, 0], everything.mse[1, 0, :30], rtol=1e-5)
    np.testing.assert_array_equal(few.mse, again.mse)
    other = sample(codec, images[:30], draws=1, snr_db=(20.0,), seed=1)
    assert np.abs(other.mse / few.mse - 1).min() > 1e-6


def test_standard_errors_tell_the_spread_over_images(codec):
    samples = sample(codec, leaves(100), draws=2, snr_db=(20.0,))
    psnr = samples.columns["psnr"][0]
    found = samples.summary("some")
    assert found.sem[0] == pytest.approx(psnr.mean(0).std(ddof=1) / 10, rel=1e-5)
    # Draws on one image are nearly alike at 20 dB: two of them tell nearly nothing more about other images.
    assert found.sem[0] == pytest.approx(psnr[0].std(ddof=1) / 10, rel=0.05)
    alone = sample(codec, leaves(1), draws=2, snr_db=(20.0,)).summary("some")
    assert alone.standard_error == [0.0]


def test_the_curve_gives_the_distortion_between_its_knots_to_one_percent(codec):
    found = evaluate(codec, leaves(60), "some", draws=2)
    fitted = curve(found)
    assert fitted.snr_db == list(KNOTS_DB)
    for snr in (5.0, 10.0):
        assert interpolate(fitted, snr) == pytest.approx(found.at("distortion", snr), rel=0.01)
    np.testing.assert_allclose(interpolate(fitted, np.array(KNOTS_DB)), fitted.distortion, rtol=1e-9)
    assert interpolate(fitted, -40.0) == pytest.approx(fitted.distortion[0])
    assert (np.diff(interpolate(fitted, np.linspace(-12, 20, 200))) <= 0).all()


@pytest.mark.parametrize("card", read_zoo(find_zoo("rdebench-lite-v1")), ids=lambda card: card.name)
def test_the_curves_of_the_shipped_zoo_hold_between_their_knots(card):
    for one in card.eval:
        for snr in (5.0, 10.0):
            assert interpolate(curve(one), snr) == pytest.approx(one.at("distortion", snr), rel=0.01)


def test_a_curve_that_rises_is_made_flat(codec):
    found = evaluate(codec, leaves(10), "some", draws=1)
    values = list(found.distortion)
    last, before = (found.snr_db.index(snr) for snr in (20.0, 16.0))
    values[last] = values[before] * 1.2
    fitted = curve(found.model_copy(update={"distortion": values}))
    assert fitted.distortion[-1] == fitted.distortion[-2] == pytest.approx(1.1 * values[before])
    with pytest.raises(ValueError, match="must not rise"):
        Curve(dataset="some", snr_db=[0.0, 1.0], distortion=[0.1, 0.2])


def test_what_is_exported_is_what_is_loaded(zoo, tmp_path):
    card = read_card(zoo / "low.json")
    loaded = load_codec(card, zoo)
    assert not loaded.training
    for name, value in linear_codec(0.0).state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value.half().float(), rtol=0, atol=0)
    write_zoo(tmp_path)
    again = read_card(tmp_path / "low.json")
    same = {"weights", "train", "rate", "eval", "curve", "arch"}
    assert card.model_dump(include=same) == again.model_dump(include=same)
    assert not list(tmp_path.glob(".*"))


def test_weights_that_float16_cannot_hold_are_refused(tmp_path):
    codec = linear_codec()
    with torch.no_grad():
        codec.link.pilot.fill_(1e6)
    with pytest.raises(CardError, match=r"link\.pilot has values that float16 cannot hold"):
        export_model(
            codec, name="large", recipe=recipe("lite", "linear-klt"), preset="lite", dataset_name="some",
            steps=0, seconds=0.0, hardware="a test", folder=tmp_path, evaluate=[],
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def claiming(card, content):
    """The card as a forger would write it for another file."""
    weights = card.weights.model_copy(
        update={"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    )
    return card.model_copy(update={"weights": weights})


def test_a_file_that_fits_its_checksum_only_is_refused(zoo, tmp_path):
    card = read_card(zoo / "low.json")
    path = tmp_path / card.weights.file
    for content, message in (
        (pickle.dumps({"a": 1}), "not a file of safetensors"),
        (b"", "not a file of safeten"),
    ):
        path.write_bytes(content)
        with pytest.raises(CardError, match=message):
            load_codec(claiming(card, content), tmp_path)
    wide = card.model_copy(update={"arch": card.arch.model_copy(update={"latent": 16})})
    with pytest.raises(CardError, match="do not fit"):
        load_codec(wide, zoo)
    for family in ("AlexNet", "ResNet"):
        other = card.model_copy(
            update={"arch": card.arch.model_copy(update={"family": family, "width": 1e6})}
        )
        with pytest.raises(CardError, match="do not fit"):
            load_codec(other, zoo)


def test_loading_a_network_restores_its_counters(tmp_path):
    codec = SemanticCodec(Design("MobileNet", 0.1, "lite", 8, linear_skip=False))
    codec.train()
    with torch.no_grad():
        codec.encode(torch.rand(8, 3, 32, 32))
    card = export_model(
        codec, name="tiny", recipe=recipe("smoke", "MobileNet"), preset="smoke", dataset_name="some",
        steps=1, seconds=0.1, hardware="a test", folder=tmp_path,
        evaluate=[_leaves(10)],
    )  # fmt: skip
    loaded = load_codec(card, tmp_path)
    images = torch.rand(4, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(loaded.encode(images), codec.eval().encode(images), rtol=0.02, atol=0.02)
    assert check_facts(card, tmp_path) == []


def _leaves(count):
    return Images(DEAD_LEAVES, torch.empty(0), leaves(count))


def test_a_true_card_holds(zoo):
    card = read_card(zoo / "low.json")
    assert check_facts(card, zoo) == []
    checks = check_figures(card, zoo, DEAD_LEAVES, leaves(IMAGES))
    assert len(checks) == 5 * 4
    assert all(check.holds for check in checks)
    assert all(check.holds for check in check_figures(card, zoo, DEAD_LEAVES, leaves(30)))


def test_swapped_weights_are_found_by_their_figures(zoo, tmp_path):
    low, high = (read_card(zoo / f"{name}.json") for name in ("low", "high"))
    content = (zoo / high.weights.file).read_bytes()
    (tmp_path / low.weights.file).write_bytes(content)
    with pytest.raises(CardError, match="not opened"):
        check_facts(low, tmp_path)
    forged = claiming(low, content)
    assert check_facts(forged, tmp_path) == []
    checks = check_figures(forged, tmp_path, DEAD_LEAVES, leaves(IMAGES))
    assert sum(not check.holds for check in checks) > 10


def test_a_figure_that_is_a_little_too_good_is_found(zoo):
    card = read_card(zoo / "low.json")
    [honest] = card.eval
    better = honest.model_copy(update={"psnr": [value + 0.3 for value in honest.psnr]})
    checks = check_figures(card.model_copy(update={"eval": [better]}), zoo, DEAD_LEAVES, leaves(IMAGES))
    assert {check.figure for check in checks if not check.holds} == {"psnr"}
    wrong = card.model_copy(update={"cost": card.cost.model_copy(update={"params": 1})})
    assert "params is 1 on the card" in check_facts(wrong, zoo)[0]
    curve_too_low = card.curve.model_copy(
        update={"distortion": [0.9 * value for value in card.curve.distortion]}
    )
    assert "curve" in check_facts(card.model_copy(update={"curve": curve_too_low}), zoo)[0]


def test_three_standard_errors_are_seldom_passed_even_with_other_noise(zoo):
    card = read_card(zoo / "low.json")
    [honest] = card.eval
    checks = [
        check
        for seed in range(1, 9)
        for check in check_figures(
            card.model_copy(update={"eval": [honest.model_copy(update={"seed": seed})]}),
            zoo, DEAD_LEAVES, leaves(IMAGES),
        )
    ]  # fmt: skip
    differences = np.array([(check.found - check.card) / check.standard_error for check in checks])
    assert 0.6 < np.sqrt((differences**2).mean()) < 1.4
