"""The page of a network: the strip of what changed most, the change map, its versions, and the way to train it."""

import csv
import io
import re

import numpy as np
import pytest

from dashboard.catalogue.lineage import StepRow
from dashboard.services.cache.numbers import clear_numbers
from dashboard.services.history.tensor_steps import bases_of
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import new_network, save, zeros
from tests.web.page_check import Browser, words

NETWORK = "/networks/demo-digits"


@pytest.fixture(scope="module")
def arrays(trained_workspace):
    """The tensors of each version of the demo, in float64."""
    versions = [get_version(trained_workspace, "demo-digits", number) for number in range(1, 7)]
    return [
        {name: array.astype(np.float64) for name, array in read_tensors(trained_workspace, version).items()}
        for version in versions
    ]


def relative(base, other):
    return float(np.linalg.norm(other - base) / np.linalg.norm(base))


def fields(page):
    """Return the fields of the change map that lead somewhere: (address, words, class of the cell)."""
    (table,) = [one for one in page.all("table") if "step-map" in (one.get("class") or "")]
    cells = [cell for cell in table.iter("td") if cell.find("a") is not None]
    return [(cell.find("a").get("href"), cell.find("a").get("title"), cell.get("class")) for cell in cells]


def test_the_change_map_has_the_relative_change_of_each_tensor_in_each_step(demo, arrays):
    rows = list(csv.DictReader(io.StringIO(demo.raw(f"{NETWORK}/change-map.csv").text)))
    expected = {
        (number - 1, number, name): relative(arrays[number - 2][name], arrays[number - 1][name])
        for number in range(2, 7)
        for name in arrays[0]
    }
    numbers = {(int(row["base"]), int(row["version"]), row["tensor"]): float(row["relative_change"]) for row in rows}
    assert numbers == pytest.approx(expected, rel=1e-6)
    shown = fields(demo.get(NETWORK))
    assert len(shown) == len(expected)
    for (base, other, name), value in expected.items():
        address = f"/compare?base=demo-digits:{base}&other=demo-digits:{other}&tensor={name}"
        (said,) = [title for href, title, _ in shown if href == address]
        assert float(re.search(r": ([\d.]+) %$", said)[1]) == pytest.approx(100 * value, rel=1e-3)
    assert {css for *_, css in shown} <= {f"m{level}" for level in range(1, 11)}
    largest = max(expected, key=expected.get)
    assert [css for href, _, css in shown if f":{largest[1]}&tensor={largest[2]}" in href] == ["m10"]


def test_a_comparison_says_the_same_relative_change_as_the_map(demo):
    step = demo.raw("/api/v1/compare?base=demo-digits:2&other=demo-digits:3").json["tensors"]
    rows = [row for row in demo.raw(f"{NETWORK}/change-map.json").json["items"] if row["version"] == 3]
    assert {row["tensor"]: row["relative_change"] for row in rows} == {one["name"]: one["relative"] for one in step}


def test_what_is_not_counted_is_unknown_until_the_page_is_watched(demo, trained_workspace):
    known = fields(demo.get(NETWORK))
    clear_numbers(trained_workspace)
    page = demo.get(NETWORK)
    assert {css for *_, css in fields(page)} == {"mu"}
    assert all(title.endswith("not counted yet") for _, title, _ in fields(page))
    poll = page.by_id("step-map").get("data-poll-url")
    while demo.raw(poll).text.count("not counted yet"):
        pass
    assert fields(demo.get(NETWORK)) == known
    assert demo.get(NETWORK).by_id("step-map").get("data-poll-url") is None


def test_the_metric_of_each_step_is_shown_on_demand(demo):
    scores = {row["version"]: row["val_accuracy"] for row in demo.raw(f"{NETWORK}/versions.json").json["items"]}
    gains = {row["version"]: row["metric_change"] for row in demo.raw(f"{NETWORK}/change-map.json").json["items"]}
    assert gains == {number: scores[number] - scores[number - 1] for number in range(2, 7)}
    assert len(fields(demo.get(f"{NETWORK}?metric=1"))) == len(fields(demo.get(NETWORK))) + 5


