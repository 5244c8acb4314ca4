"""From a network's page to the unit that caused a fault, its clicks counted; then that unit is put back."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.browser.conftest import serving
from tests.server import free_port
from tests.unit.services.saved_versions import iris_preprocessing, new_network, save

pytestmark = pytest.mark.browser

MOST_CLICKS, FAULTY = 4, 5


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A dashboard with a network of which version 2 differs a little everywhere, and has one unit turned round."""
    settings = Settings(home=str(tmp_path_factory.mktemp("faulty")), port=free_port())
    opened = open_workspace(settings)
    network = new_network(opened, layers=({"units": 8, "activation": "tanh"},))
    rng = np.random.default_rng(3)
    good = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
    bad = {name: (array + rng.normal(0, 0.001, array.shape)).astype(np.float32) for name, array in good.items()}
    bad["layer_01.weight"][:, FAULTY] *= -1
    for tensors in (good, bad):
        save(opened, network, tensors, preprocessing=iris_preprocessing(opened))
    opened.catalogue.close()
    with serving(settings) as address:
        yield address


@pytest.mark.parametrize("theme", [pytest.param("light", marks=pytest.mark.soak), "dark"], indirect=True)
def test_the_unit_that_caused_a_fault_is_at_most_four_clicks_from_the_networks_page(walk):
    page, clicks = walk.page, []

    def click(locator):
        clicks.append(locator)
        locator.click()

    walk.go("/networks/small")
    click(page.get_by_role("link", name=re.compile("^v1 → v2, layer_01.weight:")))
    click(page.get_by_role("link", name=re.compile("^Why the loss changed")))
    expect(page.locator(".sentence")).to_contain_text(f"where unit {FAULTY} of layer 1 did most")
    expect(page.locator("#way .panel").first).to_be_visible()
    walk.shot("30-why")
    first = page.locator("#units tbody tr").first.get_by_role("link")
    expect(first).to_have_text(f"layer 1, unit {FAULTY}")
    click(first)
    expect(page.locator("h1")).to_have_text(f"Unit {FAULTY} of layer_01.weight")
    walk.shot("31-unit")
    assert len(clicks) <= MOST_CLICKS, clicks
    page.go_back()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("h1")).to_have_text("What changed from v2 to v3")
    expect(page.locator(".messages")).to_contain_text("Saved as small:3.")
