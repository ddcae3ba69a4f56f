"""Training: it improves, repeats by its seed, survives kill -9 to the last bit, and never opens a pickle."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from rdebench.scm_zoo import training  # noqa: E402
from rdebench.scm_zoo.checkpoint import CheckpointError, load_tensors, save_tensors  # noqa: E402
from rdebench.scm_zoo.codec import LINEAR, Design, SemanticCodec  # noqa: E402
from rdebench.scm_zoo.dead_leaves import dead_leaves  # noqa: E402
from rdebench.scm_zoo.errors import ZooError  # noqa: E402
from rdebench.scm_zoo.loss import mse  # noqa: E402
from rdebench.scm_zoo.recipe import PRESETS, Recipe, recipe  # noqa: E402
from rdebench.scm_zoo.training import Trainer, TrainingError  # noqa: E402

LENET = Design("LeNet", 1.0, "lite", 4, linear_skip=False)
SHORT = Recipe(epochs=2, batch=16, images=160, validation=32, warm_up=2, learning_rate=2e-3)

SCRIPT = """
import hashlib, sys
from pathlib import Path
import torch
from rdebench.scm_zoo import training
from rdebench.scm_zoo.codec import Design
from rdebench.scm_zoo.dead_leaves import dead_leaves
from rdebench.scm_zoo.recipe import Recipe

torch.set_num_threads(1)
training.CHECKPOINT_SECONDS = 0.0
design = Design("ResNet", 0.1, "lite", 4, linear_skip=True)
recipe = Recipe(epochs=2, batch=16, images=160, validation=32, warm_up=2, learning_rate=2e-3)
trainer = training.Trainer(design, recipe, dead_leaves(160, 2), Path(sys.argv[1]))
print("from", trainer.step, flush=True)
for report in trainer.run():
    print(report.step, flush=True)
digest = hashlib.sha256()
for name, value in sorted(trainer.codec.state_dict().items()):
    digest.update(name.encode() + value.contiguous().numpy().tobytes())
print(digest.hexdigest(), flush=True)
"""


@pytest.fixture(autouse=True)
def one_thread():
    """As the workers have it: sums in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def leaves():
    return dead_leaves(640, 2)


def trained(design, how, images, folder):
    trainer = Trainer(design, how, images, folder)
    return trainer, list(trainer.run())


def weights(codec):
    return {name: value.clone() for name, value in codec.state_dict().items()}


def psnr(codec, images):
    codec.eval()
    with torch.no_grad():
        decoded = codec(images, torch.full((len(images),), 10.0), "awgn", torch.Generator().manual_seed(0))
    return -10 * mse(images, decoded).log10().mean().item()


def test_a_smoke_training_improves_psnr_by_3_db(leaves, tmp_path):
    images = dead_leaves(64, 1).float() / 255
    trainer = Trainer(LENET, recipe("smoke", "LeNet"), leaves, tmp_path)
    before = psnr(trainer.codec, images)
    reports = list(trainer.run())
    assert trainer.finished
    assert reports[-1].step == reports[-1].steps == trainer.steps == 64
    assert reports[-1].loss < reports[0].loss
    assert psnr(trainer.codec, images) >= before + 3.0


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(leaves, tmp_path):
    found = []
    for number, seed in enumerate([0, 0, 1]):
        trainer, _ = trained(LENET, replace(SHORT, epochs=1, seed=seed), leaves, tmp_path / str(number))
        found.append(weights(trainer.codec))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not torch.equal(found[0]["to_latent.weight"], found[2]["to_latent.weight"])


def start(folder):
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], stdout=subprocess.PIPE, text=True)


def test_after_kill_9_a_training_goes_on_to_the_weights_of_an_uninterrupted_one(tmp_path):
    whole = start(tmp_path / "whole")
    expected = whole.communicate(timeout=300)[0].split()
    killed = start(tmp_path / "killed")
    for line in killed.stdout:
        if line.strip() == "5":  # in the middle of the first epoch
            os.kill(killed.pid, signal.SIGKILL)
            break
    killed.stdout.close()
    assert killed.wait() == -signal.SIGKILL
    resumed = start(tmp_path / "killed")
    found = resumed.communicate(timeout=300)[0].split()
    assert expected[:2] == ["from", "0"]
    assert found[0] == "from"
    assert 5 <= int(found[1]) < 16
    assert found[-1] == expected[-1]
    assert len(found[-1]) == 64


