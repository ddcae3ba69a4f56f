"""Work for other machines: what travels, what is refused there, and what is refused when it comes back."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdebench.bench import frames, policy_files, remote, shards, work
from rdebench.bench.cells import Cell, Limits
from rdebench.bench.executor import ExecutorError
from rdebench.bench.policies import Policy
from rdebench.bench.pool import Observer
from rdebench.bench.provenance import code_hash, file_hash
from rdebench.bench.roster import Entrant, entrant_of
from rdebench.bench.tasks import Outcome, Task
from rdebench.bench.work import Made, Work, cell_work, made, reference_work
from rdebench.problems import Scenario

SCENARIO = Scenario.load("small-v1")
LIMITS = Limits(None, None, 9.0)


def entrant(**changes: Any) -> Entrant:
    return replace(
        Entrant("average", "One line.", "other", {}, {}, False, None, None, code_hash()), **changes
    )


def cells(*indices: tuple[int, ...], **changes: Any) -> list[Work]:
    fields = {"suite": "small-v1", "scenario": SCENARIO, "seed": 1, "entrant": entrant(), "limits": LIMITS}
    return [cell_work(Cell(indices=block, **(fields | changes))) for block in indices or [(0, 1), (2,)]]


def equal_shares(item: Work, index: int) -> Outcome:
    """What a worker process would send."""
    ((problem, _),) = work.instances(item.scenario, item.seed, [index])
    users = problem.users
    power = np.full(users, (problem.power_budget - problem.scm_power[:, 0].sum()) / users)
    arrays = {
        "scm": np.zeros(users, int),
        "power": power,
        "bandwidth": np.full(users, problem.bandwidth_budget / users),
    }
    return Outcome("answered", None, {"seconds": 0.5, "evaluations": 1, "peak_memory": 9}, arrays)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """No worker processes: every solver answers with equal shares. The list fills with the work that was done."""
    seen: list[Work] = []

    def execute(tasks: list[Work], jobs: int, observer: Observer) -> Any:
        assert jobs == 1
        for task in tasks:
            seen.append(task)
            observer.tick()
            yield task, {index: equal_shares(task, index) for index in task.indices}

    monkeypatch.setattr(remote.pool, "execute", execute)
    return seen


def there(parcel: bytes) -> bytes:
    return remote.work_off(parcel, lambda: False)


def altered(parcel: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    header, arrays = frames.decode(parcel)
    change(header)
    return frames.encode(header, arrays)


def test_what_comes_back_is_what_would_be_made_here(processes: list[Work]) -> None:
    chunk = cells()
    found = remote.unpack(chunk, there(remote.pack(chunk)))
    assert [item for item, _, _ in found] == chunk
    assert [seconds >= 0 for _, _, seconds in found] == [True, True]
    for item, one, _ in found:
        assert one == made(item, {index: equal_shares(item, index) for index in item.indices})


def test_the_same_outcomes_make_the_same_bytes() -> None:
    (item,) = cells((0, 1, 2))
    outcomes = {index: equal_shares(item, index) for index in item.indices}
    one, other = made(item, outcomes), made(item, dict(reversed(outcomes.items())))
    assert one == other
    assert item.cell is not None
    assert one.shard is not None
    table = shards.decode_cell(item.cell.key, shards.shard_name(item.cell.key, one.shard), one.shard)
    assert table["instance"].to_pylist() == [0, 1, 2]
    assert set(table["status"].to_pylist()) == {"feasible"}
    assert shards.stated_identity(table) == item.cell.identity


def test_references_come_back_as_they_were_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    item = reference_work(SCENARIO, 1, (0, 1))

    def execute(tasks: list[Work], jobs: int, observer: Observer) -> Any:
        from rdebench.bench.reference import reference

        (task,) = tasks
        ((problem, _),) = work.instances(SCENARIO, 1, [0])
        proved = Outcome("answered", None, {"reference": json.loads(json.dumps(reference(problem)))})
        yield task, {0: proved, 1: Outcome("error", "died")}

    monkeypatch.setattr(remote.pool, "execute", execute)
    ((_, one, _),) = remote.unpack([item], there(remote.pack([item])))
    assert one.shard is None
    assert [known["status"] for known in one.references] == ["optimal", "unknown"]
    assert one.references[1]["code"] == code_hash()


def test_the_plugin_travels(processes: list[Work], tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("mine = 1\n")
    own = entrant(name="mine", plugin=str(plugin), code=file_hash(plugin))
    chunk = cells(entrant=own)
    remote.unpack(chunk, there(remote.pack(chunk)))
    (path,) = processes[0].request["plugins"]
    assert path != str(plugin)
    assert Path(path).name == "mine.py"
    assert not Path(path).exists(), "it is taken away afterwards"


def test_an_edited_plugin_does_not_travel(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("mine = 1\n")
    own = entrant(name="mine", plugin=str(plugin), code=file_hash(plugin))
    plugin.write_text("mine = 2\n")
    with pytest.raises(ExecutorError, match=r"mine\.py was changed during the run"):
        remote.pack(cells(entrant=own))


def test_a_plugin_that_is_not_the_one_described_is_refused(processes: list[Work], tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("mine = 1\n")
    own = entrant(name="mine", plugin=str(plugin), code=file_hash(plugin))
    header, _ = frames.decode(remote.pack(chunk := cells(entrant=own)))
    forged = frames.encode(header, {"plugin": np.frombuffer(b"mine = 3\n", np.uint8)})
    with pytest.raises(ExecutorError, match=r"solver\.code: "):
        remote.unpack(chunk, there(forged))
    assert processes == []


def test_the_policy_travels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "0123456789abcdef"
    folder.mkdir()
    (folder / "policy.json").write_text("{}")
    (folder / "policy.safetensors").write_bytes(bytes(range(256)))
    policy = Policy(folder, policy_files.digest(folder), 3.5)
    chunk, found = cells(policy=policy), []

    def execute(tasks: list[Work], jobs: int, observer: Observer) -> Any:
        for task in tasks:
            path = Path(task.request["policy"]["path"])
            found.append((path.name, policy_files.digest(path), task.request["policy"]["digest"]))
            yield task, {index: equal_shares(task, index) for index in task.indices}

    monkeypatch.setattr(remote.pool, "execute", execute)
    remote.unpack(chunk, there(remote.pack(chunk)))
    assert found == [(folder.name, policy.digest, policy.digest)] * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: header["here"]["code"].update(solvers="0" * 64), "code.solvers: 000000000000"),
        (lambda header: header["here"]["versions"].update(numpy="1.0"), "versions.numpy: '?1.0'? -> "),
        (lambda header: header["cell"]["identity"].update(suite="other"), "suite: "),
        (lambda header: header["cell"]["entrant"]["packages"].update(numpy="1.0"), ""),
    ],
    ids=["sources", "packages", "cell", "solver's packages"],
)
def test_a_machine_that_would_make_other_rows_refuses(
    processes: list[Work], change: Callable[[dict[str, Any]], object], message: str
) -> None:
    chunk = cells()
    with pytest.raises(
        ExecutorError, match=f"refuses the work: it has other sources or packages.*{message}"
    ) as told:
        remote.unpack(chunk, there(altered(remote.pack(chunk), change)))
    assert "install the same version of rdebench" in str(told.value)
    assert processes == []


@pytest.mark.parametrize("parcel", [b"", b"nonsense", frames.encode({"format": "rdebench-parcel/0"})])
def test_what_is_no_work_is_refused(parcel: bytes) -> None:
    with pytest.raises(ExecutorError, match="install one version everywhere"):
        remote.unpack(cells(), there(parcel))


def reply(chunk: list[Work]) -> bytes:
    return remote.work_off(remote.pack(chunk), lambda: False)


def test_a_shard_of_another_cell_is_not_kept(processes: list[Work]) -> None:
    chunk = cells((0, 1), (2, 3))
    with pytest.raises(ExecutorError, match="is not sound: its rows are of another cell"):
        remote.unpack(chunk, reply(chunk[::-1]))


def test_a_damaged_shard_is_not_kept(processes: list[Work]) -> None:
    chunk = cells((0, 1))
    header, arrays = frames.decode(reply(chunk))
    data = arrays["0"].copy()
    data[len(data) // 8] ^= 0xFF
    with pytest.raises(ExecutorError, match="is not sound"):
        remote.unpack(chunk, frames.encode(header, {"0": data}))


def test_rows_of_other_instances_are_not_kept(processes: list[Work]) -> None:
    (item,) = chunk = cells((0, 1))
    assert item.cell is not None
    (other,) = cells((0, 2))
    rows = shards.decode_cell(other.cell.key, *_shard(other)).to_pylist()  # type: ignore[union-attr]
    rows = [row | {"cell": item.cell.key} for row in rows]
    forged = shards.encode_cell(item.cell.key, item.cell.identity, rows)
    answer = frames.encode(
        {"pieces": [{"references": [], "seconds": 1.0}]}, {"0": np.frombuffer(forged, np.uint8)}
    )
    with pytest.raises(ExecutorError, match="holds other rows than were asked for"):
        remote.unpack(chunk, answer)


def _shard(item: Work) -> tuple[str, bytes]:
    data = made(item, {index: equal_shares(item, index) for index in item.indices}).shard
    assert data is not None
    assert item.cell is not None
    return shards.shard_name(item.cell.key, data), data


@pytest.mark.parametrize(
    "header",
    [
        {"pieces": []},
        {"pieces": [{}]},
        {},
        {"pieces": [{"references": [], "seconds": "long"}]},
        {"pieces": 3},
    ],
)
def test_what_is_no_result_is_not_kept(header: dict[str, Any]) -> None:
    with pytest.raises(ExecutorError, match=r"no result|came back"):
        remote.unpack(cells((0, 1)), frames.encode(header))


@pytest.mark.parametrize("known", [{"status": "optimal"}, {"status": "unknown"}, {}, None])
def test_a_reference_that_does_not_hold_is_not_kept(known: Any) -> None:
    item = reference_work(SCENARIO, 1, (0,))
    answer = frames.encode({"pieces": [{"references": [known], "seconds": 1.0}]})
    with pytest.raises(ExecutorError, match="does not hold"):
        remote.unpack([item], answer)


def test_work_that_nobody_waits_for_is_stopped(processes: list[Work]) -> None:
    with pytest.raises(remote.Abandoned):
        remote.work_off(remote.pack(cells((0,), (1,), (2,))), lambda: True)
    assert len(processes) == 1


def test_a_solver_comes_through_as_data() -> None:
    one = entrant(options={"seed": 1}, packages={"numpy": "2.0"})
    assert entrant_of(json.loads(json.dumps(asdict(one)))) == one


def test_made_compares_by_content() -> None:
    assert Made(b"x") == Made(b"x") != Made(b"y")


def test_a_task_is_what_a_pool_takes() -> None:
    assert isinstance(cells()[0], Task)
