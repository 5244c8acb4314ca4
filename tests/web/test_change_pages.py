"""The page that changes a version, the lineage, and the ways to them."""

import numpy as np
import pytest

from dashboard.services.networks import get_network
from dashboard.services.versions.reading import get_detail, get_version
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import new_network, save_two
from tests.web.page_check import words

PAGE = "/networks/small/versions/1/change"
CELL = {"cells-0-tensor": "layer_01.weight", "cells-0-row": "2", "cells-0-column": "1", "cells-0-value": "0.1"}


@pytest.fixture
def two(browser, workspace):
    """A browser of two versions on iris, of different random weights."""
    save_two(workspace)
    return browser


def send(browser, kind, action, status=200, **data):
    return browser.post(f"{PAGE}?change={kind}", data | {"action": action}, source=PAGE, status=status)


def test_a_cell_is_edited_and_the_diff_with_its_parent_opens(two, workspace):
    assert "Edit cells" in words(two.get(f"{PAGE}?tensor=layer_01.weight&row=2&column=1").root)
    tried = send(two, "edit", "measure", **CELL)
    assert tried.sentence == "1 of 27 cells would change. Nothing is saved yet."
    assert "3dcccccd" in words(tried.root)
    assert get_network(workspace, "small").last_version == 2
    saved = send(two, "edit", "save", **CELL)
    assert saved.h1 == "What changed from v1 to v3"
    assert "Saved as small:3." in words(saved.root)
    page = two.get("/networks/small/versions/3")
    assert "What changed since small:1" in words(page.root)
    assert "layer_01.weight row 2, column 1:" in words(page.root)


def test_a_further_cell_is_added_without_losing_what_was_typed(two, workspace):
    added = send(two, "edit", "add", **CELL)
    assert added.by_id("cells-0-value").get("value") == "0.1"
    both = CELL | {
        "cells-1-tensor": "layer_02.bias",
        "cells-1-row": "0",
        "cells-1-column": "0",
        "cells-1-value": "-7",
    }
    send(two, "edit", "save", **both)
    cells = get_detail(workspace, "small", 3).origin["cells"]
    assert [(cell["tensor"], cell["after"]) for cell in cells] == [
        ("layer_01.weight", "0.1"),
        ("layer_02.bias", "-7.0"),
    ]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("interpolate", {"other": "small:2", "t": "0.25"}),
        ("average", {"versions": "small:2", "shares": "1, 3"}),
        ("prune", {"share": "0.5", "scope": "units"}),
        ("round", {"to": "int8"}),
        ("put_back", {"base": "small:2", "units": "1.0\n2.2", "tensors": "layer_01.bias"}),
    ],
)
def test_each_kind_of_change_is_tried_and_saved(two, workspace, kind, data):
    tried = send(two, kind, "measure", **data)
    assert "cells would change" in tried.sentence
    assert "validation" in words(tried.root)
    send(two, kind, "save", **data)
    assert get_detail(workspace, "small", 3).origin["how"] == kind
    assert get_version(workspace, "small", 3).parent == "small:1"
    if kind == "put_back":
        page = words(two.get("/networks/small/versions/3").root)
        assert "unit 0 of layer 1, unit 2 of layer 2, layer_01.bias" in page


@pytest.mark.parametrize(
    ("kind", "data", "status", "message"),
    [
        ("edit", CELL | {"cells-0-value": "0,1"}, 422, "New value"),
        ("edit", CELL | {"cells-0-row": "99"}, 422, "layer_01.weight has rows 0 to 3"),
        ("interpolate", {"other": "small:9", "t": "0.5"}, 404, "has no version 9"),
        ("interpolate", {"other": "x", "t": "0.5"}, 400, "name:number"),
        ("average", {"versions": ""}, 422, "Choose 1 to 31 versions besides small:1"),
        ("prune", {"share": "2"}, 422, "Give a number from 0 to 1"),
        ("round", {"to": "x"}, 422, "Choose one of: float16"),
    ],
)
def test_what_is_wrong_is_told_next_to_its_field(two, workspace, kind, data, status, message):
    for action in ("measure", "save"):
        page = send(two, kind, action, status=status, **data)
        assert message in words(page.by_id("problems"))
    assert get_network(workspace, "small").last_version == 2


def test_the_scores_between_two_versions_are_drawn_and_exported(two):
    page = two.get(f"{PAGE}?change=interpolate&other=small:2")
    assert "Measured on 15 records of the validation part" in words(page.root)
    points = two.raw(f"{PAGE}/between.json?other=small:2").json["items"]
    assert [point["t"] for point in points[::10]] == [0.0, 0.5, 1.0]
    figure = two.raw(f"{PAGE}/between.figure?other=small:2").json
    assert figure["data"][0]["y"] == [point["accuracy"] for point in points]


def test_the_mix_of_two_strangers_is_warned_of(two):
    tried = send(two, "interpolate", "measure", other="small:2", t="0.5")
    assert "These versions share no ancestor" in words(tried.root)
    send(two, "prune", "save", share="0.5", scope="all")
    related = send(two, "interpolate", "measure", other="small:3", t="0.5")
    assert "share no ancestor" not in words(related.root)


def test_a_foreign_version_is_changed_without_scores(two, workspace):
    save_foreign(workspace, "odd", {"w": np.eye(2, dtype=np.float32), "n": np.array(3, np.int64)})
    place = "/networks/odd/versions/1/change?change=prune"
    data = {"share": "0.5", "scope": "all", "action": "measure"}
    tried = two.post(place, data, source=place)
    assert tried.h1 == "Change odd v1"
    assert "cannot be measured" in words(tried.root) or "can be neither run" in words(tried.root)
    units = data | {"scope": "units"}
    refused = two.post(
        "/networks/odd/versions/1/change?change=prune", units, status=409, source="/networks/odd/versions/1/change"
    )
    assert "Units can be pruned in dense networks only" in words(refused.root)


def test_there_are_ways_to_the_page_of_changes(two):
    assert PAGE in two.get("/networks/small/versions/1").links()
    assert any(PAGE in link for link in two.get("/networks/small/versions/1/tensors/layer_01.weight").links())
    mix = next(
        link for link, text in two.get("/compare?base=small:1&other=small:2").links().items() if text == "Mix the two"
    )
    assert "Score between the two versions" in words(two.get(mix).root)


def test_the_lineage_leads_to_what_each_version_came_from(two):
    send(two, "prune", "save", share="0.5", scope="all")
    send(two, "average", "save", versions="small:2\nsmall:3")
    page = two.get("/networks/small/lineage")
    links = [element for element in page.root.iter() if element.get("class") in {"version", "run"}]
    drawn = [(words(link), link.get("href")) for link in links]
    assert drawn == [
        ("v1: training", "/networks/small/versions/1"),
        ("v3: prune", "/networks/small/versions/3"),
        ("v2: training", "/networks/small/versions/2"),
        ("v4: average", "/networks/small/versions/4"),
    ]
    rows = two.raw("/networks/small/lineage/versions.json").json["items"]
    assert {row["version"]: row["parents"] for row in rows} == {
        "small:4": "small:1 small:2 small:3",
        "small:3": "small:1",
        "small:2": "",
        "small:1": "",
    }


def test_a_network_without_versions_has_an_empty_lineage(browser, workspace):
    new_network(workspace)
    assert "No version yet" in words(browser.get("/networks/small/lineage").root)
