"""Table I and the cards of measured models as they are read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rdebench.problems.card_zoo import card_table, card_zoo_names, find_card_zoo, read_cards
from rdebench.problems.scm_table import load_table, zoo_names

from ..zoo_cards import MODELS, card, write_zoo

PAYLOAD = {"LeNet": 1.0, "ResNet": 2.0, "MobileNet": 3.0, "DPN-26": 4.0}


def table(payload=PAYLOAD, power_unit="mW", distortion_per_loss=1e-4):
    return load_table("paper-table1", payload, power_unit=power_unit, distortion_per_loss=distortion_per_loss)


def test_table_one_as_printed():
    assert zoo_names() == ["paper-table1"]
    read = table(power_unit="W", distortion_per_loss=1.0)
    assert read.names == ("LeNet", "ResNet", "MobileNet", "DPN-26")
    assert read.power == pytest.approx([120, 270, 170, 305])
    assert read.latency == pytest.approx([5.1, 5.3, 5.3, 9.5])
    assert read.distortion == pytest.approx([24.65, 14.0, 24.93, 10.76])
    assert read.payload == pytest.approx([1, 2, 3, 4])


def test_the_readings_of_power_and_loss():
    assert table().power == pytest.approx([0.120, 0.270, 0.170, 0.305])
    # lambda = 10^4 brings the printed loss back
    assert table().distortion * 1e4 == pytest.approx([24.65, 14.0, 24.93, 10.76])


def test_the_payload_selects_models_and_their_order():
    read = table({"DPN-26": 5.0, "LeNet": 6.0})
    assert read.names == ("DPN-26", "LeNet")
    assert read.power == pytest.approx([0.305, 0.120])
    assert read.payload == pytest.approx([5, 6])


def test_unknown_names():
    with pytest.raises(ValueError, match="zoo is 'table2'; use one of paper-table1"):
        load_table("table2", PAYLOAD, power_unit="W", distortion_per_loss=1.0)
    with pytest.raises(ValueError, match=r"payload names \['AlexNet'\]; paper-table1 has LeNet"):
        table({"AlexNet": 1.0})
    with pytest.raises(ValueError, match="payload names no model"):
        table({})


READING = {
    "images_per_request": 10_000,
    "bits_per_real": 8.0,
    "reference_snr_db": 10.0,
    "dataset": "cifar10-mixed",
    "distortion_per_loss": 1e-4,
}


@pytest.fixture
def cards(tmp_path):
    return read_cards(write_zoo(tmp_path / "zoo"))


def test_columns_of_cards(cards):
    read = card_table(cards, ["ResNet-C16", "LeNet-C8"], **READING)
    assert read.names == ("ResNet-C16", "LeNet-C8")
    assert read.payload == pytest.approx([2 * 512 * 8 * 10_000, 2 * 256 * 8 * 10_000], rel=1e-15)
    assert read.latency == pytest.approx([3.7, 0.72])
    assert read.power == pytest.approx([0.36, 0.16])
    # lambda = 10^4 brings (11) back in thousandths, the units of Table I
    assert read.distortion * 1e4 == pytest.approx([21.5, 39.5])


def test_each_part_of_the_reading_matters(cards):
    def columns(**changes):
        read = card_table(cards, list(MODELS), **(READING | changes))
        return read.payload, read.latency, read.power, read.distortion

    payload, latency, power, distortion = columns()
    for changes, factors in (
        ({"images_per_request": 20_000}, (2, 2, 1, 1)),
        ({"bits_per_real": 4.0}, (0.5, 1, 1, 1)),
        ({"reference_snr_db": 0.0}, (1, 1, 1, 3)),
        ({"dataset": "dead-leaves"}, (1, 1, 1, 2)),
        ({"distortion_per_loss": 1e-3}, (1, 1, 1, 10)),
    ):
        found = columns(**changes)
        for before, now, factor in zip((payload, latency, power, distortion), found, factors, strict=True):
            assert now == pytest.approx(before * factor), changes


def test_a_zoo_is_found_by_name_or_path(tmp_path):
    assert find_card_zoo("paper-table1") is None
    folder = write_zoo(tmp_path / "mine")
    assert find_card_zoo(str(folder)) == folder
    assert find_card_zoo("mine", beside=tmp_path) == folder
    assert find_card_zoo("./mine", beside=tmp_path) == folder
    assert find_card_zoo("other", beside=tmp_path) is None
    assert find_card_zoo("", beside=tmp_path) is None
    with pytest.raises(ValueError, match=r"zoo is './other', but there is no folder .*other"):
        find_card_zoo("./other", beside=tmp_path)


def test_shipped_cards_are_read_and_no_model_is_free():
    assert card_zoo_names() == ["rdebench-lite-v1"]
    shipped = read_cards(find_card_zoo("rdebench-lite-v1"))
    assert set(shipped) == set(MODELS)
    read = card_table(shipped, list(shipped), **READING)
    for column in (read.power, read.latency, read.distortion, read.payload):
        assert (column > 0).all()
        assert np.isfinite(column).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"models": []}, "models names no model; the zoo has DPN-26-C16, "),
        ({"models": ["LeNet-C8", "AlexNet"]}, r"models names \['AlexNet'\]; the zoo has"),
        ({"models": ["LeNet-C8", "LeNet-C8"]}, "models names a model twice"),
        (
            {"dataset": "imagenet"},
            "dataset is 'imagenet'; LeNet-C8 was evaluated on dead-leaves, cifar10-mixed",
        ),
        ({"reference_snr_db": 7.0}, "reference_snr_db is 7; LeNet-C8 was evaluated at 0, 5, 10, 20 dB"),
    ],
)
def test_a_wrong_reading_is_refused(cards, changed, said):
    models = changed.pop("models", ["LeNet-C8"])
    with pytest.raises(ValueError, match=said):
        card_table(cards, models, **(READING | changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rate": {"symbols": 0}}, "LeNet-C8: rate.symbols is 0; it must be a number above 0"),
        ({"rate": {"symbols": True}}, "LeNet-C8: rate.symbols is True"),
        ({"rate": 512}, "LeNet-C8: rate.symbols is None"),
        ({"cost": {"latency": {"seconds": 1.0, "images": 10}}}, "LeNet-C8: cost.power.watts is None"),
        ({"cost": {"latency": {"seconds": float("nan")}}}, "LeNet-C8: cost.latency.seconds is nan"),
        ({"cost": {"latency": {"seconds": "1", "images": 10}}}, "LeNet-C8: cost.latency.seconds is '1'"),
        ({"eval": None}, "LeNet-C8 was evaluated on none"),
        (
            {"eval": [{"dataset": "cifar10-mixed", "snr_db": [10.0], "distortion": []}]},
            "LeNet-C8: eval of cifar10-mixed needs a distortion for each snr_db",
        ),
        (
            {"eval": [{"dataset": "cifar10-mixed", "snr_db": [10.0], "distortion": [-1.0]}]},
            "LeNet-C8: eval.distortion is -1.0",
        ),
    ],
)
def test_a_card_that_lacks_something_is_refused(cards, changed, said):
    with pytest.raises(ValueError, match=said):
        card_table(cards | {"LeNet-C8": card("LeNet-C8") | changed}, ["LeNet-C8"], **READING)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "LeNet-C8.json: not a JSON file"),
        ("[]", "LeNet-C8.json: schema is 'list'; a card of a zoo says 'rdebench-card/1'"),
        ('{"schema": "rdebench-card/2"}', "LeNet-C8.json: schema is 'rdebench-card/2'"),
        (json.dumps(card("LeNet-C8") | {"name": 3}), "name is 3; each card needs a name of its own"),
        (json.dumps(card("DPN-26-C8")), "name is 'DPN-26-C8'; each card needs a name of its own"),
    ],
)
def test_a_file_that_is_no_card_is_refused(tmp_path, content, said):
    folder = write_zoo(tmp_path)
    (folder / "LeNet-C8.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_cards(folder)


def test_a_folder_without_cards_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no cards \(\*\.json\)"):
        read_cards(tmp_path)
