"""What a solver does outside its process and the results folder: to its guard, and to what this user keeps."""

import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from rdebench.bench import cli

from ..runs import GOOD, comparable, mischievous, own_caches, run, write

ORPHAN = """
import pathlib
def leave_an_orphan(file):
    child = os.fork()
    if child == 0:
        os.setsid()
        orphan = os.fork()
        if orphan:
            pathlib.Path(file).write_text(str(orphan))
            os._exit(0)
        os.execve("/bin/sleep", ["sleep", "600"], {{}})
    os.waitpid(child, 0)
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
"""

FORGED = """
import pathlib
from rdebench.bench import reference
from rdebench.problems import Scenario
for index in range(5):
    problem = Scenario.load("small-v1").instance(index, 1)
    name = problem.content_hash()
    claims = {claims}
    known = dict(instance=name, status="bounded", bound=1.0, rde=None, steps=[]) | claims
    file = reference.file_of(reference.user_folder(), name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(reference.encode(known))
"""


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with own_caches(tmp_path_factory.mktemp("cache")):
        yield


@pytest.mark.skipif(not os.path.exists("/bin/sleep"), reason="needs /bin/sleep")
def test_an_orphan_without_our_mark_ends_although_the_guard_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "orphan"
    villain = write(
        tmp_path / "villain.py", ORPHAN, mischievous("villain", f"leave_an_orphan({str(file)!r})")
    )
    rows, _ = run(tmp_path / "results", ["average"], [villain])
    assert rows.set_index(["solver", "instance"]).loc[("villain", 1), "status"] == "error"
    assert not psutil.pid_exists(int(file.read_text()))


@pytest.mark.parametrize("claims", ['{"bound": 1e99}', '{"status": "infeasible"}', "{}"])
def test_a_proof_that_a_plugin_forged_is_not_believed(tmp_path: Path, claims: str) -> None:
    good = write(tmp_path / "good.py", GOOD)
    with own_caches(tmp_path / "clean"):
        honest, _ = run(tmp_path / "honest", ["average"], [good])
    villain = write(tmp_path / "villain.py", FORGED.format(claims=claims), GOOD)
    rows, _ = run(tmp_path / "results", ["average"], [villain])
    same = rows["solver_hash"].where(rows["solver"] != "good", "")  # another file defines it
    assert comparable(rows.assign(solver_hash=same)) == comparable(honest.assign(solver_hash=same))


def test_what_a_solver_says_does_not_reach_the_terminal_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = r"raise ValueError('\x1b[2J\x1b]0;mine\x07 said')"
    plugin = write(tmp_path / "plugin.py", mischievous("loud", body))
    words = ["run", "--suite", "small-v1", "--instances", "2", "--solvers", "loud", "--plugin", str(plugin)]
    monkeypatch.setattr("sys.argv", ["rdebench", *words, "--out", str(tmp_path / "results"), "--jobs", "1"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "?[2J?]0;mine? said" in printed
    assert "\x1b" not in printed
