"""The page of a version's use: one record by a form, several versions side by side, and words where it cannot be."""

import pytest

from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.used_versions import mixed_version
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
