"""No page is wider than the window, from a small phone to a wide screen: what is wide scrolls within its frame."""

import pytest

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
