"""Uploading a CSV through the pages: what is wrong with it is said beside the field, and nothing of it is kept."""

import io

import pytest
from PIL import Image

from dashboard.services.datasets import get_dataset, list_datasets
from tests.web.page_check import words

NEW = "/datasets/new"
FLOWERS = "width;length;kind\n" + "".join(f"1,{n};{n};{'rose' if n % 2 else 'lily'}\n" for n in range(1, 41))


def upload(browser, content, status=200, file_name="flowers.csv", **fields):
    data = fields | {"file": (io.BytesIO(content.encode() if isinstance(content, str) else content), file_name)}
    return browser.post(NEW, data, status=status, content_type="multipart/form-data")


def fields_of(page):
    """Return the values of the form on the page where columns are chosen."""
    data = {}
    for field in page.root.iter("input"):
        if field.get("name") and field.get("type") != "hidden":
            data[field.get("name")] = field.get("value") or ""
    for field in page.root.iter("select"):
        chosen = [o for o in field.iter("option") if o.get("selected") is not None] or list(field.iter("option"))[:1]
        data[field.get("name")] = chosen[0].get("value")
    return data


def address_of(page):
    return page.all("form", method="post")[0].get("action")


def create(browser, page, status=200, action="create", **changes):
    return browser.post(address_of(page), fields_of(page) | changes | {"action": action}, status=status)


def read_again(browser, page, status=200, **changes):
    """Send the form with what is hidden in it, as a browser does."""
    hidden = {e.get("name"): e.get("value") or "" for e in page.root.iter("input") if e.get("type") == "hidden"}
    return create(browser, page, status, "read", **{k: v for k, v in hidden.items() if k != "csrf_token"} | changes)


def test_an_upload_is_shown_before_it_is_kept(workspace, browser):
    page = upload(browser, FLOWERS)
    assert page.h1 == "Check flowers.csv"
    assert page.sentence.startswith("40 rows of 3 columns.")
    found = fields_of(page)
    assert (found["delimiter"], found["decimal"], found["header"], found["target"]) == (";", ",", "yes", "kind")
    assert found["name"] == "flowers"
    assert list_datasets(workspace) == []


def test_the_choices_make_the_dataset(workspace, browser):
    page = create(browser, upload(browser, FLOWERS), name="garden", validation="0.2", test="0.1", seed="3")
    assert page.h1 == "garden"
    assert page.sentence == "40 rows with 2 inputs; kind is one of 2 classes."
    dataset = get_dataset(workspace, "garden")
    assert dataset.description["split"]["validation"] == 8
    assert dataset.description["columns"][0]["high"] == 1.9


def test_a_test_file_of_its_own_waits_until_the_columns_fit_and_becomes_the_test_part(workspace, browser):
    page = upload(browser, FLOWERS)

    def send(text, status=200, **more):
        hidden = {e.get("name"): e.get("value") or "" for e in page.root.iter("input") if e.get("type") == "hidden"}
        fields = {name: value for name, value in (hidden | fields_of(page)).items() if not name.endswith("_file")}
        files = {"test_file": (io.BytesIO(text.encode()), "later.csv")} if text else {}
        sent = fields | {"action": "create"} | more | files
        return browser.post(address_of(page), sent, status=status, content_type="multipart/form-data")

    page = send("kind,length\nrose,1.5\n", 422)
    assert "it lacks 'width'" in words(page.root)
    assert list_datasets(workspace) == []
    page = send("kind,length,width\nrose,1.5,x\nlily,2.5,0.5\n", 422)  # a word among numbers
    assert "later.csv is here; another file replaces it." in words(page.root)
    page = send("", 200, action="forget-files")
    assert "later.csv" not in words(page.root)
    page = send("kind;length;width\nrose;1,5;0,5\nlily;2,5;0,5\n", 200, validation="0.2")
    dataset = get_dataset(workspace, "flowers")
    assert dataset.description["split"] == {"train": 32, "validation": 8, "test": 2}
    assert "test from a file of its own; validation is taken from the training file at random" in words(page.root)


