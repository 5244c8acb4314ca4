"""Charts stand in their pages as the server draws them: without a script, from the figures that Plotly is given."""

import html
import re

import numpy as np
import pytest

from dashboard.services.cache.numbers import clear_numbers
from tests.unit.services.foreign_versions import save_foreign

CHART = re.compile(r'<div class="chart[^"]*" id="([^"]+)"\s+data-figure-url="([^"]+)".*?>(.*?)</figure>', re.DOTALL)
LAYER = "tensor=layer_01.weight"
PAGES = {
    "/networks/demo-digits": 1,
    "/networks/demo-digits/versions/6": 4,
    f"/networks/demo-digits/history?{LAYER}": 5,
    f"/networks/demo-digits/health?{LAYER}": 1,
    f"/compare?base=demo-digits:1&other=demo-digits:6&{LAYER}": 3,
    "/runs/1": 1,
}


def charts(page):
    """Return (address of the figure, what stands in the chart) of every chart."""
    return [(html.unescape(address), inner) for _, address, inner in CHART.findall(page.text)]


@pytest.mark.parametrize("path", PAGES)
def test_each_chart_of_a_page_is_drawn_in_it_from_its_figure(demo, path):
    found = charts(demo.get(path))
    assert len(found) == PAGES[path]
    for address, inner in found:
        figure, drawing = demo.raw(address).json, demo.raw(address.replace(".figure", ".drawing"))
        assert drawing.mimetype == "text/html"
        assert drawing.text in inner
        markers = [trace["y"] for trace in figure["data"] if "markers" in trace.get("mode", "")]
        points = sum(value is not None for values in markers for value in values)
        assert inner.count("<circle") + len(re.findall('h0[M"]', inner)) == points
        assert inner.count('class="pillar"') == sum(len(one["x"]) for one in figure["data"] if one["type"] == "bar")


def test_points_over_versions_lead_to_the_versions(demo):
    ((_, inner),) = charts(demo.get("/networks/demo-digits"))
    links = re.findall(r'<a href="([^"]+)"', inner)
    assert set(links) == {f"/networks/demo-digits/versions/{number}" for number in range(1, 7)}
    assert demo.raw(links[0]).status_code == 200


def test_a_drawing_that_cannot_be_is_refused_as_its_figure_is(demo):
    assert demo.raw("/networks/nothing/curves.drawing").status_code == 404
    assert demo.raw("/compare/changes.drawing?base=demo-digits:1").status_code >= 400


@pytest.mark.parametrize("show", ["change", "weights"])
def test_a_click_on_the_map_of_a_history_leads_to_a_cell(demo, show):
    (one,) = demo.get(f"/networks/demo-digits/history?{LAYER}&at=3&show={show}").all("a", class_="map")
    assert demo.get(one.get("href")).h1
    cell = one.get("data-cell").replace("row=0", "row=5").replace("column=0", "column=7")
    assert "[5, 7]" in demo.get(cell).text
    assert (one.get("data-rows"), one.get("data-columns")) == ("64", "32")


def test_what_is_not_counted_leaves_no_half_of_a_history_empty(cautious, trained_workspace):
    clear_numbers(trained_workspace)
    page = cautious(trained_workspace, 100).get(f"/networks/demo-digits/history?{LAYER}")
    assert "not counted yet" in page.text
    assert [address.split("?")[0] for address, _ in charts(page)] == ["/networks/demo-digits/history/bands.figure"]


def test_charts_of_a_network_are_drawn_whatever_its_name_and_the_prefix(workspace, app_of):
    for factor in (1, 2):
        save_foreign(workspace, "Ärzte 2. Netz", {"a/b": np.arange(6.0).reshape(2, 3) * factor})
    address = "/networks/%C3%84rzte%202.%20Netz/history?tensor=a/b"
    for base in ("http://localhost", "http://localhost/weights"):
        page = app_of(workspace).test_client().get(address, base_url=base)
        assert page.status_code == 200
        assert 'class="panel' in page.text
        assert "cannot be drawn" not in page.text
