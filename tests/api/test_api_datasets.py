"""Datasets through the API: what good ones become, and that bad ones leave nothing behind."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage

from tests.picture_files import colour_zip

DATASETS = "/api/v1/datasets"
GOOD = "height,width,kind\n" + "".join(f"{row},{row % 7},{'ab'[row % 2]}\n" for row in range(40))
FORMAT = {"delimiter": ",", "header": True, "encoding": "utf-8", "decimal": ".", "thousands": "none", "quote": '"'}
FORMAT |= {"skip": 0, "comment": "none", "skip_after": 0, "repeats": "keep", "trailing": "keep"}
FORMAT |= {"starts": "", "comment_names": "keep", "quotes_within": "usual", "skip_last": 0, "empty": "keep"}
FORMAT |= {"ragged": "refuse"}
KEPT_APART = {"catalogue.sqlite-wal", "catalogue.sqlite-shm", "catalogue.sqlite"}


def form(content=GOOD, name="flowers", target="kind", file_name="flowers.csv", **more):
    content = content.encode() if isinstance(content, str) else content
    return {"file": (io.BytesIO(content), file_name), "name": name, "target": target} | more


@pytest.fixture
def contents(workspace, client):
    """A function that lists all that is stored: the datasets, and every file of the home."""

    def look():
        files = {str(path) for path in workspace.settings.home_folder.rglob("*") if path.name not in KEPT_APART}
        return client.get(DATASETS)["items"], files

    return look


def test_an_uploaded_csv_becomes_a_dataset(client):
    made = client.fetch("POST", DATASETS, data=form())
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/datasets/flowers"
    dataset = client.get("/api/v1/datasets/flowers")
    assert dataset == made.json
    assert (dataset["rows"], dataset["task"], dataset["description"]["classes"]) == (40, "classification", ["a", "b"])
    assert dataset["description"]["inputs"] == ["height", "width"]
    assert dataset["source"] == "uploaded file flowers.csv"
    assert dataset["created"].endswith("Z")
    assert dataset["networks"] == []


def test_every_choice_reaches_the_dataset(client):
    text = "1,5;0;no;10\n" * 10 + "2,5;1;yes;20\n" * 10
    choices = {
        "header": "no",
        "delimiter": ";",
        "decimal": ",",
        "encoding": "utf-8",
        "missing": "impute",
        "task": "regression",
        "validation": "0.25",
        "test": "0.2",
        "seed": "9",
        "kinds": '{"column_2": "ignore", "column_3": "categorical"}',
    }
    dataset = client.post(DATASETS, data=form(text, target="3", **choices), status=201)
    spec = dataset["spec"]
    assert spec["format"] == FORMAT | {"delimiter": ";", "decimal": ",", "header": False}
    assert (spec["target"], spec["task"], spec["missing"]) == ("column_4", "regression", "impute")
    assert (spec["validation"], spec["test"], spec["seed"]) == (0.25, 0.2, 9)
    assert dataset["description"]["inputs"] == ["column_1", "column_3=no", "column_3=yes"]
    assert dataset["description"]["split"] == {"train": 11, "validation": 5, "test": 4}


def test_every_part_of_the_format_can_be_settled(client):
    text = "Report\nn v kind\ns m class\n" + "'1 000' '2,5' a\n% pause\n'2 000' '3,5' b\nn v kind\n" * 10
    choices = {
        "delimiter": "space",
        "header": "yes",
        "encoding": "utf8",
        "decimal": ",",
        "thousands": "'",
        "quote": "'",
        "skip": "1",
        "comment": "%",
        "skip_after": "1",
        "repeats": "drop",
        "trailing": "keep",
        "starts": "",
        "comment_names": "keep",
        "quotes_within": "usual",
        "empty": "drop",
        "ragged": "fill",
    }
    dataset = client.post(DATASETS, data=form(text.replace("1 000", "1\u2019000"), **choices), status=201)
    expected = {**choices, "delimiter": "spaces", "header": True, "encoding": "utf-8", "skip": 1, "skip_after": 1}
    expected["skip_last"] = 0
    assert dataset["spec"]["format"] == expected
    assert (dataset["rows"], dataset["description"]["columns"][1]["high"]) == (20, 3.5)


def test_pictures_get_their_shape(client):
    header = ",".join(["digit", *(f"p{place}" for place in range(6))])
    rows = "".join(f"{row % 2}," + ",".join(str(row * place % 17) for place in range(6)) + "\n" for row in range(30))
    dataset = client.post(DATASETS, data=form(f"{header}\n{rows}", target="digit", image_shape="2x3"), status=201)
    assert dataset["description"]["image_shape"] == [2, 3]


def test_a_bundled_sample_is_added_once(client):
    first = client.post(DATASETS, json={"bundled": "iris"}, status=201)
    assert client.post(DATASETS, json={"bundled": "iris"}, status=201) == first
    assert [found["name"] for found in client.get(DATASETS)["items"]] == ["iris"]
    assert first["rows"] == 150
    assert first["licence"]


def test_an_unknown_sample_is_404_with_those_that_there_are(client):
    error = client.fails("POST", DATASETS, 404, json={"bundled": "irs"})
    assert "iris" in error["nearest"]


def test_a_deleted_dataset_is_gone_with_its_files(client, contents):
    before = contents()
    client.post(DATASETS, data=form(), status=201)
    assert client.delete("/api/v1/datasets/flowers", status=204) == b""
    assert contents() == before
    client.fails("DELETE", "/api/v1/datasets/flowers", 404)


@pytest.mark.usefixtures("iris_network")
def test_a_dataset_that_a_network_uses_is_not_deleted(client):
    error = client.fails("DELETE", "/api/v1/datasets/iris", 409)
    assert "iris-net" in error["message"]
    assert client.get("/api/v1/datasets/iris")["networks"] == ["iris-net"]


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4

BAD_FILES = {
    "an image": (PNG, {}, "file", "CSV"),
    "text with NUL bytes": (b"a,b\n1,\x002\n" * 20, {}, "file", "CSV"),
    "an empty file": ("", {}, "file", "empty"),
    "a header only": ("height,width,kind\n", {}, "file", "row"),
    "ragged rows": (GOOD + "1,2\n", {}, "ragged", "42"),
    "one class only": ("x,kind\n" + "1,a\n2,a\n" * 20, {"purpose": "training"}, "target", "class"),
    "a target with missing values": (GOOD + "9,9,\n", {}, "odd.kind", "drop these rows"),
    "no such target": (GOOD, {"target": "colour"}, "target", "height"),
    "only line ends": ("\n\r\n\n", {}, "file", "empty"),
    "one byte": ("a", {}, "delimiter", "one column"),
    "a title that is kept": ("Report of March\n" + GOOD, {"skip": "0", "delimiter": ","}, "skip", "Line 1"),
    "a quote that is not closed": (GOOD + '1,"2,a\n', {}, "quote", "42"),
    "a thousand or a fraction": ("n;kind\n" + "1.234;a\n5.678;b\n" * 20, {}, "thousands", "Say which"),
    "the wrong encoding": (
        GOOD + "1,2,\xe9\n".encode("cp1252").decode("latin-1"),
        {"encoding": "ascii"},
        "encoding",
        "ascii",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_with_its_remedy_and_leaves_nothing(client, contents, case):
    content, choices, field, word = BAD_FILES[case]
    before = contents()
    error = client.fails("POST", DATASETS, 422, data=form(content, **choices))
    assert error["field"] == field
    assert word in error["message"]
    assert contents() == before


@pytest.mark.parametrize(
    "name",
    [
        'quo"te',
        "quo'te",
        "a/b",
        "../a",
        "..",
        "a\\b",
        "\N{GRINNING FACE}",
        "n" * 300,
        "",
        " ",
        "a\x00b",
        "a\nb",
        ".a",
        "a.",
    ],
)
def test_a_bad_name_is_refused_with_the_rule_and_leaves_nothing(client, contents, name):
    before = contents()
    error = client.fails("POST", DATASETS, 422, data=form(name=name))
    assert error["field"] == "name"
    assert "64 letters" in error["message"] or "control" in error["message"]
    assert contents() == before


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"header": "perhaps"}, "header"),
        ({"kinds": "{"}, "kinds"),
        ({"kinds": '{"height": "colour"}'}, "kinds.height"),
        ({"kinds": '{"depth": "numeric"}'}, "kinds.depth"),
        ({"kinds": '{"height": "boolean"}'}, "kinds.height"),
        ({"kinds": "[1]"}, "kinds"),
        ({"task": "sorting"}, "task"),
        ({"task": "regression"}, "task"),
        ({"missing": "guess"}, "missing"),
        ({"validation": "2"}, "validation"),
        ({"validation": "0.5", "test": "0.5"}, "validation"),
        ({"seed": "-1"}, "seed"),
        ({"image_shape": "7x7"}, "image_shape"),
        ({"delimiter": "word"}, "delimiter"),
        ({"encoding": "klingon"}, "encoding"),
        ({"decimal": "!"}, "decimal"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_choice_is_refused_at_its_field_and_leaves_nothing(client, contents, choices, field):
    before = contents()
    error = client.fails("POST", DATASETS, 422, data=form(**choices))
    assert field in error["errors"]
    assert contents() == before


def test_a_taken_name_is_409_and_leaves_nothing_of_the_second_file(client, contents):
    client.post(DATASETS, data=form(), status=201)
    before = contents()
    error = client.fails("POST", DATASETS, 409, data=form(GOOD + "1,2,a\n"))
    assert error["field"] == "name"
    assert contents() == before


def test_a_file_above_the_limit_is_413_with_the_setting_and_leaves_nothing(client, contents):
    before = contents()
    for megabytes in (1.5, 40):  # beyond the file's limit, and beyond the request's
        error = client.fails("POST", DATASETS, 413, data=form(GOOD + "1,2,a\n" * int(megabytes * 2**20 / 6)))
        assert "larger than 1 MB" in error["message"]
        assert "WEIGHTBASE_MAX_UPLOAD_MB" in error["message"]
        assert error["field"] == "file"
    assert contents() == before


def test_files_for_validation_and_test_are_parts_of_their_own_and_other_columns_are_named(client):
    def files(test):
        rows = "".join(f"{row},{row * 2 % 7},{'ab'[row % 2]}\n" for row in range(20))
        parts = {"file": "x,y,label\n" + rows, "validation_file": "label,y,x\na,1,2\nb,2,1\n", "test_file": test}
        return {name: (io.BytesIO(text.encode()), f"{name}.csv") for name, text in parts.items()} | {"name": "own"}

    error = client.fails("POST", DATASETS, 422, data=files("x,label,z\n1,a,2\n"))
    assert error["field"] == "test_file"
    assert "it lacks 'y', and it has 'z' besides" in error["message"]
    error = client.fails("POST", DATASETS, 422, data=files("x,y,label\n1,2,a\n") | {"test": "0.2"})
    assert error["field"] == "test"
    dataset = client.post(DATASETS, data=files("x,y,label\n1,2,a\n"), status=201)
    assert dataset["description"]["split"] == {"train": 20, "validation": 2, "test": 1}
    assert dataset["spec"]["given"] == {"training": 20, "validation": 2, "test": 1}
    records = client.get(f"{DATASETS}/own/records?part=validation")["items"]
    assert [(one["inputs"]["x"], one["target"]) for one in records] == [(2.0, "a"), (1.0, "b")]


def test_a_request_without_a_file_or_of_another_type_says_what_to_send(client):
    assert client.fails("POST", DATASETS, 422, data={"name": "x", "file": "not a file"})["field"] == "file"
    assert (
        "multipart/form-data" in client.fails("POST", DATASETS, 415, data="a,b\n", content_type="text/csv")["message"]
    )
    assert "file" in client.fails("POST", DATASETS, 415)["message"]


@pytest.mark.parametrize(
    "rows", ["5.1,1.4,setosa\n", "5.1,1.4,setosa\n4.9,1.5,setosa\n" * 3], ids=["one record", "one class"]
)
def test_a_file_of_one_record_or_one_class_is_taken_for_evaluation_and_trains_nothing(client, rows):
    content = form("sepal,petal,species\n" + rows, name="one", target="species")
    dataset = client.post(DATASETS, data=content, status=201)
    assert (dataset["spec"]["purpose"], dataset["description"]["classes"]) == ("evaluation", ["setosa"])
    for path in ("networks", "searches"):
        error = client.fails("POST", f"/api/v1/{path}", 422, json={"name": "on-one", "dataset": "one"})
        assert (error["field"], "evaluate versions only" in error["message"]) == ("dataset", True)


ASKED = "income,when,y1,y2\n" + "".join(
    f"{'5o.25' if row == 30 else row},{row % 9 + 1:02d}/03/2024,{'' if row % 8 == 0 else row},{row * 1.5}\n"
    for row in range(40)
)


def test_a_preview_answers_what_is_asked_and_its_answers_make_the_dataset(client, contents):
    seen = client.post(f"{DATASETS}/preview", data=form(ASKED, target=""))
    asked = {one["field"]: one for one in seen["questions"]}
    assert list(asked) == ["target", "odd.income"]
    assert "'5o.25' in line 32" in asked["odd.income"]["text"]
    assert list(asked["odd.income"]["choices"]) == ["missing", "drop"]
    assert set(asked["target"]["choices"]) == {"y1", "y2"}
    assert seen["missing"] is None
    choices = {"kinds": {"y1": "numeric", "when": "date"}, "target": "y2", "odd": {"income": "drop"}}
    again = client.post(f"{DATASETS}/preview", json={"upload": seen["upload"], **choices})
    assert [one["field"] for one in again["questions"]] == ["dates.when"]
    assert again["missing"]["gaps"] == [{"column": "y1", "missing": 5}]
    assert (again["missing"]["dropped"], again["missing"]["marked"]) == (5, ["y1"])
    assert [one["kind"] for one in again["columns"]] == ["numeric", "date", "numeric", "target"]
    made = client.post(
        DATASETS, json={"upload": seen["upload"], "name": "answered", **choices, "dates": {"when": "day"}}, status=201
    )
    assert made["description"]["inputs"][:2] == ["income", "when.day"]
    assert made["rows"] == 39
    assert client.fails("POST", DATASETS, 404, json={"upload": seen["upload"], "name": "twice"})["field"] == "file"


def test_a_mark_that_may_be_both_is_asked_and_answered(client):
    text = "n;y\n" + "".join(f"{row + 1},{row + 100};{row % 2}\n" for row in range(20))
    seen = client.post(f"{DATASETS}/preview", data=form(text, target="y"))
    assert [one["field"] for one in seen["questions"]] == ["decimal"]
    for mark, low in ((".", 1100), (",", 1.1)):
        again = client.post(f"{DATASETS}/preview", json={"upload": seen["upload"], "decimal": mark, "target": "y"})
        assert (again["questions"], again["columns"][0]["low"]) == ([], low)


def test_points_in_a_file_of_commas_are_asked_and_answered(client):
    text = "n,y\n" + "7,0\n" + "".join(f"{row + 1}.{row + 100},{row % 2}\n" for row in range(20))
    seen = client.post(f"{DATASETS}/preview", data=form(text, target="y"))
    assert [(one["field"], list(one["choices"])) for one in seen["questions"]] == [("thousands", ["none", "."])]
    for mark, high in (("none", 20.119), (".", 20119)):
        again = client.post(f"{DATASETS}/preview", json={"upload": seen["upload"], "thousands": mark, "target": "y"})
        assert (again["questions"], again["columns"][0]["high"]) == ([], high)


def test_a_number_that_may_mean_missing_and_names_of_versions_are_asked_and_answered(client):
    text = "temp,version,y\n" + "".join(
        f"{-999 if row % 7 == 3 else row},{('1.9', '1.10')[row % 2]},{row % 3 % 2}\n" for row in range(40)
    )
    seen = client.post(f"{DATASETS}/preview", data=form(text, target="y"))
    assert [one["field"] for one in seen["questions"]] == ["column_words.temp", "kinds.version"]
    answers = {"column_words": {"temp": ["-999"]}, "kinds": {"version": "numeric"}}
    again = client.post(f"{DATASETS}/preview", json={"upload": seen["upload"], "target": "y", **answers})
    assert (again["questions"], again["columns"][0]["missing"]) == ([], 6)
    assert [one["kind"] for one in again["columns"]] == ["numeric", "numeric", "target"]


def test_a_preview_with_a_wrong_choice_is_refused_at_its_field(client):
    upload = client.post(f"{DATASETS}/preview", data=form(ASKED, target="y2"))["upload"]
    wrong = ({"odd": {"income": "guess"}}, "odd.income"), ({"task": "sorting"}, "task"), ({"file": 1}, "file")
    for choices, field in wrong:
        error = client.fails("POST", f"{DATASETS}/preview", 422, json={"upload": upload, **choices})
        assert field in error["errors"]
    client.fails("POST", f"{DATASETS}/preview", 404, json={"upload": "f" * 32})


def test_a_packed_table_and_pictures_in_folders_become_datasets(client):
    table = b"size,kind\n" + b"".join(b"%d,%s\n" % (number, b"xy"[number % 2 :][:1]) for number in range(40))
    parts = {"file": (io.BytesIO(gzip.compress(table)), "table.csv.gz"), "name": "packed"}
    assert client.post("/api/v1/datasets", data=parts, status=201)["rows"] == 40
    shades = np.random.default_rng(1).integers(0, 256, (24, 8, 8), np.uint8)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for number, pixels in enumerate(shades):
            one = io.BytesIO()
            Image.fromarray(pixels).save(one, "PNG")
            archive.writestr(f"{'dark' if number % 2 else 'bright'}/{number}.png", one.getvalue())
    parts = {"file": (io.BytesIO(whole.getvalue()), "shades.zip"), "name": "shades"}
    made = client.post("/api/v1/datasets", data=parts, status=201)
    assert (made["rows"], made["spec"]["target"], made["description"]["image_shape"]) == (24, "label", [8, 8])
    assert made["description"]["balance"] == {"bright": 12, "dark": 12}
    parts = {"file": (io.BytesIO(whole.getvalue()[:-40]), "shades.zip"), "name": "cut"}
    error = client.fails("POST", "/api/v1/datasets", 422, data=parts)
    assert (error["field"], "damaged" in error["message"]) == ("file", True)


def test_coloured_pictures_become_a_dataset_of_three_numbers_a_pixel(client, workspace):
    parts = {"name": "shades", "colours": "rgb", "picture_size": "6x4"}
    made = client.post(DATASETS, data={"file": (io.BytesIO(colour_zip()), "shades.zip")} | parts, status=201)
    assert (made["description"]["image_shape"], made["spec"]["image_shape"]) == ([6, 4, 3], [6, 4, 3])
    assert made["description"]["inputs"][:4] == ["1x1.red", "1x1.green", "1x1.blue", "1x2.red"]
    assert not list(workspace.uploads_folder.iterdir())


@pytest.mark.parametrize(
    ("given", "field"),
    [({"colours": "rgb"}, "colours"), ({"picture_size": "8x8"}, "picture_size"), ({"sheet": "1"}, "sheet")],
)
def test_choices_for_other_kinds_of_files_are_refused(client, workspace, given, field):
    error = client.fails("POST", DATASETS, 422, data=form(**given))
    assert (error["field"], "leave it out" in error["message"]) == (field, True)
    assert not list(workspace.uploads_folder.iterdir())


def several(**files):
    """Return files as the parts of one name."""
    return [FileStorage(io.BytesIO(body), name) for name, body in files.items()]


def test_two_idx_files_are_sent_together(client, workspace):
    pictures = np.random.default_rng(2).integers(0, 256, (30, 4, 4), np.uint8)
    labels = (np.arange(30) % 3).astype(np.uint8)
    images = b"\0\0\x08\3" + struct.pack(">3I", 30, 4, 4) + pictures.tobytes()
    names = b"\0\0\x08\1" + struct.pack(">I", 30) + labels.tobytes()
    files = several(**{"images-idx3-ubyte.gz": gzip.compress(images), "labels-idx1-ubyte": names})
    made = client.post(DATASETS, data={"file": files, "name": "digits"}, status=201)
    assert (made["rows"], made["description"]["image_shape"]) == (30, [4, 4])
    assert made["description"]["classes"] == ["0", "1", "2"]
    alone = several(**{"labels-idx1-ubyte": names})
    error = client.fails("POST", DATASETS, 422, data={"file": alone, "name": "alone"})
    assert (error["field"], "together" in error["message"]) == ("file", True)
    assert not list(workspace.uploads_folder.iterdir())


def test_pictures_are_sent_with_their_folders_in_their_names(client):
    with zipfile.ZipFile(io.BytesIO(colour_zip())) as archive:
        files = several(**{name: archive.read(name) for name in archive.namelist()})
    made = client.post(DATASETS, data={"file": files, "name": "folder", "colours": "rgb"}, status=201)
    assert (made["description"]["balance"], made["spec"]["image_shape"]) == ({"blue": 12, "red": 12}, [8, 8, 3])
