"""The tiles of first-layer units on a version's page: numbered links, of weights or of their change."""

import numpy as np
import pytest

from tests.web.page_check import classes, words
from tests.web.test_compare_pages import shares, weights

VERSION = "/networks/demo-digits/versions/6"
SVG = "{http://www.w3.org/2000/svg}"


def tiles(page):
    (grid,) = [e for e in page.root.iter("ol") if "tiles" in classes(e)]
    return list(grid.iter("a"))


def test_the_change_is_shown_where_there_is_an_earlier_version_and_each_tile_leads_to_it(demo):
    page = demo.get(VERSION)
    assert [words(tile) for tile in tiles(page)] == [str(unit) for unit in range(32)]
    tile = tiles(page)[7]
    assert tile.get("title") == "Unit 7: what changed in it since v1, cell by cell"
    assert demo.get(tile.get("href")).h1.startswith("Unit 7 of layer_01.weight")
    assert "Change since v1 of units 0 to 31 of 32" in page.text


def test_the_toggle_is_two_links_and_the_weights_lead_to_the_film_of_the_unit(demo):
    page = demo.get(VERSION)
    address = next(link for link, said in page.links().items() if said == "weights" and "#units" in link)
    shown = demo.get(address)
    assert "Weights of units 0 to 31 of 32" in shown.text
    tile = tiles(shown)[7]
    assert tile.get("title") == "Unit 7 over all versions"
    film = demo.get(tile.get("href"))
    assert film.h1 == "Unit 7 of layer_01.weight in demo-digits"
    assert words(film.by_id("frame-words")).startswith("v6, ")


def test_the_first_version_has_its_weights_alone(demo):
    page = demo.get("/networks/demo-digits/versions/1")
    assert "Weights of units 0 to 31 of 32" in page.text
    assert "What the pictures show" not in page.text


@pytest.mark.parametrize("since", [0, 1])
def test_each_tile_is_the_units_column(demo, trained_workspace, since):
    own = weights(trained_workspace, 6) - (weights(trained_workspace, since) if since else 0)
    page = demo.get(VERSION if since else f"{VERSION}?show=weights")
    address = next(page.root.iter(f"{SVG}image")).get("href")
    mosaic = np.zeros((4 * 9 - 1, 10 * 9 - 1))
    for unit in range(32):
        top, left = unit // 10 * 9, unit % 10 * 9
        mosaic[top : top + 8, left : left + 8] = own[:, unit].reshape(8, 8)
    limit = np.quantile(np.abs(mosaic), 0.995)
    drawn = shares(demo.raw(address).data, limit)
    zoom = drawn.shape[1] // mosaic.shape[1]
    assert np.abs(drawn[::zoom, ::zoom] - np.clip(mosaic, -limit, limit)).max() <= limit / 127
    views = [next(tile.iter(f"{SVG}svg")).get("viewBox") for tile in tiles(page)]
    assert views[13] == f"{3 * 9 * zoom} {9 * zoom} {8 * zoom} {8 * zoom}"


def test_a_version_of_another_shape_is_no_base(demo):
    assert demo.raw(f"{VERSION}/units.png?since=9").status_code == 404
