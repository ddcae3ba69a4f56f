"""The page in a real browser: it draws, follows the reader, complains about nothing, and runs nothing smuggled in."""

from __future__ import annotations

import base64
import re

import pandas as pd
import pytest

from rdebench.bench.reproduction.claims import judge
from rdebench.leaderboard.page import render
from rdebench.leaderboard.suite_view import FAMILIES as FAMILY_NAMES

from ..allocations import instance
from ..browser import BROWSER, Browser
from ..learner_results import example_learners, example_policy
from ..reader import PLOTS, SECTION, choose, click, contrast, link, shown_solvers, text
from ..reproductions import example_reproduction
from ..results import SOLVERS, XSS, example_manifest, example_rows, result_rows
from ..zoo_results import example_zoo, zoo_card

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH")

BOARD = {**SOLVERS, "local-search": (0.004, 0.003)}
# Code, keys of every object, too long, from right to left, full of what links are made of.
HOSTILE = {
    XSS: (0.002, 0.04),
    "__proto__": (0.01, 0.01),
    "constructor": (0.02, 0.01),
    "x" * 300: (0.03, 0.01),
    "\u202eelpmis": (0.04, 0.01),
    "\"'`&hide=exact#sort=|%zz%E0": (0.05, 0.01),
}
FAMILIES = {
    "exhaustive": "exact",
    "random": "baseline",
    "average": "baseline",
    "heuristic-rde": "baseline",
    "__proto__": "learning",
    XSS: XSS,
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page with everything on it, some of it named to do harm."""
    hostile = {**BOARD, **HOSTILE}
    rows = pd.concat(
        [
            result_rows("paper-v1", ["paper-m6-v1", "paper-m12-v1", "tight-m12-v1"], 12, BOARD),
            result_rows("hostile-v1", ["near-m6-v1", "constructor", "__proto__"], 8, hostile),
            example_rows().query("suite == 'paper-literal-v1'"),
        ],
        ignore_index=True,
    )
    manifest = example_manifest()
    for suite in ("paper-v1", "hostile-v1"):
        entry = manifest["suites"].setdefault(suite, {"title": XSS, "question": "\u202e"})
        entry["solvers"] = [{"name": name, "family": FAMILIES.get(name, "search")} for name in hostile]
    zoo = example_zoo()
    zoo["cards"].append(zoo_card(XSS, XSS, 512, 0.03, 1e-3))
    learners = example_learners()
    learners["policies"].append(example_policy(XSS, "mixture", 0, 0.2))
    instances = {
        "paper-v1": [instance("paper-m6-v1", 3, 6, BOARD, XSS), instance("paper-m12-v1", 5, 12, BOARD, XSS)],
        "hostile-v1": [instance("__proto__", 1, 12, hostile, XSS)],
    }
    file = tmp_path_factory.mktemp("page") / "page.html"
    paper = example_reproduction()
    for reading in paper["readings"]:
        reading["title"] = reading["option"] = XSS
    html = render(rows, manifest, {"lite-v1": zoo}, learners, instances, paper | judge(paper))
    file.write_text(html, encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def opened(page, browser):
    """Opens the page at a link; at the end the browser must not have complained."""
    browser.problems.clear()

    def open_at(fragment="", **how):
        browser.open(f"{page}#{fragment}", **how)
        return browser

    yield open_at
    assert browser.problems == []
    assert browser.run("document.title") == "rdebench leaderboard"
    assert browser.run("document.images.length") == 0


def test_it_opens_offline_on_the_first_suite_and_draws_the_first_plot(opened):
    browser = opened()
    assert browser.run(f"{SECTION}.id") == "suite-paper-v1"
    assert browser.run("performance.getEntriesByName('interactive').length") == 1
    assert (
        browser.run(
            f"{SECTION}.querySelectorAll('figure:not([hidden]) svg.plot, figure:not([hidden]) svg[class^=plot]').length"
        )
        == 1
    )
    assert len(text(browser, "figure:not([hidden]) .labels text")) == len(BOARD)
    assert shown_solvers(browser)[0] == "exhaustive"


def test_every_plot_opens_by_its_tab_and_says_what_it_shows(opened):
    browser = opened("suite-paper-v1")
    keys = browser.run(PLOTS)
    assert keys == [
        "time",
        "instances",
        "runtime",
        "profile",
        "anytime",
        "sizes",
        "classes",
        "improvement",
        "allocation",
    ]
    for key in keys:
        click(browser, f".plot-tabs [value={key}]")
        figures = browser.run(
            f"[...{SECTION}.querySelectorAll('figure:not([hidden])')].map((one) => one.dataset.plot)"
        )
        assert figures == [key]
        drawing = f"{SECTION}.querySelector('figure:not([hidden]) .drawing')"
        drawn = browser.run(f"{drawing}.querySelectorAll('svg[role=img][aria-label], table caption').length")
        assert drawn == 1, key
        assert f"plot={key}" in link(browser)


def test_figures_of_lines_are_there_as_a_table(opened):
    browser = opened("suite-paper-v1&plot=runtime")
    browser.run(f"{SECTION}.querySelector('figure:not([hidden]) details').open = true")
    browser.wait(
        f"{SECTION}.querySelectorAll('figure:not([hidden]) details tbody tr').length === {len(BOARD)}"
    )
    rows = f"[...{SECTION}.querySelectorAll('figure:not([hidden]) details tbody tr')]"
    last = dict(browser.run(f"{rows}.map((row) => [row.cells[0].textContent, row.lastChild.textContent])"))
    assert last["exhaustive"] == "100 %"
    assert last["random"] == "0 %"


def test_columns_sort_by_click_and_keyboard_and_the_link_says_so(opened):
    browser = opened("suite-paper-v1")
    click(browser, "th[data-key=seconds] button")
    assert (
        browser.run(f"{SECTION}.querySelector('th[data-key=seconds]').getAttribute('aria-sort')")
        == "ascending"
    )
    fastest = shown_solvers(browser)
    assert fastest[-1] == "exhaustive"
    browser.run(f"{SECTION}.querySelector('th[data-key=seconds] button').focus()")
    browser.key(" ", 32)
    assert shown_solvers(browser) == fastest[::-1]
    assert browser.run(f"{SECTION}.querySelectorAll('[aria-sort]').length") == 1
    assert "sort=seconds-descending" in link(browser)


def test_facets_narrow_the_view_and_offer_only_what_there_is(opened):
    browser = opened("suite-paper-v1")
    everything = text(browser, ".instances")[0]
    assert everything.startswith("36 instances")
    choose(browser, "[data-facet=users]", "6")
    assert text(browser, ".instances")[0].startswith("12 instances of “paper m6 v1”")
    tight = f"[...{SECTION}.querySelector('[data-facet=class]').options].find((one) => one.value === 'tight')"
    assert browser.run(f"{tight}.disabled") is True
    assert len(shown_solvers(browser)) == len(BOARD)
    assert "users=6" in link(browser)
    choose(browser, "[data-facet=users]", "")
    assert text(browser, ".instances")[0] == everything
    assert "users" not in link(browser)


def test_families_are_hidden_in_the_table_and_in_the_plots(opened):
    browser = opened("suite-paper-v1")
    click(browser, ".kind-baseline input")
    assert set(shown_solvers(browser)) == {name for name in BOARD if FAMILIES.get(name) != "baseline"}
    labels = text(browser, "figure:not([hidden]) .labels text")
    assert "random" not in labels
    assert "exhaustive" in labels
    assert "hide=baseline" in link(browser)
    click(browser, ".kind-baseline input")
    assert len(shown_solvers(browser)) == len(BOARD)


def test_the_advice_follows_the_time_that_an_instance_may_take(opened):
    browser = opened("suite-paper-v1")
    before = text(browser, ".answer")[0]
    choose(browser, "select.time", "4")
    after = text(browser, ".answer")[0]
    assert "exhaustive" in after
    assert after != before
    assert "time=none" in link(browser)


def test_a_link_restores_the_whole_state_and_follows_a_change_of_it(opened):
    chosen = "users=12&class=paper&hide=exact&sort=solver-descending&time=1&plot=allocation&solver=average"
    chosen += "&instance=paper-m12-v1%2F5"
    browser = opened(f"suite-paper-v1&{chosen}")
    assert text(browser, ".instances")[0].startswith("12 instances of “paper m12 v1”")
    assert "exhaustive" not in shown_solvers(browser)
    assert shown_solvers(browser) == sorted(shown_solvers(browser), reverse=True)
    assert browser.run(f"{SECTION}.querySelector('select.time').value") == "3"
    assert "What each user gets from average" in text(browser, ".allocation caption")[0]
    assert len(text(browser, ".allocation tbody tr")) == 12
    click(browser, ".copy")
    browser.wait(f"{SECTION}.querySelector('.copied').textContent !== ''")
    assert sorted(link(browser).partition("&")[2].split("&")) == sorted(chosen.split("&"))
    browser.run("location.hash = '#suite-paper-v1&plot=profile'")
    browser.wait(f"{SECTION}.querySelector('figure:not([hidden])').dataset.plot === 'profile'")
    assert text(browser, ".instances")[0].startswith("36 instances")
    assert shown_solvers(browser)[0] == "exhaustive"


def test_one_instance_shows_what_each_user_gets_beside_the_optimum(opened):
    browser = opened("suite-paper-v1&plot=allocation")
    choose(browser, ".choices label:nth-child(1) select", "paper-m12-v1/5")
    choose(browser, ".choices label:nth-child(2) select", "random")
    assert "random: feasible, gap 25 %" in text(browser, "figure:not([hidden]) .about")[0]
    assert "12 of 12 users have another compression model" in text(browser, "figure:not([hidden]) .about")[0]
    first = text(browser, ".allocation tbody tr:first-child > *")
    assert first[:4] == ["1", f"LeNet{XSS}", "0.5 %1 %", "4.2 %30 %"]
    assert "instance=paper-m12-v1%2F5" in link(browser)


def test_the_highlighted_solver_is_named_in_the_plots(opened):
    browser = opened("suite-paper-v1&plot=anytime")
    assert not any("random+exact" in label for label in text(browser, "figure:not([hidden]) .labels text"))
    choose(browser, "select.solver", "random+exact")
    assert any("random+exact" in label for label in text(browser, "figure:not([hidden]) .labels text"))


def test_tabs_move_by_keyboard_and_say_which_is_chosen(opened):
    browser = opened()
    browser.run("document.querySelector('#tabs [aria-selected=true]').focus()")
    browser.key("End", 35)
    assert browser.run(f"{SECTION}.id") == "learners"
    browser.key("ArrowLeft", 37)
    assert browser.run(f"{SECTION}.id") == "zoo-lite-v1"
    tabs = "[...document.querySelectorAll('#tabs [role=tab]')]"
    assert browser.run(f"{tabs}.filter((tab) => tab.tabIndex === 0).length") == 1
    assert browser.run(f"{tabs}.filter((tab) => tab.ariaSelected === 'true').length") == 1
    assert browser.run("document.activeElement.getAttribute('aria-controls')") == "zoo-lite-v1"
    assert browser.run("document.querySelectorAll('[role=tab]:not([aria-controls])').length") == 0


def test_the_zoo_and_the_learners_draw_all_their_plots(opened):
    browser = opened("zoo-lite-v1")
    assert len(text(browser, ".drawing svg[role=img]")) == 2 + 2 + 1 + 1
    assert browser.run(f"{SECTION}.querySelector('.filter select').options.length") == 2
    browser = opened("learners")
    assert len(text(browser, ".drawing svg[role=img]")) == 2
    assert len(text(browser, "[fill-opacity='0.18']")) == 2


def test_hostile_names_are_only_ever_text(opened):
    browser = opened("suite-hostile-v1")
    assert set(shown_solvers(browser)) == {*BOARD, *HOSTILE}
    assert text(browser, "h2") == [XSS]
    keys = browser.run(PLOTS)
    for key in keys:
        click(browser, f".plot-tabs [value={key}]")
    for name in HOSTILE:
        choose(browser, "select.solver", name)
        assert any(name[:9] in words for words in text(browser, "figure:not([hidden])")), name
        click(browser, ".plot-tabs [value=runtime]")
        assert any(name[:9] in words for words in text(browser, "figure:not([hidden]) .labels text")), name
        if name in (XSS, "__proto__"):
            opened(link(browser).removeprefix("#"))
        assert browser.run(f"{SECTION}.querySelector('select.solver').value") == name
        click(browser, ".plot-tabs [value=allocation]")
    for scenario in ("constructor", "__proto__"):
        choose(browser, "[data-facet=class]", scenario)
        assert text(browser, ".instances")[0].startswith("8 instances")
    click(browser, ".kind-learning input")
    assert set(shown_solvers(browser)) == {*BOARD, *HOSTILE} - {"__proto__"}


@pytest.mark.parametrize(
    "fragment",
    [
        "nothing-here",
        "%E0%A4%A",
        "suite-paper-v1&users=__proto__&class=constructor&rate=%00&time=-1&plot=__proto__&sort=toString-ascending",
        "suite-paper-v1&users=6&class=tight",
        f"suite-paper-v1&solver={'a' * 5000}&instance=%3Cscript%3E&hide=exact,toString,__proto__&sort=%22-x",
        "&&&===",
        "__proto__",
        "constructor&plot=constructor",
    ],
)
def test_links_that_mean_nothing_still_open_the_page(opened, fragment):
    browser = opened(fragment)
    assert browser.run(f"{SECTION}.id") == "suite-paper-v1"
    assert "average" in shown_solvers(browser)
    assert len(text(browser, "figure:not([hidden]) .drawing svg")) == 1


def test_nothing_is_wider_than_a_telephone(opened):
    for fragment in (
        "suite-paper-v1",
        "suite-hostile-v1",
        "zoo-lite-v1",
        "learners",
        "suite-paper-literal-v1",
    ):
        browser = opened(fragment, width=360, dark=True)
        keys = browser.run(PLOTS)
        for key in keys or [None]:
            if key:
                click(browser, f".plot-tabs [value={key}]")
            assert browser.run("document.documentElement.scrollWidth") <= 360, (fragment, key)


def test_it_prints_the_chosen_view_with_every_plot(opened):
    browser = opened("suite-paper-v1&users=6")
    printed = base64.b64decode(browser.send("Page.printToPDF", printBackground=False)["data"])
    assert printed.startswith(b"%PDF")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    shown = browser.run(
        f"[...{SECTION}.querySelectorAll('figure:not([hidden])')].map((one) => one.dataset.plot)"
    )
    assert shown == ["time", "instances", "runtime", "profile", "anytime", "improvement", "allocation"]
    browser.send("Emulation.setEmulatedMedia", media="print")
    pressed = "[...document.querySelectorAll('button, select')].filter((one) => one.offsetParent !== null)"
    assert browser.run(f"{pressed}.filter((one) => !one.closest('th, .ask')).length") == 0
    assert browser.run("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(f"{SECTION}.querySelectorAll('figure:not([hidden])').length") == 1


INKS = ("ink", "soft", "accent", "bad", *(f"kind-{name}" for name in FAMILY_NAMES))


def test_text_stands_out_from_its_background_in_both_themes(opened):
    """WCAG AA: 4.5 to 1 for text."""
    for dark in (False, True):
        browser = opened("suite-paper-v1", dark=dark)

        def colour(name, browser=browser):
            browser.run(f"document.body.style.color = 'var(--{name})'")
            found = browser.run("getComputedStyle(document.body).color")
            return [int(part) for part in re.findall(r"\d+", found)[:3]]

        grounds = {name: colour(name) for name in ("paper", "raised")}
        for ink in INKS:
            for ground, seen in grounds.items():
                assert contrast(colour(ink), seen) >= 4.5, (ink, ground, dark)


def test_the_paper_is_put_to_the_test_in_a_tab_whose_link_keeps_the_reading(opened):
    browser = opened("paper")
    keys = browser.run(f"[...{SECTION}.querySelectorAll('.choose option')].map((one) => one.value)")
    assert len(keys) > 1
    drawn = f"{SECTION}.querySelectorAll('.drawing svg').length"
    assert browser.run(drawn) >= 3
    assert browser.run(f"{SECTION}.querySelector('.choose select').value") == keys[0]
    browser.run(
        f"{{ const menu = {SECTION}.querySelector('.choose select'); menu.value = '{keys[-1]}';"
        " menu.dispatchEvent(new Event('change')); }"
    )
    assert browser.run("location.hash") == f"#paper&reading={keys[-1]}"
    browser = opened(f"paper&reading={keys[-1]}")
    assert browser.run(f"{SECTION}.querySelector('.choose select').value") == keys[-1]
    assert (
        opened("paper&reading=__proto__").run(f"{SECTION}.querySelector('.choose select').value") == keys[0]
    )
