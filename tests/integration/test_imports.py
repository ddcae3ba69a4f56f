"""Which room may import which, and what stays unloaded until it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

ALLOWED = {
    "problems": set(),
    "scm_zoo": set(),
    "solvers": {"problems"},
    "leaderboard": set(),
    "bench": {"problems", "scm_zoo", "solvers", "leaderboard"},
}
ROOMS = {room: Path(str(resources.files(f"rdebench.{room}"))) for room in ALLOWED}
HEAVY = ("numba", "torch", "pandas", "pyarrow", "scipy.optimize", "jinja2")


def imported_rooms(path, room):
    """Rooms that a source file imports, wherever in the file, by relative or absolute import."""
    package = ["rdebench", room, *path.relative_to(ROOMS[room]).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            targets = [[*module, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        else:
            continue
        for target in targets:
            assert target[0] not in set(ALLOWED), f"{path}: a room imported without its package"
            if target[0] == "rdebench":
                yield target[1]


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_run_one_way(room):
    sources = list(ROOMS[room].rglob("*.py"))
    assert sources
    for path in sources:
        wrong = set(imported_rooms(path, room)) - ALLOWED[room] - {room}
        assert not wrong, f"{path.name} of {room} imports {', '.join(wrong)}"


def loaded_after(code):
    """Names of the modules that are loaded after some code ran in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_problems_and_solvers_is_light():
    loaded = loaded_after("import rdebench.problems, rdebench.solvers")
    assert not loaded.intersection(HEAVY)


def test_the_command_line_starts_light():
    loaded = loaded_after(
        "import contextlib, io, sys\nsys.argv = ['rdebench', '--help']\nfrom rdebench.bench.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main()"
    )
    assert not loaded.intersection(HEAVY)


def test_no_room_is_loaded_twice():
    everything = "import " + ", ".join(f"rdebench.{room}" for room in ALLOWED)
    assert not loaded_after(everything).intersection(ALLOWED)
    assert not set(sys.modules).intersection(ALLOWED)
