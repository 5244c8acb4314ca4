"""Pictures from the upload to the weights: grey or in colours, of a chosen size."""

import io
import zipfile

import numpy as np
from openpyxl import Workbook
from PIL import Image

from dashboard.services.datasets import get_dataset, list_datasets
from dashboard.services.networks import create_network
from dashboard.services.versions.saving import Draft, save_version
from tests.picture_files import colour_zip
from tests.web.page_check import words
from tests.web.test_dataset_pages import NEW, address_of, create, fields_of, upload


def sources(page, css="only-light"):
    return [image.get("src") for image in page.all("img", class_=css)]


def test_pictures_are_read_in_colours_and_of_a_size_once_that_is_chosen(browser, workspace):
    page = upload(browser, colour_zip(), file_name="shades.zip")
    found = fields_of(page)
    assert (found["colours"], found["picture_size"], found["image_shape"]) == ("grey", "", "8 x 8")
    grey = sources(page)
    page = create(browser, page, action="read", colours="rgb", picture_size="6x4", name="both")
    assert "Pictures of 6 × 4 pixels, red, green and blue of each pixel. Some of each class of label." in words(
        page.root
    )
    found = fields_of(page)
    assert (found["name"], found["colours"], found["picture_size"]) == ("both", "rgb", "6x4")
    assert found["image_shape"] == "6 x 4 x 3"
    assert "72 pixel columns" in [words(e) for e in page.root.iter("summary")]
    assert sources(page) != grey
    assert len(list(workspace.uploads_folder.glob("*.original"))) == 1
    page = create(browser, page)
    assert get_dataset(workspace, "both").spec["image_shape"] == [6, 4, 3]
    assert list(workspace.uploads_folder.iterdir()) == []
    blue, red = (np.asarray(Image.open(io.BytesIO(browser.raw(src).data)).convert("RGB")) for src in sources(page))
    assert blue[48, 20, 2] > blue[48, 20, 0]
    assert red[48, 20, 0] > red[48, 20, 2]


def test_a_choice_that_cannot_be_is_told_and_one_that_was_not_read_is_not_created(browser, workspace):
    page = upload(browser, colour_zip(), file_name="shades.zip")
    wrong = create(browser, page, status=422, action="read", picture_size="huge")
    assert "Size of pictures: Write height x width" in words(wrong.by_id("problems"))
    page = create(browser, page, colours="rgb")
    assert "read again with these choices" in words(page.root)
    assert address_of(page) != NEW
    assert list_datasets(workspace) == []


def test_weights_of_coloured_inputs_stand_side_by_side(browser, workspace):
    create(browser, create(browser, upload(browser, colour_zip(), file_name="s.zip"), action="read", colours="rgb"))
    layers = [{"units": 3, "activation": "relu"}]
    network = create_network(workspace, {"name": "small", "dataset": "s", "layers": layers})
    tensors = {name: np.ones(shape, np.float32) for name, shape in network.spec.tensor_shapes}
    for factor in (1, 2):
        own = {name: factor * tensor for name, tensor in tensors.items()}
        draft = Draft(own, network.spec, get_dataset(workspace, "s").id, preprocessing={}, metrics={}, evaluation={})
        save_version(workspace, network, draft)
    page = browser.get("/networks/small/versions/1")
    assert "of each the weights of red, green and blue side by side" in words(page.root)
    image = next(page.root.iter("{http://www.w3.org/2000/svg}image"))
    png = Image.open(io.BytesIO(browser.raw(image.get("href")).data))
    assert png.size == (int(image.get("width")), int(image.get("height")))
    assert png.size[0] % (3 * (3 * 8 + 1) - 1) == 0
    page = browser.get("/compare?base=small:1&other=small:2&tensor=layer_01.weight")
    assert "The weights of red, green and blue stand side by side." in words(page.root)


def picture_files(folder="pets"):
    """Return a folder of pictures as a browser sends it: each with its path as its name."""
    with zipfile.ZipFile(io.BytesIO(colour_zip())) as archive:
        files = [(io.BytesIO(archive.read(name)), f"{folder}/{name}") for name in archive.namelist()]
    return [*files, (io.BytesIO(b"x"), f"{folder}/.DS_Store")]


