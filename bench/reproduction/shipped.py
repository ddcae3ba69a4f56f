"""The reproduction that ships with the project."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

NAME = "reproduction.json"


def shipped() -> dict[str, Any] | None:
    """The document that ``rdebench reproduce`` wrote for this version, or None where none is installed."""
    file = resources.files(__package__).joinpath(NAME)
    return json.loads(file.read_bytes()) if file.is_file() else None