def test_stopping_anywhere_changes_nothing(leaves, tmp_path):
    straight, _ = trained(LENET, SHORT, leaves, tmp_path / "straight")
    for stop in (3, 8, 13):  # a step of the first epoch, its end, and one of the second
        trainer = Trainer(LENET, SHORT, leaves, tmp_path / "stopped")
        for report in trainer.run():
            if report.step == stop:
                trainer.save()
                break
    resumed, reports = trained(LENET, SHORT, leaves, tmp_path / "stopped")
    assert reports[0].step == 14
    expected, found = weights(straight.codec), weights(resumed.codec)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_training_stops_early_and_keeps_the_best_weights(leaves, tmp_path):
    how = replace(SHORT, epochs=50, patience=2, delta=10.0)  # nothing is an improvement after the first epoch
    trainer, reports = trained(LENET, how, leaves, tmp_path)
    assert reports[-1].stopped
    assert reports[-1].step == 3 * trainer.steps_per_epoch
    assert trainer.best == min(report.validation for report in reports if report.validation is not None)
    assert all(
        torch.equal(trainer.best_weights[name], value) for name, value in weights(trainer.codec).items()
    )
    assert Trainer(LENET, how, leaves, tmp_path).finished


@pytest.mark.parametrize("preset", PRESETS)
def test_the_linear_codec_needs_no_steps_under_any_preset(preset, leaves, tmp_path):
    design = Design(LINEAR, 1.0, "lite", 8, linear_skip=True)
    how = replace(recipe(preset, LINEAR), validation=128)
    trainer, reports = trained(design, how, leaves, tmp_path)
    expected = SemanticCodec(design)
    expected.initialise(leaves.float() / 255)
    assert reports == []
    assert trainer.finished
    for name, value in weights(expected).items():
        assert torch.equal(trainer.codec.state_dict()[name], value)


def test_the_paper_preset_has_the_settings_of_the_paper():
    paper = recipe("paper", "ResNet")
    assert (paper.learning_rate, paper.patience, paper.delta, paper.clip) == (5e-4, 10, 0.001, 5.0)
    assert (paper.alpha, paper.fading) == (0.8, "rayleigh")


def test_a_checkpoint_of_another_training_is_refused(leaves, tmp_path):
    trained(LENET, replace(SHORT, epochs=1), leaves, tmp_path)
    for other, how, images in [
        (replace(LENET, latent=8), replace(SHORT, epochs=1), leaves),
        (LENET, SHORT, leaves),
        (LENET, replace(SHORT, epochs=1), leaves.flip(0)),
    ]:
        with pytest.raises(CheckpointError, match="belongs to another"):
            Trainer(other, how, images, tmp_path)


def test_too_few_images_and_lost_gradients_are_said(leaves, tmp_path, monkeypatch):
    with pytest.raises(TrainingError, match="give more than 48"):
        Trainer(LENET, SHORT, leaves[:40], tmp_path)
    trainer = Trainer(LENET, SHORT, leaves, tmp_path)
    monkeypatch.setattr(training, "_MOST_SKIPPED", 3)
    before = weights(trainer.codec)
    broken = (torch.tensor(float("nan"), requires_grad=True), torch.tensor(1.0))
    monkeypatch.setattr(
        trainer.codec, "training_loss", lambda *_: (broken[0] * trainer.codec.link.pilot, broken[1])
    )
    with pytest.raises(TrainingError, match="no finite gradient"):
        list(trainer.run())
    assert all(torch.equal(before[name], value) for name, value in weights(trainer.codec).items())


class Evil:
    """What a pickle could do when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_pickle_is_refused_and_not_opened(leaves, tmp_path):
    torch.save({"codec": Evil(tmp_path / "opened")}, tmp_path / "checkpoint.safetensors")
    with pytest.raises(CheckpointError, match="not a file of safetensors"):
        load_tensors(tmp_path / "checkpoint.safetensors")
    with pytest.raises(CheckpointError, match="not a file of safetensors"):
        Trainer(LENET, SHORT, leaves, tmp_path)
    assert not (tmp_path / "opened").exists()


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_tensors(path, {"one": torch.ones(100)}, {"step": "1"})
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    content = path.read_bytes()
    tensors, about = load_tensors(path)
    assert torch.equal(tensors["one"], torch.ones(100))
    assert about == {"step": "1"}
    for damaged in (content[:-1], b"", b"\xff" * 8 + content[8:]):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            load_tensors(path)
    with pytest.raises(CheckpointError):
        load_tensors(tmp_path / "nowhere")
    assert issubclass(CheckpointError, ZooError)


ROOMS = ("bench", "leaderboard", "problems", "scm_zoo", "solvers")
UNSAFE_MODULES = {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_in_the_package_can_open_a_pickle(room):
    for path in Path(str(resources.files(f"rdebench.{room}"))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & UNSAFE_MODULES, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in UNSAFE_MODULES, path
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = ast.unparse(node.func)
                assert called not in ("torch.load", "torch.hub.load", "pd.read_pickle"), path
                if called in ("np.load", "numpy.load"):
                    assert "allow_pickle=False" in ast.unparse(node), path
