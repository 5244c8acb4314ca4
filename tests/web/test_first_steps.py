"""The first steps on the list of networks: each is ticked off when it has happened, and a browser can put them away."""

import pytest

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.once import demo_home
from tests.unit.services.foreign_versions import other_arrays, save_foreign
from tests.web.page_check import Browser, classes, words

DIFF = "/compare?base=demo-digits:1&other=demo-digits:6"


def steps_of(browser):
    """Return (the words of a step, whether it is ticked off), in order; nothing where the steps are not shown."""
    page = browser.get("/")
    shown = [element for element in page.root.iter("section") if "first-steps" in classes(element)]
    return [(words(step), "done" in classes(step)) for section in shown for step in section.iter("li")]


def done(browser):
    return [is_done for _, is_done in steps_of(browser)]


@pytest.fixture
def trained(tmp_path_factory, app_of):
    """A browser of a home in which the demo was trained, of its own."""
    opened = open_workspace(Settings(home=str(demo_home(tmp_path_factory))))
    yield Browser(app_of(opened).test_client()), opened
    opened.catalogue.close()


def test_an_empty_home_offers_the_demo_and_an_import(browser):
    page = browser.get("/")
    assert [words_ for words_, _ in steps_of(browser)] == [
        "Train the demo six versions in a few seconds",
        "See what changed as soon as there are two versions",
        "Import your own weights or log them from your script",
    ]
    assert done(browser) == [False, False, False]
    assert "/import" in page.links()


def test_each_step_is_ticked_off_when_it_has_happened_and_the_last_one_ends_them(trained):
    browser, workspace = trained
    assert done(browser) == [True, False, False]
    assert DIFF in browser.get("/").links()
    browser.get("/compare?base=demo-digits:2&other=demo-digits:2")  # nothing can have changed
    assert done(browser) == [True, False, False]
    browser.get(DIFF)
    assert done(browser) == [True, True, False]
    save_foreign(workspace, arrays=other_arrays())
    assert steps_of(browser) == []


def test_they_are_put_away_in_this_browser_only_and_come_back_when_they_are_wanted(browser):
    browser.post("/first-steps", source="/")
    assert steps_of(browser) == []
    assert len(steps_of(Browser(browser.client.application.test_client()))) == 3
    browser.post("/first-steps", {"show": "1"}, source="/help")
    assert len(steps_of(browser)) == 3


def test_a_comparison_is_shown_where_it_cannot_be_noted(trained):
    browser, opened = trained
    (opened.settings.home_folder / "compared").symlink_to("/nowhere/at/all")
    browser.get(DIFF)
    assert done(browser) == [True, False, False]
