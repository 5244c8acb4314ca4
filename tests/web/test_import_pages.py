"""Imports on the pages: what was read is shown, what is asked is asked at its field, and the run leads to the diff."""

import io

import numpy as np
import pytest
from safetensors.numpy import save as safetensors_bytes
from werkzeug.datastructures import FileStorage

from dashboard.services.datasets import add_bundled
from dashboard.services.versions.reading import get_detail, get_version
from tests.unit.services.carry_out import carry_out
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import new_network
from tests.unit.services.used_versions import mixed_version
from tests.web.page_check import words

OF_ONE_KIND = ("/networks.json?kind=dense", "/api/v1/networks?kind=foreign")


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


def test_each_checkpoint_shows_its_tensors_with_what_changed_since_the_one_before(browser, send):
    page = send(m_1=tensors(), m_2=tensors(hidden=6), m_3=tensors(hidden=6) | {"new": np.ones(2, np.float32)})
    assert "Tensors of m_1.safetensors" in words(page.by_id("leave_out"))
    second = words(browser.post(address_of(page), filled(page, turn="1:0"), source=address_of(page)).by_id("leave_out"))
    assert "Tensors of m_2.safetensors" in second
    assert "was 5 × 4 float32" in second
    third = browser.get(f"{address_of(page)}?checkpoint=2")
    assert "new2float32" in words(third.by_id("leave_out"))
    rows = browser.raw(f"{address_of(page)}/tensors.json?checkpoint=1").get_json()["items"]
    assert {row["name"]: row["change"] for row in rows}["fc1.weight"] == "was 5 × 4 float32"


def test_tensors_are_left_out_by_ticks_that_filtering_and_turning_pages_keep(browser, workspace, send):
    many = {f"layers.{place:03}.weight": np.full(2, place, np.float32) for place in range(400)}
    page = send(big=many)
    assert page.h1 == "Import big.safetensors"
    assert "1 to 100 of 400" in words(page.by_id("leave_out"))
    ticked = filled(page, leave_out=["layers.000.weight"])

    def look(**more):
        shown = browser.post(address_of(page), ticked | more, source=address_of(page))
        boxes = shown.root.iterfind(".//input[@name='leave_out']")
        ticked["leave_out"] = [
            box.get("value") for box in boxes if box.get("type") == "hidden" or "checked" in box.attrib
        ]
        return words(shown.by_id("leave_out"))

    assert "101 to 200 of 400" in look(turn="0:100")
    assert ticked["leave_out"] == ["layers.000.weight"]
    assert "1 to 100 of 157 that match" in look(filter="1")
    look(filter="1", filtered="1", action="leave")
    look(filter="17", filtered="17", action="keep")
    assert len(ticked["leave_out"]) == 144
    browser.post(address_of(page), ticked | {"action": "save"}, source=address_of(page))
    assert carry_out(workspace).state == "finished"
    names = [info.name for info in get_detail(workspace, "imported", 1).tensors]
    assert len(names) == 256
    assert "layers.000.weight" not in names
    assert {f"layers.17{place}.weight" for place in range(10)} <= set(names)


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
    assert "5 rows down, 4 columns across" in text
    assert "Columns that moved most" in text
    with workspace.catalogue.writing() as connection:
        connection.exec_driver_sql("UPDATE tensors SET units_axis = 0")
    text = words(browser.get(compared).by_id("main"))
    assert "4 inputs down, 5 units across" in text
    assert "Units that moved most" in text
    assert browser.get(f"{compared}&axis=row".replace("compare?", "compare/unit?")).h1 == "Unit 0 of fc1.weight"


def test_a_network_without_a_dataset_offers_those_that_fit_and_says_why_others_do_not(browser, workspace, send):
    page = send(mlp=tensors())
    layers = {"kind": "dense", "proposal": "0", "activations-0": "relu", "activations-1": "softmax"}
    browser.post(address_of(page), filled(page, **layers), source=address_of(page))
    assert carry_out(workspace).state == "finished"
    assert "No dataset that is here has 4 inputs and 3 outputs" in words(
        browser.get("/networks/imported").by_id("main")
    )
    add_bundled(workspace, "iris")
    add_bundled(workspace, "wine")
    shown = browser.get("/networks/imported")
    assert "wine has 13 inputs, the network 4." in words(shown.by_id("main"))
    place = "/networks/imported/dataset"
    refused = browser.post(place, {"dataset": "wine"}, status=422, source="/networks/imported")
    assert refused.by_id("dataset").get("aria-invalid") == "true"
    given = browser.post(place, {"dataset": "iris"}, source="/networks/imported")
    assert "Its outputs are, in their order: setosa, versicolor, virginica." in words(given.root)
    assert given.by_id("epochs") is not None


def test_networks_are_listed_by_their_kind(browser, workspace):
    save_foreign(workspace, "from-elsewhere", {"w": np.ones(2, np.float32)})
    new_network(workspace, name="our-own")
    tabs = browser.get("/").root.iterfind(".//nav[@aria-label='Which networks']//a")
    assert [words(tab) for tab in tabs] == ["all 2", "dense 1", "foreign 1"]
    foreign = browser.get("/?kind=foreign")
    assert foreign.sentence == "1 of 2 networks is foreign."
    assert "our-own" not in words(foreign.by_id("main"))
    browser.get("/?kind=other", status=422)
    listed = {address: browser.raw(address).get_json()["items"] for address in OF_ONE_KIND}
    assert [[row["name"] for row in rows] for rows in listed.values()] == [["our-own"], ["from-elsewhere"]]


def test_what_a_file_of_ours_states_of_its_columns_is_shown_taken_and_said_of_the_version(browser, workspace):
    mixed_version(workspace)
    file = browser.raw("/api/v1/networks/mixed/versions/1.npz").data
    part = {"file": FileStorage(io.BytesIO(file), "mixed.npz")}
    page = browser.post("/import", part, content_type="multipart/form-data")
    said = words(page.root)
    assert "The file states 6 columns (" in said
    assert "the classes =middle, high, low, and inputs scaled as standard." in said
    assert page.by_id("stated").get("checked") is not None
    choices = filled(page, kind="dense", proposal="0", stated="y", task="classification", scaling="none")
    browser.post(address_of(page), choices, source=address_of(page))
    assert carry_out(workspace).state == "finished"
    said = browser.get("/networks/imported/versions/1").text
    assert "<dt>Stated by the file</dt><dd>columns, classes and scaling</dd>" in said
    record = "when=2024-03-04&size=0.5&weight=&member=yes&colour=red&grade=8"
    answers = {browser.get(f"/use/{name}:1?{record}").sentence for name in ("mixed", "imported")}
    assert len(answers) == 1
