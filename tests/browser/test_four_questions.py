"""The four questions that a network's page has to answer, each within its clicks and with the right answer.

A network of 784, 200 and 10 units on 100 pictures has 20 versions; 133 of its 200 ReLU units never fire on the records.
Every answer is counted again here from the CSV files alone, with numpy and without the project.
"""

import csv
import io
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.data.bundled import BUNDLED
from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import fit
from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.networks import create_network
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.browser.conftest import drag_over_steps, serving
from tests.server import free_port

pytestmark = pytest.mark.browser

SIDE, UNITS, DEAD = 28, 200, 133
BEST, BORDER = 15, 30
NETWORK = "/networks/asked"


def pictures():
    """Return 100 records of a digit and 784 brightnesses: the first bundled digits, enlarged."""
    table = np.loadtxt(BUNDLED[0].path, delimiter=",", skiprows=1, max_rows=100)
    places = np.arange(SIDE) * 8 // SIDE
    brightness = table[:, 1:].reshape(-1, 8, 8)[:, places][:, :, places] * 255 // 16
    return np.column_stack([table[:, 0], brightness.reshape(len(table), -1)]).astype(int)


def weights(random, dead):
    """Return the tensors of the network; the units `dead` have no weight above 0, as the inputs have none below it."""
    first = random.normal(0, 0.05, (SIDE * SIDE, UNITS))
    first[:, dead] = -np.abs(first[:, dead])
    living = np.setdiff1d(np.arange(UNITS), dead)
    first[:, living] += 0.01
    second = random.normal(0, 0.1, (UNITS, 10))
    biases = [np.zeros(UNITS), np.zeros(10)]
    arrays = [first, biases[0], second, biases[1]]
    names = ["layer_01.weight", "layer_01.bias", "layer_02.weight", "layer_02.bias"]
    return {name: array.astype(np.float32) for name, array in zip(names, arrays, strict=True)}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve a home with the network and its 20 versions."""
    settings = Settings(home=str(tmp_path_factory.mktemp("asked")), port=free_port())
    opened = open_workspace(settings)
    text = io.StringIO()
    csv.writer(text).writerows(pictures().tolist())
    upload = receive_upload(opened, io.BytesIO(text.getvalue().encode()), "pictures.csv")
    dataset = create_dataset(opened, upload, {"name": "pictures", "target": "column_1", "image_shape": "28 x 28"})
    made = fit(open_arrays(opened.datasets_folder / dataset.folder), np.arange(100), "none").to_json()
    network = create_network(
        opened, {"name": "asked", "dataset": "pictures", "layers": [{"units": UNITS, "activation": "relu"}]}
    )
    random = np.random.default_rng(18)
    dead = np.sort(random.permutation(UNITS)[:DEAD])
    tensors, step = weights(random, dead), np.ones(UNITS)
    step[dead], parent = 0.2, None
    for number in range(1, 21):
        accuracy = 0.9 - 0.01 * abs(number - BEST)
        score = {"loss": 1 - accuracy, "val_loss": 1 - accuracy, "accuracy": accuracy, "val_accuracy": accuracy}
        draft = Draft(tensors, network.spec, dataset.id, made, score, {}, number, parent_id=parent)
        parent = get_version(opened, "asked", save_version(opened, network, draft)).id
        for name, cells in tensors.items():
            if name.endswith("weight"):
                change = np.abs(random.normal(0, 0.002, cells.shape)) * (step if name.startswith("layer_01") else 1)
                sign = np.where(np.isin(np.arange(cells.shape[1]), dead), -1, 1) if name.startswith("layer_01") else 1
                if name == "layer_01.weight":
                    change[:BORDER] = 0
                tensors[name] = (cells + change * sign).astype(np.float32)
    opened.catalogue.close()
    with serving(settings) as served:
        yield served


@pytest.fixture
def theme():
    return "light"


def table(walk, number, tensor):
    """Return a tensor from its CSV file, as a person would read it."""
    text = walk.page.context.request.get(
        f"{walk.address}/api/v1{NETWORK}/versions/{number}/tensors/{tensor}.csv"
    ).text()
    return np.genfromtxt(io.StringIO(text), delimiter=",", skip_header=1, dtype=np.float32)


class Clicks:
    """Presses of the mouse, counted by the page itself before any script of it sees them."""

    def __init__(self, page):
        self.page = page
        page.add_init_script(
            "addEventListener('pointerdown', () => {"
            "  sessionStorage.clicks = 1 + Number(sessionStorage.clicks ?? 0); }, true)"
        )

    @property
    def count(self):
        return int(self.page.evaluate("sessionStorage.clicks ?? 0"))


def test_what_changed_in_layer_1_between_v3_and_v17_is_said_in_words_after_one_press(walk):
    page, clicks = walk.page, Clicks(walk.page)
    walk.go(NETWORK)
    drag_over_steps(page, "layer_01.weight", 3, 17)
    expect(page.locator("h1")).to_have_text("What changed from v3 to v17")
    assert clicks.count == 1
    expect(page.locator("#detail")).to_have_text(re.compile("^What changed in layer_01.weight"))
    said = page.locator("section[aria-labelledby=detail] .sentence").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    one, two = (table(walk, number, "layer_01.weight").astype(float) for number in (3, 17))
    change = two - one
    most = np.argsort(-np.linalg.norm(change, axis=0), kind="stable")[:3]
    changed, relative = np.count_nonzero(change), np.linalg.norm(change) / np.linalg.norm(one)
    assert said.startswith(f"{changed:,} of 156,800 weights changed ({100 * changed / change.size:.1f} %)")
    assert f"the change is {100 * relative:.1f} % of the tensor's norm" in said
    unchanged = np.count_nonzero(~change.any(axis=1))
    assert unchanged == BORDER
    assert said.endswith(f"Most moved: units {', '.join(map(str, most))}. {unchanged} inputs never changed.")
    numbers = re.search(r"mean \|\u2060Δ\| (\S+), largest (\S+)\. Most", said)
    found = np.array([numbers[1], numbers[2]], float)
    assert found == pytest.approx([np.abs(change).mean(), np.abs(change).max()], rel=5e-4)


def test_the_version_with_the_best_accuracy_is_starred_without_a_click(walk):
    walk.go(NETWORK)
    values = dict(scores(walk))
    assert max(values, key=values.get) == BEST
    starred = walk.page.get_by_role("table", name="Versions").get_by_role("rowheader").filter(has_text="★")
    expect(starred).to_have_count(1)
    expect(starred).to_contain_text(f"v{BEST}")


def scores(walk):
    """Return (number, validation accuracy) of all versions, from the file of the page's table."""
    text = walk.page.context.request.get(f"{walk.address}{NETWORK}/versions.csv").text()
    return [(int(row["version"]), float(row["val_accuracy"])) for row in csv.DictReader(io.StringIO(text))]


