"""The comparison's page: the map of a change unit by unit, one unit's pictures, and what is too large to be drawn."""

import io

import numpy as np
import pytest
from PIL import Image

from dashboard.charts.palette import diverging_levels
from dashboard.services import pictures
from dashboard.services.tensors import array, find_tensor
from tests.web.page_check import classes, words

SIDES = "base=demo-digits:1&other=demo-digits:6"
TENSOR = f"{SIDES}&tensor=layer_01.weight"
VERSION = "/networks/demo-digits/versions/6"


def weights(workspace, number):
    return array(workspace, *find_tensor(workspace, "demo-digits", number, "layer_01.weight")).astype(np.float64)


@pytest.fixture
def change(trained_workspace):
    return weights(trained_workspace, 6) - weights(trained_workspace, 1)


def by_movement(change):
    return np.argsort(-np.sqrt((change**2).sum(axis=0)), kind="stable")


def shares(png, limit):
    """Return what a picture says: each pixel's colour as its place on the diverging scale, times the limit."""
    levels = {colour: level for level, colour in reversed(list(enumerate(diverging_levels("light")[:255])))}
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return np.array([[levels[tuple(pixel)] for pixel in row] for row in pixels.tolist()]) / 127 * limit - limit


def test_the_map_has_a_row_for_each_unit_the_most_changed_on_top(demo, change):
    limit = np.quantile(np.abs(change), 0.995)
    drawn = shares(demo.raw(f"/compare/heat-map.png?{TENSOR}").data, limit)
    expected = np.clip(change.T[by_movement(change)], -limit, limit)
    assert drawn.shape == (32, 64)
    assert np.abs(drawn - expected).max() <= limit / 127


def test_the_map_is_drawn_in_the_tables_order_on_demand_and_the_address_says_so(demo, change):
    limit = np.quantile(np.abs(change), 0.995)
    drawn = shares(demo.raw(f"/compare/heat-map.png?{TENSOR}&order=raw").data, limit)
    assert np.abs(drawn - np.clip(change.T, -limit, limit)).max() <= limit / 127
    page = demo.get(f"/compare?{TENSOR}")
    assert f"/compare?{TENSOR}&order=raw".replace(":", "%3A") in {link.replace(":", "%3A") for link in page.links()}
    assert demo.get(f"/compare?{TENSOR}&order=raw").by_id("change-map").get("data-units").split()[:3] == ["0", "1", "2"]


def test_the_map_knows_the_unit_of_each_row(demo, change):
    units = demo.get(f"/compare?{TENSOR}").by_id("change-map").get("data-units")
    assert [int(unit) for unit in units.split()] == by_movement(change).tolist()


def test_the_unit_that_moved_most_is_shown_before_after_and_its_change(demo, change):
    page = demo.get(f"/compare?{TENSOR}")
    most = int(by_movement(change)[0])
    images = [e.get("alt") for e in page.root.iter("img") if "unit.png" in e.get("src")]
    assert images == [f"Unit {most}, {side}" for side in ("change", "before", "after") for _ in ("light", "dark")]


def test_the_picture_of_a_change_is_the_change_of_the_units_weights(demo, change):
    png = demo.raw(f"/compare/unit.png?{TENSOR}&unit=5&side=change").data
    own = change[:, 5].reshape(8, 8)
    limit = np.quantile(np.abs(own), 0.995)
    drawn = shares(png, limit)[::4, ::4]  # a weight is 4 × 4 pixels
    assert np.abs(drawn - np.clip(own, -limit, limit)).max() <= limit / 127


def test_before_and_after_share_one_scale_of_colours(demo, trained_workspace):
    one, two = weights(trained_workspace, 1)[:, 5], weights(trained_workspace, 6)[:, 5]
    limit = np.quantile(np.abs(np.concatenate([one, two])), 0.995)
    for side, own in (("before", one), ("after", two)):
        drawn = shares(demo.raw(f"/compare/unit.png?{TENSOR}&unit=5&side={side}").data, limit)[::4, ::4]
        assert np.abs(drawn - np.clip(own.reshape(8, 8), -limit, limit)).max() <= limit / 127


def test_each_unit_that_moved_leads_to_its_pictures_and_to_its_column(demo, change):
    second = int(by_movement(change)[1])
    links = demo.get(f"/compare?{TENSOR}").links()
    assert links[f"{VERSION}/tensors/layer_01.weight?column={second}"] == "table"
    page = demo.get(f"/compare?{TENSOR}&unit={second}")
    assert f"Unit {second}" in [words(e) for e in page.root.iter("h3")]
    current = [words(next(row.iter("th"))) for row in page.root.iter("tr") if "current" in classes(row)]
    assert current == ["layer_01.weight", str(second)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"/compare/unit.png?{TENSOR}&unit=32", 404),
        (f"/compare/unit.png?{TENSOR}&unit=-1", 422),
        (f"/compare/unit.png?{TENSOR}&unit=1&side=between", 422),
        (f"/compare/unit.png?{SIDES}&tensor=layer_02.weight&unit=1", 404),
        (f"/compare/heat-map.png?{TENSOR}&order=upside-down", 422),
        (f"/compare/heat-map.png?{SIDES}&tensor=none", 404),
        (f"/compare?{TENSOR}&order=upside-down", 422),
        (f"/compare/cells.csv?{TENSOR}&count=0", 422),
        (f"/compare/changes.figure?{TENSOR}&bins=1", 422),
    ],
)
def test_what_cannot_be_drawn_is_refused(demo, query, status):
    demo.get(query, status=status)


def test_an_equal_tensor_has_nothing_more_to_show(demo):
    page = demo.get("/compare?base=demo-digits:2&other=demo-digits:2&tensor=layer_01.weight")
    detail = next(e for e in page.root.iter("section") if e.get("aria-labelledby") == "detail")
    assert words(detail).endswith("Equal, bit for bit.")
    assert not any(True for _ in detail.iter("img"))


def test_a_very_large_tensor_is_told_by_its_checksum_until_a_person_asks_for_more(demo, trained_workspace, monkeypatch):
    trained_workspace.kept.clear()  # what is known already is told
    monkeypatch.setattr(pictures, "EXPENSIVE_CELLS", 500)
    page = demo.get(f"/compare?{SIDES}")
    row = next(e for e in page.root.iter("tr") if words(e).startswith("layer_01.weight"))
    said = [words(cell) for cell in row]
    assert said == ["layer_01.weight", "changed", "2,048 cells: told by its checksums alone. Count it anyway"]
    address = next(link for link, said in page.links().items() if said == "Count it anyway")
    assert "What changed in layer_01.weight" in words(demo.get(address).root)


@pytest.mark.parametrize("address", [VERSION, f"{VERSION}/tensors/layer_01.weight"])
def test_an_expensive_chart_is_off_with_its_reason_until_a_person_asks_for_it(demo, monkeypatch, address):
    monkeypatch.setattr(pictures, "EXPENSIVE_CELLS", 500)
    monkeypatch.setattr("dashboard.web.tensors.EXPENSIVE_CELLS", 500)
    page = demo.get(address)
    assert "2,048 cells: drawing them takes some seconds." in words(page.root)
    assert not any("layer_01.weight" in (e.get("data-figure-url") or "") for e in page.root.iter("div"))
    anyway = next(link for link, said in page.links().items() if said == "Draw anyway")
    drawn = demo.get(anyway)
    assert "takes some seconds" not in words(drawn.root)
    assert any("layer_01.weight" in (e.get("data-figure-url") or "") for e in drawn.root.iter("div"))
