"""A matrix stored as (inputs, units) and the same one turned: every page and address says the same of each unit."""

import re

import numpy as np
import pytest

from dashboard import create_app
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.foreign_versions import save_foreign, with_axis
from tests.web.page_check import Browser, words

COMPARED = "base=NAME:1&other=NAME:2&tensor=weight"
NUMBERS = {
    "how far units moved": f"/api/v1/compare/units?{COMPARED}",
    "how far inputs moved": f"/api/v1/compare/units?{COMPARED}&axis=input",
    "the table of units": f"/compare/units.json?{COMPARED}",
    "the table of inputs": f"/compare/units.json?{COMPARED}&axis=input",
    "the map": f"/compare/map.json?{COMPARED}",
    "a part of the map": f"/compare/map.json?{COMPARED}&order=raw&places=1-3&inputs=0-2",
    "the picture of the map": f"/compare/heat-map.png?{COMPARED}",
    "the picture of a part": f"/compare/heat-map.png?{COMPARED}&order=raw&places=1-3&inputs=0-2",
    "unhealthy units": "/networks/NAME/health/units.json?tensor=weight",
    "dead units": "/networks/NAME/versions/2/dead-units.json",
}
SENTENCES = {
    "what changed": f"/compare/unit?{COMPARED}&unit=3",
    "the health": "/networks/NAME/health?tensor=weight",
    "the history of a unit": "/networks/NAME/history?tensor=weight&unit=3",
    "a version": "/networks/NAME/versions/2",
}


def weights():
    """Return two versions of a matrix (inputs, units): a dead unit, a constant, two equal, and one with a NaN."""
    first = np.random.default_rng(4).normal(size=(4, 7)).astype(np.float32)
    first[:, 0], first[:, 2], first[:, 5] = 0, 0.5, first[:, 4]
    second = first.copy()
    second[:3, 3] += 1
    second[1, 6] = np.nan
    second[2, 1] += np.float32(0.25)
    return first, second


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser of the same units stored three times: as columns, as rows, and as columns that nobody called units."""
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("axes"))))
    for name, axis in (("across", 1), ("down", 0), ("unsaid", None)):
        for number, weight in enumerate(weights(), 1):
            table = np.ascontiguousarray(weight.T) if axis == 0 else weight
            save_foreign(opened, name, [with_axis("weight", table, axis)], epoch=number)
    yield Browser(create_app(workspace=opened).test_client())
    opened.catalogue.close()


def answer(browser, address, name):
    response = browser.raw(address.replace("NAME", name))
    assert response.status_code == 200
    return response.data.replace(name.encode(), b"NAME") if response.mimetype != "image/png" else response.data


def read(browser, address):
    return browser.raw(address).get_json()


@pytest.mark.parametrize("address", NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_units_do_not_depend_on_how_the_matrix_lies(browser, address):
    assert answer(browser, address, "across") == answer(browser, address, "down")


@pytest.mark.parametrize("address", SENTENCES.values(), ids=SENTENCES)
def test_sentences_about_units_do_not_depend_on_how_the_matrix_lies(browser, address):
    across, down = (browser.get(address.replace("NAME", name)) for name in ("across", "down"))
    assert across.h1.replace("across", "down") == down.h1
    assert across.sentence.replace("across", "down") == down.sentence


def test_the_most_moved_units_are_named_whichever_axis_they_are(browser):
    sentences = [
        words(browser.get(f"/compare?{COMPARED}".replace("NAME", name)).by_id("main")) for name in ("across", "down")
    ]
    assert all("Most moved: units 3, 1. 1 input never changed." in text for text in sentences)
    assert all("7 units across, the most changed on the left" in text for text in sentences)


def test_findings_and_time_lines_of_units_are_the_same_in_the_api(browser):
    health = [read(browser, f"/api/v1/networks/{name}/health?tensor=weight") for name in ("across", "down")]
    assert [one["axis"] for one in health] == ["column", "row"]
    assert health[0]["items"][1]["findings"]["no_input"] == [0]
    assert health[0]["items"][1]["findings"]["duplicates"] == [[4, 5]]
    for one, two in zip(*(found["items"] for found in health), strict=True):
        assert one["findings"] == two["findings"]
        assert (one["duplicates"], one["constant"], one["undefined"]) == (1, 1, two["undefined"])
        assert one["spectral_norm"] == pytest.approx(two["spectral_norm"])
    lines = [read(browser, f"/api/v1/networks/{name}/timeline?tensor=weight&unit=3") for name in ("across", "down")]
    assert [(line["row"], line["column"]) for line in lines] == [(None, 3), (3, None)]
    values = [[(item["value"], item["changed"]) for item in line["items"]] for line in lines]
    assert values[0] == values[1]


def test_a_cell_and_the_table_lead_to_the_unit_that_they_are_in(browser):
    cell = words(browser.get(f"/compare/cell?{COMPARED}&row=3&column=1".replace("NAME", "down")).by_id("main"))
    assert re.search("Its unit ?unit 3 Its input ?input 1, the column of the table", cell)
    table = browser.get("/networks/down/versions/2/tensors/weight")
    assert "/networks/down/history?tensor=weight&unit=6" in table.links()


def test_columns_are_spoken_of_where_it_is_not_known_which_axis_the_units_are(browser):
    health = browser.get("/networks/unsaid/health?tensor=weight")
    assert health.sentence.startswith("v2: whether its columns or its rows are units is not known")
    assert "1 duplicate column" in health.sentence
    text = words(health.by_id("main"))
    assert "Unhealthy columns of v2" in text
    assert "All weights of the column are zero." in text
    found = read(browser, "/api/v1/networks/unsaid/health?tensor=weight")
    assert (found["axis"], found["items"][1]["findings"]["dead"]) == (None, [])
    assert browser.get("/networks/unsaid/history?tensor=weight&unit=3").h1 == "Column 3 of weight in unsaid"
    assert read(browser, "/networks/unsaid/versions/2/dead-units.json") == {"items": []}
