"""Compiled kernels are kept under the hash of all kernel sources, so an edit is never served old code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rdebench.problems import compiled


@pytest.fixture
def sources(tmp_path):
    """A copy of the rooms with kernels that may be edited."""
    for room in ("problems", "solvers"):
        source = Path(compiled.__file__).parents[1] / room
        shutil.copytree(source, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_there_are_kernels_and_a_copy_has_the_same_hash(sources):
    assert {path.parent.name for path in sources.glob("*/*_kernel.py")} == {"problems", "solvers"}
    assert compiled.source_hash(sources) == compiled.source_hash(Path(compiled.__file__).parents[1])


def test_any_edit_of_any_kernel_changes_the_hash(sources):
    before = compiled.source_hash(sources)
    for path in sources.glob("*/*_kernel.py"):
        text = path.read_text()
        path.write_text(text + "\n")
        assert compiled.source_hash(sources) != before
        path.write_text(text)
    assert compiled.source_hash(sources) == before


def test_a_new_or_renamed_kernel_changes_the_hash(sources):
    before = compiled.source_hash(sources)
    (sources / "problems" / "another_kernel.py").write_text("")
    added = compiled.source_hash(sources)
    (sources / "problems" / "another_kernel.py").rename(sources / "problems" / "renamed_kernel.py")
    assert len({before, added, compiled.source_hash(sources)}) == 3


def test_other_sources_do_not_matter(sources):
    before = compiled.source_hash(sources)
    (sources / "solvers" / "base.py").write_text("# edited")
    assert compiled.source_hash(sources) == before


def test_the_folder_is_named_after_the_hash(sources, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(compiled, "__file__", str(sources / "problems" / "compiled.py"))
    find = compiled.cache_folder.__wrapped__
    first = find()
    assert Path(first).is_dir()
    assert Path(first).name == compiled.source_hash(sources)
    (sources / "solvers" / "allocation_kernel.py").write_text("# edited")
    assert find() != first


def test_a_folder_that_cannot_be_made_means_no_cache(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert compiled.cache_folder.__wrapped__() is None