def test_the_format_of_a_test_file_is_corrected_on_the_page(workspace, browser):
    page = upload(browser, FLOWERS)

    def send(status=200, text="", **more):
        hidden = {e.get("name"): e.get("value") or "" for e in page.root.iter("input") if e.get("type") == "hidden"}
        fields = {name: value for name, value in (hidden | fields_of(page)).items() if not name.endswith("_file")}
        files = {"test_file": (io.BytesIO(text.encode()), "later.csv")} if text else {}
        sent = fields | {"action": "create"} | more | files
        return browser.post(address_of(page), sent, status=status, content_type="multipart/form-data")

    page = send(422, "kind;length;width\nrose;1,5;0,5\nlily;2,5;0,5\nrose;3,5\n")
    assert "The test file: Line 4 has 2 fields" in words(page.by_id("problems"))
    assert "Format of later.csv" in words(page.root)
    assert fields_of(page)["test-ragged"] == "refuse"
    page = send(422, **{"test-delimiter": ","})
    assert "The test file:" in words(page.by_id("problems"))
    page = send(422, **{"test-delimiter": ";", "test-skip": "most"})
    assert "The test file: Give a whole number" in words(page.by_id("problems"))
    page = send(action="read", **{"test-delimiter": ";", "test-ragged": "drop"})
    assert fields_of(page)["test-ragged"] == "drop"
    page = send()
    assert get_dataset(workspace, "flowers").description["split"]["test"] == 2


def test_a_column_is_ignored_and_a_number_is_predicted(workspace, browser):
    page = upload(browser, FLOWERS)
    create(browser, page, target="length", task="regression", **{"kinds-2": "ignore"})
    dataset = get_dataset(workspace, "flowers")
    assert dataset.task == "regression"
    assert dataset.description["inputs"] == ["width"]


def test_what_is_ignored_odd_or_missing_is_said_asked_and_counted_before_and_after(workspace, browser):
    rows = "".join(f"{n},{n * 1.5},{'' if n % 4 == 0 else n % 7},{'rose' if n % 2 else 'lily'}\n" for n in range(40))
    page = upload(browser, "id,length,width,kind\n" + rows + "40,6o.0,3,rose\n")
    text = words(page.root)
    assert "It numbers the rows: 0, 1, 2 …" in text
    assert "40 numbers and 1 other: '6o.0' in line 42." in text
    assert "Missing values with the types below: width (10)." in text
    assert "Rows dropped: 10 of 41 rows would go." in text
    others = {f"odd-{place}": "" for place in (0, 2, 3)}  # hidden on the page
    assert "'6o.0' in line 42: say whether" in words(create(browser, page, 422, **others).root)
    ignored = words(create(browser, page, 422, **others, **{"kinds-2": "ignore"}).root)
    assert "Missing values with" not in ignored
    made = words(create(browser, page, **others, **{"odd-1": "drop"}).root)
    assert "Ignored columns" in made
    assert "It numbers the rows: 0, 1, 2 …" in made
    about = get_dataset(workspace, "flowers").description
    assert (about["rows"], about["inputs"]) == (40, ["length", "width", "width is missing"])
    assert about["ignored"] == [{"name": "id", "reason": "It numbers the rows: 0, 1, 2 …"}]


def test_yes_and_no_are_one_input_and_the_pages_say_so(workspace, browser):
    rows = "".join(f"{n * 1.5},{'yes' if n % 3 else 'no'},{'rose' if n % 2 else 'lily'}\n" for n in range(40))
    page = upload(browser, "length,wild,kind\n" + rows)
    assert fields_of(page)["kinds-1"] == "boolean"
    assert "'no' is 0 and 'yes' is 1, one input instead of two." in words(page.root)
    assert "boolean (no: 0, yes: 1)" in words(create(browser, page).root)
    assert get_dataset(workspace, "flowers").description["inputs"] == ["length", "wild"]


