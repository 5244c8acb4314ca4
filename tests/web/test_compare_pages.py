"""The comparison's page: the map of a change unit by unit, one unit's pictures, and what is too large to be drawn."""

import io

import numpy as np
import pytest
from PIL import Image

from dashboard.charts.palette import diverging_levels
from dashboard.services.compare import versions
from dashboard.services.networks import create_network
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import array, find_tensor
from tests.unit.services.saved_versions import new_network, save, zeros
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
    """Return what a picture says: each pixel's colour as its place on the diverging scale, times the limit; or NaN."""
    levels = {colour: level for level, colour in reversed(list(enumerate(diverging_levels("light")[:255])))}
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return (
        np.array([[levels.get(tuple(pixel), np.nan) for pixel in row] for row in pixels.tolist()]) / 127 * limit - limit
    )


def test_the_map_has_a_column_for_each_unit_the_most_changed_on_the_left(demo, change):
    limit = np.quantile(np.abs(change), 0.995)
    drawn = shares(demo.raw(f"/compare/heat-map.png?{TENSOR}").data, limit)
    expected = np.clip(change[:, by_movement(change)], -limit, limit)
    assert drawn.shape == (64, 32)
    assert np.abs(drawn - expected).max() <= limit / 127


def test_the_map_is_drawn_in_the_tables_order_on_demand_and_the_address_says_so(demo, change):
    limit = np.quantile(np.abs(change), 0.995)
    drawn = shares(demo.raw(f"/compare/heat-map.png?{TENSOR}&order=raw").data, limit)
    assert np.abs(drawn - np.clip(change, -limit, limit)).max() <= limit / 127
    page = demo.get(f"/compare?{TENSOR}")
    assert f"/compare?{TENSOR}&order=raw".replace(":", "%3A") in {link.replace(":", "%3A") for link in page.links()}
    assert demo.get(f"/compare?{TENSOR}&order=raw").by_id("change-map").get("data-units").split()[:3] == ["0", "1", "2"]


def test_a_pixel_of_the_map_says_what_its_cell_became_and_leads_to_it(demo, trained_workspace, change):
    one, two = weights(trained_workspace, 1), weights(trained_workspace, 6)
    unit = int(by_movement(change)[3])
    found = demo.raw(f"/compare/pixel.json?{TENSOR}&x=3&y=20").json
    assert [found[name] for name in ("row", "column", "base", "other")] == [20, unit, one[20, unit], two[20, unit]]
    assert found["change"] == two[20, unit] - one[20, unit]
    assert found["words"].startswith(f"[20, {unit}]: ")
    part = demo.raw(f"/compare/pixel.json?{TENSOR}&order=raw&places=5-9&inputs=10-30&x=1&y=2").json
    assert (part["row"], part["column"]) == (12, 6)
    assert demo.get(f"/compare/pixel?{TENSOR}&x=3&y=20").h1 == f"Cell [20, {unit}] of layer_01.weight"
    demo.get(f"/compare/pixel?{TENSOR}&x=32&y=0", status=404)
    demo.get(f"/compare/pixel?{TENSOR}&x=0&y=64", status=404)


def test_the_map_knows_the_unit_of_each_column(demo, change):
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


def test_a_very_large_tensor_is_compared_by_its_checksum_only_until_a_person_wants_more(cautious, trained_workspace):
    trained_workspace.results.clear()  # what is known already is shown
    browser = cautious(trained_workspace, 500)
    page = browser.get(f"/compare?{SIDES}")
    row = next(e for e in page.root.iter("tr") if words(e).startswith("layer_01.weight"))
    said = [words(cell) for cell in row]
    assert said == ["layer_01.weight", "changed; 2,048 cells, compared by checksum only. Compare values"]
    address = next(link for link, said in page.links().items() if said == "Compare values")
    assert "What changed in layer_01.weight" in words(browser.get(address).root)


