"""On a CUDA GPU: trainings repeat, go on after kill -9 and an interruption, and leave what a CPU can use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import platformdirs
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sb3_contrib")

from rdebench.problems import Allocation  # noqa: E402
from rdebench.scm_zoo import cost  # noqa: E402
from rdebench.scm_zoo.codec import Design, SemanticCodec  # noqa: E402
from rdebench.scm_zoo.dead_leaves import dead_leaves  # noqa: E402
from rdebench.scm_zoo.recipe import Recipe  # noqa: E402
from rdebench.scm_zoo.training import Trainer  # noqa: E402
from rdebench.solvers import Budget, make_solver  # noqa: E402

from ..tiny import few_instances, tiny  # noqa: E402

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU here")

KERNELS = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")

ZOO = """
import hashlib, sys
from pathlib import Path
from rdebench.scm_zoo import training
from rdebench.scm_zoo.codec import Design
from rdebench.scm_zoo.dead_leaves import dead_leaves
from rdebench.scm_zoo.recipe import Recipe

training.CHECKPOINT_SECONDS = 0.0
design = Design("ResNet", 0.25, "lite", 4, linear_skip=True)
recipe = Recipe(epochs=2, batch=16, images=160, validation=32, warm_up=2, learning_rate=2e-3)
trainer = training.Trainer(design, recipe, dead_leaves(160, 2), Path(sys.argv[1]), "cuda")
print("from", trainer.step, flush=True)
for report in trainer.run():
    print(report.step, flush=True)
digest = hashlib.sha256()
for name, value in sorted(trainer.codec.state_dict().items()):
    digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
print(digest.hexdigest(), flush=True)
"""


def start(folder):
    return subprocess.Popen([sys.executable, "-c", ZOO, str(folder)], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow  # compiling takes a minute or two
def test_a_codec_repeats_and_goes_on_after_kill_9_to_the_same_weights(tmp_path):
    whole, again = start(tmp_path / "whole"), start(tmp_path / "again")
    expected, repeated = (one.communicate(timeout=600)[0].split() for one in (whole, again))
    assert expected[:2] == ["from", "0"]
    assert len(expected[-1]) == 64
    assert repeated[-1] == expected[-1]
    killed = start(tmp_path / "killed")
    for line in killed.stdout:
        if line.strip() == "5":  # in the middle of the first epoch
            os.kill(killed.pid, signal.SIGKILL)
            break
    killed.stdout.close()
    assert killed.wait() == -signal.SIGKILL
    found = start(tmp_path / "killed").communicate(timeout=600)[0].split()
    assert 5 <= int(found[1]) < 16
    assert found[-1] == expected[-1]


@pytest.mark.slow  # compiling takes a minute or two
def test_every_family_trains_in_half_precision_and_agrees_with_the_cpu(tmp_path):
    short = Recipe(epochs=1, batch=16, images=96, validation=32, warm_up=2, learning_rate=2e-3)
    images, snr_db = dead_leaves(32, 1).float() / 255.0, torch.full((32,), 10.0)
    for family in ("LeNet", "ResNet", "MobileNet", "DPN-26"):
        design = Design(family, 0.25, "lite", 4, linear_skip=True)
        trainer = Trainer(design, short, dead_leaves(96, 2), tmp_path / family, "cuda")
        reports = list(trainer.run())
        assert reports[-1].step == reports[-1].steps == 4
        here = SemanticCodec(design)
        here.load_state_dict({name: value.cpu() for name, value in trainer.codec.state_dict().items()})
        here.eval()
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            there = trainer.codec.encode(images.cuda()).cpu()
            symbols = here.encode(images)
        assert float((there - symbols).abs().max()) < 1e-3 * float(symbols.abs().max()), family
        with torch.no_grad():
            decoded = trainer.codec(
                images.cuda(), snr_db.cuda(), "awgn", torch.Generator("cuda").manual_seed(0)
            )
        assert bool(decoded.isfinite().all()), family


def test_the_power_of_a_gpu_is_its_energy_counter_or_estimated(monkeypatch):
    monkeypatch.setattr(cost, "_SECONDS", 0.5)
    codec = SemanticCodec(Design("ResNet", 1.0, "lite", 16, linear_skip=True)).cuda()
    found = cost.measure(codec)
    assert found.latency.device == torch.cuda.get_device_name()
    assert found.latency.source == "measured"
    if cost._nvml_joule(torch.device("cuda", 0)) is None:
        assert found.power.source == "estimated"
    else:
        assert found.power.source == "measured"
        assert "NVML" in found.power.method
        assert 10.0 < found.power.watts < 2_000.0
    assert found.macs_encode == cost.measure(codec.cpu()).macs_encode


@pytest.mark.slow  # compiling takes a minute or two
def test_commands_train_a_codec_and_a_policy_on_the_gpu(tmp_path):
    places = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "RDEBENCH_POLICIES": str(tmp_path / "policies")}
    places["NUMBA_CACHE_DIR"] = KERNELS

    def rdebench(*words):
        command = [sys.executable, "-m", "rdebench.bench.cli", *map(str, words), "--device", "cuda"]
        done = subprocess.run(
            command, env=os.environ | places, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    rdebench("zoo", "train", "LeNet-C2", "--preset", "smoke", "--out", tmp_path / "zoo")
    card = json.loads((tmp_path / "zoo" / "LeNet-C2.json").read_text())
    assert card["train"]["hardware"] == torch.cuda.get_device_name()
    (found,) = json.loads(rdebench("train", "ppo", "--scenario", "paper-m6-v1", "--steps", 5_000, "--json"))
    about = json.loads((tmp_path / "policies" / found["policy"] / "policy.json").read_text())
    assert about["machine"].endswith(torch.cuda.get_device_name())


@pytest.fixture
def small(monkeypatch, tmp_path_factory):
    """Few instances, and caches that are not the user's."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", KERNELS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("described")))
    few_instances(monkeypatch)