def test_dates_become_number_parts_on_the_page_and_their_order_is_asked(workspace, browser):
    rows = "".join(f"{n % 9 + 1:02d}/03/2024,{n * 1.5},{'rose' if n % 2 else 'lily'}\n" for n in range(40))
    page = upload(browser, "seen,length,kind\n" + rows)
    assert "'01/03/2024', day first or month first: no cell says which." in words(page.root)
    asked = create(browser, page, 422, **{"kinds-0": "date"})
    assert "say what they are, day first (day) or month first (month)" in words(asked.root)
    made = words(create(browser, page, **{"kinds-0": "date", "dates-0": "day"}).root)
    assert "numeric (days since 2024-03-01)" in made
    inputs = ["seen.day", "seen.weekday", "seen.days", "length"]
    assert get_dataset(workspace, "flowers").description["inputs"] == inputs


def test_the_file_is_read_again_in_another_format(browser):
    page = create(browser, upload(browser, FLOWERS), action="read", header="no", name="kept")
    assert page.sentence.startswith("41 rows of 3 columns.")
    assert fields_of(page)["name"] == "kept"


def test_a_format_that_does_not_fit_is_told_and_the_file_still_waits(browser):
    page = upload(browser, "a,b\n1,x\n2,y\n3,x\n")
    again = create(browser, page, status=422, action="read", delimiter=",", decimal=",")
    assert "cannot both be a comma" in words(again.root)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "The file is empty."),
        ("\n \n", "The file is empty: choose"),
        ("a,\0b\n", "NUL bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG"),
        ("<!doctype html><p>no</p>", "HTML"),
    ],
)
def test_what_is_no_table_is_refused_beside_the_file(workspace, browser, content, said):
    page = upload(browser, content, status=422)
    assert page.h1 == "Add a dataset"
    assert said in words(page.by_id("problems"))
    assert list(workspace.uploads_folder.glob("*.csv")) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a", "only one column"),
        ("a,b,c\n", "a header but no rows"),
        ("a,b\n1,2\n3\n4,5\n", "Line 3 has 1 fields"),
        ('a,b\n1,"2\n3,4\n', "Quote character: The quote that is opened in line 2"),
    ],
)
def test_what_cannot_be_read_so_reaches_the_page_with_the_first_lines(workspace, browser, content, said):
    page = upload(browser, content, status=422)
    assert page.h1 == "Check flowers.csv"
    assert said in words(page.by_id("problems"))
    assert [words(e) for e in page.root.iter("li") if e.find("code") is not None] == content.split("\n")[:-1] or content
    assert len(list(workspace.uploads_folder.glob("*.csv"))) == 1
    create(browser, page, status=422, action="create")


def test_a_file_is_corrected_on_the_page_until_it_can_be_read(workspace, browser):
    table = "".join(f"{n};1.00{n % 9};{'xy'[n % 2]}\n" for n in range(1, 40))
    page = upload(browser, f"made,by,us\nn;v;y\n{table}")
    assert (fields_of(page)["skip"], fields_of(page)["delimiter"]) == ("1", ";")
    assert "may be thousands or a fraction" in words(page.root)
    assert "unsure" in words(page.root)
    page = read_again(browser, page, thousands=".")
    assert fields_of(page)["decimal"] == ","
    page = read_again(browser, page, status=422, skip="0")
    assert fields_of(page)["thousands"] == "."
    assert "Skip first lines: Line 1 has one cell" in words(page.by_id("problems"))
    page = read_again(browser, page, skip="1")
    create(browser, page, skip="1", name="repaired")
    assert get_dataset(workspace, "repaired").description["columns"][1]["high"] == 1008


