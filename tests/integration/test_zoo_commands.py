"""``rdebench zoo list | show | measure | verify``: what they print, and how they end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from rdebench.bench import cli
from rdebench.scm_zoo import cost

from ..small_zoo import write_zoo


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    write_zoo(folder)
    return folder


@pytest.fixture
def zoo(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    for path in made.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def rdebench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rdebench", "zoo", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return (code if isinstance(code, int) else int(code is not None), *capsys.readouterr())

    return call


def test_the_list_names_the_shipped_zoos(rdebench: Any) -> None:
    code, out, _ = rdebench("list")
    assert code == 0
    for word in ("rdebench-lite-v1", "DPN-26-C16", "linear-klt-C8", "1/12", "paper-table1", "as published"):
        assert word in out
    assert out.count("estimated") + out.count("measured") == 10
    code, out, _ = rdebench("list", "--json")
    zoos = json.loads(out)
    assert set(zoos) == {"rdebench-lite-v1", "paper-table1"}
    assert {row["symbols"] for row in zoos["rdebench-lite-v1"]} == {256, 512}


def test_the_list_and_the_cards_do_without_torch() -> None:
    code = (
        "import contextlib, sys\nfrom rdebench.bench.cli import app\n"
        "for words in (['zoo', 'list'], ['zoo', 'show', 'LeNet-C16']):\n"
        "    with contextlib.suppress(SystemExit): app(words)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_a_card_is_shown_in_words(rdebench: Any) -> None:
    code, out, _ = rdebench("show", "LeNet-C16")
    assert code == 0
    for word in ("512 complex symbols", "1/6", "cifar10-mixed", "dead-leaves", "multiply-adds", "SHA-256"):
        assert word in out
    code, out, _ = rdebench("show", "LeNet-C16", "--json")
    assert json.loads(out)["schema"] == "rdebench-card/1"


def test_measuring_sets_this_machine_beside_the_card(
    rdebench: Any, zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "_SECONDS", 0.1)
    code, out, _ = rdebench("measure", "low", "--zoo", zoo)
    assert code == 0
    assert "here" in out
    assert "card" in out
    assert "estimated power: " in out or "measured power: " in out
    code, out, _ = rdebench("measure", "--zoo", zoo, "--json")
    found = json.loads(out)
    assert set(found) == {"low", "high"}
    assert found["low"]["here"]["macs_encode"] == found["low"]["card"]["macs_encode"]


def test_a_true_zoo_holds(rdebench: Any, zoo: Path) -> None:
    code, out, err = rdebench("verify", "--zoo", zoo)
    assert code == 0, err
    assert "2 cards, 40 figures measured again on at most 60 images of dead-leaves; everything holds" in out
    code, out, _ = rdebench("verify", "low", "--zoo", zoo, "--images", 20, "--json")
    assert code == 0
    assert json.loads(out)["models"][0]["holds"] is True


def test_a_damaged_or_swapped_file_is_refused_unopened(rdebench: Any, zoo: Path) -> None:
    (zoo / "low.safetensors").write_bytes((zoo / "high.safetensors").read_bytes())
    damaged = bytearray((zoo / "high.safetensors").read_bytes())
    damaged[1000] ^= 255
    (zoo / "high.safetensors").write_bytes(damaged)
    code, out, _ = rdebench("verify", "--zoo", zoo)
    assert code == 1
    assert out.count("it was not opened") == 2
    assert "2 of 2 cards do not hold" in out


def test_a_figure_that_is_wrong_is_named(rdebench: Any, zoo: Path) -> None:
    card = json.loads((zoo / "low.json").read_text())
    place = card["eval"][0]["snr_db"].index(10.0)
    card["eval"][0]["psnr"][place] += 1.0
    (zoo / "low.json").write_text(json.dumps(card))
    code, out, _ = rdebench("verify", "--zoo", zoo)
    assert code == 1
    assert "psnr at 10 dB" in out
    assert "high: holds" in out
    assert "1 of 2 cards do not hold" in out


@pytest.mark.parametrize(
    ("section", "field", "factor", "fault"),
    [
        ("eval", "distortion", 0.2, "distortion is not (11) of its mse and ssim"),
        ("eval", "loss", 1.5, "loss and distortion differ"),
        ("eval", "psnr", 0.5, "psnr does not fit mse"),
        ("power", "watts", 0.1, "power is"),
    ],
)
def test_figures_that_contradict_each_other_are_named_without_measuring(
    rdebench: Any, zoo: Path, section: str, field: str, factor: float, fault: str
) -> None:
    card = json.loads((zoo / "low.json").read_text())
    if section == "eval":
        # At an SNR that is not measured again: only the other columns can tell.
        place = card["eval"][0]["snr_db"].index(8.0)
        card["eval"][0][field][place] *= factor
        if field == "distortion":
            card["curve"]["distortion"] = sorted(card["eval"][0]["distortion"], reverse=True)[:9]
    else:
        card["cost"]["power"][field] *= factor
    (zoo / "low.json").write_text(json.dumps(card))
    code, out, _ = rdebench("verify", "low", "--zoo", zoo)
    assert code == 1
    assert fault in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "LeNet-16"), "did you mean 'LeNet-C16'?"),
        (("verify", "--zoo", "rdebench-light"), "use"),
        (("verify", "LeNet-C16", "--data", "nowhere"), "no such folder"),
        (("verify", "--images", "1"), "'--images'"),
        (("list", "--zoo", "/proc"), "no cards"),
    ],
)
def test_wrong_usage_is_told_in_plain_words(rdebench: Any, words: tuple[str, ...], message: str) -> None:
    code, _, err = rdebench(*words)
    assert code == 2
    assert message in err or "one of rdebench-lite-v1" in err
    assert "Traceback" not in err
