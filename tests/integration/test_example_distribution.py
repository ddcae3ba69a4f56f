"""The example of a distribution: built, installed by pip, found by its entry point, checked and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "rdebench-example-solver"


def done(command, folder, **environment):
    """The standard output of a command that ends well."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the example, built from a copy and offline."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "source")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder,
        folder / "source",
    ]
    done(command, folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def rdebench(wheel, tmp_path_factory):
    """The command of this environment, with the example installed beside it."""
    target, folder = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("work")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        target,
    ]
    done([*command, wheel], folder)
    program = Path(sys.executable).parent / "rdebench"
    return lambda *words: done([program, *words], folder, PYTHONPATH=str(target))


def test_the_wheel_holds_its_module_and_nothing_of_ours(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"rdebench_example_solver", "rdebench_example_solver-0.1.0.dist-info"}


def test_it_is_found_checked_and_run(rdebench):
    listed = json.loads(rdebench("list", "solvers", "--json"))
    assert "frugal" in [solver["name"] for solver in listed]
    (checked,) = json.loads(rdebench("check-solver", "frugal", "--json"))["solvers"]
    assert {check["status"] for check in checked["checks"]} == {"passed", "skipped"}
    run = rdebench(
        "run", "--suite", "small-v1", "--instances", "2", "--solvers", "frugal,average", "--out", "out"
    )
    assert "frugal" in run


def test_without_it_nobody_knows_its_solver():
    from rdebench.solvers import solver_names

    assert "frugal" not in solver_names()