def send_folder(browser, files, status=200):
    nothing = (io.BytesIO(), "")
    return browser.post(NEW, {"file": nothing, "folder": files}, status=status, content_type="multipart/form-data")


def test_a_folder_of_pictures_is_an_upload_with_its_folders_as_classes(browser, workspace):
    page = send_folder(browser, picture_files())
    assert (page.h1, page.sentence[:24]) == ("Check pets", "24 rows of 65 columns. D")
    assert [image.get("alt") for image in page.all("img", class_="only-light")] == [
        "Pictures of blue",
        "Pictures of red",
    ]
    create(browser, page)
    assert get_dataset(workspace, "pets").description["balance"] == {"blue": 12, "red": 12}
    assert list(workspace.uploads_folder.iterdir()) == []


def test_several_files_that_do_not_belong_together_are_refused(browser, workspace):
    tables = [(io.BytesIO(b"a,b\n1,2\n"), f"{name}.csv") for name in "xy"]
    page = send_folder(browser, tables, status=422)
    assert "holds 2 files (x.csv, y.csv)" in words(page.by_id("problems"))
    page = send_folder(browser, [picture_files()[0], picture_files()[0]], status=422)
    assert "Two of the files are called pets/red/0.png" in words(page.by_id("problems"))
    large = [(io.BytesIO(bytes(600_000)), f"a/{place}.png") for place in range(2)]
    assert "larger than 1 MB" in words(send_folder(browser, large, status=413).root)
    assert list(workspace.uploads_folder.iterdir()) == []


def test_a_version_is_evaluated_on_pictures_of_another_size_in_its_own(browser, workspace):
    create(browser, create(browser, upload(browser, colour_zip(), file_name="s.zip"), action="read", colours="rgb"))
    about = get_dataset(workspace, "s").description
    network = create_network(workspace, {"name": "small", "dataset": "s", "layers": []})
    preprocessing = {
        "scaling": "none",
        "task": "classification",
        "numeric": [{"name": name, "scale": 1.0, "offset": 0.0, "fill": 0.0} for name in about["numeric"]],
        "categorical": [],
        "classes": about["classes"],
        **{"low": 0.0, "high": 1.0, "target_scale": 1.0, "target_offset": 0.0},
    }
    tensors = {name: np.zeros(shape, np.float32) for name, shape in network.spec.tensor_shapes}
    draft = Draft(tensors, network.spec, get_dataset(workspace, "s").id, preprocessing, metrics={}, evaluation={})
    save_version(workspace, network, draft)
    address = "/networks/small/versions/1/evaluate"
    data = {"file": (io.BytesIO(colour_zip(16)), "larger.zip")}
    page = browser.post(address, data, source=address, content_type="multipart/form-data")
    assert page.sentence.startswith("24 records of larger: accuracy 0.5")
    assert get_dataset(workspace, "larger").description["numeric"] == about["numeric"]


def test_the_sheet_of_a_workbook_is_chosen_on_the_page(browser, workspace):
    book, whole = Workbook(), io.BytesIO()
    book.active.append(["Read the second sheet"])
    sheet = book.create_sheet("trees")
    for row in [["height", "kind"], *([n + 0.5, "ash" if n % 2 else "elm"] for n in range(30))]:
        sheet.append(row)
    book.save(whole)
    page = upload(browser, whole.getvalue(), status=422, file_name="book.xlsx")
    assert fields_of(page)["sheet"] == "Sheet"
    page = create(browser, page, action="read", sheet="trees", name="wood")
    assert page.sentence.startswith("30 rows of 2 columns.")
    assert fields_of(page)["sheet"] == "trees"
    create(browser, page)
    assert get_dataset(workspace, "wood").description["balance"] == {"elm": 15, "ash": 15}


def test_more_files_than_can_be_sent_are_refused_in_words(browser):
    browser.client.application.config["MAX_FORM_PARTS"] = 9
    page = send_folder(browser, picture_files(), status=413)
    assert "More than 9 files and fields were sent" in words(page.root)
