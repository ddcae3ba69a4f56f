"""The classical reference: its budgets, what counts as header, and the shipped figures."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("PIL")

from PIL import Image, __version__, features

from rdebench.scm_zoo import still_image
from rdebench.scm_zoo.datasets import test_leaves as leaves
from rdebench.scm_zoo.separate_coding import (
    CHECKED,
    capacity_bits,
    reference_path,
    send_still,
    separate_coding,
)
from rdebench.scm_zoo.still_image import Still, best_codec, decode, jpeg_payload, webp_payload

PIXELS = leaves(1)[0].numpy()
IMAGE = Image.fromarray(PIXELS.transpose(1, 2, 0))


def test_an_ideal_code_carries_the_capacity():
    assert capacity_bits(256, 0.0) == 256
    assert capacity_bits(512, 10.0) == pytest.approx(512 * np.log2(11))


@pytest.mark.parametrize(
    ("kind", "options", "payload"),
    [
        ("JPEG", {"subsampling": "4:2:0"}, jpeg_payload),
        ("WEBP", {"method": 6}, webp_payload),
        ("AVIF", {"subsampling": "4:2:0", "max_threads": 1}, still_image.avif_payload),
    ],
)
def test_headers_are_what_does_not_depend_on_the_picture(kind, options, payload):
    if kind != "JPEG" and not features.check(kind.lower()):
        pytest.skip(f"this Pillow has no {kind}")
    encode = still_image._saver(kind, **options)
    black = Image.new("RGB", (32, 32))
    files = [encode(image, quality) for image in (IMAGE, black) for quality in (10, 60)]
    headers = [len(file) - payload(file) for file in files]
    assert max(headers) - min(headers) <= 4  # padding to even lengths, and lengths of lengths
    assert min(headers) > 20
    assert payload(files[0]) < payload(files[1])


def test_more_bits_never_hurt_and_none_give_the_mean_colour():
    _, ways = best_codec()
    budgets = [0.0, 400.0, 1500.0, 6000.0]
    arrived = send_still(PIXELS, budgets, ways)
    errors = [np.square(image.astype(float) - PIXELS).mean() for image in arrived]
    assert errors == sorted(errors, reverse=True)
    assert (arrived[0] == PIXELS.mean((1, 2), keepdims=True).round()).all()
    assert errors[3] < 0.1 * errors[0]


def test_the_largest_file_that_fits_is_sent():
    sizes = {quality: 10 + quality for quality in range(101)}
    asked = []

    def encode(image, quality):
        asked.append(quality)
        return still_image._saver("JPEG")(image, quality)

    way = Still("counted", encode, lambda content: sizes[asked[-1]])
    send_still(PIXELS, [8 * 52.0], [way])
    assert 42 in asked
    assert len(asked) <= 8
    assert decode(encode(IMAGE, 50)).shape == (3, 32, 32)


def test_the_shipped_reference_comes_out_again():
    reference = json.loads(reference_path().read_text(encoding="utf-8"))
    curves = {(one["dataset"], one["symbols"]): one for one in reference["curves"]}
    assert {dataset for dataset, _ in curves} == {"cifar10-mixed", "dead-leaves"}
    for one in curves.values():
        assert one["distortion"] == sorted(one["distortion"], reverse=True)
    if reference["codec"] != best_codec()[0]:
        pytest.skip(f"this Pillow has no {reference['codec']}")
    same = reference["versions"]["pillow"] == __version__
    for found in separate_coding(leaves(CHECKED), "dead-leaves"):
        shipped = curves["dead-leaves", found["symbols"]]
        assert found["bits"] == shipped["bits"]
        assert found["distortion"] == pytest.approx(shipped["first"]["distortion"], rel=1e-4 if same else 0.1)
