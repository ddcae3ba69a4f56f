"""The documents are true: their examples run, their links lead somewhere, and nothing is left out."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from rdebench.bench.cli import app
from rdebench.bench.rows import SCHEMA, STATUSES
from rdebench.bench.suite import suite_names
from rdebench.problems import RDEProblem, Scenario, instance
from rdebench.problems.scenario import scenario_ids
from rdebench.solvers import solver_names

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
ADDRESS = re.compile(r"\bhttps?:[^\s)>`\"']*")


def text_of(path):
    """A document without its HTML comments."""
    return re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def anchors(path):
    """The anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def run_bash(commands, folder):
    """Run a block of commands, with one instance instead of a preset."""
    for line in commands.strip().splitlines():
        assert line.startswith(("rdebench ", "make help")), f"{line}: mark it as text, it is not run"
    commands = re.sub(r"--preset \w+", "--instances 1", commands)
    place = ROOT if commands.startswith("make") else folder
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=place,
        env=os.environ | {"PATH": path, "RDEBENCH_POLICIES": str(folder / "policies")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_examples_run(path, tmp_path, monkeypatch):
    """In their order, in one folder; a first line ``# NAME`` makes a block the content of that file."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for language, content in BLOCK.findall(text_of(path)):
        if file := re.match(r"# (\S+\.\w+)\n", content):
            (tmp_path / file[1]).write_text(content, encoding="utf-8")
        if language == "bash":
            run_bash(content, tmp_path)
        elif language == "python":
            exec(compile(content, str(path), "exec"), names)
        elif language == "toml":
            Scenario.parse(content, path.name)
        elif language == "json":
            instance.from_json(content)
        else:
            assert language == "text", f"{language}: a block that nothing checks"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path):
    for target, anchor in LINK.findall(text_of(path)):
        if not target.startswith("https:"):
            file = path.parent / target if target else path
            assert file.exists(), f"{target}: no such file"
            assert not anchor or anchor in anchors(file), f"{target}#{anchor}: no such heading"


def test_addresses_have_the_form_of_addresses():
    """They are not fetched: what lies elsewhere may be away for a while."""
    found = {address for path in DOCUMENTS for address in ADDRESS.findall(text_of(path))}
    form = re.compile(r"https://([a-z0-9-]+\.)+[a-z]{2,}(/[\w~%.-]+)*/?(#[\w-]+)?")
    assert found
    assert not [address for address in found if not form.fullmatch(address)]


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("README.md", solver_names()),
        ("docs/index.md", suite_names()),
        ("docs/problem.md", [field.name for field in dataclasses.fields(RDEProblem)]),
        ("docs/scenarios.md", scenario_ids()),
        ("docs/solvers.md", solver_names()),
        ("docs/results.md", [*SCHEMA.names, *STATUSES]),
    ],
)
def test_nothing_is_left_out(document, names):
    text = (ROOT / document).read_text(encoding="utf-8")
    assert not [name for name in names if f"`{name}`" not in text]


def test_every_command_has_a_section():
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    for command in get_command(app).commands:
        assert f"## `rdebench {command}`" in text


def test_every_option_is_in_the_section_of_its_command():
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    for name, command in get_command(app).commands.items():
        section = re.split(
            r"^## ", text.partition(f"\n## `rdebench {name}`")[2], maxsplit=1, flags=re.MULTILINE
        )[0]
        for leaf in getattr(command, "commands", {"": command}).values():
            missing = [
                one.opts
                for one in leaf.params
                if one.opts[0].startswith("--")
                and not re.search(
                    "|".join(rf"{way}(?![\w-])" for way in one.opts + one.secondary_opts), section
                )
            ]
            assert not missing, f"rdebench {name}"


def test_the_plugin_of_the_readme_is_short():
    (plugin,) = [
        content for _, content in BLOCK.findall(text_of(ROOT / "README.md")) if "(Solver)" in content
    ]
    assert len([line for line in plugin.splitlines() if line.strip()]) <= 25
