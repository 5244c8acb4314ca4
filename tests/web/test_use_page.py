"""The page of a version's use: one record by a form, several versions side by side, and words where it cannot be."""

import io
import re

import pytest

from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.used_versions import mixed_version, table
from tests.web.page_check import words

PAGE = "/use/mixed:1"
RECORD = "when=2024-03-04&size=0.5&weight=&member=yes&colour=red&grade=8"


@pytest.fixture
def used(browser, workspace):
    mixed_version(workspace)
    return browser


def test_the_form_has_a_field_for_each_column_with_what_the_dataset_says(used):
    page = used.get(PAGE)
    fields = {
        element.get("name"): element for element in page.root.iter() if element.get("id", "").startswith("column-")
    }
    names = [name for name in fields if name]
    assert names == ["when", "size", "weight", "member", "colour", "grade"]
    said = words(page.root)
    assert "in the dataset, for example" in said
    assert "may be empty." in said
    assert [option.get("value") for option in fields["colour"].iter("option")] == ["", "blue", "green", "red"]


def test_the_address_of_a_record_has_the_answer(used):
    page = used.get(f"{PAGE}?{RECORD}&shoe=44")
    assert page.sentence.startswith("The answer is ")
    assert "; second is " in page.sentence
    assert "Passed over, as the version does not read them: shoe." in words(page.root)
    wrong = used.get(f"{PAGE}?{RECORD.replace('0.5', 'big')}", status=422)
    assert "size is 'big', which is not a number." in words(wrong.by_id("problems"))
    assert wrong.by_id("column-1").get("value") == "big"


def test_a_random_record_is_shown_with_its_target_and_what_was_changed(used):
    answer = used.raw(f"{PAGE}/random")
    assert answer.status_code == 303
    page = used.get(answer.headers["Location"])
    assert "of the test part, whose target is " in words(page.root)
    number = answer.headers["Location"].partition("record=")[2]
    changed = used.get(f"{PAGE}?record={number}&size=77")
    assert "Changed: size." in words(changed.root)
    used.get(f"{PAGE}?record=99999", status=404)
    used.get(f"{PAGE}?record=x", status=422)


def test_versions_stand_side_by_side_and_one_that_cannot_says_why(used, workspace):
    mixed_version(workspace, "other", seed=2)
    page = used.get(f"{PAGE}?{RECORD}&also=other:1&also=other:9&also=nonsense")
    said = words(page.root)
    assert "Side by side" in said
    assert "There is no version 9" in said or "no version" in said
    assert "name:number" in said


def test_a_version_that_cannot_be_used_says_why(browser, workspace):
    save_foreign(workspace)
    said = words(browser.get("/use/imported:1").root)
    assert "It cannot be used here" in said
    browser.get("/use/nobody:1", status=404)
    browser.get("/use/nobody", status=400)


def send(browser, content, status=200, **fields):
    data = {"file": (io.BytesIO(content.encode()), "../my file.csv"), **fields}
    return browser.post(f"{PAGE}/file", data, source=PAGE, status=status, content_type="multipart/form-data")


def test_a_file_is_answered_counted_and_measured(used):
    page = send(used, table().replace("red", "pink", 2) + "1,2\n")
    assert re.fullmatch(r"121 records of mixed:1, 3 of them cannot be read: accuracy 0\.\d+\.", page.sentence)
    said = words(page.root)
    assert "Confusion matrix (file rows)" in said
    assert "The record has 2 cells, and there are 7 columns." in said
    answer = used.raw(next(link for link in page.links() if link.endswith("answers.csv")))
    assert answer.headers["Content-Disposition"].endswith("my_file_answers.csv")
    lines = [line.rsplit(",", 3)[0] for line in answer.data.decode().splitlines()]
    assert lines[5:121] == table().splitlines()[5:]
    matrix = used.raw(next(link for link in page.links() if link.endswith("confusion.csv"))).data.decode().splitlines()
    assert matrix[0] == "true,predicted =middle,predicted high,predicted low"
    counts = [[int(cell) for cell in line.split(",")[1:]] for line in matrix[1:]]
    assert sum(map(sum, counts)) == 118
    assert f"accuracy {sum(row[place] for place, row in enumerate(counts)) / 118:.4f}" in page.sentence


def test_a_file_that_cannot_be_answered_is_refused_on_the_form(used):
    page = send(used, "a,b\n1,2\n", status=422)
    assert "The file has not all columns that mixed:1 reads" in words(page.by_id("problems"))
    assert "Choose a file." in words(used.post(f"{PAGE}/file", {}, source=PAGE, status=422).root)
    used.get(f"{PAGE}/file/{'0' * 32}", status=404)
    used.get(f"{PAGE}/file/nonsense", status=404)


def test_an_answer_is_explained_by_its_columns_and_hidden_units(used):
    page = used.get(f"{PAGE}?{RECORD}")
    said = words(page.root)
    assert re.search(r"The contributions sum to the difference, [-\d.,e]+, but for [-\d.e]+ \(\d+ steps\)\.", said)
    listed = {words(next(row.iter("th"))) for row in page.root.iter("tr") if row.find("th") is not None}
    assert {"when", "size", "weight", "member", "colour", "grade"} <= listed
    assert re.search(r"\d of 6 hidden units fired\.", said)
    files = {link.partition("?")[0]: link for link in page.links() if "/use/mixed:1/" in link}
    shares = used.raw(files["/use/mixed:1/contributions.csv"]).data.decode().splitlines()
    assert shares[0] == "column,contribution"
    assert {line.split(",")[0] for line in shares[1:]} == {"when", "size", "weight", "member", "colour", "grade"}
    units = used.raw(files["/use/mixed:1/units.json"]).json["items"]
    assert all(unit.keys() == {"layer", "unit", "output", "effect"} and unit["output"] > 0 for unit in units)
    assert used.raw(f"{PAGE}/contributions.csv?{RECORD.replace('0.5', 'big')}").status_code == 422
    assert used.raw(f"{PAGE}/contributions.csv").status_code == 404
