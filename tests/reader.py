"""What a reader does on the page, in terms of the browser of :mod:`.browser`."""

from __future__ import annotations

import json

SECTION = "[...document.querySelectorAll('.suite')].find((section) => !section.hidden)"

PLOTS = f"[...{SECTION}.querySelectorAll('.plot-tabs [role=tab]:not([hidden])')].map((tab) => tab.value)"


def text(browser, selector):
    return browser.run(
        f"[...{SECTION}.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent)"
    )


def shown_solvers(browser):
    rows = f"[...{SECTION}.querySelector('.tables table').tBodies[0].rows]"
    return browser.run(f"{rows}.filter((row) => !row.hidden).map((row) => row.dataset.solver)")


def choose(browser, selector, value):
    """Choose an option as a reader does; an option that is not offered fails."""
    done = browser.run(
        f"""(() => {{
          const select = {SECTION}.querySelector({json.dumps(selector)});
          const option = [...select.options].find((one) => one.value === {json.dumps(value)} && !one.disabled);
          if (!option) return false;
          select.value = option.value;
          select.dispatchEvent(new Event("change", {{ bubbles: true }}));
          return true;
        }})()"""
    )
    assert done, f"{value} is not offered in {selector}"


def click(browser, selector):
    browser.run(f"{SECTION}.querySelector({json.dumps(selector)}).click()")


def link(browser):
    return browser.run("location.hash")


def contrast(one, other):
    def luminance(colour):
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