@pytest.mark.parametrize("address", [VERSION, f"{VERSION}/tensors/layer_01.weight"])
def test_an_expensive_chart_is_off_with_its_reason_until_a_person_asks_for_it(cautious, trained_workspace, address):
    browser = cautious(trained_workspace, 500)
    page = browser.get(address)
    assert "2,048 cells: drawing them takes some seconds." in words(page.root)
    assert not any("layer_01.weight" in (e.get("data-figure-url") or "") for e in page.root.iter("div"))
    anyway = next(link for link, said in page.links().items() if said == "Draw anyway")
    drawn = browser.get(anyway)
    assert "takes some seconds" not in words(drawn.root)
    assert any("layer_01.weight" in (e.get("data-figure-url") or "") for e in drawn.root.iter("div"))


def tensor_rows(page):
    table = next(e for e in page.root.iter("table") if e.get("aria-label") == "Tensors")
    return [[words(cell) for cell in row] for row in next(table.iter("tbody"))]


def test_tensors_are_sorted_by_any_number_and_the_csv_has_them_in_the_same_order(demo):
    page = demo.get(f"/compare?{SIDES}&sort=max_abs")
    largest = [float(row[3]) for row in tensor_rows(page)]
    assert largest == sorted(largest, reverse=True)
    upwards = demo.get(next(link for link in page.links() if "sort=-max_abs" in link))
    assert [row[0] for row in tensor_rows(upwards)] == [row[0] for row in tensor_rows(page)][::-1]
    lines = demo.raw(upwards.by_id("tensors")[0].get("data-numbers")).text.split()
    assert [line.split(",")[0] for line in lines[1:]] == [row[0] for row in tensor_rows(upwards)]
    assert tensor_rows(demo.get(f"/compare?{SIDES}&sort=-tensor"))[0][0] == "layer_02.weight"
    demo.get(f"/compare?{SIDES}&sort=beauty", status=422)


def test_the_next_difference_is_the_next_of_the_table(demo):
    page = demo.get(f"/compare?{SIDES}&sort=tensor&tensor=layer_01.weight")
    names = [row[0] for row in tensor_rows(page)]
    assert names == ["layer_01.bias", "layer_01.weight", "layer_02.bias", "layer_02.weight"]
    steps = {e.get("data-key"): e.get("href") for e in page.root.iter("a") if e.get("data-key") in {"p", "n"}}
    assert "What changed in layer_01.bias" in words(demo.get(steps["p"]).root)
    assert "What changed in layer_02.bias" in words(demo.get(steps["n"]).root)


def test_a_part_of_the_map_is_looked_at_and_left_again(demo, change):
    page = demo.get(f"/compare?{TENSOR}&places=8-15&inputs=16-39")
    order = by_movement(change)
    assert page.by_id("change-map").get("data-units").split() == [str(unit) for unit in order[8:16]]
    steps = {words(e).split()[-1]: e.get("href") for e in page.root.iter("a") if STEPS & {*words(e).split()[-1:]}}
    assert "places=8-15&inputs=" in steps["closer"]
    assert "places=4-19&inputs=4-51" in steps["wider"]
    assert "places=12-19&inputs=16-39" in steps["right"]  # units are across, inputs down
    assert "places=8-15&inputs=4-27" in steps["up"]
    assert "places" not in steps["whole"]


STEPS = {"closer", "wider", "whole", "left", "right", "up", "down"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("places=32-40", 404),
        ("inputs=64-64", 404),
        ("places=9-3", 422),
        ("places=all", 422),
        ("bins=1", 422),
        ("axis=diagonal", 422),
        ("pair=layer_01.weight..nothing", 404),
    ],
)
def test_a_part_that_does_not_exist_is_refused(demo, query, status):
    demo.get(f"/compare?{TENSOR}&{query}", status=status)


def test_a_part_that_reaches_beyond_the_table_is_cut_off(demo):
    page = demo.get(f"/compare?{TENSOR}&places=30-99&inputs=60-999")
    assert (page.by_id("change-map").get("data-places"), page.by_id("change-map").get("data-inputs")) == ("2", "4")


