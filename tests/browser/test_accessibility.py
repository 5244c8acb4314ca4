"""axe-core finds nothing on any page type, neither in the light nor in the dark."""

from importlib.resources import files
from pathlib import Path

import pytest

from tests.browser.in_process import in_process
from tests.page_types import PAGE_TYPES

pytestmark = pytest.mark.browser

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
FIRST_ONES = {page.endpoint: page.name for page in reversed(PAGE_TYPES)}.values()
"""The first page type of each view."""

RULES = """async () => await found({exclude: [["tbody tr:nth-of-type(n + 12)"]]},
    {rules: {"target-size": {enabled: true}, "color-contrast": {enabled: false}}})"""
COLOURS = """async () => await found(
    {include: newOnes.filter((one) => one.isConnected && !one.closest(".busy"))}, {runOnly: ["color-contrast"]})"""
"""What a live page has replaced meanwhile is no longer there; an old chart is dimmed until the new one is."""
HELPERS = Path(__file__).with_name("axe_helpers.js").read_text()


@pytest.mark.parametrize("are_all", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["one of a view", "all"])
def test_nothing_on_a_page_keeps_anyone_from_using_it(chromium, tmp_path_factory, are_all):
    """Of elements of the same classes within the same ones, the first has its colours checked, in both themes."""
    found, seen = [], []
    with in_process(chromium, tmp_path_factory) as inside:
        inside.without_plotly = not are_all
        for page in inside.pages:
            if are_all or page.name in FIRST_ONES or page.status != 200:
                found += [f"{page.name}: {one}" for one in faults(inside, page, seen)]
    assert not found, "\n".join(found)


def faults(inside, page, seen):
    """Return what axe says of a page; the places whose colours it checks are added to those that were seen."""
    tab = inside.tab
    tab.emulate_media(color_scheme="light")
    inside.go(page)
    tab.evaluate(AXE + HELPERS)
    found = tab.evaluate(RULES)
    places = tab.evaluate("(seen) => newPlaces(seen)", seen)
    seen += places
    if places:
        found += tab.evaluate(COLOURS)
        tab.emulate_media(color_scheme="dark")
        found += [f"in the dark: {one}" for one in tab.evaluate(COLOURS)]
    return found
