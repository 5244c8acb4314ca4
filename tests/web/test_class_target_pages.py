"""The pages of several targets of classes: each target has its own scores, confusion matrix and answer."""

import csv
import io

import pytest

from dashboard.services.datasets import create_dataset, receive_upload
from tests.data_of_classes import choices, table, trained_version
from tests.web.page_check import words

VERSION, USE = "/networks/groups/versions/2", "/use/groups:2"
NAMES = ["size", "colour", "risk"]


@pytest.fixture
def groups(browser, workspace):
    trained_version(workspace)
    return browser


def headings(page):
    return [words(one) for one in page.root.iter("h2")]


def test_a_dataset_names_its_targets_with_the_classes_of_each(groups):
    page = groups.get("/datasets/groups")
    assert "classes are predicted: size (2), colour (3), risk (2)." in page.sentence
    rows = groups.raw("/datasets/groups/classes.json").json["items"]
    assert [row["class"] for row in rows][:3] == ["size=big", "size=small", "colour=blue"]
    assert sum(row["rows"] for row in rows) == 3 * 120
    shares = [words(one) for one in page.root.iter("td") if words(one).endswith("%")]
    assert sum(float(one.removesuffix("%")) for one in shares) == pytest.approx(300, abs=3)
    records = groups.raw("/datasets/groups/records.csv").data.decode().splitlines()
    assert records[0].endswith("target.size,target.colour,target.risk")


def test_a_version_has_the_scores_and_the_confusion_matrix_of_each_target(groups):
    page = groups.get(VERSION)
    assert [f"Confusion matrix of {name} (test rows)" for name in NAMES] == [
        one for one in headings(page) if "Confusion" in one
    ]
    said = words(page.root)
    assert "Metrics by target (test rows)" in said
    assert "Scores are means over the targets; the loss is the sum over all outputs." in said
    targets = groups.raw(f"{VERSION}/targets.json").json["items"]
    accuracy = {row["metric"]: row["test"] for row in groups.raw(f"{VERSION}/metrics.json").json["items"]}["accuracy"]
    assert sum(row["accuracy"] for row in targets) / 3 == pytest.approx(accuracy)
    (head, *lines) = csv.reader(io.StringIO(groups.raw(f"{VERSION}/confusion.csv").data.decode()))
    assert head[1:3] == ["predicted size=big", "predicted size=small"]
    assert [(line[0], [bool(cell) for cell in line[1:]]) for line in lines][2:3] == [
        ("colour=blue", [False, False, True, True, True, False, False])
    ]
    groups.get("/networks/groups")


def test_why_the_loss_changed_names_the_classes_of_each_target_before_and_after(groups):
    query = "base=groups:1&other=groups:2"
    assert groups.get(f"/compare/why?{query}").h1 == "Why the loss changed from v1 to v2"
    changed = [
        row for what in ("lost", "gained") for row in groups.raw(f"/compare/why/{what}.json?{query}").json["items"]
    ]
    assert changed
    for row in changed:
        for answer in ("true", "base_answer", "other_answer"):
            size, colour, _ = row[answer].split(", ")
            assert size in {"big", "small"}
            assert colour in {"blue", "green", "red"}


def test_an_evaluation_shows_the_worst_records_with_every_target(groups, workspace):
    upload = receive_upload(workspace, io.BytesIO(table(3, 30).encode()), "other.csv")
    create_dataset(workspace, upload, choices(3, name="other"))
    page = groups.get(f"{VERSION}/evaluate?dataset=other")
    assert page.sentence.startswith("30 records of other: accuracy 0.")
    assert "(baseline 0." in page.sentence
    worst = groups.raw(f"{VERSION}/evaluate/records.json?dataset=other").json["items"]
    assert len(worst) == 30
    assert worst[0]["error"] > 0 > worst[-1]["error"]
    for row in worst:
        is_right = all(row[f"target.{name}"] == row[f"predicted.{name}"] for name in NAMES)
        assert (row["right"], row["error"] < 0) == (is_right, is_right)


def test_a_record_and_a_file_are_answered_target_by_target(groups):
    page = groups.get(f"{USE}?record=0&also=groups:1")
    assert page.sentence.startswith("The answer is size ")
    assert "whose target is size=" in words(page.root)
    assert words(page.root).count("Its score") == 1
    data = {"file": (io.BytesIO(table(3).encode()), "t.csv")}
    done = groups.post(f"{USE}/file", data, source=USE, content_type="multipart/form-data")
    assert "accuracy 0." in done.sentence
    assert "every target right 0." in done.sentence
    assert [one for one in headings(done) if "Confusion" in one][2] == "Confusion matrix of risk (file rows)"


def test_the_form_of_a_network_suggests_sigmoid_and_says_why_not_softmax(groups):
    for action in ("", "preset-modern"):
        page = groups.get("/networks/new?dataset=groups")
        if action:
            page = groups.post("/networks/new", {"dataset": "groups", "action": action})
        chosen = [words(one) for one in page.root.iter("option") if one.get("selected") is not None]
        assert {"sigmoid", "binary cross-entropy"} <= set(chosen)
        assert "softmax" not in chosen
    sent = {"name": "no", "dataset": "groups", "output-activation": "softmax", "training-loss": "cross_entropy"}
    page = groups.post("/networks/new", sent, status=422)
    assert "softmax is over one target's classes, and these are several" in words(page.by_id("problems"))
