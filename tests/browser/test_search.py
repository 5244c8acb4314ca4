"""A search as a person does it: from the form, watched while it runs, to a network and to the network that proposed."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_the_main_job import wait_for_chart

pytestmark = pytest.mark.browser

SEARCH_MS = 900_000  # forty trainings, on a machine that does other things as well


@pytest.mark.parametrize("theme", ["dark"])  # its pages are looked at in both by tests/web; this is about what it does
@pytest.mark.soak
def test_forty_trials_on_digits_lead_from_the_form_to_a_network_of_the_winner(walk):
    page = walk.page
    walk.go("/datasets/new")
    page.get_by_role("row", name=re.compile("digits")).get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("digits")
    start(walk)
    watch(walk)
    look_at_a_narrow_window(walk)
    look_at_the_proposer(walk)
    open_as_network(walk)


def start(walk):
    page = walk.page
    walk.go("/searches/new?dataset=digits")
    page.get_by_label("Name", exact=True).fill("digits-search")
    page.get_by_label("Trials", exact=True).fill("40")
    page.get_by_label("Epochs per trial").fill("1")
    page.get_by_label("Hidden layers, from").fill("1")
    page.get_by_label("Hidden layers, to").fill("2")
    page.get_by_label("Units of each layer, from").fill("4")
    page.get_by_label("Units of each layer, to").fill("24")
    walk.shot("s1-form")
    page.get_by_role("button", name="Start the search").click()
    expect(page.locator("h1")).to_have_text("digits-search")


def watch(walk):
    """Look on while it runs, without a reload: trials come in, charts are drawn, the winner is named."""
    page = walk.page
    expect(page.locator("#progress")).to_contain_text("of 40 trials tried", timeout=SEARCH_MS)
    wait_for_chart(page, "history")
    walk.shot("s2-running")
    expect(page.locator("#progress")).to_contain_text("The winner: trial", timeout=SEARCH_MS)
    expect(page.locator("#progress")).to_contain_text("40 trials tried; the winner is trial")
    for name in ("importance", "predictions", "belief"):
        wait_for_chart(page, name)
    expect(page.locator("#tried")).to_contain_text("Show all")
    page.get_by_role("link", name="Parameters").click()
    expect(page.locator("th[aria-sort]")).to_contain_text("Parameters")
    assert "sort=parameters" in page.url
    page.goto(page.url.partition("?")[0])
    walk.shot("s3-finished")


def look_at_a_narrow_window(walk):
    """Rows keep their height where there is little room; the table scrolls in its box, not the page."""
    page = walk.page
    page.set_viewport_size({"width": 800, "height": 900})
    heights = "[...document.querySelectorAll('#leaderboard tbody tr')].map((row) => row.offsetHeight)"
    assert set(page.evaluate(heights)) == {26}
    assert page.evaluate("document.documentElement.scrollWidth") == 800
    assert page.evaluate("(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)(leaderboard)")
    walk.shot("s4-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})


def look_at_the_proposer(walk):
    """What proposed is a network like any other: its versions are listed, browsed and compared."""
    page = walk.page
    expect(page.locator("#tried")).to_contain_text("Rank correlation")
    page.get_by_role("link", name="digits-search-proposer").click()
    expect(page.locator("h1")).to_have_text("digits-search-proposer")
    boxes = page.get_by_role("checkbox", name="Select digits-search-proposer:")
    boxes.first.check()
    boxes.last.check()
    page.get_by_role("button", name="Compare the selected").click()
    expect(page.locator("h1")).to_contain_text("What changed from v1 to")
    expect(page.locator("main")).to_contain_text("tensors changed")
    walk.go("/networks/digits-search-proposer/versions/1")
    page.get_by_role("link", name="layer_01.weight").first.click()
    expect(page.get_by_role("region", name="Part of the table")).to_be_visible()


def open_as_network(walk):
    page = walk.page
    walk.go("/searches/1")
    page.get_by_role("button", name="Open as network").click()
    expect(page.locator("h1")).to_contain_text("of digits-search-")
    expect(page.locator("#progress")).to_contain_text("finished", timeout=SEARCH_MS)
    page.get_by_role("link", name="To the network").click()
    expect(page.locator("main")).to_contain_text("Trial")
    expect(page.get_by_role("link", name="v1").first).to_be_visible()
