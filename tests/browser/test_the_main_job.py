"""The main job as a newcomer does it: upload, define, train, browse, chart, compare, prove, export."""

import csv
import io
import re
import zipfile

import numpy as np
import pandas
import pytest
from playwright.sync_api import expect

from dashboard.data.bundled import BUNDLED

pytestmark = pytest.mark.browser

SIDE = 28


def mnist_like_csv(path):
    """Write 100 records of 785 numbers without header, as mnist_train_100.csv has: bundled digits enlarged."""
    table = np.loadtxt(BUNDLED[0].path, delimiter=",", skiprows=1, max_rows=100)
    places = np.arange(SIDE) * 8 // SIDE
    pictures = table[:, 1:].reshape(-1, 8, 8)[:, places][:, :, places] * 255 // 16
    rows = np.column_stack([table[:, 0], pictures.reshape(len(pictures), -1)])
    np.savetxt(path, rows, fmt="%d", delimiter=",")
    return path


def wait_for_chart(page, name):
    page.locator(f"#{name}").scroll_into_view_if_needed()  # what changes is fetched when it is in view
    expect(page.locator(f"#{name} .panel").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.soak)], indirect=True)
def test_a_newcomer_gets_from_a_csv_to_the_difference_of_two_versions(walk, tmp_path):
    page = walk.page
    upload(walk, mnist_like_csv(tmp_path / "mnist_train_100.csv"))
    define(walk)
    train(walk)
    browse(walk, tmp_path)
    compare(walk)
    export(walk, tmp_path)
    page.goto(walk.address + "/help")
    expect(page.locator("h1")).to_be_visible()


def upload(walk, path):
    page = walk.page
    walk.go("/datasets/new")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_label("Name").fill("mnist-100")
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_label("Target", exact=True)).to_have_value("column_1")
    expect(page.get_by_label("Image shape")).to_have_value("28 x 28")
    walk.shot("1-upload")
    page.get_by_role("button", name="Create the dataset").click()
    expect(page.locator("h1")).to_have_text("mnist-100")
    expect(page.locator("main")).to_contain_text("100")
    walk.shot("2-dataset")


def define(walk):
    page = walk.page
    walk.go("/networks/new?dataset=mnist-100")
    page.get_by_label("Name", exact=True).fill("mnist-book")
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_label("Units of layer 1")).to_have_value("200")
    expect(page.locator("#preview")).to_contain_text("158,800 parameters")
    page.get_by_label("Units of layer 1").fill("100")
    expect(page.locator("#preview")).to_contain_text("79,400 parameters")
    page.get_by_role("button", name="+ Add a layer").click()
    expect(page.get_by_label("Units of layer 2")).to_be_visible()
    page.get_by_role("button", name="Remove layer 2").click()
    expect(page.get_by_label("Units of layer 2")).to_have_count(0)
    page.get_by_label("Units of layer 1").fill("-5")
    page.get_by_role("button", name="Create the network").click()
    expect(page.locator("main")).to_contain_text("Give a whole number from 1")
    expect(page.get_by_label("Name", exact=True)).to_have_value("mnist-book")
    walk.expect_refusal("/networks/new", 422)
    page.get_by_label("Units of layer 1").fill("200")
    walk.shot("3-define")
    page.get_by_role("button", name="Create the network").last.click()
    expect(page.locator("h1")).to_have_text("mnist-book")


def train(walk):
    page = walk.page
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("h1")).to_have_text("Run 1 of mnist-book")
    expect(page.locator("#progress")).to_contain_text("finished")
    wait_for_chart(page, "curves")
    walk.shot("4-run")
    page.get_by_role("link", name="To the network").click()
    expect(page.locator("h1")).to_have_text("mnist-book")
    wait_for_chart(page, "curves")
    walk.shot("5-network")


def browse(walk, tmp_path):
    page = walk.page
    page.get_by_role("link", name=re.compile(r"^v5\b")).first.click()
    expect(page.locator("h1")).to_have_text("mnist-book v5")
    wait_for_chart(page, "distribution-1")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("main")).to_contain_text("Proven")
    walk.shot("6-version")
    page.get_by_role("link", name="layer_01.weight").first.click()
    expect(page.get_by_role("region", name="Part of the table")).to_be_visible()
    wait_for_chart(page, "distribution")
    page.get_by_label("Row", exact=True).fill("700")
    page.get_by_label("Column", exact=True).fill("150")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.locator("tr[data-row='700']")).to_be_visible()
    assert "row=700" in page.url
    assert "column=150" in page.url
    walk.shot("7-tensor")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).first.click()
    path = tmp_path / "tensor.csv"
    download.value.save_as(path)
    table = pandas.read_csv(path).to_numpy("float32")
    assert table.shape == (784, 200)
    shown = page.locator("tr[data-row='700'] td").first.get_attribute("title")
    assert np.float32(shown) == table[700, 150]


def compare(walk):
    page = walk.page
    walk.go("/networks/mnist-book")
    boxes = page.get_by_role("checkbox", name="Select mnist-book:")
    boxes.first.check()
    boxes.last.check()
    page.get_by_role("button", name="Compare the selected").click()
    expect(page.locator("h1")).to_have_text("What changed from v1 to v5")
    expect(page.locator("main")).to_contain_text("weights changed")
    wait_for_chart(page, "changes")
    wait_for_chart(page, "distributions")
    walk.shot("8-compare")


def export(walk, tmp_path):
    page = walk.page
    walk.go("/networks/mnist-book/versions/5")
    with page.expect_download() as download:
        page.get_by_role("link", name="ZIP of CSVs").click()
    path = tmp_path / "version.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["layer_01_weight.csv", "layer_02_weight.csv", "version.json"]
        rows = list(csv.reader(io.StringIO(archive.read("layer_02_weight.csv").decode())))
    assert (len(rows), len(rows[0])) == (201, 10)


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_whoever_waits_for_the_demo_is_taken_to_what_it_changed(walk):
    page = walk.page
    walk.go("/")
    page.get_by_role("button", name="Train a demo network").click()
    page.wait_for_url("**/compare?**")
    expect(page.locator("main")).to_contain_text("layer_01.weight")
    assert "base=demo-digits:1&other=demo-digits:6" in page.url.replace("%3A", ":")
    assert page.locator("main img:visible").evaluate_all("pictures => pictures.some((one) => one.naturalWidth > 0)")
    walk.go("/runs/1")
    expect(page.get_by_role("link", name="What changed from v1 to v6")).to_be_visible()


@pytest.mark.soak
@pytest.mark.parametrize("theme", ["dark"], indirect=True)
def test_an_empty_dashboard_offers_a_demo_that_fills_every_page(walk):
    page = walk.page
    walk.go("/")
    walk.shot("0-empty")
    page.get_by_role("button", name="Train a demo network").click()
    page.wait_for_url("**/compare?**")
    for path in ("/", "/datasets", "/datasets/digits", "/runs", "/store", "/help", "/networks/demo-digits"):
        walk.go(path)
    expect(page.get_by_role("link", name="v6").first).to_be_visible()
    page.keyboard.press("?")
    walk.shot("9-keys")
    walk.go("/no-such-page")
    expect(page.locator("h1")).to_be_visible()
    walk.expect_refusal("/no-such-page", 404)
