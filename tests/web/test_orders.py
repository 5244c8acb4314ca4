"""Every table that can be sorted: its arrow, its `aria-sort`, its rows and its files say the same order."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.page_check import words

SORTED = (
    "/",
    "/compare?base=demo-digits:1&other=demo-digits:3",
    "/compare/all",
)
UNSORTABLE = (
    "/",
    "/networks.csv",
    "/compare/all",
    "/compare/all.csv",
    "/compare?base=demo-digits:1&other=demo-digits:3",
)
TWO = "/compare/several?version=demo-digits:1&version=demo-digits:3"


def sort_links(page):
    """The addresses behind the headings of a page's tables."""
    heads = [head for head in page.all("th", scope="col") if head.find(".//a") is not None]
    addresses = [head.find(".//a").get("href") for head in heads]
    return [address for address in addresses if "sort" in parse_qs(urlsplit(address).query)]


def sorted_table(page):
    """The page's table that is sorted, and its heading."""
    for table in page.root.iter("table"):
        for head in table.iter("th"):
            if head.get("aria-sort"):
                return table, head
    return pytest.fail("no heading says how the table is sorted")


def is_in_order(values, descending):
    """Whether values stand in this order, unknown ones last."""
    known = [value.casefold() if isinstance(value, str) else value for value in values if value not in (None, "NaN")]
    ends = [value in (None, "NaN") for value in values]
    return known == sorted(known, reverse=descending) and ends == sorted(ends)


@pytest.mark.parametrize("address", SORTED)
def test_a_heading_says_the_order_that_the_rows_and_the_files_have(demo, address):
    links = sort_links(demo.get(address))
    assert len(links) >= 2
    for link in [*links, *(sort_links(demo.get(links[0]))[:1])]:
        (sort,) = parse_qs(urlsplit(link).query)["sort"]
        page = demo.get(link)
        table, head = sorted_table(page)
        descending = head.get("aria-sort") == "descending"
        assert words(head).endswith("↓" if descending else "↑"), link
        items = demo.raw(table.get("data-numbers").replace(".csv", ".json")).json["items"]
        named = [words(cell) for cell in table.iter("th") if cell.get("scope") == "row"]
        for name, item in zip(named, items, strict=False):
            assert any(str(value).startswith(name.split(" ")[0]) for value in item.values()), (link, name, item)
        column = sort.removeprefix("-")
        assert items
        assert column not in items[0] or is_in_order([item[column] for item in items], descending), link


@pytest.mark.parametrize("address", UNSORTABLE)
def test_a_sort_by_no_column_is_refused(demo, address):
    refused = demo.raw(f"{address}{'&' if '?' in address else '?'}sort=nonsense")
    assert refused.status_code == 422
    assert "sort in this address: Choose one of: " in refused.text


def test_versions_side_by_side_are_sorted_by_a_known_fact_only(demo):
    assert demo.raw(f"{TWO}&sort=nonsense").status_code == 422
    ascending = [words(head) for head in demo.get(f"{TWO}&sort=metric.loss").all("th", scope="col")]
    descending = [words(head) for head in demo.get(f"{TWO}&sort=-metric.loss").all("th", scope="col")]
    assert ascending != descending


def test_the_file_of_a_list_has_the_order_of_the_page(demo):
    named = [words(cell) for cell in demo.get("/").all("th", scope="row")]
    assert [item["name"] for item in demo.raw("/networks.json").json["items"]] == named