def test_the_units_page_tells_its_place_and_leads_to_its_neighbours_and_cells(demo, change):
    order = by_movement(change)
    page = demo.get(f"/compare/unit?{TENSOR}&unit={order[1]}")
    assert page.h1 == f"Unit {order[1]} of layer_01.weight"
    assert "place 2 of 32 units" in page.sentence
    steps = {e.get("data-key"): e.get("href") for e in page.root.iter("a") if e.get("data-key") in {"p", "n"}}
    assert demo.get(steps["p"]).h1 == f"Unit {order[0]} of layer_01.weight"
    assert demo.get(steps["n"]).h1 == f"Unit {order[2]} of layer_01.weight"
    row = int(np.abs(change[:, order[1]]).argmax())
    cell = next(link for link in page.links() if link.startswith("/compare/cell"))
    assert demo.get(cell).h1 == f"Cell [{row}, {order[1]}] of layer_01.weight"
    by_input = demo.get(f"/compare/unit?{TENSOR}&axis=row&unit=20")
    assert by_input.h1 == "Input 20 of layer_01.weight"
    demo.get(f"/compare/unit?{TENSOR}&unit=32", status=404)
    demo.get(f"/compare/unit?{TENSOR}&axis=row&unit=64", status=404)


def test_the_cells_page_tells_its_place_and_leads_to_both_tables(demo, change):
    places = np.argsort(-np.abs(change).reshape(-1), kind="stable")
    cells = [tuple(int(n) for n in np.unravel_index(place, change.shape)) for place in places[:3]]
    page = demo.get(f"/compare/cell?{TENSOR}&row={cells[1][0]}&column={cells[1][1]}")
    assert "the change at place 2 of 2,048 weights" in page.sentence
    steps = {e.get("data-key"): e.get("href") for e in page.root.iter("a") if e.get("data-key") in {"p", "n"}}
    assert demo.get(steps["p"]).h1 == f"Cell [{cells[0][0]}, {cells[0][1]}] of layer_01.weight"
    assert demo.get(steps["n"]).h1 == f"Cell [{cells[2][0]}, {cells[2][1]}] of layer_01.weight"
    tables = [link for link, said in page.links().items() if said == "in its table"]
    assert [link.split("/")[4] for link in tables] == ["1", "6"]
    assert all(demo.get(link).h1.startswith("layer_01.weight of") for link in tables)
    lines = [link for link, said in page.links().items() if said == "over all versions"]
    assert [f"[{cells[1][0]}, {cells[1][1]}]" in demo.get(link).h1 for link in lines] == [True]
    demo.get(f"/compare/cell?{TENSOR}&row=64&column=0", status=404)


@pytest.mark.parametrize(
    "address",
    [
        f"/compare?{TENSOR}",
        f"/compare/unit?{TENSOR}&unit=3",
        f"/compare/changes.figure?{TENSOR}",
        f"/compare/heat-map.png?{TENSOR}",
        f"/compare/units.csv?{TENSOR}",
    ],
)
def test_both_versions_are_loaded_once_a_request(demo, monkeypatch, address):
    loaded, load = [], versions.load_tensors

    def count(workspace, references):
        loaded.append(references)
        return load(workspace, references)

    monkeypatch.setattr(versions, "load_tensors", count)
    assert demo.raw(address).status_code == 200
    assert loaded == [[("base", "demo-digits:1"), ("other", "demo-digits:6")]]


@pytest.mark.parametrize("address", ["/?", f"/compare?{SIDES}&", "/networks/demo-digits/history?"])
def test_a_query_may_have_names_that_addresses_are_made_with(demo, address):
    demo.get(f"{address}endpoint=x&_external=1&_anchor=y&name=z&suffix=w")


def test_a_ticked_version_is_compared_from_its_parent_in_another_network(workspace, app_of):
    old = new_network(workspace, "old")
    for _ in range(2):
        save(workspace, old, zeros(old))
    new = create_network(workspace, {"name": "new one", "dataset": "iris", "layers": [{"units": 3}]})
    save(workspace, new, zeros(new), parent_id=get_version(workspace, "old", 2).id)
    answer = app_of(workspace).test_client().get("/compare?version=new one:1")
    assert answer.headers["Location"] == "/compare?base=old:2&other=new+one:1"
