"""Pictures of a zoo: they show what the models make of the named images, with the figures of those very pixels."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")
Image = pytest.importorskip("PIL.Image")

from rdebench.scm_zoo.card import read_zoo, zoo_folder  # noqa: E402
from rdebench.scm_zoo.datasets import test_leaves as leaves  # noqa: E402
from rdebench.scm_zoo.errors import ZooError  # noqa: E402
from rdebench.scm_zoo.loss import ssim  # noqa: E402
from rdebench.scm_zoo.picture_index import read_pictures  # noqa: E402
from rdebench.scm_zoo.pictures import draw_pictures, reconstructions  # noqa: E402
from rdebench.scm_zoo.zoo import load_codec  # noqa: E402

SHIPPED = zoo_folder() / "rdebench-lite-v1"
RATIOS = (0.0, 10.0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A zoo of two models with pictures of two images."""
    folder = tmp_path_factory.mktemp("zoo")
    for name in ("linear-klt-C8", "LeNet-C8"):
        for suffix in ("json", "safetensors"):
            shutil.copy(SHIPPED / f"{name}.{suffix}", folder)
    draw_pictures(folder, images=2, snr_db=RATIOS)
    return folder


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))


def test_the_originals_are_the_first_test_images(drawn):
    shown = pixels(drawn / "pictures" / "originals.webp")
    assert np.array_equal(shown, leaves(2).permute(0, 2, 3, 1).reshape(64, 32, 3).numpy())


def test_the_numbers_are_those_of_the_pixels(drawn):
    index, files = read_pictures(drawn)
    assert set(files) == {"originals.webp", "LeNet-C8.webp", "linear-klt-C8.webp"}
    originals = pixels(drawn / "pictures" / "originals.webp").astype(float) / 255
    for sheet in index.models.values():
        shown = pixels(drawn / "pictures" / sheet.file).astype(float) / 255
        assert shown.shape == (64, 64, 3)
        for image in range(2):
            rows = slice(32 * image, 32 * image + 32)
            for column in range(2):
                tile = shown[rows, 32 * column : 32 * column + 32]
                error = ((tile - originals[rows]) ** 2).mean()
                assert -10 * np.log10(error) == pytest.approx(sheet.psnr[image][column], abs=0.006)
                both = [torch.tensor(one).permute(2, 0, 1)[None].float() for one in (originals[rows], tile)]
                assert float(ssim(*both)) == pytest.approx(sheet.ssim[image][column], abs=1e-3)
            assert sheet.psnr[image][1] > sheet.psnr[image][0]


def test_pictures_are_the_same_every_time(drawn, tmp_path):
    again = shutil.copytree(drawn, tmp_path / "again", ignore=shutil.ignore_patterns("pictures"))
    draw_pictures(again, images=2, snr_db=RATIOS)
    for path in (drawn / "pictures").iterdir():
        assert path.read_bytes() == (again / "pictures" / path.name).read_bytes()


def test_an_image_meets_one_noise_whatever_is_drawn_beside_it(drawn):
    codec = load_codec(read_zoo(drawn)[0], drawn)
    both, alone = reconstructions(codec, leaves(2), RATIOS), reconstructions(codec, leaves(1), RATIOS[1:])
    assert torch.equal(both[:1, 1:], alone)


def test_damaged_weights_are_refused(drawn, tmp_path):
    folder = shutil.copytree(drawn, tmp_path / "zoo")
    (folder / "LeNet-C8.safetensors").write_bytes(b"something else")
    with pytest.raises(ZooError, match=r"LeNet-C8\.safetensors"):
        draw_pictures(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [("images", 3), ("snr_db", [0.0]), ("originals", "../card.webp"), ("schema", "other/1")],
)
def test_an_index_that_does_not_fit_is_refused(drawn, tmp_path, field, value):
    folder = shutil.copytree(drawn, tmp_path / "zoo")
    path = folder / "pictures" / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}), encoding="utf-8")
    with pytest.raises(ValueError, match="validation error"):
        read_pictures(folder)


def test_a_file_of_pictures_that_is_no_webp_is_refused(drawn, tmp_path):
    folder = shutil.copytree(drawn, tmp_path / "zoo")
    (folder / "pictures" / "LeNet-C8.webp").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match="not a lossless WebP"):
        read_pictures(folder)
    shutil.rmtree(folder / "pictures")
    assert read_pictures(folder) is None


def test_the_shipped_pictures_are_of_the_shipped_weights_and_small():
    index, files = read_pictures(SHIPPED)
    assert {name: sheet.weights_sha256 for name, sheet in index.models.items()} == {
        card.name: card.weights.sha256 for card in read_zoo(SHIPPED)
    }
    assert sum(map(len, files.values())) < 320_000
