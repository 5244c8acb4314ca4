"""Imports on the pages: what was read is shown, what is asked is asked at its field, and the run leads to the diff."""

import io

import numpy as np
import pytest
from safetensors.numpy import save as safetensors_bytes
from werkzeug.datastructures import FileStorage

from dashboard.services.versions.reading import get_version
from tests.unit.services.carry_out import carry_out
from tests.web.page_check import words


def tensors(scale=1.0, hidden=5):
    weight = np.full((hidden, 4), scale, np.float32)
    return {
        "fc1.weight": weight,
        "fc2.weight": np.ones((3, hidden), np.float32),
        "fc1.bias": np.ones(hidden, np.float32),
    }


@pytest.fixture
def send(browser):
    def send(status=200, **files):
        """Send files of tensors by their names, and return the page that asks what they are to become."""
        parts = [FileStorage(io.BytesIO(safetensors_bytes(own)), f"{name}.safetensors") for name, own in files.items()]
        return browser.post("/import", {"file": parts}, status=status, content_type="multipart/form-data")

    return send


def address_of(page):
    return page.root.find(".//form[@method='post']").get("action")


def filled(page, **changes):
    """Return what a person sends who changes only these fields."""
    known = {"network": "imported", "kind": "foreign", "checkpoints": ["0"], "action": "save"}
    return known | changes


def test_a_file_is_shown_with_its_tensors_and_saved_as_a_foreign_network(browser, workspace, send):
    page = send(mlp=tensors())
    assert page.h1 == "Import mlp.safetensors"
    assert page.sentence == "3 tensors read as safetensors. Nothing is saved yet."
    assert "fc1.weight" in words(page.by_id("main"))
    run = browser.post(address_of(page), filled(page), source=address_of(page))
    assert "Import mlp.safetensors" in run.h1
    assert carry_out(workspace).state == "finished"
    assert get_version(workspace, "imported", 1).kind == "foreign"


def test_layers_are_proposed_and_an_activation_that_is_missing_is_asked_at_its_field(browser, workspace, send):
    page = send(mlp=tensors())
    choices = filled(page, kind="dense", proposal="0", **{"activations-0": "relu", "activations-1": ""})
    refused = browser.post(address_of(page), choices, status=422, source=address_of(page))
    assert refused.by_id("activations-1").get("aria-invalid") == "true"
    browser.post(address_of(page), choices | {"activations-1": "softmax"}, source=address_of(page))
    assert carry_out(workspace).state == "finished"
    assert [layer.activation for layer in get_version(workspace, "imported", 1).spec.layers] == ["relu", "softmax"]


def test_a_series_leads_to_the_comparison_of_its_first_version_with_its_last(browser, workspace, send):
    page = send(m_1=tensors(1.0), m_2=tensors(2.0))
    assert page.sentence == "2 checkpoints read as safetensors. Nothing is saved yet."
    run = browser.post(address_of(page), filled(page, checkpoints=["0", "1"]), source=address_of(page))
    assert carry_out(workspace).state == "finished"
    run = browser.get("/runs/1")
    assert run.sentence == "2 versions saved: imported:1 to imported:2."
    assert "/compare?base=imported:1&other=imported:2" in [link.replace("%3A", ":") for link in run.links()]


def test_changes_of_architecture_are_shown_and_have_to_be_accepted(browser, workspace, send):
    page = send(m_1=tensors(), m_2=tensors(hidden=6))
    assert "3 reshaped or of another type" in words(page.by_id("main"))
    choices = filled(page, checkpoints=["0", "1"])
    refused = browser.post(address_of(page), choices, status=409, source=address_of(page))
    assert refused.by_id("accept_changes") is not None
    browser.post(address_of(page), choices | {"accept_changes": "y"}, source=address_of(page))
    assert carry_out(workspace).result["versions"] == [1, 2]


@pytest.mark.parametrize("place", ["abc", "²", "-1", "9" * 5000])
def test_places_that_are_none_are_refused_and_no_fault_of_ours(browser, send, place):
    page = send(mlp=tensors())
    choices = filled(page, kind="dense", proposal=place, checkpoints=[place])
    browser.post(address_of(page), choices, status=422, source=address_of(page))


def test_what_is_no_file_of_weights_is_refused_on_the_page(browser):
    text = FileStorage(io.BytesIO(b"a title, and no numbers"), "notes.safetensors")
    page = browser.post("/import", {"file": text}, status=422, content_type="multipart/form-data")
    assert page.by_id("file").get("aria-invalid") == "true"


def test_an_import_can_be_discarded(browser, workspace, send):
    page = send(mlp=tensors())
    browser.post(address_of(page), filled(page, action="discard"), source=address_of(page))
    assert list(workspace.uploads_folder.iterdir()) == []


def test_a_comparison_says_units_of_the_axis_that_has_them_and_rows_where_that_is_not_known(browser, workspace, send):
    page = send(m_1=tensors(1.0), m_2=tensors(2.0))
    browser.post(address_of(page), filled(page, checkpoints=["0", "1"]), source=address_of(page))
    assert carry_out(workspace).state == "finished"
    compared = "/compare?base=imported:1&other=imported:2&tensor=fc1.weight"
    text = words(browser.get(compared).by_id("main"))
    assert "5 rows across, 4 columns down" in text
    assert "Columns that moved most" in text
    with workspace.catalogue.writing() as connection:
        connection.exec_driver_sql("UPDATE tensors SET units_axis = 0")
    text = words(browser.get(compared).by_id("main"))
    assert "4 inputs across, 5 units down" in text
    assert "Units that moved most" in text
    assert browser.get(f"{compared}&axis=row".replace("compare?", "compare/unit?")).h1 == "Unit 0 of fc1.weight"
