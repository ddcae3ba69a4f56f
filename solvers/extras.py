"""Optional packages: which of the project's extras a solver needs."""

from __future__ import annotations

from importlib.util import find_spec


def missing(packages: tuple[str, ...], extra: str) -> str | None:
    """None if all packages are installed, else why the solver cannot run and what to do."""
    absent = [package for package in packages if find_spec(package) is None]
    if not absent:
        return None
    return f"needs {' and '.join(absent)}, not installed; run: pip install 'rdebench[{extra}]'"