def test_layer_2_of_v17_comes_as_csv_by_one_click(walk):
    page, clicks = walk.page, Clicks(walk.page)
    walk.go(f"{NETWORK}/versions/17")
    with page.expect_download() as download:
        page.locator("a[href$='layer_02.weight.csv']").first.click()
    assert clicks.count == 1
    found = np.genfromtxt(download.value.path(), delimiter=",", skip_header=1, dtype=np.float32)
    assert found.shape == (UNITS, 10)
    assert np.array_equal(found, table(walk, 17, "layer_02.weight"))


def test_the_133_units_that_never_fire_are_counted_without_and_named_after_one_click(walk):
    page, clicks = walk.page, Clicks(walk.page)
    walk.go(NETWORK)
    chip = page.get_by_role("link", name=re.compile(r"\b133 units dead in layer 1"))
    expect(chip).to_be_visible()
    assert clicks.count == 0
    records, first = pictures()[:, 1:].astype(np.float32), table(walk, 20, "layer_01.weight")
    silent = np.flatnonzero((records @ first <= 0).all(axis=0)).tolist()
    assert len(silent) == DEAD
    chip.click()
    assert clicks.count == 1
    expect(page.locator("h1")).to_have_text("Health of layer_01.weight in asked")
    expect(page.locator("#dead")).to_have_text("133 dead units of v20")
    assert list(map(int, page.locator("#dead + ul li").all_inner_texts())) == silent
