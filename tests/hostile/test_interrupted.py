"""Runs that are killed, interrupted or run out of disk: nothing finished is lost, and nothing is left behind."""

import os
import random
import resource
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from rdebench.bench import store

from ..runs import GOOD, comparable, heed, own_caches, run, wait_for, write
from .mischief import TOOLS
from .test_mischief import MARK, marked

INSTANCES = 77
"""Four cells for each solver."""

SLOW = GOOD.replace("good", "slow").replace("budget.spend(7)", "time.sleep(0.02)")

HOLD = """
class Hold(Solver):
    "Holds the interpreter, and has left daemons."
    name = "hold"
    def solve(self, problem, *, rng, budget):
        if problem.users == 3:
            daemon()
            open({marker!r}, "w").close()
            ctypes.PyDLL(None).sleep(600)
        return equal(problem)
"""


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with own_caches(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("plugin") / "plugin.py", SLOW)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, slow: Path) -> pd.DataFrame:
    rows, _ = run(
        tmp_path_factory.mktemp("undisturbed"), ["average"], [slow], instances=INSTANCES, time_limit=60.0
    )
    return rows


@contextmanager
def started(folder: Path, solvers: str, plugin: Path, mark: str, **options: Any) -> Iterator[Any]:
    """``rdebench run`` in a process of its own, all of whose processes bear a mark."""
    words = ["run", "--suite", "small-v1", "--instances", str(INSTANCES), "--solvers", solvers]
    words += ["--plugin", str(plugin), "--out", str(folder), "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rdebench.bench.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {MARK: mark},
        preexec_fn=options.pop("preexec_fn", heed),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def cells(folder: Path) -> set[str]:
    """Keys of the finished cells, each of which there is once and whole."""
    listing = store.list_cells(folder)
    assert all(len(names) == 1 for names in listing.values()), "a cell is there twice"
    assert all(store.read_cell(folder, key, listing) is not None for key in listing), "a cell is half-written"
    return set(listing)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_outlives_a_run_that_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    marker, mark = tmp_path / "holding", uuid.uuid4().hex
    plugin = write(tmp_path / "plugin.py", TOOLS, HOLD.format(marker=str(marker)))
    with started(tmp_path / "results", "average,hold", plugin, mark) as process:
        wait_for(marker.exists, 60.0)
        assert len(marked(mark)) >= 4  # the run, a guard, the worker, a daemon
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        assert "Traceback" not in output
        if number != signal.SIGKILL:
            assert process.returncode == 130
            assert "finished cells are kept" in output
            assert marked(mark) == []
    wait_for(lambda: not marked(mark), 20.0)


def has_begun(folder: Path, process: "subprocess.Popen[str]") -> bool:
    return (folder / "manifest.json").exists() or process.poll() is not None


def killed_at_random(
    folder: Path, slow: Path, undisturbed: pd.DataFrame, times: int, chance: random.Random
) -> None:
    """Kill the run, or one of its processes, again and again; a folder that is complete is followed by a new one."""
    mark, kills, attempt = uuid.uuid4().hex, 0, 0
    while kills < times:
        here, there = folder / str(attempt), set()
        while kills < times:
            with started(here, "average,slow", slow, mark) as process:
                wait_for(partial(has_begun, here, process), 60.0)
                try:
                    process.wait(chance.uniform(0.0, 4.0))
                except subprocess.TimeoutExpired:
                    kills += 1
                    victims = [psutil.Process(process.pid)]
                    if chance.random() < 0.4:
                        victims = victims[0].children(recursive=True) or victims
                    victim = chance.choice(victims)
                    victim.kill()
                    if victim.pid != process.pid:
                        output, _ = process.communicate(timeout=120)
                        assert process.returncode == 0, output
            wait_for(lambda: not marked(mark), 20.0)
            now = cells(here)
            assert there <= now, "a finished cell was lost"
            there = now
            if len(there) == 8:
                break
        rows, display = run(here, ["average"], [slow], instances=INSTANCES, time_limit=60.0)
        assert display.there == len(there)
        assert len([task for task in display.tasks if task.kind != "reference"]) == 8 - len(there)
        assert comparable(rows) == comparable(undisturbed)
        attempt += 1


def test_kills_at_a_few_random_moments(tmp_path: Path, slow: Path, undisturbed: pd.DataFrame) -> None:
    killed_at_random(tmp_path, slow, undisturbed, 4, random.Random(6))


@pytest.mark.slow
def test_kills_at_a_hundred_random_moments(tmp_path: Path, slow: Path, undisturbed: pd.DataFrame) -> None:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"seed of the moments: {seed}")
    killed_at_random(tmp_path, slow, undisturbed, 100, random.Random(seed))


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of half a megabyte."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(words, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip("this user cannot mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def assert_ended_full(process: "subprocess.Popen[str]") -> None:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 2, output
    assert "cannot be written" in output
    assert "what is finished is kept" in output
    assert "Traceback" not in output


def assert_goes_on(folder: Path, slow: Path, undisturbed: pd.DataFrame) -> None:
    there = cells(folder)
    assert len(there) < 8
    rows, display = run(folder, ["average"], [slow], instances=INSTANCES, time_limit=60.0)
    assert display.there == len(there)
    assert len(cells(folder)) == 8
    assert comparable(rows) == comparable(undisturbed)


def test_a_full_disk_ends_the_run_in_a_sentence(
    tmp_path: Path, slow: Path, undisturbed: pd.DataFrame
) -> None:
    with small_disk(tmp_path / "disk"):
        ballast, folder = tmp_path / "disk" / "ballast", tmp_path / "disk" / "results"
        ballast.write_bytes(bytes(170 * 2**10))
        mark = uuid.uuid4().hex
        with started(folder, "average,slow", slow, mark) as process:
            assert_ended_full(process)
        assert marked(mark) == []
        ballast.unlink()
        assert_goes_on(folder, slow, undisturbed)


def test_files_that_may_not_grow_end_the_run_in_a_sentence(
    tmp_path: Path, slow: Path, undisturbed: pd.DataFrame
) -> None:
    def limited() -> None:
        heed()
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (16_000, 16_000)
        )  # less than a shard has, more than all else

    folder, mark = tmp_path / "results", uuid.uuid4().hex
    run(folder, ["average"], [], instances=INSTANCES, time_limit=60.0)
    with started(folder, "average,slow", slow, mark, preexec_fn=limited) as process:
        assert_ended_full(process)
    assert len(cells(folder)) >= 4
    assert marked(mark) == []
    assert_goes_on(folder, slow, undisturbed)
