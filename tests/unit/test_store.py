"""Shards, manifest, references and the verdicts on rows."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rdebench.bench import badges, files, frames, manifest, reference, sealed, shards, store
from rdebench.bench.cells import Cell, Limits, SuiteRun
from rdebench.bench.policies import Policy
from rdebench.bench.roster import Entrant
from rdebench.bench.rows import REFERENCE_SCHEMA, SCHEMA
from rdebench.bench.suite import Suite
from rdebench.bench.verdicts import RefereeError, judge
from rdebench.problems import Scenario

SUITE, SCENARIO = Suite.load("small-v1"), Scenario.load("small-v1")
LIMITS = Limits(evaluations=None, seconds=None, time_limit=10.0)


def entrant(name: str = "average", **configuration: Any) -> Entrant:
    return Entrant(name, "One line.", "other", {}, configuration, False, None, None, "code")


def suite_run(*entrants: Entrant, instances: int = 30, **changes: Any) -> SuiteRun:
    fields = {"suite": SUITE, "preset": "custom", "seed": 1, "scenarios": (SCENARIO,), "limits": LIMITS}
    return SuiteRun(instances=instances, entrants=entrants, **(fields | changes))


def row(**values: Any) -> dict[str, Any]:
    plain = {"suite": "small-v1", "scenario": "small-v1", "instance": 0, "solver": "a", "instance_hash": "x"}
    return plain | {"status": "feasible"} | values


def judged(rows: list[dict[str, Any]], **known: Any) -> pd.DataFrame:
    references = pa.Table.from_pylist(
        [reference.row(reference.unknown("x")) | known], REFERENCE_SCHEMA
    ).to_pandas()
    return judge(pa.Table.from_pylist([row(**values) for values in rows], SCHEMA).to_pandas(), references)


OPTIMAL = {"status": "optimal", "value": 10.0, "bound": 10.0, "source": "exhaustive"}


KEY, OTHER = "a" * 64, "b" * 64


def keep(folder: Path, key: str, rows: list[dict[str, Any]]) -> Path:
    """Write a shard; its path."""
    data = store.encode_cell(key, {"suite": "small-v1"}, rows)
    store.write_shard(folder, key, data)
    return next((folder / "cells").glob(f"{key}.*"))


def test_a_shard_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [row(scm=[1, 0], power_w=[0.1, 1 / 3], bandwidth_hz=[1.0, 2.0], rde=1e6 / 3, cell=KEY)]
    shard = keep(tmp_path, KEY, rows)
    table = store.read_cell(tmp_path, KEY)
    assert table is not None
    assert table.schema.equals(SCHEMA)
    assert {key: value for key, value in table.to_pylist()[0].items() if value is not None} == rows[0]
    assert store.identity_of(tmp_path, KEY) == {"suite": "small-v1"}
    assert shard.name == f"{KEY}.{hashlib.sha256(shard.read_bytes()).hexdigest()[:16]}.parquet"
    assert len(pd.read_parquet(tmp_path / "cells")) == 1


def test_a_new_shard_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    keep(tmp_path, OTHER, [row()])
    for value in (1.0, 2.0):
        keep(tmp_path, KEY, [row(rde=value)])
    assert sorted(path.name[:1] for path in (tmp_path / "cells").iterdir()) == ["a", "b"]
    table = store.read_cell(tmp_path, KEY)
    assert table is not None
    assert table["rde"].to_pylist() == [2.0]


@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "missing", "renamed", "another cell"])
def test_a_damaged_shard_counts_as_missing(tmp_path: Path, damage: str) -> None:
    shard = keep(tmp_path, KEY, [row(rde=float(i)) for i in range(50)])
    changed = {"truncated": shard.read_bytes()[:-20], "empty": b"", "garbage": b"PAR1 nonsense PAR1"}
    if damage in changed:
        shard.write_bytes(changed[damage])
    elif damage == "missing":
        shard.unlink()
    elif damage == "renamed":
        other = keep(tmp_path, OTHER, [row()])
        shard.write_bytes(other.read_bytes())
    else:
        other = keep(tmp_path, OTHER, [row()])
        other.rename(other.with_name(other.name.replace(OTHER, KEY)))
        shard.unlink()
    assert store.read_cell(tmp_path, KEY) is None
    assert store.identity_of(tmp_path, KEY) is None


def test_any_altered_byte_of_a_shard_is_noticed(tmp_path: Path) -> None:
    shard = keep(tmp_path, KEY, [row(rde=float(i)) for i in range(3)])
    intact = shard.read_bytes()
    for at in range(0, len(intact), 7):  # pages, their headers and the footer
        shard.write_bytes(intact[:at] + bytes([intact[at] ^ 1]) + intact[at + 1 :])
        assert store.read_cell(tmp_path, KEY) is None, at
    shard.write_bytes(intact)
    assert store.read_cell(tmp_path, KEY) is not None


def test_any_altered_byte_of_a_sealed_file_is_noticed() -> None:
    data = sealed.seal({"a": [1, 2.5, None], "b": "text"})
    assert sealed.unseal(data) == {"a": [1, 2.5, None], "b": "text"}
    for at in range(len(data)):
        for flip in (1, 32):
            with pytest.raises(sealed.SealError):
                sealed.unseal(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :])
    for other in (
        data + b" ",
        data.replace(b'"b"', b'"b" '),
        data[:1] + b'"a": 3, ' + data[1:],
        b"[" * 10**6,
    ):
        with pytest.raises(sealed.SealError):
            sealed.unseal(other)


@pytest.mark.parametrize("change", ["format", "schema"])
def test_a_shard_of_another_format_counts_as_missing(tmp_path: Path, change: str) -> None:
    shard = keep(tmp_path, KEY, [row()])
    table = pq.read_table(shard)
    if change == "format":
        stated = dict(table.schema.metadata) | {b"format": b"rdebench-rows/0"}
        table = table.replace_schema_metadata(stated)
    else:
        table = table.drop_columns("reward")
    pq.write_table(table, shard)
    shard.rename(shard.with_name(store.shard_name(KEY, shard.read_bytes())))
    assert store.read_cell(tmp_path, KEY) is None


@pytest.mark.parametrize("what", ["rows", "values", "bytes unpacked"])
def test_a_shard_that_would_unpack_to_too_much_is_not_unpacked(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, KEY, [row(scm=[1] * 100) for _ in range(20)])
    least = {
        "rows": ("MOST_ROWS", 19),
        "values": ("MOST_VALUES", 2000),
        "bytes unpacked": ("MOST_BYTES", 1000),
    }
    name, most = least[what]
    (shard,) = (tmp_path / "cells").iterdir()
    data = shard.read_bytes()
    monkeypatch.setattr(shards, name, most)
    with pytest.raises(shards.ShardError, match=f"{what}; at most {most}"):
        shards.decode_cell(KEY, shard.name, data)


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    files.write_atomically(target, b"old")

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_key_of_a_cell_covers_what_can_change_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def key(**changes: Any) -> str:
        fields: dict[str, Any] = {
            "suite": "s-v1",
            "scenario": SCENARIO,
            "seed": 1,
            "indices": (0, 1),
            "entrant": entrant(),
            "limits": LIMITS,
        }
        return Cell(**(fields | changes)).key

    other_physics = SCENARIO.model_copy(update={"rate": "spectral"})
    keys = [
        key(),
        key(suite="t-v1"),
        key(scenario=other_physics),
        key(seed=2),
        key(indices=(0, 2)),
        key(entrant=entrant("random")),
        key(entrant=entrant(model="LeNet")),
        key(limits=Limits(100, None, 10.0)),
        key(limits=Limits(None, 1.0, 10.0)),
        key(limits=Limits(None, None, 11.0)),
        key(limits=Limits(None, None, 10.0, 2**20)),
        key(entrant=replace(entrant(), packages={"pymoo": "1"})),
        key(entrant=replace(entrant(), packages={"pymoo": "2"})),
        key(policy=Policy(Path("somewhere"), "digest", 1.0)),
    ]
    monkeypatch.setattr("rdebench.bench.cells.code_hashes", lambda: {"problems": "edited"})
    keys.append(key())
    monkeypatch.setattr("rdebench.bench.cells.numerical_versions", lambda: {"numpy": "99"})
    keys.append(key())
    assert len(set(keys)) == len(keys)
    assert key() == keys[-1]


def test_blocks_of_a_longer_run_contain_those_of_a_shorter_one() -> None:
    short, long = suite_run(entrant(), instances=50), suite_run(entrant(), instances=100)
    assert {cell.key for cell in short.cells()} < {cell.key for cell in long.cells()}
    assert [len(cell.indices) for cell in suite_run(entrant(), instances=60).cells()] == [25, 25, 10]


def test_solvers_of_the_same_run_are_added_and_replaced(tmp_path: Path) -> None:
    assert manifest.record(tmp_path, suite_run(entrant("a"), entrant("b"))) == []
    assert manifest.record(tmp_path, suite_run(entrant("b", k=1), entrant("c"))) == []
    entry = manifest.load(tmp_path)["suites"]["small-v1"]
    assert [(solver["name"], solver["configuration"]) for solver in entry["solvers"]] == [
        ("a", {}),
        ("b", {"k": 1}),
        ("c", {}),
    ]
    assert entry["cells"] == [key for solver in entry["solvers"] for key in solver["cells"]]
    assert len(entry["cells"]) == 6


@pytest.mark.parametrize("changes", [{"seed": 2}, {"instances": 31}, {"limits": Limits(5, None, 10.0)}])
def test_another_run_of_a_suite_replaces_it(tmp_path: Path, changes: dict[str, Any]) -> None:
    manifest.record(tmp_path, suite_run(entrant("a")))
    (sentence,) = manifest.record(tmp_path, suite_run(entrant("b"), **changes))
    assert "small-v1" in sentence
    (solver,) = manifest.load(tmp_path)["suites"]["small-v1"]["solvers"]
    assert solver["name"] == "b"


def test_results_of_other_code_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest.record(tmp_path, suite_run(entrant("a"), suite=SUITE.model_copy(update={"name": "old-v1"})))
    monkeypatch.setattr(manifest, "code_hash", lambda: "e" * 64)
    (sentence,) = manifest.record(tmp_path, suite_run(entrant("b")))
    assert "old-v1" in sentence
    assert list(manifest.load(tmp_path)["suites"]) == ["small-v1"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"format": "rdebench-results/9"}', "[" * 100_000, '{"format": NaN}']
)
def test_a_folder_without_results_is_refused(tmp_path: Path, content: str) -> None:
    if content:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(manifest.ResultsError, match=str(tmp_path)):
        store.read_results(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instances", 0),
        ("instances", True),
        ("seed", -1),
        ("title", "x" * 3_000),
        ("cells", ["a" * 64]),
        ("hash", "<b>not a hash</b>"),
        ("unknown", 1),
        ("solvers", "none"),
    ],
)
def test_a_manifest_with_a_strange_field_is_refused_by_its_name(
    tmp_path: Path, field: str, value: object
) -> None:
    manifest.record(tmp_path, suite_run(entrant("a")))
    described = manifest.load(tmp_path)
    described["suites"]["small-v1"][field] = value
    (tmp_path / "manifest.json").write_bytes(manifest.encode(described))
    with pytest.raises(manifest.ResultsError, match=field):
        manifest.load(tmp_path)


def test_an_altered_manifest_is_refused(tmp_path: Path) -> None:
    manifest.record(tmp_path, suite_run(entrant("a")))
    file = tmp_path / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b'"seed": 1', b'"seed": 2'))
    with pytest.raises(manifest.ResultsError, match=r"manifest\.json was changed"):
        manifest.load(tmp_path)


def test_a_second_run_is_kept_out_of_a_folder(tmp_path: Path) -> None:
    with (
        store.lock(tmp_path),
        pytest.raises(manifest.ResultsError, match="another run"),
        store.lock(tmp_path),
    ):
        pass
    with store.lock(tmp_path):
        pass


def test_gaps_and_statuses_against_a_proved_optimum() -> None:
    rows = judged(
        [
            {"rde": 10.0},
            {"rde": 10.0 * (1 + 1e-10)},
            {"rde": 9.0},
            {"rde": 12.0, "status": "violated"},
            *({"status": status} for status in ("error", "time_limit", "memory_limit", "invalid", "skipped")),
        ],
        **OPTIMAL,
    )
    assert rows["status"].tolist()[:4] == ["optimal", "optimal", "feasible", "violated"]
    np.testing.assert_allclose(rows["gap"], [0, 0, 0.1, 1, 1, 1, 1, 1, np.nan], atol=1e-15)
    assert set(rows["bound_source"]) == {"exhaustive"}
    assert (rows["gap"].dropna() >= 0).all()


@pytest.mark.parametrize("proved", ["infeasible", "unbounded"])
def test_the_right_answer_where_there_is_no_best_one(proved: str) -> None:
    rows = [
        {"status": proved},
        {"status": "violated", "rde": 3.0},
        {"status": "error"},
        {"status": "skipped"},
    ]
    gaps = judged(rows, status=proved, source="exhaustive")["gap"]
    np.testing.assert_array_equal(gaps, [0, 1, 1, np.nan])


def test_an_instance_without_a_reference_has_no_gap() -> None:
    rows = judged([{"rde": 1.0}, {"status": "violated", "rde": 1.0}, {"status": "error"}])
    assert rows["gap"].isna().all()
    assert rows["status"].tolist() == ["feasible", "violated", "error"]
    assert set(rows["reference_status"]) == {"unknown"}


@pytest.mark.parametrize("known", [OPTIMAL, {}])
def test_a_false_claim_of_infeasibility_is_invalid(known: dict[str, Any]) -> None:
    rows = judged([{"status": "infeasible"}, {"rde": 10.0, "solver": "b"}], **known)
    assert rows["status"][0] == "invalid"
    assert "infeasible, which is false" in rows["message"][0]


def test_a_false_bound_is_invalid() -> None:
    rows = judged([{"rde": 9.0, "claimed_bound": 9.5}, {"rde": 9.0, "claimed_bound": 10.5}], **OPTIMAL)
    assert rows["status"].tolist() == ["invalid", "feasible"]
    assert "9.5" in rows["message"][0]
    np.testing.assert_allclose(rows["gap"], [1.0, 0.1])


def test_a_bound_below_another_solvers_answer_is_false_without_a_reference() -> None:
    rows = judged([{"rde": 9.0, "claimed_bound": 9.5}, {"rde": 9.7, "solver": "b"}])
    assert rows["status"].tolist() == ["invalid", "feasible"]


def test_a_referee_that_contradicts_itself_says_so() -> None:
    with pytest.raises(RefereeError, match=r"small-v1, instance 0.*exceeds the proved bound"):
        judged([{"rde": 10.1}], **OPTIMAL)
    with pytest.raises(RefereeError, match="feasible where none can be"):
        judged([{"rde": 1.0}], status="infeasible")


def test_a_reference_is_believed_only_if_it_scores_again(tmp_path: Path) -> None:
    problem = SCENARIO.instance(0, 1)
    known = reference.reference(problem)
    assert known["status"] == "optimal"
    assert reference.holds(problem, known)
    for wrong in (
        {"rde": known["rde"] * 1.01},
        {"bound": known["bound"] * 1.01},
        {"power_w": [2 * p for p in known["power_w"]]},
        {"instance": "x"},
        {"scm": None},
        {"status": "unknown"},
    ):
        assert not reference.holds(problem, known | wrong)
    reference.file_of(tmp_path, known["instance"]).write_bytes(reference.encode(known))
    assert reference.find(problem, [tmp_path / "nothing", tmp_path]) == known
    file = reference.file_of(tmp_path, known["instance"])
    for text in (json.dumps(known), reference.encode(known).decode().replace('"steps"', '"stepz"')):
        file.write_text(text)
        assert reference.find(problem, [tmp_path]) is None


def test_a_reference_of_an_earlier_version_is_taken_from_the_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = SCENARIO.instance(0, 1)
    known = reference.reference(problem)
    file = reference.file_of(tmp_path, known["instance"])
    file.write_text(json.dumps(known))
    assert reference.find(problem, [tmp_path]) is None
    monkeypatch.setattr(reference, "user_folder", lambda: tmp_path)
    assert reference.find(problem, [tmp_path]) == known
    file.write_bytes(reference.encode(known).replace(b'"optimal"', b'"bounded"'))
    assert reference.find(problem, [tmp_path]) is None


def test_frames_carry_arrays_exactly_and_nothing_else() -> None:
    arrays = {"a": np.array([1 / 3, -0.0]), "b": np.arange(6).reshape(2, 3), "c": np.empty(0)}
    header, back = frames.decode(frames.encode({"event": "done", "index": 3}, arrays))
    assert header == {"event": "done", "index": 3}
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xff\xff\xff",
        b"\x02\x00\x00\x00[]",
        b"\x80\x04\x95pickle",
        frames.encode({}, {"a": np.ones(3)})[:-1],
        frames.encode({}, {"a": np.array(["text"])}),
        frames.encode({}, {"a": np.ones(3)}).replace(b"[3]", b"[9]"),
    ],
)
def test_bytes_that_are_no_frame_are_refused(data: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.decode(data)


@pytest.mark.parametrize("status", ["unknown", "infeasible", "unbounded"])
def test_a_reference_that_proves_no_value_has_none_to_judge_by(status: str) -> None:
    claimed = {"instance": "x", "status": status, "rde": 99.0, "bound": 1.0}
    row_of = reference.row(claimed)
    assert (row_of["value"], row_of["bound"], row_of["status"]) == (None, None, status)


def test_a_pipe_in_the_place_of_a_file_does_not_keep_us_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(manifest.ResultsError):
        manifest.load(tmp_path)
    (tmp_path / "cells").mkdir()
    os.mkfifo(tmp_path / "cells" / f"{KEY}.{'0' * 16}.parquet")
    assert store.read_cell(tmp_path, KEY) is None


def test_a_solver_whose_words_are_no_words_is_not_recorded(tmp_path: Path) -> None:
    strange = replace(entrant("a"), summary="\x1b[31m")
    with pytest.raises(manifest.ResultsError, match=r"cannot be recorded.*summary"):
        manifest.record(tmp_path, suite_run(strange))
    assert not (tmp_path / "manifest.json").exists()


SHARD, OTHER_SHARD = f"{KEY}.{'0' * 16}.parquet", f"{KEY}.{'1' * 16}.parquet"


@pytest.fixture
def badged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a cell that was re-run here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    badges.award(tmp_path, badges.RE_RUN, {KEY: SHARD}, [KEY], {KEY: ["a"]})
    assert badges.read(tmp_path, {KEY: SHARD}, {KEY: ["a"]}) == {KEY: "re-run"}
    return tmp_path


def test_badges_are_by_shard_and_only_grow_while_it_stays(badged: Path) -> None:
    def read(shards: dict[str, str]) -> dict[str, str]:
        return badges.read(badged, shards, {KEY: ["a"]})

    def award(badge: str, shards: dict[str, str]) -> None:
        badges.award(badged, badge, shards, [KEY], {KEY: ["a"]})

    award(badges.RE_SCORED, {KEY: SHARD})
    assert read({KEY: SHARD, OTHER: OTHER_SHARD}) == {KEY: "re-run", OTHER: "claimed"}
    assert read({KEY: OTHER_SHARD}) == {KEY: "claimed"}
    award(badges.RE_SCORED, {KEY: OTHER_SHARD})
    assert read({KEY: OTHER_SHARD}) == {KEY: "re-scored"}
    award(badges.RE_SCORED, {})
    assert read({KEY: OTHER_SHARD}) == {KEY: "claimed"}


def test_badges_that_were_altered_do_not_count(badged: Path) -> None:
    file = badged / badges.FILE
    file.write_bytes(file.read_bytes().replace(b"re-run", b"re-rum"))
    assert badges.damaged(badged)
    assert badges.read(badged, {KEY: SHARD}, {KEY: ["a"]}) == {KEY: "claimed"}


def test_badges_of_others_do_not_count(badged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(badged / "of another user"))
    assert badges.read(badged, {KEY: SHARD}, {KEY: ["a"]}) == {KEY: "claimed"}
    badges.award(badged, badges.RE_SCORED, {}, [], {})
    assert badges.read(badged, {KEY: SHARD}, {KEY: ["a"]}) == {KEY: "claimed"}
    assert not badges.damaged(badged)


def test_a_badge_goes_with_the_proofs_of_its_instances(badged: Path) -> None:
    file = reference.file_of(store.references_folder(badged), "a")
    file.parent.mkdir()
    file.write_bytes(reference.encode(reference.unknown("a")))
    assert badges.read(badged, {KEY: SHARD}, {KEY: ["a"]}) == {KEY: "claimed"}
