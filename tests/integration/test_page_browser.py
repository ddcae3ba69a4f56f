"""The page in a real browser: it draws, complains about nothing, and runs nothing that the data smuggles in."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from rdebench.leaderboard.page import render

from ..learner_results import example_learners, example_policy
from ..results import XSS, example_manifest, example_rows
from ..zoo_results import example_zoo, zoo_card

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH")


def open_page(folder, text, anchor):
    """The document after its scripts ran, and what the browser logged."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    command = [
        BROWSER,
        *(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
        ),
        *(
            "--disable-background-networking",
            "--disable-component-update",
            "--host-resolver-rules=MAP * ~NOTFOUND",
        ),
        *("--enable-logging=stderr", "--v=0", f"--user-data-dir={folder / 'profile'}", "--dump-dom"),
        f"{file.as_uri()}#{anchor}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The page with the harmful suite in front."""
    folder = tmp_path_factory.mktemp("page")
    return open_page(folder, render(example_rows(), example_manifest()), "suite-stress-v1")


@pytest.fixture(scope="module")
def zoo_opened(tmp_path_factory):
    """The page with a zoo in front, among whose models one is named to do harm."""
    folder = tmp_path_factory.mktemp("zoo")
    zoo = example_zoo()
    zoo["cards"].append(zoo_card(XSS, XSS, 512, 0.03, 1e-3))
    return open_page(folder, render(example_rows(), example_manifest(), {"lite-v1": zoo}), "zoo-lite-v1")


@pytest.fixture(scope="module")
def learners_opened(tmp_path_factory):
    """The page with the learners in front, of which one is named to do harm."""
    learners = example_learners()
    learners["policies"].append(example_policy(XSS, "mixture", 0, 0.2))
    return open_page(
        tmp_path_factory.mktemp("learners"),
        render(example_rows(), example_manifest(), None, learners),
        "learners",
    )


def test_the_console_is_silent(opened):
    assert [line for line in opened[1].splitlines() if "CONSOLE" in line] == []


def test_both_plots_are_drawn_with_every_solver(opened):
    dom = opened[0]
    assert dom.count('<svg class="plot') == 2
    labels = re.search(r'<g class="labels".*?</g>', dom, re.DOTALL)
    assert labels is not None
    assert labels[0].count("<text") == 8


def test_tabs_filter_and_sorting_are_live(opened):
    dom = opened[0]
    assert re.findall(r'aria-selected="(\w+)"', dom) == ["false", "false", "true"]
    assert dom.count("<option") == 4 + 1 + 3
    assert '<span class="head"><button type="button">Solver</button>' in dom


def test_a_harmful_solver_name_stays_text(opened):
    dom = opened[0]
    assert "<title>rdebench leaderboard</title>" in dom
    assert "<img" not in dom
    assert XSS not in dom


def test_the_zoo_draws_all_its_plots_in_silence(zoo_opened):
    dom, log = zoo_opened
    assert [line for line in log.splitlines() if "CONSOLE" in line] == []
    zoo = dom.partition('id="zoo-lite-v1"')[2].partition("</section>")[0]
    assert len(re.findall(r'<svg class="plot[^"]*"[^>]*role="img"', zoo)) == 2 + 2 + 1 + 1
    assert re.findall(r'aria-selected="(\w+)"', dom)[-1] == "true"
    assert zoo.count("<option") == 2
    assert XSS not in dom
    assert "<img" not in dom


def test_the_learners_are_drawn_in_silence(learners_opened):
    dom, log = learners_opened
    assert [line for line in log.splitlines() if "CONSOLE" in line] == []
    section = dom.partition('id="learners"')[2].partition("</section>")[0]
    assert len(re.findall(r'<svg class="plot[^"]*"[^>]*role="img"', section)) == 2
    assert section.count('fill-opacity="0.18"') == 2
    assert re.findall(r'aria-selected="(\w+)"', dom)[-1] == "true"
    assert XSS not in dom
    assert "<img" not in dom
