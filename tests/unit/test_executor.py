"""Executors: what may be asked for, and what the local one hands back."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rdebench.bench import executor
from rdebench.bench.cells import Cell, Limits
from rdebench.bench.cli import _exit_code, app
from rdebench.bench.dask_executor import DaskExecutor
from rdebench.bench.executor import ExecutorError, LocalExecutor
from rdebench.bench.provenance import code_hash
from rdebench.bench.roster import Entrant
from rdebench.bench.tasks import Outcome
from rdebench.bench.work import Work, cell_work, made
from rdebench.problems import Scenario


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--executor", "dask"],
            "needs --scheduler, the address of a dask scheduler .* start one with: dask scheduler",
        ),
        (["--executor", "slurm"], "--executor is 'slurm'; use local or dask"),
        (["--scheduler", "tcp://here:1"], "--scheduler goes with --executor dask"),
        (
            ["--executor", "dask", "--scheduler", "tcp://here:1", "--jobs", "2"],
            "--jobs is for --executor local",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: list[str], message: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["run", "--suite", "small-v1", "--out", str(tmp_path / "results"), *words])
    assert done.exit_code == 2
    assert re.search(message, re.sub(r"[\s│]+", " ", done.output)), done.output
    assert not (tmp_path / "results").exists()


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        ExecutorError, match=r"needs the package distributed; run: pip install 'rdebench\[dask\]'"
    ):
        DaskExecutor("tcp://127.0.0.1:8786")


def test_an_executor_that_cannot_is_wrong_usage() -> None:
    assert _exit_code(ExecutorError("no")) == 2


def test_the_local_executor_hands_back_what_is_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    entrant = Entrant("average", "One line.", "other", {}, {}, False, None, None, code_hash())
    cell = Cell("small-v1", Scenario.load("small-v1"), 1, (0, 1), entrant, Limits(None, None, 9.0))
    item, outcomes = cell_work(cell), {0: Outcome("error", "died"), 1: Outcome("error", "died")}

    def execute(tasks: list[Work], jobs: int, display: object) -> Iterator[tuple[Work, dict[int, Outcome]]]:
        assert jobs == 3
        for task in tasks:
            yield task, outcomes

    monkeypatch.setattr(executor.pool, "execute", execute)
    assert list(LocalExecutor(3).execute([item], object())) == [(item, made(item, outcomes))]  # type: ignore[arg-type]