def test_a_number_that_may_mean_missing_is_taken_so_by_a_button(workspace, browser):
    table = "".join(f"{-999 if n % 7 == 3 else n},{n % 5},{'xy'[n % 2]}\n" for n in range(1, 40))
    page = upload(browser, f"temp,size,kind\n{table}")
    assert "-999 stands in 6 cells, far from the others (1 to 39)" in words(page.root)
    (button,) = (e for e in page.root.iter("button") if e.get("name") == "take-missing")
    page = create(browser, page, action="", **{"take-missing": button.get("value"), "column_words": "size: 4"})
    assert "-999 stands" not in words(page.root)
    (said,) = (e.text for e in page.root.iter("textarea") if e.get("name") == "column_words")
    assert "temp: " in said
    assert "-999" in said
    create(browser, page, column_words=said, name="cold")
    temp, size = get_dataset(workspace, "cold").description["columns"][:2]
    assert (temp["missing"], temp["low"], size["missing"]) == (6, 1, 8)
    create(browser, upload(browser, FLOWERS), status=404, action="", **{"take-missing": "height"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": 'a"b'}, "Name: A name has"),
        ({"name": "../x"}, "Name: A name has"),
        ({"validation": "most"}, "Validation share: Give a number"),
        ({"validation": "0.6", "test": "0.4"}, "must leave at least 5 % for training"),
        ({"image_shape": "3 x 3"}, "Image shape: 3 x 3 is 9 pixels"),
        ({"target": "kind", "task": "regression"}, "Task: The target 'kind' is not a number"),
        ({"kinds-0": "ignore", "kinds-1": "ignore"}, "Every column is ignored"),
    ],
)
def test_a_mistaken_choice_is_told_and_the_others_are_kept(workspace, browser, changes, said):
    page = create(browser, upload(browser, FLOWERS), status=422, **({"seed": "77"} | changes))
    assert said in words(page.by_id("problems"))
    assert fields_of(page)["seed"] == "77"
    assert list_datasets(workspace) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,kind\n1,x\n2,x\n3,x\n", "one class only"),
        ("a,kind\n1,x\n2,\n3,y\n", "missing in 1 of 3 rows"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(workspace, browser, content, said):
    page = create(browser, upload(browser, content), status=422, target="kind", purpose="training")
    assert said in words(page.by_id("problems"))
    assert list_datasets(workspace) == []


def test_rows_without_a_target_are_dropped_once_the_person_says_so(workspace, browser):
    asked = upload(browser, "a,kind\n1,x\n2,\n3,y\n4,x\n5,y\n")
    assert "It is the target, and missing in 1 row." in asked.text
    hidden = {"odd-0": ""}
    page = create(browser, asked, status=422, **hidden)
    assert fields_of(page)["odd-1"] == ""
    assert "drop these rows" in words(page.by_id("problems"))
    create(browser, page, **hidden, **{"odd-1": "drop"})
    (made,) = list_datasets(workspace)
    assert (made.rows, made.description["dropped"]) == (4, 1)


def test_a_form_without_the_types_of_columns_is_told_what_is_wrong(browser):
    page = upload(browser, "a,kind\n1,x\n2,\n3,y\n4,x\n5,y\n")
    page = browser.post(address_of(page), {"action": "create", "name": "few", "target": "kind"}, status=422)
    assert "drop these rows" in words(page.by_id("problems"))


def test_a_taken_name_is_told_beside_the_name(browser):
    create(browser, upload(browser, FLOWERS))
    page = create(browser, upload(browser, FLOWERS), status=409)
    assert "Name: There is a dataset named 'flowers' already." in words(page.by_id("problems"))


def test_a_file_beyond_the_limit_is_refused_with_the_limit(workspace, browser):
    page = upload(browser, "a,b\n" + "1,2\n" * 700_000, status=413)
    assert "larger than 1 MB" in words(page.root)
    assert list(workspace.uploads_folder.iterdir()) == []


def test_an_upload_without_a_file_is_refused(browser):
    page = browser.post(NEW, {"name": "nothing"}, status=422, content_type="multipart/form-data")
    assert "File: Choose a file." in words(page.by_id("problems"))


def test_an_upload_that_is_gone_is_told(browser):
    assert "Upload the file again" in browser.get(f"{NEW}/{'0' * 32}", status=404).sentence


def test_pictures_are_shown_at_upload_and_their_pixel_columns_are_folded(workspace, browser):
    head = ",".join(f"p{n}" for n in range(784)) + ",label\n"
    rows = "".join(",".join(str((n + 1) * row * 31 % 256) for n in range(784)) + f",{row % 3}\n" for row in range(30))
    page = upload(browser, head + rows, file_name="../../pixels.csv")
    assert fields_of(page)["image_shape"] == "28 x 28"
    assert "Pictures of 28 × 28 pixels. Some of each class of label." in words(page.root)
    shown = [image.get("alt") for image in page.all("img", class_="only-light")]
    assert shown == ["Pictures of 0", "Pictures of 1", "Pictures of 2"]
    assert "784 pixel columns" in [words(e) for e in page.root.iter("summary")]
    assert page.all("details", open="") == []
    create(browser, page, ignored="p700\np701", image_shape="")
    assert len(get_dataset(workspace, "pixels").description["inputs"]) == 782


def test_what_is_wrong_with_a_pixel_column_is_not_folded(browser):
    head = "label," + ",".join(f"p{n}" for n in range(121)) + "\n"
    rows = [f"{row % 3}," + ",".join(str((n + 1) * row * 31 % 256) for n in range(121)) for row in range(30)]
    page = create(browser, upload(browser, head + "\n".join(rows)), status=422, ignored="none of these")
    assert [words(e.find("summary")) for e in page.all("details", open="")] == ["121 pixel columns"]


def test_a_dataset_of_pixels_shows_pictures_of_each_class(workspace, browser):
    page = browser.post("/datasets/bundled/digits", source=NEW)
    strips = page.all("img", class_="only-dark")
    assert [image.get("alt") for image in strips] == [f"Pictures of {digit}" for digit in range(10)]
    assert "64 pixel columns" in [words(e) for e in page.root.iter("summary")]
    assert "8 × 8 pixels" in words(page.root)
    for image in strips[:2]:
        png = Image.open(io.BytesIO(browser.raw(image.get("src")).data))
        assert png.size == (int(image.get("width")), int(image.get("height")))
    browser.get("/datasets/digits/records.png?class=10", status=404)


def test_a_bundled_set_is_added_with_one_button(workspace, browser):
    page = browser.post("/datasets/bundled/iris", source=NEW)
    assert page.sentence == "150 rows with 4 inputs; species is one of 3 classes."
    assert "CC BY 4.0" in words(page.root)


def test_a_dataset_is_deleted_only_after_its_name_was_typed(workspace, browser):
    browser.post("/datasets/bundled/iris", source=NEW)
    browser.post("/datasets/iris/delete", {"typed": ""}, status=422)
    assert list_datasets(workspace)
    browser.post("/datasets/iris/delete", {"typed": "iris"})
    assert list_datasets(workspace) == []


def test_the_task_follows_the_target_that_is_chosen(workspace, browser):
    page = upload(browser, FLOWERS)
    assert fields_of(page)["task"] == ""
    assert "kind suggests classification" in words(page.root)
    create(browser, page, target="length")
    assert get_dataset(workspace, "flowers").task == "regression"


def test_of_very_many_classes_the_largest_are_shown(browser):
    rows = "".join(f"{n},{n % 7},c{n % 40 if n < 80 else 3}\n" for n in range(100))
    page = create(browser, upload(browser, f"a,b,kind\n{rows}"), target="kind", task="classification")
    table = next(e for e in page.root.iter("table") if e.get("aria-label") == "Rows of each class")
    shown = [words(e) for e in table.iter("th") if e.get("scope") == "row"]
    assert (len(shown), shown[0]) == (20, "c3")
    assert "20 classes more in the files" in words(page.root)


def test_records_that_are_no_pictures_are_not_drawn(browser):
    page = create(browser, upload(browser, FLOWERS))
    assert not [e for e in page.root.iter("img") if "records.png" in (e.get("src") or "")]
    browser.get("/datasets/flowers/records.png", status=404)
