"""The page of why a loss changed: its sentence, its numbers in every form, its ways on, and where it cannot say it."""

import json

import numpy as np
import pytest

from dashboard.records.why import WhyRequest
from dashboard.services.networks import get_network
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.why import results
from dashboard.services.why.results import cell_shares, known_why
from tests.unit.services.carry_out import carry_out
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import iris_preprocessing, new_network, save, save_two
from tests.web.page_check import words

WHY = "/compare/why?base=small:1&other=small:2"
TWO = WhyRequest("small:1", "small:2")


@pytest.fixture
def two(browser, workspace):
    """A browser of two versions on iris, of different random weights."""
    save_two(workspace)
    return browser


def rows(browser, what, query=""):
    return json.loads(browser.raw(f"/compare/why/{what}.json?base=small:1&other=small:2{query}").data)["items"]


def test_the_page_says_which_tensor_and_units_changed_the_loss_and_files_have_every_number(two, workspace):
    result = known_why(workspace, TWO)
    page = two.get(WHY)
    assert page.h1 == "Why the loss changed from v1 to v2"
    assert two.get(WHY.replace("/why", "", 1)).h1 == "What changed from v1 to v2"
    verb = "rose" if result.change > 0 else "fell"
    assert f"The loss on 15 validation records of iris {verb} by " in page.sentence
    assert f"({result.points} points)." in words(page.by_id("sum"))
    tensors, units = rows(two, "tensors"), rows(two, "units")
    assert {row["tensor"]: row["share"] for row in tensors} == {one.name: one.share for one in result.tensors}
    assert [(row["layer"], row["unit"], row["share"]) for row in units] == [
        (one.layer, one.unit, one.share) for one in result.units
    ]
    assert sum(row["share"] for row in units) == pytest.approx(result.sum)
    assert [row["put_back_loss"] for row in units] == [one.put_back.loss for one in result.units]
    assert [row["loss_restored"] for row in units] == [result.loss_restored(one.put_back) for one in result.units]
    assert [row["loss"] for row in rows(two, "curve")][-1] == result.base_score.loss
    assert sum(row["share"] for row in rows(two, "classes")) == pytest.approx(result.change)
    assert [row["t"] for row in rows(two, "path")] == [point.t for point in result.path]
    for what in ("way", "restored"):
        assert two.raw(f"/compare/why/{what}.figure?base=small:1&other=small:2").get_json()["data"]


def test_one_class_and_one_record_are_explained_and_a_record_leads_to_its_answers(two, workspace):
    of_class = two.get(f"{WHY}&class=setosa")
    assert "validation records of the class setosa of iris" in of_class.sentence
    record = rows(two, "lost")[0]["record"]
    of_record = two.get(f"{WHY}&record={record}")
    assert of_record.sentence.startswith(f"The loss on record {record} of iris rose by ")
    assert f"/use/small:2?record={record}&also=small:1" in {link.replace("%3A", ":") for link in of_record.links()}
    two.get(f"{WHY}&class=tulip", status=404)
    two.get(f"{WHY}&part=all", status=422)


def test_the_map_of_a_tensor_is_shaded_by_the_share_of_each_cell(two, workspace):
    tensor = "&tensor=layer_01.weight"
    page = two.get(f"/compare?base=small:1&other=small:2{tensor}")
    (toggle,) = [link for link, text in page.links().items() if text == "s shaded by share of the loss"]
    shaded = two.get(toggle)
    assert "cells above 0 raised the loss" in words(shaded.root)
    numbers = two.raw(f"/compare/map.json?base=small:1&other=small:2{tensor}&shade=share&order=raw").get_json()["items"]
    shown = np.array([list(row.values())[1:] for row in numbers])
    assert np.array_equal(shown, cell_shares(workspace, TWO, "layer_01.weight").T)
    assert two.raw(f"/compare/heat-map.png?base=small:1&other=small:2{tensor}&shade=share").mimetype == "image/png"


