"""The film of a unit: its frames are the columns of the tensors, and each is a link that needs no script."""

import numpy as np
import pytest

from dashboard.services.history import film as films
from dashboard.services.versions.tensors import array, find_tensor
from tests.unit.services.saved_versions import iris_preprocessing, new_network, save, zeros
from tests.web.page_check import Browser, classes, words
from tests.web.test_compare_pages import shares

HISTORY = "/networks/demo-digits/history"
UNIT = f"{HISTORY}?tensor=layer_01.weight&unit=5"
SVG = "{http://www.w3.org/2000/svg}"


def columns(workspace, tensor="layer_01.weight", unit=5):
    """Return the unit's weights in each version: (versions, inputs)."""
    tables = (array(workspace, *find_tensor(workspace, "demo-digits", number, tensor)) for number in range(1, 7))
    return np.array([table[:, unit].astype(np.float64) for table in tables])


def frames(page):
    (strip,) = [e for e in page.root.iter("ol") if "frames" in classes(e)]
    return list(strip.iter("a"))


@pytest.mark.parametrize("show", ["change", "weights"])
def test_each_frame_is_the_units_column_on_one_scale(demo, trained_workspace, show):
    own = columns(trained_workspace)
    own = own - own[0] if show == "change" else own
    limit = np.quantile(np.abs(own), 0.995)
    drawn = shares(demo.raw(f"{HISTORY}/film.png?tensor=layer_01.weight&unit=5&show={show}").data, limit)
    assert drawn.shape == (8, 6 * 9 - 1)
    for place, column in enumerate(own):
        frame = drawn[:, 9 * place : 9 * place + 8]
        assert np.abs(frame - np.clip(column.reshape(8, 8), -limit, limit)).max() <= limit / 127


def test_the_frames_are_links_in_order_and_the_chosen_one_is_large(demo):
    page = demo.get(f"{UNIT}&at=3")
    assert [words(frame) for frame in frames(page)] == [f"v{number}" for number in range(1, 7)]
    assert [words(frame) for frame in frames(page) if frame.get("aria-current")] == ["v3"]
    large = next(e for e in page.root.iter(f"{SVG}svg") if "large" in classes(e))
    assert large.get("viewBox") == "18 0 8 8"
    assert words(page.by_id("frame-words")).startswith("v3, epoch 3: norm ")
    following = demo.get(frames(page)[3].get("href"))
    assert words(following.by_id("frame-words")).startswith("v4, epoch 4: norm ")
    assert words(demo.get(UNIT).by_id("frame-words")).startswith("v6, ")
    demo.get(f"{UNIT}&at=99", status=404)


def test_the_norms_in_words_are_those_of_the_columns(demo, trained_workspace):
    own = columns(trained_workspace)
    said = words(demo.get(f"{UNIT}&at=6").by_id("frame-words"))
    norm, moved = np.linalg.norm(own[5]), np.linalg.norm(own[5] - own[0])
    assert said == f"v6, epoch 6: norm {norm:.3f}, its change since v1 has the norm {moved:.3f}"


def test_weights_and_change_are_two_links_that_need_no_script(demo):
    change, weights = demo.get(UNIT), demo.get(f"{UNIT}&show=weights")
    assert [page.links()[f"{UNIT}&show=weights"] for page in (change, weights)] == ["weights", "weights"]
    assert change.links()[UNIT] == weights.links()[UNIT] == "change since v1"
    assert "shows how far its weights are from those of v1" in change.text
    assert "shows its weights, all on one scale" in weights.text


def test_a_unit_without_pictures_has_bars_of_its_largest_weights(demo, trained_workspace):
    own = columns(trained_workspace, "layer_02.weight", 3)
    page = demo.get(f"{HISTORY}?tensor=layer_02.weight&unit=3&show=weights&at=2")
    large = next(e for e in page.root.iter(f"{SVG}svg") if "large" in classes(e))
    largest = np.sort(np.argsort(-np.abs(own).max(axis=0), kind="stable")[:12])
    assert [words(e) for e in large.iter(f"{SVG}text")] == [f"input {number}" for number in largest]
    bars = [float(bar.get("width")) * (1 if bar.get("class") == "raises" else -1) for bar in large.iter(f"{SVG}rect")]
    assert bars == pytest.approx((own[1, largest] / np.abs(own).max() * 30).tolist(), abs=0.01)
    assert demo.raw(f"{HISTORY}/film.png?tensor=layer_02.weight&unit=3").status_code == 404


def test_the_bars_of_named_inputs_have_their_names_and_many_versions_are_thinned(workspace, app_of, monkeypatch):
    monkeypatch.setattr(films, "MOST_FRAMES", 3)
    network = new_network(workspace)
    for number in range(5):
        weights = {"layer_01.weight": np.full((4, 3), number, np.float32)}
        save(workspace, network, zeros(network) | weights, preprocessing=iris_preprocessing(workspace))
    page = Browser(app_of(workspace).test_client()).get("/networks/small/history?tensor=layer_01.weight&unit=1")
    assert [words(frame) for frame in frames(page)] == ["v1", "v3", "v5"]
    assert "2 versions of 5 left out." in page.text
    asked = Browser(app_of(workspace).test_client()).get("/networks/small/history?tensor=layer_01.weight&unit=1&at=2")
    assert [words(frame) for frame in frames(asked)] == ["v1", "v2", "v3", "v5"]
    assert words(asked.by_id("frame-words")).startswith("v2, ")
    assert "sepal_length" in page.text.replace(" ", "_").lower()
