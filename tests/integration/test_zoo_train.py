"""``rdebench zoo train``: from nothing to cards and weights, on from an interruption, and plain refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("tensorboard")

from rdebench.bench import cli
from rdebench.bench.commands import zoo_train
from rdebench.scm_zoo import errors
from rdebench.scm_zoo.card import checked_weights, read_card
from rdebench.scm_zoo.checkpoint import load_tensors


@pytest.fixture
def fails(monkeypatch, capsys):
    """Call ``rdebench zoo train`` with arguments that it refuses: one line on standard error, exit code 2."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["rdebench", "zoo", "train", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        return capsys.readouterr().err

    return call


def train(*words):
    command = [sys.executable, "-m", "rdebench.bench.cli", "zoo", "train", *map(str, words)]
    environment = {key: value for key, value in os.environ.items() if key != "RDEBENCH_DATA"}
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # also in the background
    )


def test_training_makes_a_zoo_and_is_not_done_twice(tmp_path):
    zoo = tmp_path / "zoo"
    words = ("LeNet-C2", "linear-klt-C2", "--preset", "smoke", "--device", "cpu", "--jobs", 2, "--out", zoo)
    out, err = train(*words).communicate(timeout=600)
    assert err == ""
    assert "LeNet-C2: epoch 4, validation" in out
    assert "linear-klt-C2: done" in out
    card = read_card(zoo / "LeNet-C2.json")
    checked_weights(card, zoo)
    assert (card.arch.family, card.arch.latent, card.arch.linear_skip) == ("LeNet", 2, True)
    assert (card.train.dataset, card.train.preset, card.train.steps) == ("dead-leaves", "smoke", 64)
    assert [one.dataset for one in card.eval] == ["dead-leaves"]
    assert read_card(zoo / "linear-klt-C2.json").train.steps == 0
    assert list((zoo / "LeNet-C2" / "tensorboard").glob("events.*"))
    written = (zoo / "LeNet-C2.json").read_bytes()
    out, err = train(*words).communicate(timeout=600)
    assert err == ""
    assert "LeNet-C2: done" in out
    assert (zoo / "LeNet-C2.json").read_bytes() == written


def test_an_interruption_writes_the_checkpoint_and_says_how_to_go_on(tmp_path):
    process = train("LeNet-C2", "--preset", "smoke", "--device", "cpu", "--out", tmp_path)
    for line in process.stdout:
        if "epoch 1," in line:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process gets it
            break
    out, err = process.communicate(timeout=600)
    assert process.returncode == zoo_train.INTERRUPTED
    assert "interrupted" in out
    assert "the same command goes on" in out
    assert err == ""
    _, about = load_tensors(tmp_path / "LeNet-C2" / "checkpoint.safetensors")
    assert 16 <= int(about["step"]) <= 64
    assert not (tmp_path / "LeNet-C2.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["LeNet-C8", "--all"], "not both"),
        (["--seed", 1], "give NAMES"),
        (["LeNet"], "no model 'LeNet'"),
        (["AlexNet-C8"], "families are LeNet"),
        (["LeNet-C1"], "a number from 2 to 48"),
        (["LeNet-C49"], "a number from 2 to 48"),
        (["LeNet-C08"], "a number from 2 to 48"),
        (["LeNet-C8", "--preset", "huge"], "use one of smoke, lite, full, paper"),
        (["LeNet-C8", "--device", "tpu"], "use auto, cpu or cuda"),
        (["LeNet-C8", "--data", "nowhere"], "no such folder"),
        (["LeNet-C8", "--data", "a", "--fetch-cifar10"], "one of them"),
        (["linear-klt-C8", "--plain"], "nothing else"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_one_line(fails, words, said):
    err = fails(*words)
    assert said in err
    assert err.count("\n") == 1


def test_a_card_without_its_checkpoint_is_not_overwritten(fails, tmp_path):
    (tmp_path / "LeNet-C8.json").write_text("{}")
    assert "choose another --out" in fails("LeNet-C8", "--out", tmp_path)
    assert "give --out a folder" in fails("LeNet-C8", "--out", tmp_path / "LeNet-C8.json")


def test_without_torch_the_extra_is_named(fails, monkeypatch):
    monkeypatch.setattr(errors.importlib.util, "find_spec", lambda name: None)
    assert "needs torch" in (err := fails("LeNet-C8"))
    assert "pip install 'rdebench[zoo]'" in err


def test_all_names_the_models_of_the_shipped_zoo():
    names = zoo_train._all_names()
    assert len(names) == len(set(names)) == 10
    assert {"LeNet-C8", "ResNet-C16", "DPN-26-C8", "linear-klt-C16"} <= set(names)