def test_the_tiles_are_the_units_that_moved_farthest_and_lead_to_their_change(demo, arrays):
    moved = np.linalg.norm(arrays[5]["layer_01.weight"] - arrays[0]["layer_01.weight"], axis=0)
    tiles = [link for link in demo.get(NETWORK).links().items() if link[0].startswith("/compare/unit?")]
    units = [int(said.removeprefix("unit ")) for _, said in tiles]
    assert units == np.argsort(-moved, kind="stable")[:12].tolist()
    page = demo.get(tiles[0][0])
    assert page.h1 == f"Unit {units[0]} of layer_01.weight"
    pictures = [image.get("src") for image in demo.get(NETWORK).all("img") if "unit.png" in image.get("src")]
    assert len(pictures) == 24
    assert all(demo.raw(address).status_code == 200 for address in pictures[:2])


def test_a_step_is_from_the_version_before_in_the_run_else_from_the_parent():
    def row(number, run, parent=None):
        return StepRow(number, number, run, parent, f"sha {number}", 8)

    rows = [row(1, 7), row(2, 7), row(3, 8), row(4, 9, 2), row(5, 9, 2), row(6, 7), row(7, None), row(8, None, 1)]
    assert [base and base.number for base in bases_of(rows)] == [None, 1, None, 2, 4, 2, 6, 1]


def test_a_tensor_of_zeros_has_no_share_and_says_so(browser, workspace):
    network = new_network(workspace)
    save(workspace, network, zeros(network))
    moved = zeros(network)
    moved["layer_01.weight"][0, 0] = 1.0
    save(workspace, network, moved)
    said = {title.partition(":")[2].strip() for _, title, _ in fields(browser.get("/networks/small?count=1"))}
    assert said == {"no share, as all of it was 0 in v1"}


def test_of_many_tensors_those_that_changed_most_are_shown(browser, workspace):
    generator = np.random.default_rng(3)
    base = {f"block.{place:02d}": generator.normal(size=(4, 5)).astype("float32") for place in range(40)}
    steps = {name: np.float32(place + 1) / 100 for place, name in enumerate(base)}
    save_foreign(workspace, "wide", arrays=base)
    save_foreign(workspace, "wide", arrays={name: array * (1 + steps[name]) for name, array in base.items()})
    page = browser.get("/networks/wide?count=1")
    assert [link for link in page.links().values() if link.startswith("block.")] == list(base)[24:]
    assert "Shown are the 16 tensors that changed most of 40; the CSV has all." in words(page.by_id("step-map"))
    assert len(browser.raw("/networks/wide/change-map.csv").text.split()) == 41
    shown = {title.split()[3].rstrip(":"): title.split()[4] for _, title, _ in fields(page)}
    assert shown["block.39"] == "40.00"


def test_versions_are_sorted_and_narrowed_down(demo):
    rows = demo.raw(f"{NETWORK}/versions.json").json["items"]
    by_loss = [f"v{row['version']}" for row in sorted(rows, key=lambda row: row["val_loss"])]

    def listed(address):
        rows = [row.get("data-href") for row in demo.get(address).all("tr")]
        return [f"v{href.rpartition('/')[2]}" for href in rows if re.search(r"/versions/\d+$", href or "")]

    assert listed(f"{NETWORK}?sort=-val_loss") == by_loss
    assert listed(f"{NETWORK}?search=epoch+3") == ["v3"]
    assert "No version matches" in demo.get(f"{NETWORK}?search=v99").text


def test_a_network_without_versions_is_trained_by_one_press(browser, workspace):
    network = new_network(workspace)
    page = browser.get(f"/networks/{network.name}")
    assert "Train this network" in page.text
    run = browser.post(f"/networks/{network.name}/runs", source=f"/networks/{network.name}")
    assert run.h1.startswith("Run 1 of ")


def test_each_layer_of_the_drawing_leads_to_its_table(demo):
    page = demo.get(NETWORK)
    links = re.findall('<a href="([^"]+)"><title>', page.text)
    assert links == [
        "/datasets/digits",
        f"{NETWORK}/versions/6/tensors/layer_01.weight",
        f"{NETWORK}/versions/6/tensors/layer_02.weight",
    ]
    assert demo.get(links[1]).h1.startswith("layer_01.weight of demo-digits")


def test_the_map_has_shades_for_changes_whose_ratio_is_beyond_all_numbers(workspace, app_of):
    for values in ([1e-150, 1e-150], [1e150, 1e150], [1e150 * (1 + 2**-52), 1e150]):
        save_foreign(workspace, "range", {"w": np.array([values])})
    page = Browser(app_of(workspace).test_client()).get("/networks/range?count=1")
    assert [css for _, _, css in fields(page)] == ["m10", "m1"]
