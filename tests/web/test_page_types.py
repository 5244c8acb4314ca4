"""The list of page types is whole, and each of them is there, valid, in the home that is made for them."""

import pytest

from tests.page_home import home_with_all, showing
from tests.page_types import EMPTY, NO_PAGES, PAGE_TYPES, REFUSED
from tests.web.page_check import Browser

PARTS = (".<any(csv, json):suffix>", ".figure", ".drawing", ".png", ".csv")


@pytest.fixture(scope="module")
def all_pages(tmp_path_factory):
    """A browser of the home with every page, and page's name -> its address."""
    home, addresses = home_with_all(tmp_path_factory)
    with showing(home) as app:
        yield Browser(app.test_client()), addresses


def test_every_view_of_the_app_has_a_page_type(app_of, workspace):
    rules = app_of(workspace).url_map.iter_rules()
    views = {
        rule.endpoint
        for rule in rules
        if "GET" in rule.methods and not rule.rule.startswith("/api/") and not rule.rule.endswith(PARTS)
    }
    assert {page.endpoint for page in PAGE_TYPES} == views - NO_PAGES


@pytest.mark.parametrize("name", [page.name for page in PAGE_TYPES])
def test_each_page_type_is_there_and_valid(all_pages, name):
    browser, addresses = all_pages
    page = browser.get(addresses[name])
    assert page.h1
    if name != "use-not":
        assert "There is no" not in page.sentence


@pytest.mark.parametrize(("name", "status", "address"), REFUSED)
def test_each_refusal_is_a_page(all_pages, name, status, address):
    assert all_pages[0].get(address, status=status).h1


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_home_has_its_pages(browser, name):
    assert browser.get(EMPTY[name]).h1
