"""Tensors without a counterpart are listed, and a person puts two together; one weight that differs is named."""

import numpy as np
import pytest

from dashboard import create_app
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import new_network, save
from tests.web.page_check import Browser, words


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("pairs"))))
    network = new_network(opened)
    square, long = np.eye(2, dtype=np.float32), np.arange(3, dtype=np.float32)
    save(opened, network, {"a": square, "b": square * 2})
    save(opened, network, {"a": square, "x": long, "y": square * 2})
    other = square.copy()
    other.view(np.uint32)[1, 0] ^= np.uint32(1 << 31)
    save(opened, network, {"a": other, "b": square * 2})
    save(opened, network, {"a": square, "c": long})
    yield Browser(create_app(workspace=opened).test_client())
    opened.catalogue.close()


def test_what_has_no_counterpart_is_paired_by_a_form_and_undone_by_a_link(browser):
    page = browser.get("/compare?base=small:4&other=small:1")
    assert "Removed: only in small:4" in words(page.root)
    form = next(form for form in page.root.iter("form") if any(e.get("id") == "pair_base" for e in form.iter("select")))
    fields = {e.get("name"): e.get("value") for e in form.iter("input") if e.get("name")}
    assert fields == {"base": "small:4", "other": "small:1"}
    asked = "&".join(f"{name}={value}" for name, value in fields.items())
    answer = browser.raw(f"/compare?{asked}&pair_base=c&pair_other=b")
    assert answer.status_code == 303
    assert answer.location.endswith("pair=c..b")
    page = browser.get(answer.location)
    row = next(e for e in page.root.iter("tr") if words(e).startswith("c → b"))
    assert "reshaped" in words(row)
    undo = next(link for link, said in page.links().items() if said == "undo")
    assert "pair" not in undo
    assert "Removed: only in small:4" in words(browser.get(undo).root)


def test_a_pair_made_by_hand_is_shown_in_detail_and_in_every_file(browser):
    asked = "base=small:1&other=small:2&pair=a..y&pair=b..a"
    page = browser.get(f"/compare?{asked}&tensor=b")
    assert "What changed in b" in words(page.root)
    files = [e.get("data-numbers") for e in page.root.iter("table") if e.get("data-numbers")]
    assert len(files) == 5
    assert all(file.count("pair=") == 2 for file in files)
    cells = browser.raw(f"/compare/cells.csv?{asked}&tensor=b").text.split()
    assert cells[1:] == ["0,0,2.0,1.0,-1.0", "1,1,2.0,1.0,-1.0"]


def test_one_bit_that_changed_is_named_in_the_first_sentence(browser):
    page = browser.get("/compare?base=small:1&other=small:3")
    assert page.sentence == "Only one weight differs: a [1, 0], 0 became -0."
    assert "1 of 4 weights changed: [1, 0], 0 became -0." in words(page.root)
    assert browser.get("/compare?base=small:1&other=small:1").sentence.startswith("Identical: every tensor is equal")
    cell = browser.get("/compare/cell?base=small:1&other=small:3&tensor=a&row=1&column=0")
    assert "80000000" in words(cell.root)
