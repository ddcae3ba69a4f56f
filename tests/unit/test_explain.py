"""Why a cell is reused or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rdebench.bench import store
from rdebench.bench.cells import Limits, SuiteRun
from rdebench.bench.explain import differences, explain
from rdebench.bench.roster import Entrant
from rdebench.bench.suite import Suite
from rdebench.problems import Scenario

MINE = Entrant(
    "mine", "One line.", "other", {}, {"flips": 2}, False, None, "plugins/mine.py", "a" * 64, {"pymoo": "1"}
)


def planned(entrant: Entrant = MINE, **changes: Any) -> SuiteRun:
    fields: dict[str, Any] = {
        "suite": Suite.load("small-v1"),
        "preset": "custom",
        "instances": 50,
        "seed": 1,
        "scenarios": (Scenario.load("small-v1"),),
        "limits": Limits(1000, None, 10.0),
    }
    return SuiteRun(entrants=(entrant,), **(fields | changes))


def keep(folder: Path, run: SuiteRun, cells: slice = slice(None)) -> None:
    for cell in run.cells()[cells]:
        store.write_shard(folder, cell.key, store.encode_cell(cell.key, cell.identity, []))


def reasons(folder: Path, run: SuiteRun) -> dict[str, int]:
    found = list(explain(folder, [run]))
    assert {place for place, _, _ in found} == {("small-v1", "mine", "small-v1")}
    return {reason: count for _, reason, count in found}


def test_what_is_there_is_reused_and_the_rest_is_to_do(tmp_path: Path) -> None:
    assert reasons(tmp_path, planned()) == {"to do: there is none yet": 2}
    keep(tmp_path, planned(), slice(1))
    assert reasons(tmp_path, planned()) == {"reused": 1, "to do: there is none yet": 1}


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (planned(seed=2), "to do: seed: 1 -> 2"),
        (planned(limits=Limits(500, None, 10.0)), "to do: limits.evaluations: 1000 -> 500"),
        (planned(replace(MINE, configuration={"flips": 3})), "to do: solver.configuration.flips: 2 -> 3"),
        (planned(replace(MINE, code="b" * 64)), f"to do: solver.code: {'a' * 12} -> {'b' * 12}"),
        (planned(replace(MINE, packages={"pymoo": "2"})), "to do: solver.packages.pymoo: 1 -> 2"),
    ],
)
def test_the_difference_is_named(tmp_path: Path, run: SuiteRun, reason: str) -> None:
    keep(tmp_path, planned())
    assert reasons(tmp_path, run) == {reason: 2}


def test_edited_sources_are_named_by_their_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, planned())
    edited = planned().cells()[0].identity["code"] | {"problems": "e" * 64}
    monkeypatch.setattr("rdebench.bench.cells.code_hashes", lambda: edited)
    (reason,) = reasons(tmp_path, planned())
    assert reason.startswith("to do: code.problems: ")
    assert reason.endswith(f" -> {'e' * 12}")


def test_a_plugin_may_move(tmp_path: Path) -> None:
    keep(tmp_path, planned())
    assert reasons(tmp_path, planned(replace(MINE, plugin="/elsewhere/mine.py"))) == {"reused": 2}


def test_a_damaged_file_is_done_again(tmp_path: Path) -> None:
    keep(tmp_path, planned())
    shard = sorted((tmp_path / "cells").iterdir())[0]
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(bytes(data))
    assert reasons(tmp_path, planned()) == {"reused": 1, "done again: its file is damaged": 1}


def test_the_most_similar_cell_is_compared_with(tmp_path: Path) -> None:
    keep(tmp_path, planned(limits=Limits(1, 1.0, 1.0), seed=9))
    keep(tmp_path, planned(seed=3))
    assert reasons(tmp_path, planned()) == {"to do: seed: 3 -> 1": 2}


def test_differences_go_into_what_is_nested() -> None:
    one, other = {"a": {"b": 1, "c": None}, "d": [1]}, {"a": {"b": 2, "c": 3}, "d": [1], "e": "x" * 99}
    assert list(differences(one, other)) == ["a.b: 1 -> 2", "a.c: none -> 3", f"e: none -> {'x' * 57}..."]