def test_ticked_units_are_put_back_tried_and_saved_as_a_version_whose_diff_opens(two, workspace):
    page = two.get(WHY)
    (form,) = page.all("form", id="put-back")
    ticks = {"units": ["1.0", "1.2"], "base": "small:1"}
    tried = two.post(form.get("action"), ticks | {"action": "measure"}, source=WHY)
    assert tried.sentence == "10 of 27 cells would change. Nothing is saved yet."
    assert get_network(workspace, "small").last_version == 2
    saved = two.post(form.get("action"), ticks | {"action": "save"}, source=WHY)
    assert saved.h1 == "What changed from v2 to v3"
    base, child = (read_tensors(workspace, get_version(workspace, "small", number)) for number in (1, 3))
    assert np.array_equal(child["layer_01.weight"][:, [0, 2]], base["layer_01.weight"][:, [0, 2]])


def test_a_planted_fault_is_named_in_the_sentence_and_its_unit_opens(browser, workspace):
    network = new_network(workspace, layers=({"units": 5, "activation": "tanh"},))
    rng = np.random.default_rng(4)
    good = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
    faulty = {name: array.copy() for name, array in good.items()}
    faulty["layer_01.weight"][:, 1] *= -1
    for tensors in (good, faulty):
        save(workspace, network, tensors, preprocessing=iris_preprocessing(workspace))
    page = browser.get(WHY)
    assert "all of it by layer_01.weight, where unit 1 of layer 1 did most;" in page.sentence
    assert "; putting unit 1 of layer 1 back" in page.sentence
    (unit,) = [link for link, text in page.links().items() if text == "layer 1, unit 1"]
    assert browser.get(unit).h1 == "Unit 1 of layer_01.weight"


def test_what_takes_longer_than_a_second_is_counted_by_a_run_that_leads_back(two, workspace, monkeypatch):
    monkeypatch.setattr(results, "AT_ONCE_WORK", 0)
    for address in (WHY, "/compare?base=small:1&other=small:2&shade=share"):
        assert "a run does it" in two.get(address).sentence
    run = two.post(WHY, source=WHY)
    assert run.h1 == "Run 1 of small: Why small:2 is not as small:1"
    assert WHY in {link.replace("%3A", ":") for link in run.links()}
    assert "See how far run 1 is" in words(two.get(WHY).root)


def test_shares_of_cells_that_were_removed_are_counted_again_at_once_or_by_a_run(two, workspace, monkeypatch):
    shaded = f"{WHY.replace('/why', '')}&tensor=layer_01.weight&shade=share"
    assert known_why(workspace, TWO) is not None
    shares = cell_shares(workspace, TWO, "layer_01.weight").tolist()
    (kept,) = workspace.decoded.folder.glob("why-*.npy")
    kept.unlink()
    assert cell_shares(workspace, TWO, "layer_01.weight").tolist() == shares
    kept.unlink()
    monkeypatch.setattr(results, "AT_ONCE_WORK", 0)
    assert two.get(shaded).h1 == "Why the loss changed from v1 to v2"
    page = two.get(WHY)
    assert "The shares of single cells were removed to save space" in words(page.root)
    two.post(WHY, source=WHY)
    carry_out(workspace)
    assert "The shares of single cells were removed" not in words(two.get(WHY).root)
    assert cell_shares(workspace, TWO, "layer_01.weight").tolist() == shares
    assert two.get(shaded).h1 == "What changed from v1 to v2"


def test_networks_that_cannot_run_here_and_equal_ones_are_said_in_words(browser, workspace):
    save_foreign(workspace)
    save_foreign(workspace)
    page = browser.get("/compare/why?base=imported:1&other=imported:2")
    assert "weightbase.why(model_a, model_b" in words(page.root)
    save_two(workspace)
    assert browser.get("/compare/why?base=small:1&other=small:1").sentence.endswith("is the same: 5.492.")
    browser.get("/compare/why?base=small:1&other=small:9", status=404)
