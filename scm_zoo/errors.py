"""The errors of this room that a user can put right; importable without torch."""

from __future__ import annotations

import importlib.util


class ZooError(ValueError):
    """Something is wrong with a model, its card, its checkpoint or the images; the message says what is allowed."""


def require_packages(*names: str) -> None:
    """Refuse to go on without optional packages.

    Args:
        names: Modules, as they are imported; ``PIL`` stands for Pillow.

    Raises:
        ZooError: If one is not installed.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            package = {"PIL": "pillow"}.get(name, name)
            raise ZooError(f"this needs {package}, which is not installed; run: pip install 'rdebench[zoo]'")
