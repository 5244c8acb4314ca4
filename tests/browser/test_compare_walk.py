"""From a network's page to the weight that changed most between versions 3 and 17, its clicks counted; and the map."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.browser.conftest import drag_over_steps
from tests.server import free_port

pytestmark = pytest.mark.browser

APP = Path(__file__).parent.parent.parent / "app.py"
MOST_CLICKS = 4
COMPARE = "/compare?base=walked:3&other=walked:17"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A home with 20 versions of a network on the digits, each a step from the one before."""
    found = Settings(home=str(tmp_path_factory.mktemp("walked")), port=free_port())
    opened = open_workspace(found)
    add_bundled(opened, "digits")
    layers = [{"units": 32, "activation": "tanh"}]
    network = create_network(opened, {"name": "walked", "dataset": "digits", "layers": layers})
    random = np.random.default_rng(2)
    tensors = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
    parent = None
    for number in range(1, 21):
        score = {"loss": 1 / number, "val_accuracy": 0.5 + 0.02 * number - 0.3 * (number > 12)}
        draft = Draft(tensors, network.spec, get_dataset(opened, "digits").id, {}, score, {}, number, parent_id=parent)
        parent = get_version(opened, "walked", save_version(opened, network, draft)).id
        for name, cells in tensors.items():
            step = random.normal(0, 0.01 if name == "layer_01.weight" else 0.002, cells.shape)
            tensors[name] = cells + step.astype(np.float32)
    opened.catalogue.close()
    return found


@pytest.fixture(scope="module")
def address(settings):
    log = (settings.home_folder / "output.log").open("wb")
    server = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings), stderr=log)
    address = f"http://127.0.0.1:{settings.port}"
    while True:
        assert server.poll() is None, (settings.home_folder / "output.log").read_text()
        try:
            urllib.request.urlopen(f"{address}/healthy").close()
            break
        except OSError:
            time.sleep(0.05)
    yield address
    server.send_signal(signal.SIGTERM)
    server.wait()
    log.close()


def most_changed_weight(settings):
    """Return (tensor, row, column, value in full in version 17) of the largest change of all, from the store."""
    opened = open_workspace(settings, sweeping=False)
    base, other = (read_tensors(opened, get_version(opened, "walked", number)) for number in (3, 17))
    opened.catalogue.close()
    name = max(base, key=lambda tensor: np.abs(other[tensor].astype(float) - base[tensor]).max())
    sizes = np.abs(other[name].astype(float) - base[name])
    row, column = np.unravel_index(sizes.argmax(), sizes.shape)
    return name, int(row), int(column), str(other[name][row, column])


@pytest.mark.parametrize("theme", [pytest.param("light", marks=pytest.mark.soak), "dark"], indirect=True)
def test_the_weight_that_changed_most_is_at_most_four_clicks_from_the_networks_page(walk, settings):
    page, clicks = walk.page, []

    def click(locator):
        clicks.append(locator)
        locator.click()

    tensor, row, column, value = most_changed_weight(settings)
    walk.go("/networks/walked")
    walk.shot("20-network")
    drag_over_steps(page, "layer_01.weight", 3, 17)
    clicks.append("the change map")
    expect(page.locator("h1")).to_have_text("What changed from v3 to v17")
    expect(page.locator(".sentence").first).to_contain_text("The validation accuracy fell from 0.5600 to 0.5400.")
    expect(page.locator("#detail")).to_have_text("What changed in layer_01.weight")  # layer 1, after one click
    assert len(clicks) == 1
    expect(page.locator("#changes svg").first).to_be_visible()
    walk.shot("21-compare")
    if tensor != "layer_01.weight":
        click(page.get_by_role("link", name=tensor, exact=True))
        expect(page.locator("#detail")).to_have_text(f"What changed in {tensor}")
    click(page.get_by_role("table", name="Largest single changes").get_by_role("link").first)
    expect(page.locator("h1")).to_have_text(f"{tensor} of walked v17")
    expect(page.locator("td.here")).to_have_attribute("title", value)
    assert f"row={row}&column={column}" in page.url
    walk.shot("22-weight")
    assert len(clicks) <= MOST_CLICKS, clicks


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_the_map_is_looked_at_closer_by_a_drag_and_leads_to_a_cell(walk):
    page = walk.page
    walk.go(COMPARE)
    place = page.locator("#change-map img:visible")
    box = place.bounding_box()
    across, down = box["width"] / 32, box["height"] / 64
    page.mouse.move(box["x"] + 4.5 * across, box["y"] + 10.5 * down)
    page.mouse.down()
    page.mouse.move(box["x"] + 10.5 * across, box["y"] + 20.5 * down, steps=4)
    expect(page.locator("#change-map .frame")).to_be_visible()
    page.mouse.up()
    page.wait_for_url(re.compile("places=4-10&inputs=10-20|inputs=10-20&places=4-10"))
    units = page.locator("#change-map").get_attribute("data-units").split()
    assert len(units) == 7
    walk.shot("23-closer")
    box = place.bounding_box()
    middle = {"x": box["width"] * 2.5 / 7, "y": box["height"] * 3.5 / 11}
    place.hover(position=middle)
    expect(page.locator("#pointed")).to_contain_text(f"unit {units[2]}, input 13 · [13, {units[2]}]: ")
    place.click(position=middle)
    expect(page.locator("h1")).to_have_text(f"Cell [13, {units[2]}] of layer_01.weight")
    walk.shot("24-cell")
    page.get_by_role("link", name=re.compile("^unit")).first.click()
    expect(page.locator("h1")).to_have_text(f"Unit {units[2]} of layer_01.weight")
    walk.shot("25-unit")


@pytest.mark.parametrize("theme", ["dark"], indirect=True)
def test_differences_are_stepped_through_by_keys_and_bins_stand_in_the_address(walk):
    page = walk.page
    walk.go(f"{COMPARE}&sort=tensor")
    expect(page.locator("#detail")).to_have_text("What changed in layer_01.weight shown first: its units are pictures")
    page.keyboard.press("n")
    expect(page.locator("#detail")).to_have_text("What changed in layer_02.bias")
    page.keyboard.press("p")
    expect(page.locator("#detail")).to_have_text("What changed in layer_01.weight")
    page.get_by_label("Bins").select_option("20")
    page.wait_for_url(re.compile("bins=20"))
    expect(page.locator("#changes")).to_have_attribute("data-figure-url", re.compile("bins=20"))
    page.keyboard.press("+")
    page.wait_for_url(re.compile("places="))
    page.keyboard.press("0")
    expect(page.locator("#change-map")).to_have_attribute("data-places", "32")
    assert "bins=20" in page.url
