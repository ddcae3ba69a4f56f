"""What building the documentation needs beside its configuration: the package as one folder, and plain docstrings."""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).resolve().parents[1]
ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([^`]+)`")


def on_startup(**_: Any) -> None:
    """Link the rooms into one folder, where the reader of docstrings finds them as the package that they are."""
    package = ROOT / ".types" / "rdebench"
    package.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    folders = tomllib.loads(text)["tool"]["setuptools"]["package-dir"].values()
    for room in (folder for folder in folders if "/" not in folder):
        with contextlib.suppress(FileExistsError):
            (package / room).symlink_to(Path("..", "..", room))


class PlainRoles(griffe.Extension):
    """References of the docstrings, which editors understand, as plain code: the page has no such notation."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object that was just read."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
