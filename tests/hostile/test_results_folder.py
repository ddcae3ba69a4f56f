"""A solver that writes into the results folder is noticed and named, and what it damaged is put right."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from rdebench.bench import cli, manifest, store
from rdebench.bench.ledger import Ledger

from ..runs import GOOD, comparable, own_caches, run, write

VILLAIN = """
import json, pathlib
HERE = pathlib.Path({folder!r})

def shard(solver):
    import pyarrow.parquet
    for path in sorted((HERE / "cells").glob("*.parquet")):
        if pyarrow.parquet.read_table(path)["solver"][0].as_py() == solver:
            return path

class Villain(Solver):
    "Something else on each number of users."
    name = "villain"
    def solve(self, problem, *, rng, budget):
        if problem.users == 2:
            (HERE / "page.html").write_text("mine")
        if problem.users == 3:
            path = shard("average")
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            before = path.stat()
            path.write_bytes(data)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if problem.users == 4:
            shard("random").unlink()
        if problem.users == 5:
            path = HERE / "manifest.json"
            path.write_text(path.read_text().replace("average", "Average"))
        if problem.users == 6:
            path = sorted((HERE / "references").iterdir())[0]
            path.write_text(path.read_text().replace("optimal", "unknown"))
            (HERE / "cells" / "elsewhere").symlink_to("/etc")
            (HERE / "cells" / ("0" * 64 + "." + "0" * 16 + ".parquet")).write_bytes(b"mine")
        return equal(problem)
"""

AT_IMPORT = """
import pathlib
if pathlib.Path({folder!r}).is_dir():
    (pathlib.Path({folder!r}) / "cells" / "mine.parquet").write_bytes(b"mine")
"""


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with own_caches(tmp_path_factory.mktemp("cache")):
        yield


def test_a_solver_that_writes_there_is_named_and_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    good = write(tmp_path / "good.py", GOOD)
    quiet, _ = run(tmp_path / "quiet", ["average", "random"], [good])
    before, _ = run(folder, ["average", "random"], [])
    villain = write(tmp_path / "villain.py", VILLAIN.format(folder=str(folder)))
    rows, display = run(folder, ["average", "random"], [good, villain], jobs=1)
    told = "\n".join(display.warnings)
    names = r"cells/\w+\.\w+\.parquet, manifest\.json, references/\w+\.json"
    for sentence in (
        rf"{names} were changed by somebody else, and put back as they were; while it ran: villain",
        r"cells/\w+\.\w+\.parquet was removed by somebody else, and put back as it was; while it ran: villain",
        r"page\.html was written by somebody else; while it ran: villain",
        r"cells/0+\.0+\.parquet, cells/elsewhere were written by .*, and put aside in intruders; .*: villain",
    ):
        assert re.search(f"^results folder: {sentence}$", told, re.MULTILINE), told
    assert len(display.warnings) == 4
    assert manifest.load(folder)["incidents"]
    assert sorted(path.name.rpartition("_")[2] for path in (folder / "intruders").iterdir()) == [
        "0" * 64 + "." + "0" * 16 + ".parquet",
        "elsewhere",
    ]
    assert comparable(rows[rows["solver"] != "villain"]) == comparable(quiet)
    assert store.read_results(folder).missing == 0
    assert len(list((folder / "cells").iterdir())) == 4
    assert len(before) == 10


def test_a_plugin_that_writes_there_when_it_is_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results"
    (folder / "cells").mkdir(parents=True)
    plugin = write(tmp_path / "plugin.py", AT_IMPORT.format(folder=str(folder)), GOOD)
    words = ["run", "--suite", "small-v1", "--instances", "2", "--solvers", "good", "--plugin", str(plugin)]
    monkeypatch.setattr(sys, "argv", ["rdebench", *words, "--out", str(folder), "--jobs", "1"])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "cells/mine.parquet was written by somebody else" in printed
    assert "while it ran: good" in printed
    assert [path.suffixes for path in (folder / "cells").iterdir()] != []
    assert not (folder / "cells" / "mine.parquet").exists()


@pytest.mark.parametrize("instead", ["a link", "a file"])
def test_a_folder_of_results_that_something_else_replaced_is_put_back(tmp_path: Path, instead: str) -> None:
    folder, away = tmp_path / "results", tmp_path / "away"
    cells = folder / "cells"
    cells.mkdir(parents=True)
    (cells / "kept").write_bytes(b"kept")
    (folder / "manifest.json").write_bytes(b"all of it")
    ledger = Ledger(folder)
    ledger.remember()
    cells.rename(away)
    cells.symlink_to(away) if instead == "a link" else cells.write_bytes(b"")
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").mkdir()
    told = ledger.intruders()
    assert told[0] == "cells/kept, manifest.json were removed by somebody else, and put back as they were"
    assert not cells.is_symlink()
    assert (cells / "kept").read_bytes() == b"kept"
    assert (folder / "manifest.json").read_bytes() == b"all of it"
    assert ledger.intruders() == []


def test_the_ledger_knows_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    (folder / "cells").mkdir(parents=True)
    kept, mine = folder / "cells" / "kept", folder / "cells" / "mine"
    kept.write_bytes(b"kept")
    ledger = Ledger(folder)
    ledger.remember()
    mine.write_bytes(b"mine")
    ledger.wrote(mine, b"mine")
    assert ledger.intruders() == []
    kept.unlink()
    ledger.wrote(mine, b"mine", ["kept"])
    assert ledger.intruders() == []
    mine.write_bytes(b"evil")
    assert ledger.intruders() == ["cells/mine was changed by somebody else, and put back as it was"]
    assert mine.read_bytes() == b"mine"
    assert ledger.intruders() == []
    mine.write_bytes(b"evil")
    ledger.wrote(mine, b"mine")
    assert len(ledger.intruders()) == 1, "what was changed before it was entered went unnoticed"
    unread = Ledger(folder)
    mine.unlink()
    assert unread.intruders() == ["cells/mine was removed by somebody else, and run again to make up for it"]
    (folder / "a\nb\udcff").write_bytes(b"")
    assert unread.intruders() == ["a?b? was written by somebody else"]
