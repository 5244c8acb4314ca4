"""The list of page types is whole; `test_valid_html.py` fetches each of them."""

from tests.page_types import NO_PAGES, PAGE_TYPES

PARTS = (".<any(csv, json):suffix>", ".figure", ".drawing", ".png", ".csv")


def test_every_view_of_the_app_has_a_page_type(app_of, workspace):
    rules = app_of(workspace).url_map.iter_rules()
    views = {
        rule.endpoint
        for rule in rules
        if "GET" in rule.methods and not rule.rule.startswith("/api/") and not rule.rule.endswith(PARTS)
    }
    assert {page.endpoint for page in PAGE_TYPES} == views - NO_PAGES
