"""The built wheel holds every module and every data file, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".py", ".toml", ".json", ".jinja", ".css", ".js"}
ZOOS = ROOT / "scm_zoo" / "zoos"  # data, not packages: a folder for each zoo
POLICIES = ROOT / "solvers" / "ppo" / "policies"


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Names of the files in a freshly built wheel."""
    # Built from a copy: setuptools leaves its build folder beside the sources and reuses what lies there.
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in ROOT.iterdir():
        if path.name in ("pyproject.toml", "README.md", "LICENSE") or (path / "__init__.py").is_file():
            (source / path.name).symlink_to(path)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def packages():
    """Packages of the project and their folders."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        setuptools = tomllib.load(file)["tool"]["setuptools"]
    return {package: ROOT / setuptools["package-dir"][package] for package in setuptools["packages"]}


def test_every_file_of_every_package_is_in_the_wheel(names):
    for package, folder in packages().items():
        files = [path for path in folder.iterdir() if path.suffix in SUFFIXES]
        assert files
        missing = {f"{package.replace('.', '/')}/{path.name}" for path in files} - names
        assert not missing


def test_every_folder_with_sources_is_a_package():
    listed = set(packages().values())
    rooms = {folder for folder in listed if folder.parent == ROOT}
    for room in rooms:
        for path in room.rglob("*"):
            if (
                path.suffix in SUFFIXES
                and "__pycache__" not in path.parts
                and not {ZOOS, POLICIES} & set(path.parents)
            ):
                assert path.parent in listed, f"{path.relative_to(ROOT)} is in no package of pyproject.toml"


def test_zoos_are_in_the_wheel(names):
    files = {path.relative_to(ROOT).as_posix() for path in ZOOS.rglob("*") if path.is_file()}
    assert any(name.endswith(".safetensors") for name in files)
    assert {f"rdebench/{name}" for name in files} <= names


def test_policies_are_in_the_wheel(names):
    files = {path.relative_to(ROOT).as_posix() for path in POLICIES.rglob("*") if path.is_file()}
    assert any(name.endswith(".safetensors") for name in files)
    assert {f"rdebench/{name}" for name in files} <= names
    assert all(path.stat().st_size < 1_000_000 for path in POLICIES.rglob("*"))


def test_nothing_else_is_in_the_wheel(names):
    assert all(name.startswith(("rdebench/", "rdebench-")) for name in names)
    assert not [name for name in names if "test" in Path(name).name.split("_")]
    assert not [name for name in names if name.endswith((".pyc", ".tmp"))]


def test_licences_are_in_the_wheel(names):
    licences = {Path(name).name for name in names if "/licenses/" in name}
    assert {"LICENSE", "LICENSE-d3", "LICENSE-plot"} <= licences
