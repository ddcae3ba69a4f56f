"""The documentation as a site: it builds without a warning, opens from a folder and fetches nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from rdebench.bench.reproduction import open_problem, open_reward
from rdebench.solvers import find_solver, solver_names

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS) for path in DOCS.rglob("*.md"))
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FETCHING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}
COUNTED = ("li", "table", "tr", "pre", "blockquote", "h2", "h3", "img")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return folder


class _Tags(HTMLParser):
    """Tags and attributes of what matters: all of a page, or its article alone."""

    def __init__(self, text, only=""):
        super().__init__()
        self.tags, self.only, self.depth = [], only, 0 if only else 1
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == self.only or (self.depth and not self.only):
            self.depth += 1
        if self.depth:
            self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag == self.only:
            self.depth -= 1


def built(site, page):
    return (site / page.with_suffix(".html")).read_text(encoding="utf-8")


def test_every_page_is_in_the_navigation(site):
    start = _Tags(built(site, Path("index.md")))
    links = {attrs.get("href") for tag, attrs in start.tags if tag == "a"}
    assert not [page for page in PAGES if page.with_suffix(".html").as_posix() not in links]


def test_nothing_is_fetched(site):
    found = []
    for page in PAGES:
        for tag, attrs in _Tags(built(site, page)).tags:
            address = attrs.get(FETCHING.get(tag, ""), "") or ""
            if re.match(r"(\w+:)?//", address):
                found.append((page.name, tag, address))
    for sheet in site.rglob("*.css"):
        found += re.findall(r"url\((?:https?:)?//[^)]*\)", sheet.read_text(encoding="utf-8"))
    assert not found


@pytest.mark.parametrize("page", [page for page in PAGES if page.parts[0] != "api"], ids=str)
def test_a_page_has_the_parts_that_it_has_beside_the_code(site, page):
    """Two dialects of Markdown read the files; a list without an empty line before it is one in one of them only."""
    oracle = MarkdownIt("commonmark").enable("table")
    expected = _Tags(oracle.render((DOCS / page).read_text(encoding="utf-8")))
    shown = _Tags(built(site, page), only="article")
    parts = [Counter(tag for tag, _ in one.tags if tag in COUNTED) for one in (expected, shown)]
    assert parts[1] == parts[0]


def test_every_equation_stands_on_the_page_of_the_problem(site):
    blocks = " ".join(re.findall(r"<pre.*?</pre>", built(site, Path("problem.md")), flags=re.DOTALL))
    numbers = [*map(str, range(1, 7)), *(f"7{letter}" for letter in "abcdef"), *map(str, range(8, 17))]
    assert not [number for number in numbers if f"({number})" not in blocks]


def test_what_is_open_is_numbered_as_where_it_is_tried_out():
    text = (DOCS / "problem.md").read_text(encoding="utf-8")
    for decision in (*open_problem.DECISIONS, *open_reward.DECISIONS):
        assert f"\n| {decision.number} | {decision.title}" in text


def test_every_solver_is_in_the_reference(site):
    pages = built(site, Path("api/solvers.md")) + built(site, Path("api/learning.md"))
    solvers = [find_solver(name) for name in solver_names()]
    names = [f"{solver.__module__}.{solver.__qualname__}" for solver in solvers]
    assert not [name for name in names if f'id="{name}"' not in pages]


def test_every_name_of_the_reference_is_explained(site):
    bare, seen = [], 0
    for page in PAGES:
        if page.parts[0] == "api":
            for entry in re.split(r'(?=<h\d id="rdebench\.)', built(site, page))[1:]:
                seen += 1
                name = re.match(r'<h\d id="([^"]+)"', entry)
                if "<p>" not in entry.partition("</article>")[0]:
                    bare.append(name[1])
    assert seen > 50
    assert not bare


@pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH")
def test_the_search_finds_pages_from_a_folder(site, tmp_path):
    command = [
        *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0"),
        *(f"--user-data-dir={tmp_path}", "--virtual-time-budget=10000", "--dump-dom"),
        f"{(site / 'index.html').as_uri()}?q=epsilon",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    results = re.findall(r'<a[^>]*href="([^"]*)"[^>]*class="md-search-result__link"', done.stdout)
    assert any("problem.html" in link for link in results)
    assert "CONSOLE" not in done.stderr
