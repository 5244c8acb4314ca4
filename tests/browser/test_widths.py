"""No page is wider than the window, from a small phone to a wide screen: what is wide scrolls within its frame."""

import pytest
from playwright.sync_api import expect

from tests.page_home import home_with_all
from tests.page_types import PAGE_TYPES
from tests.pictures import served
from tests.representatives import some_and_all

WIDTHS = (360, 390, 768, 1440, 2560)
SOME = ["network", "version", "tensor", "compare-tensor", "runs", "dataset", "search-new", "help", "style"]
TOO_WIDE = "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"


@pytest.mark.parametrize("names", some_and_all(SOME, [page.name for page in PAGE_TYPES]))
def test_no_page_is_wider_than_the_window(chromium, tmp_path_factory, names):
    home, addresses = home_with_all(tmp_path_factory)
    with served(home) as origin, chromium.new_context(java_script_enabled=False) as context:
        tab = context.new_page()
        found = {}
        for name in names:
            tab.goto(origin + addresses[name], wait_until="domcontentloaded")
            for width in WIDTHS:
                tab.set_viewport_size({"width": width, "height": 900})
                found[name, width] = tab.evaluate(TOO_WIDE)
    assert {place: over for place, over in found.items() if over} == {}


def test_the_navigation_is_a_menu_on_a_narrow_screen(chromium, address):
    with chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800}) as context:
        tab = context.new_page()
        tab.goto(address)
        datasets = tab.get_by_role("navigation", name="Main").get_by_role("link", name="Datasets")
        expect(datasets).to_be_hidden()
        tab.get_by_role("button", name="Menu").click()
        datasets.click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Datasets")
