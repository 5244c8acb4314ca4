"""Every page that names a cell of a vector names it by its one index: [5], not [5, 0]."""

import re

import numpy as np
import pytest

from dashboard import create_app
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import new_network, save, zeros
from tests.web.page_check import Browser, words

BIAS = "layer_01.bias"
SIDES = "base=small:1&other=small:2"
PAGES = {
    "the cell that was clicked": f"/networks/small/versions/2/tensors/{BIAS}?row=5&column=0",
    "outliers": f"/networks/small/versions/2/tensors/{BIAS}",
    "the one weight that differs": f"/compare?{SIDES}",
    "where a tensor changed most, and its top changes": f"/compare?{SIDES}&tensor={BIAS}",
    "one cell's change": f"/compare/cell?{SIDES}&tensor={BIAS}&row=5&column=0",
    "the largest changes of a unit": f"/compare/unit?{SIDES}&tensor={BIAS}&axis=row&unit=5",
    "one cell over all versions": f"/networks/small/history?tensor={BIAS}&row=5&column=0",
}
NAMES = re.compile(r"\[\d+(?:, \d+)+\]")
"""Of cells with more than one index."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("cells"))))
    network = new_network(opened, layers=({"units": 9, "activation": "relu"},))
    tensors = zeros(network) | {BIAS: np.linspace(-1, 1, 9, dtype=np.float32)}
    save(opened, network, tensors)
    changed = tensors[BIAS].copy()
    changed[5] = 100
    save(opened, network, tensors | {BIAS: changed})
    yield Browser(create_app(workspace=opened).test_client())
    opened.catalogue.close()


@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
def test_a_cell_of_a_vector_has_one_index(browser, address):
    assert NAMES.findall(words(browser.get(address).root)) == []


@pytest.mark.parametrize("page", [name for name in PAGES if name != "the largest changes of a unit"])
def test_the_cell_is_named(browser, page):
    assert "[5]" in words(browser.get(PAGES[page]).root)


def test_the_top_changes_of_a_vector_are_named_by_their_index(browser):
    page = browser.get(PAGES["where a tensor changed most, and its top changes"])
    (table,) = page.all("table", aria_label="Largest single changes")
    assert [words(head) for head in table.iter("th") if head.get("scope") == "row"] == ["[5]"]


def test_a_cell_of_a_vector_is_the_unit_of_its_index(browser):
    text = words(browser.get(PAGES["one cell's change"]).root)
    assert re.search("Its unit ?unit 5", text)
    assert "Its input" not in text
