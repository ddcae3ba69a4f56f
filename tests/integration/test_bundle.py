"""A bundle gives back what was packed; one that was made to do harm is refused, and nothing is written."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rdebench.bench import bundle, cli, manifest, merge, sealed, store, try_shards
from rdebench.bench.cli import app
from rdebench.bench.manifest import ResultsError
from rdebench.bench.perf_audit import made_up_run, prove, write
from rdebench.bench.rows import SCHEMA
from rdebench.leaderboard import page

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bundle") / "results"
    run = made_up_run(["a", "b"], 3, "small-v1", "small-v1")
    prove(place, run)
    write(place, run)
    return place


@pytest.fixture(scope="module")
def packed(folder: Path) -> Path:
    out = folder.parent / "mine.zip"
    result = CliRunner().invoke(app, ["submit", str(folder), "--out", str(out), "--name", "A. Author"])
    assert result.exit_code == 0, result.output
    return out


def files_of(packed: Path) -> Files:
    with zipfile.ZipFile(packed) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def resealed(files: Files, **changes: Any) -> Files:
    """The same bundle with a description that fits its files."""
    about = sealed.unseal(files[bundle.FILE], 1)
    rest = {name: data for name, data in files.items() if name != bundle.FILE}
    about["files"] = [
        {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in rest.items()
    ]
    return {bundle.FILE: sealed.seal(about | changes, 1), **rest}


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refused(path: Path) -> str:
    """The sentence with which a bundle is refused; nothing is left behind."""
    out = path.parent / "all"
    with pytest.raises(ResultsError) as error:
        merge.merge([path], out)
    assert not out.exists()
    assert not list(path.parent.glob(".all.*"))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_bundle_gives_back_what_was_packed(folder: Path, packed: Path, tmp_path: Path) -> None:
    merge.merge([packed], tmp_path / "all")
    before, after = store.read_results(folder).rows, store.read_results(tmp_path / "all").rows
    assert before.drop(columns="badge").to_json() == after.drop(columns="badge").to_json()
    assert manifest.load(tmp_path / "all") == manifest.load(folder)


def test_the_same_results_give_the_same_bytes(folder: Path, packed: Path, tmp_path: Path) -> None:
    bundle.pack(folder, tmp_path / "again.zip", "A. Author")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_results_with_a_fault_are_not_handed_on(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "results"))
    sorted((copy / "references").iterdir())[0].unlink()
    result = CliRunner().invoke(app, ["submit", str(copy), "--out", str(tmp_path / "mine.zip")])
    assert result.exit_code == 1
    assert not (tmp_path / "mine.zip").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../outside.json",
        "/etc/cron.d/mine",
        "cells/../../outside.parquet",
        "C:\\outside.json",
        "references\\..\\outside.json",
        "solver.py",
        "cells/__init__.py",
        "cells/" + "a" * 64 + "." + "b" * 16 + ".parquet.pkl",
        "cells/" + "A" * 64 + "." + "b" * 16 + ".parquet",
        "references/" + "٣" * 64 + ".json",
        "badges.json",
        "cells/",
    ],
)
def test_files_that_a_bundle_does_not_hold_are_refused(packed: Path, tmp_path: Path, name: str) -> None:
    files = files_of(packed) | {name: b"{}"}
    assert "not one that a bundle holds" in refused(zipped(tmp_path / "bad.zip", files))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip"]


def test_a_name_cut_off_by_a_null_byte_is_refused(packed: Path, tmp_path: Path) -> None:
    path = zipped(tmp_path / "bad.zip", files_of(packed) | {"manifest.json_x.py": b"{}"})
    path.write_bytes(path.read_bytes().replace(b"manifest.json_x.py", b"manifest.json\0x.py"))
    assert "not one that a bundle holds" in refused(path)


def test_links_and_doubled_and_encrypted_entries_are_refused(packed: Path, tmp_path: Path) -> None:
    files, name = files_of(packed), f"references/{'a' * 64}.json"
    for kind in ("link", "doubled", "encrypted", "method"):
        path = zipped(tmp_path / f"{kind}.zip", files)
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            info = zipfile.ZipInfo("manifest.json" if kind == "doubled" else name)
            info.external_attr = ((stat.S_IFLNK if kind == "link" else stat.S_IFREG) | 0o777) << 16
            archive.writestr(info, b"/etc/passwd", zipfile.ZIP_BZIP2 if kind == "method" else None)
        if kind == "encrypted":
            data = bytearray(path.read_bytes())
            data[data.rindex(b"PK\x01\x02") + 8] |= 1
            path.write_bytes(bytes(data))
        words = {"link": "it is a link", "doubled": "it is there twice", "method": "packed in a way"}
        assert words.get(kind, "it is encrypted") in refused(path), kind


def test_zip_bombs_are_refused_before_they_unpack(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(packed)
    bomb = zipped(tmp_path / "ratio.zip", files | {f"references/{'a' * 64}.json": b" " * 50_000_000})
    assert "200 times its size" in refused(bomb)
    monkeypatch.setattr(bundle, "MOST_FILE_BYTES", 1_000)
    assert "bytes" in refused(packed)
    monkeypatch.undo()
    monkeypatch.setattr(bundle, "MOST_FILES", 3)
    assert "at most 3" in refused(packed)
    monkeypatch.undo()
    monkeypatch.setattr(bundle, "MOST_BYTES", 9_000)
    assert "bundle" in refused(packed)


def test_a_file_that_unpacks_to_more_than_it_states_is_refused(packed: Path, tmp_path: Path) -> None:
    name = f"references/{'a' * 64}.json"
    path = zipped(tmp_path / "liar.zip", files_of(packed) | {name: b" " * 50_000_000})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.rindex(mark, 0, data.rindex(name.encode()) if at == 24 else data.index(name.encode()))
        data[start + at : start + at + 4] = struct.pack("<I", 40_000)
    path.write_bytes(bytes(data))
    assert "does not list" in refused(path) or "sound zip" in refused(path)
    about = resealed(files_of(packed) | {name: b" " * 40_000})
    second = zipped(tmp_path / "second.zip", about | {name: b" " * 50_000_000})
    data = bytearray(second.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.rindex(mark, 0, data.rindex(name.encode()) if at == 24 else data.index(name.encode()))
        data[start + at : start + at + 4] = struct.pack("<I", 40_000)
    second.write_bytes(bytes(data))
    assert "second.zip" in refused(second)


def test_entries_that_lie_over_each_other_are_refused(packed: Path, tmp_path: Path) -> None:
    path = zipped(tmp_path / "bad.zip", files_of(packed))
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    path.write_bytes(bytes(data))
    assert "it lies over another file" in refused(path)


@pytest.mark.parametrize("damage", ["truncated", "no zip", "empty", "comment", "large", "flipped"])
def test_what_is_no_sound_bundle_is_refused(packed: Path, tmp_path: Path, damage: str) -> None:
    data = packed.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    locator = data[:-22] + b"PK\x06\x07" + b"\0" * 16 + data[-22:]
    changed = {"truncated": data[:-50], "no zip": b"text", "empty": b"", "flipped": bytes(flipped)}
    path = tmp_path / "bad.zip"
    path.write_bytes(changed.get(damage, locator if damage == "large" else data + b"comment"))
    assert "bad.zip" in refused(path)


def change_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Files], Files]:
    def altered(files: Files) -> Files:
        described = sealed.unseal(files["manifest.json"], 1)
        change(described)
        return files | {"manifest.json": sealed.seal(described, 1)}

    return altered


def suite_of(described: dict[str, Any]) -> dict[str, Any]:
    return dict.__getitem__(described["suites"], "small-v1")


DEEP = b'{"a": ' * 9_000 + b"1" + b"}" * 9_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: files | {"manifest.json": DEEP}, "nests too deeply"),
        (lambda files: files | {"manifest.json": b"\x80\x04\x95pickle."}, "no JSON"),
        (change_manifest(lambda d: d.update(more=1)), "more: Extra inputs"),
        (change_manifest(lambda d: d.update(machine={"cpu": "x" * 3_000})), "machine"),
        (change_manifest(lambda d: suite_of(d).update(title="x" * 100_000)), "title"),
        (change_manifest(lambda d: suite_of(d).update(title="\x1b[2J")), "title"),
        (change_manifest(lambda d: suite_of(d).update(instances=10**30)), "instances"),
        (change_manifest(lambda d: suite_of(d).update(instances=2)), "among 2 instances"),
        (change_manifest(lambda d: suite_of(d).update(seed=5)), "under the seed 5"),
        (change_manifest(lambda d: suite_of(d)["scenarios"][0].update(id="/etc/mine.toml")), "id"),
        (change_manifest(lambda d: suite_of(d)["solvers"][0].update(name="other")), "under the solver other"),
        (
            lambda files: {name: data for name, data in files.items() if "references" not in name},
            "is missing",
        ),
    ],
)
def test_a_manifest_that_no_run_writes_is_refused(
    packed: Path, tmp_path: Path, change: Callable[[Files], Files], words: str
) -> None:
    files = resealed(change(files_of(packed)))
    assert words in refused(zipped(tmp_path / "bad.zip", files))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bad.zip")
    assert "no plain file" in refused(tmp_path / "bad.zip")


def test_a_wrong_hash_or_description_is_refused(packed: Path, tmp_path: Path) -> None:
    files = files_of(packed)
    cell = next(name for name in files if name.startswith("cells/"))
    path = zipped(tmp_path / "bad.zip", files | {cell: files[cell][:-1] + b"x"})
    assert f"{cell} does not have the hash" in refused(path)
    changed = files[bundle.FILE].replace(b"A. Author", b"B. Author")
    assert "bundle.json was changed" in refused(zipped(path, files | {bundle.FILE: changed}))
    fewer = {name: data for name, data in files.items() if name != cell}
    assert "does not list" in refused(zipped(path, fewer))
    assert "bundle.json is missing" in refused(
        zipped(path, {name: data for name, data in files.items() if name != bundle.FILE})
    )
    assert "format" in refused(zipped(path, resealed(files, format="rdebench-bundle/9")))
    assert "name" in refused(zipped(path, resealed(files, name="x" * 1_000)))


def with_shard(files: Files, table: pa.Table, **options: Any) -> Files:
    """Put another table in the place of the first shard, under the name and the hash that fit it."""
    name = next(name for name in files if name.startswith("cells/"))
    key = name.removeprefix("cells/").split(".")[0]
    metadata = pq.read_schema(io.BytesIO(files[name])).metadata
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), buffer, **options)
    rest = {path: data for path, data in files.items() if path != name}
    return resealed(rest | {f"cells/{store.shard_name(key, buffer.getvalue())}": buffer.getvalue()})


def rows_like(packed: Path, **values: Any) -> pa.Table:
    files = files_of(packed)
    name = next(name for name in files if name.startswith("cells/"))
    rows = pq.read_table(io.BytesIO(files[name])).to_pylist()
    rows[0] |= values
    return pa.Table.from_pylist(rows, SCHEMA)


@pytest.mark.parametrize(
    "attack",
    ["run-length list", "long text", "repeated text", "another column", "many rows", "schema", "no parquet"],
)
def test_shards_made_to_take_all_memory_are_refused(packed: Path, tmp_path: Path, attack: str) -> None:
    plain = rows_like(packed)
    if attack == "run-length list":
        count = 21_000_000
        values = pa.ListArray.from_arrays([0, count, count, count], np.ones(count, np.int32))
        at = plain.schema.get_field_index("scm")
        files = with_shard(files_of(packed), plain.set_column(at, SCHEMA.field("scm"), values))
        words = "values; at most"
    elif attack == "long text":
        files = with_shard(files_of(packed), rows_like(packed, message="x" * 100_000_000), compression="zstd")
        words = "a text of 100000000 bytes"
    elif attack == "repeated text":
        many = pa.concat_tables([rows_like(packed, message="x" * 1_000_000)] * 3_000)
        files = with_shard(files_of(packed), many, compression="zstd")
        words = "a text of 1000000 bytes"
    elif attack == "another column":
        many = pa.concat_tables([plain] * 3_000)
        more = pa.array(["x" * 1_000_000]).dictionary_encode().take(pa.array(np.zeros(len(many), np.int32)))
        files = with_shard(files_of(packed), many.append_column("more", more), compression="zstd")
        words = "not of the format"
    elif attack == "many rows":
        files, words = with_shard(files_of(packed), pa.concat_tables([plain] * 4_000)), "rows; at most"
    elif attack == "schema":
        files, words = with_shard(files_of(packed), plain.drop_columns("rde")), "not of the format"
    else:
        files = files_of(packed)
        name = next(name for name in files if name.startswith("cells/"))
        key = name.removeprefix("cells/").split(".")[0]
        rest = {path: data for path, data in files.items() if path != name}
        code = b"import os; os.system('true')"
        files, words = resealed(rest | {f"cells/{store.shard_name(key, code)}": code}), "no parquet file"
    assert words in refused(zipped(tmp_path / "bad.zip", files))


def test_a_shard_that_ends_the_process_that_reads_it_ends_no_more_than_that(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge.merge([packed], tmp_path / "all")
    shards = sorted((tmp_path / "all" / "cells").iterdir())
    assert try_shards.refused(shards) == {}
    killed = (
        "import json, os, sys; names = json.load(sys.stdin); print('sound', flush=True) if {} else None; "
    )
    run, counts = subprocess.run, iter((len(shards) > 1, False))
    monkeypatch.setattr(
        try_shards.subprocess,
        "run",
        lambda _, **options: run(
            [sys.executable, "-c", killed.format(next(counts)) + "os.kill(os.getpid(), 9)"], **options
        ),
    )
    assert list(try_shards.refused(shards)) == [shards[1]]
    counts = iter((False, False))
    with pytest.raises(ResultsError, match="cannot be unpacked with 4 GiB"):
        merge.merge([packed], tmp_path / "more")


def test_words_of_strangers_are_only_ever_shown_as_text(folder: Path, tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    run = made_up_run([script], 3, "small-v1", "small-v1")
    suite = run.suite.model_copy(update={"title": script, "question": "<img src=x onerror=alert(1)>"})
    run = dataclasses.replace(run, suite=suite)
    prove(tmp_path / "results", run)
    write(tmp_path / "results", run)
    bundle.pack(tmp_path / "results", tmp_path / "mine.zip", "[bold]<b>me</b>")
    merge.merge([tmp_path / "mine.zip"], tmp_path / "all")
    results = store.read_results(tmp_path / "all")
    text = page.render(results.rows, results.manifest)
    assert script not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_refusal_has_exit_code_2_and_no_traceback(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    path = zipped(tmp_path / "bad.zip", files_of(packed) | {"../x.py": b""})
    monkeypatch.setattr(sys, "argv", ["rdebench", "merge", str(path), "--out", str(tmp_path / "all")])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert json.loads(
        CliRunner().invoke(app, ["merge", str(packed), "--out", str(tmp_path / "all"), "--json"]).stdout
    )