class Stop(Exception):
    """Stands for an interruption."""


def trained(name, steps, folder=None, stop_at=None):
    """A learner trained on the GPU; interrupted at a report, if it is to be."""
    reports = []

    def report(point):
        reports.append(point)
        if len(reports) == stop_at:
            raise Stop

    learner, budget = make_solver(name), Budget(evaluations=steps)
    learner.train([tiny()], seed=0, budget=budget, device="cuda", folder=folder, report=report)
    return learner


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "name", ["ppo-hybrid", "ppo-hybrid+exact", "ppo-maskable", "amortized", "ppo", "ppo-paper"]
)
def test_a_policy_trained_on_the_gpu_answers_on_the_cpu_as_before(small, tmp_path, name):
    learner = trained(name, 4_000)
    learner.save(tmp_path)
    again = make_solver(name)
    again.load(tmp_path)
    assert equal({k: value.cpu() for k, value in learner.tensors().items()}, again.tensors())
    for problem in tiny().sample(5, 6):
        answers = [s.solve(problem, rng=np.random.default_rng(3), budget=Budget()) for s in (learner, again)]
        one, two = (problem.evaluate(Allocation(a.scm, a.power, a.bandwidth)) for a in answers)
        np.testing.assert_array_equal(answers[0].scm, answers[1].scm)
        np.testing.assert_allclose(one.rde, two.rde, rtol=1e-5)


@pytest.mark.parametrize("name", ["ppo-hybrid", "ppo-hybrid+exact", "ppo-maskable"])
def test_a_policy_repeats_and_goes_on_to_the_same_weights(small, tmp_path, name):
    from rdebench.solvers.ppo import sb3_training

    whole = trained(name, 12_000).tensors()
    assert equal(trained(name, 12_000).tensors(), whole)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sb3_training, "REPORT_SECONDS", -1.0)
        with pytest.raises(Stop):
            trained(name, 12_000, tmp_path, stop_at=3)
    assert equal(trained(name, 12_000, tmp_path).tensors(), whole)
