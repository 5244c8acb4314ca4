"""A number of a confusion matrix leads to the records that it counts, with their pictures and answers."""

from urllib.parse import urlencode

from tests.web.page_check import words

VERSION = "/networks/demo-digits/versions/6"
EVALUATED = f"{VERSION}/evaluate?dataset=digits"


def cells(page):
    """Return the numbers of the matrix that lead to records: what they count -> (the number, the address)."""
    (table,) = [e for e in page.root.iter("table") if "confusion" in (e.get("class") or "")]
    found = {cell.get("title"): cell.find("a") for cell in table.iter("td")}
    return {title: (int(words(link)), link.get("href")) for title, link in found.items() if link is not None}


def listed(demo, address):
    """Return the records that the JSON of a page's list has."""
    page = demo.get(address.partition("#")[0])
    (place,) = [link for link in page.links() if "records.json" in link and "part_records" not in link]
    return page, demo.raw(place).json["items"]


def test_each_number_of_a_versions_matrix_counts_the_records_of_the_part_that_it_leads_to(demo):
    shown = cells(demo.get(VERSION))
    wrong = {title: one for title, one in shown.items() if title.split(" answered as ")[0] != title.split()[3][:-1]}
    assert wrong
    for title, (count, address) in [*wrong.items(), *list(shown.items())[:1]]:
        page, records = listed(demo, address)
        true, predicted = title.split()[0], title.split()[3].rstrip(":")
        assert {(str(one["target"]), str(one["predicted"])) for one in records} == {(true, predicted)}
        assert len(records) == count
        assert f"{title} (test rows)" in words(page.by_id("records"))


def test_the_records_of_a_cell_are_shown_as_pictures_and_lead_to_the_answer(demo):
    count, address = max(cells(demo.get(EVALUATED)).values())
    page, records = listed(demo, address)
    assert len(records) == count
    pictures = [image.get("src") for image in page.root.iter("img") if "records.png" in image.get("src")]
    assert f"record={records[0]['record']}" in pictures[0]
    assert demo.raw(pictures[0]).data.startswith(b"\x89PNG")
    rows = [row.get("data-href") for row in page.root.iter("tr") if row.get("data-href")]
    assert f"/use/demo-digits:6?record={records[0]['record']}" in rows
    assert f"{EVALUATED}#records" in page.links()


def test_a_class_that_there_is_none_of_is_refused_by_its_name(demo):
    page = demo.get(f"{EVALUATED}&{urlencode({'true': 'ten', 'predicted': '1'})}", status=422)
    assert "There is no 'ten'" in words(page.root)
