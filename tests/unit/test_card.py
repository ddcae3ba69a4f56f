"""Cards: what is read, what is refused, and that no weights are opened before they were checked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rdebench.scm_zoo.card import (
    CardError,
    checked_weights,
    choose,
    find_zoo,
    read_card,
    read_zoo,
    zoo_folder,
)

SHIPPED = zoo_folder() / "rdebench-lite-v1"


@pytest.fixture
def card(tmp_path: Path) -> dict:
    return json.loads((SHIPPED / "LeNet-C16.json").read_text(encoding="utf-8"))


def written(folder: Path, card: dict) -> Path:
    path = folder / "LeNet-C16.json"
    path.write_text(json.dumps(card), encoding="utf-8")
    return path


def test_the_shipped_zoo_is_whole():
    cards = read_zoo(SHIPPED)
    families = ("LeNet", "MobileNet", "ResNet", "DPN-26", "linear-klt")
    assert {card.name for card in cards} == {
        f"{family}-C{latent}" for family in families for latent in (8, 16)
    }
    assert [card.rate.symbols for card in cards] == [256] * 5 + [512] * 5
    for card in cards:
        checked_weights(card, SHIPPED)
        assert {one.dataset for one in card.eval} == {"cifar10-mixed", "dead-leaves"}
        assert card.curve.dataset == "cifar10-mixed"
        assert read_card(SHIPPED / f"{card.name}.json").dump() == card.dump()


def test_cards_are_read_without_torch():
    code = "import sys, rdebench.scm_zoo.card; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema": "rdebench-card/9"}, "schema"),
        ({"surprise": 1}, "surprise"),
        ({"eval": []}, "eval"),
        ({"weights.file": "../LeNet.safetensors"}, "weights.file"),
        ({"weights.file": "LeNet.pt"}, "weights.file"),
        ({"weights.sha256": "00"}, "weights.sha256"),
        ({"cost.power.source": "guessed"}, "cost.power.source"),
        ({"cost.latency.seconds": 0.0}, "cost.latency.seconds"),
        ({"rate.symbols": 513}, "32 symbols"),
        ({"rate.k_over_n": 0.5}, "k_over_n"),
        ({"curve.dataset": "others"}, "data set"),
        ({"curve.distortion": [0.1] * 8 + [0.2]}, "curve"),
        ({"eval.0.psnr": [1.0]}, "every column"),
        ({"eval.0.mse.0": -1.0}, "mse"),
        ({"name": "ResNet-C16"}, "must be called"),
    ],
)
def test_a_wrong_card_is_refused_with_the_field(tmp_path, card, change, field):
    [(place, value)] = change.items()
    *parents, last = place.split(".")
    at = card
    for parent in parents:
        at = at[int(parent) if isinstance(at, list) else parent]
    at[int(last) if isinstance(at, list) else last] = value
    with pytest.raises(CardError, match=field):
        read_card(written(tmp_path, card))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": NaN}'])
def test_what_is_no_card_is_refused(tmp_path, text):
    path = tmp_path / "LeNet-C16.json"
    path.write_text(text)
    with pytest.raises(CardError):
        read_card(path)


def test_weights_are_checked_before_anything_else(tmp_path, card):
    one = read_card(written(tmp_path, card))
    path = tmp_path / one.weights.file
    with pytest.raises(CardError, match="needs it"):
        checked_weights(one, tmp_path)
    content = bytearray((SHIPPED / one.weights.file).read_bytes())
    path.write_bytes(content)
    assert checked_weights(one, tmp_path) == content
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CardError, match=r"SHA-256.*not opened"):
        checked_weights(one, tmp_path)
    path.write_bytes(content[:-1])
    with pytest.raises(CardError, match=r"bytes.*not opened"):
        checked_weights(one, tmp_path)


def test_zoos_and_models_are_found_by_name(tmp_path):
    assert find_zoo("rdebench-lite-v1") == SHIPPED
    assert find_zoo(str(tmp_path)) == tmp_path
    with pytest.raises(CardError, match="rdebench-lite-v1"):
        find_zoo("rdebench-light")
    cards = read_zoo(SHIPPED)
    assert choose(cards, []) == cards
    assert [card.name for card in choose(cards, ["ResNet-C8"])] == ["ResNet-C8"]
    with pytest.raises(CardError, match="did you mean 'ResNet-C8'"):
        choose(cards, ["resNet-C8"])
    with pytest.raises(CardError, match="no cards"):
        read_zoo(tmp_path)


def test_figures_are_looked_up_by_set_and_snr():
    card = read_card(SHIPPED / "LeNet-C16.json")
    one = card.evaluation("dead-leaves")
    assert one.at("psnr", 10.0) == one.psnr[one.snr_db.index(10.0)]
    with pytest.raises(CardError, match="no figure at 11 dB"):
        one.at("psnr", 11.0)
    with pytest.raises(CardError, match="it has them on"):
        card.evaluation("imagenet")
