"""Whatever a solver does costs its own row, which says so, and nothing else."""

import os
import re
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from rdebench.bench.cells import GIB

from ..runs import GOOD, INSTANCES, comparable, own_caches, run, write
from . import mischief
from .mischief import DIES, EATS, FORGES, HANGS, HARMLESS, NONSENSE, Mischief, one_after_the_other, plugin

AT_IMPORT = "\nRDEProblem.evaluate = lambda *_: 1e99\nrandom.seed(0)\nos.environ.clear()\n"

QUICK = (*DIES, *HANGS)
MILD = (*NONSENSE, *HARMLESS)
"""One after the other in two processes: none of them ends its process."""

AFTERWARDS = 3
"""Instances on which the solver of these does nothing any more."""

MARK = "RDEBENCH_TEST"


def marked(mark: str) -> list[psutil.Process]:
    """All processes, of whatever parent, that were started with a mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with own_caches(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """All mischief beside solvers that do none; nothing is left of it but rows."""
    folder = tmp_path_factory.mktemp("mischief")
    temporary = tmp_path_factory.mktemp("temporary")
    good = write(folder / "good.py", GOOD)
    found, mark = [], uuid.uuid4().hex
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, mark)
        patch.setattr("tempfile.tempdir", str(temporary))
        for name, group, limits in [
            ("quick", QUICK, {"time_limit": 2.0, "jobs": 4}),
            ("eats", EATS, {"time_limit": 20.0, "memory": GIB}),
            ("forges", FORGES, {"time_limit": 20.0}),
        ]:
            path = folder / f"{name}.py"
            path.write_text(plugin(group, AT_IMPORT, mischief.BROKEN if name == "quick" else ""))
            told, display = run(folder / name, ["random", "average"], [good, path], **limits)
            assert display.warnings == []
            found.append(told.assign(group=name))
    assert marked(mark) == []
    assert list(temporary.iterdir()) == []
    return pd.concat(found, ignore_index=True)


@pytest.fixture(scope="module")
def mild(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What does not end a process, one after the other, beside solvers that do no mischief."""
    folder, temporary, mark = (
        tmp_path_factory.mktemp("mild"),
        tmp_path_factory.mktemp("place"),
        uuid.uuid4().hex,
    )
    path = folder / "mild.py"
    sequences = [one_after_the_other("nonsense", NONSENSE), one_after_the_other("harmless", HARMLESS)]
    path.write_text(plugin((), AT_IMPORT, *sequences))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, mark)
        patch.setattr("tempfile.tempdir", str(temporary))
        plugins = [write(folder / "good.py", GOOD), path]
        instances = max(len(NONSENSE), len(HARMLESS)) + AFTERWARDS
        rows, _ = run(folder / "results", ["random", "average"], plugins, instances=instances)
    assert marked(mark) == []
    assert list(temporary.iterdir()) == []
    return rows


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The solvers that do no mischief, by themselves."""
    folder = tmp_path_factory.mktemp("quiet")
    instances = max(len(NONSENSE), len(HARMLESS)) + AFTERWARDS
    plugins = [write(folder / "good.py", GOOD)]
    rows, _ = run(folder / "results", ["random", "average"], plugins, instances=instances)
    return rows


def of(rows: pd.DataFrame, solver: str) -> pd.DataFrame:
    return rows[rows["solver"] == solver].set_index("instance")


def assert_is(row: "pd.Series[Any]", case: Mischief) -> None:
    assert row["status"] == case.status, row["message"]
    if case.message is None:
        assert pd.isna(row["message"])
    else:
        assert re.search(case.message, row["message"])
        assert len(row["message"]) <= 3000


def assert_same(mine: pd.DataFrame, good: pd.DataFrame, instances: list[int]) -> None:
    for column in ("status", "rde", "reward", "gap", "total_power_w"):
        pd.testing.assert_series_equal(mine.loc[instances, column], good.loc[instances, column])


@pytest.mark.parametrize("case", [*QUICK, *EATS, *FORGES], ids=lambda case: case.name)
def test_it_costs_one_row(rows: pd.DataFrame, quiet: pd.DataFrame, case: Mischief) -> None:
    mine = of(rows, case.name)
    assert mine.index.tolist() == list(range(INSTANCES))
    assert_is(mine.loc[1], case)
    assert_same(mine, of(quiet, "good"), [index for index in range(INSTANCES) if index != 1])


@pytest.mark.parametrize("case", MILD, ids=lambda case: case.name)
def test_it_is_seen_for_what_it_is(mild: pd.DataFrame, case: Mischief) -> None:
    name, cases = ("nonsense", NONSENSE) if case in NONSENSE else ("harmless", HARMLESS)
    assert_is(of(mild, name).loc[cases.index(case)], case)


@pytest.mark.parametrize(("name", "cases"), [("nonsense", NONSENSE), ("harmless", HARMLESS)])
def test_it_has_no_consequences(
    mild: pd.DataFrame, quiet: pd.DataFrame, name: str, cases: tuple[Mischief, ...]
) -> None:
    mine, good = of(mild, name), of(quiet, "good")
    feasible = [
        index for index, case in enumerate(cases) if case.status == "feasible" and case.name != "rescales"
    ]
    assert_same(mine, good, [*feasible, *range(len(cases), len(good))])


@pytest.mark.parametrize("group", ["quick", "eats", "forges", "mild"])
def test_no_other_row_is_touched(
    rows: pd.DataFrame, mild: pd.DataFrame, quiet: pd.DataFrame, group: str
) -> None:
    told = mild if group == "mild" else rows[rows["group"] == group].drop(columns="group")
    bystanders = told[told["solver"].isin(["random", "average", "good"])]
    instances = told["instance"].nunique()
    assert len(bystanders) == 3 * instances
    assert comparable(bystanders) == comparable(quiet[quiet["instance"] < instances])


def test_solvers_that_fail_before_they_are_asked(rows: pd.DataFrame) -> None:
    mine = of(rows, "unsupportive")
    assert mine.loc[1, "status"] == "error"
    assert "in supports" in mine.loc[1, "message"]
    assert "error" not in set(mine["status"].drop(1))


def test_a_violated_row_keeps_what_it_is_worth(mild: pd.DataFrame) -> None:
    row = of(mild, "nonsense").loc[[case.name for case in NONSENSE].index("greedy")]
    assert row["violation_power"] > 0.5
    assert np.isfinite([row["rde"], row["reward"]]).all()
    assert row["gap"] == 1.0
    assert len(row["power_w"]) == row["users"]


def test_memory_of_children_counts(rows: pd.DataFrame) -> None:
    eaten = rows[
        (rows["status"] == "memory_limit") & rows["solver"].isin(["eats-in-children", "eats-shared-memory"])
    ]
    assert len(eaten) == 2
    assert (eaten["peak_memory_bytes"] > GIB).all()


def test_a_worker_is_at_home_in_a_folder_of_its_own(tmp_path: Path) -> None:
    told = tmp_path / "told"
    body = GOOD.replace(
        "budget.spend(7)",
        f"open({str(told)!r}, 'w').write(os.getcwd() + ' ' + os.environ['HOME'] + ' ' + os.environ['PWD'])",
    )
    run(tmp_path / "results", ["average"], [write(tmp_path / "plugin.py", body)], instances=1)
    here, home, stated = told.read_text().split()
    assert home == os.environ["HOME"]
    assert here == stated != os.getcwd()
    assert not Path(here).exists()
