"""Several targets of classes, all the way through the API: each is a group of outputs, and has its own answer."""

import csv
import io
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from dashboard.services.versions.baselines import baseline_of
from tests.data_of_classes import CLASSES, HEADERS, table
from tests.data_of_classes import choices as chosen

DEFINITION: dict[str, Any] = {
    "layers": [{"units": 8, "activation": "tanh"}],
    "output": {"activation": "sigmoid"},
    "training": {"loss": "binary_cross_entropy", "learning_rate": 0.05, "epochs": 12, "save": "last", "batch_size": 8},
}


def upload(client, name, text, **choices):
    fields = {key: json.dumps(value) if isinstance(value, dict) else str(value) for key, value in choices.items()}
    data = fields | {"name": name, "file": (io.BytesIO(text.encode()), "table.csv")}
    return client.post("/api/v1/datasets", data=data, status=201)


def recount(true, said, names):
    """Return accuracy, balanced accuracy and macro F1 of texts, counted one class after the other."""
    pairs = list(zip(true, said, strict=True))
    recalls, scores = [], []
    for name in names:
        hits, wanted = sum(t == s == name for t, s in pairs), sum(t == name for t, _ in pairs)
        answered = sum(s == name for _, s in pairs)
        if wanted:
            recalls.append(hits / wanted)
            scores.append(2 * hits / (wanted + answered))
    return sum(t == s for t, s in pairs) / len(pairs), np.mean(recalls), np.mean(scores)


@pytest.fixture(scope="module")
def grouped(trained):
    """A client of an app with the networks classes-2 and classes-3, each trained on a dataset of its name."""
    for count in HEADERS:
        name = f"classes-{count}"
        upload(trained, name, table(count), **chosen(count))
        trained.post("/api/v1/networks", json=DEFINITION | {"name": name, "dataset": name}, status=201)
        finished(trained, trained.post(f"/api/v1/networks/{name}/runs", status=202))
    return trained


def finished(client, run):
    """Wait for a run, and return what came of it."""
    ended = client.wait_for_run(run["id"])
    assert (ended["state"], ended["error"]) == ("finished", None)
    return ended


@pytest.mark.parametrize("count", [2, 3])
def test_they_are_uploaded_trained_on_measured_and_answered(grouped, count):
    trained, text, names, name = grouped, table(count), HEADERS[count].split(","), f"classes-{count}"
    outputs = [f"{one}={own}" for one in names for own in CLASSES[one]]
    about = trained.get(f"/api/v1/datasets/{name}")
    assert (about["task"], about["description"]["targets"]) == ("classification", names)
    assert about["description"]["classes"] == outputs
    assert trained.get(f"/api/v1/networks/{name}")["output"]["units"] == len(outputs)
    version = f"/api/v1/networks/{name}/versions/1"
    records = list(csv.DictReader(io.StringIO(text)))
    inputs = [{key: row[key] for key in ("a", "b", "shape")} for row in records]
    answered = trained.post(f"{version}/predict", json={"rows": inputs})
    start, said = 0, {}
    for one in names:  # the largest output of each group, by hand
        own = np.array(answered["outputs"])[:, start : start + len(CLASSES[one])]
        said[one] = [CLASSES[one][place] for place in own.argmax(axis=1)]
        start += len(CLASSES[one])
    assert [one["labels"] for one in answered["answers"]] == [
        dict(zip(names, row, strict=True)) for row in zip(*said.values(), strict=True)
    ]
    first = answered["answers"][0]["scores"]
    assert [value for one in names for value in first[one].values()] == pytest.approx(answered["outputs"][0])
    measured = trained.post(f"{version}/evaluate", json={"dataset": name})
    counted = [recount([row[one] for row in records], said[one], CLASSES[one]) for one in names]
    for one, own, wanted in zip(names, measured["per_target"], counted, strict=True):
        assert own["target"] == one
        assert [own["accuracy"], own["balanced_accuracy"], own["f1"]] == pytest.approx(wanted)
        assert np.sum(own["confusion"]) == len(records)
    means = [measured[key] for key in ("accuracy", "balanced_accuracy", "f1")]
    assert means == pytest.approx(np.mean(counted, axis=0))
    right = np.array([[row[one] for one in names] for row in records]) == np.array(list(said.values())).T
    assert measured["all_right"] == pytest.approx(right.all(axis=1).mean())
    assert measured["accuracy"] > 0.8
    sent = trained.post(f"{version}/predict.csv", data={"file": (io.BytesIO(text.encode()), "t.csv")})
    rows = list(csv.DictReader(io.StringIO(sent.decode())))
    assert [[row[f"prediction.{one}"] for one in names] for row in rows] == [
        list(own) for own in zip(*said.values(), strict=True)
    ]
    assert float(rows[0][f"score.{names[0]}"]) == pytest.approx(max(first[names[0]].values()))
    reasons = trained.post(f"{version}/why", json={"record": 0})
    assert reasons["about"] == f"{names[0]}={said[names[0]][0]}"
    assert trained.get(f"{version}/inputs")["groups"] == {one: CLASSES[one] for one in names}


VERSION = "/api/v1/networks/classes-3/versions/1"


def test_every_part_of_a_training_is_measured_with_the_baseline_of_each_target(grouped, trained_home):
    about = grouped.get(VERSION)
    assert {"val_accuracy", "val_balanced_accuracy", "val_f1", "val_log_loss"} <= set(about["metrics"])
    test = about["evaluation"]["test"]
    assert test["accuracy"] == about["metrics"]["test_accuracy"]
    records = grouped.get("/api/v1/datasets/classes-3/records?limit=500")["items"]
    parts = {part: [one["target"] for one in records if one["part"] == part] for part in ("train", "test")}
    most = {one: Counter(row[one] for row in parts["train"]).most_common(1)[0][0] for one in CLASSES}
    shares = [np.mean([row[one] == name for row in parts["test"]]) for one, name in most.items()]
    known = baseline_of(trained_home, "classes-3")
    assert known.answer == ", ".join(f"{one}={name}" for one, name in most.items())
    assert known.metrics["test_accuracy"] == pytest.approx(np.mean(shares))
    assert known.metrics["test_all_right"] == np.mean([row == most for row in parts["test"]])


def test_other_data_are_measured_by_the_names_of_targets_and_classes(grouped):
    lines = list(csv.reader(io.StringIO(table(3))))[:40]
    turned = "".join(",".join(line[::-1]) + "\n" for line in lines)
    upload(grouped, "turned", turned, target="risk", kinds={"size": "target", "colour": "target"})
    upload(grouped, "one-of-them", turned, target="risk", kinds={"size": "ignore", "colour": "ignore"})
    whole, again = (grouped.post(f"{VERSION}/evaluate", json={"dataset": name}) for name in ("turned", "one-of-them"))
    assert [one["target"] for one in whole["per_target"]] == ["size", "colour", "risk"]
    assert {**whole, "dataset": ""} == {**again, "dataset": ""}
    upload(
        grouped, "others", turned.replace("blue", "pink"), target="risk", kinds={"size": "target", "colour": "target"}
    )
    error = grouped.fails("POST", f"{VERSION}/evaluate", 422, json={"dataset": "others"})
    assert "does not know these classes of 'colour': 'pink'" in error["message"]
    upload(
        grouped,
        "single",
        turned.replace("size", "extent"),
        target="risk",
        kinds=dict.fromkeys(("extent", "colour"), "ignore"),
    )
    error = grouped.fails("POST", f"{VERSION}/evaluate", 422, json={"dataset": "single"})
    assert "The version predicts 'size', 'colour', 'risk'" in error["message"]


@pytest.mark.parametrize("name", ["onnx", "script"])
def test_a_version_of_several_targets_leaves_with_the_same_answers(grouped, name):
    proof = grouped.post(f"{VERSION}/prove", json={"format": name})
    assert (proof["outputs"]["records"], proof["outputs"]["labels_equal"]) == (120, 120)
    assert proof["outputs"]["largest_difference"] <= (1e-5 if name == "onnx" else 0)


@pytest.mark.soak
def test_searches_and_cross_validations_work_with_several_targets(grouped):
    space = {"layers": 1, "units": {"low": 4, "high": 8}, "batch_size": [16]}
    search = {"name": "groups", "dataset": "classes-2", "space": space, "budget": {"trials": 1, "epochs": 3}}
    search = grouped.post("/api/v1/searches", json=search | {"goal": {"metric": "val_f1"}}, status=201)
    folds = grouped.post("/api/v1/networks/classes-2/repeats", json={"folds": 2, "epochs": 3}, status=202)
    finished(grouped, {"id": search["run"]})
    trials = grouped.get(f"/api/v1/searches/{search['id']}/trials")["items"]
    assert {trial["state"] for trial in trials} == {"finished"}
    assert all(0.0 < trial["score"] <= 1.0 for trial in trials)
    spreads = finished(grouped, folds)["result"]["spreads"]
    assert 0.3 < spreads["accuracy"]["mean"] <= 1.0


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"output": {"activation": "softmax"}}, "output.activation", "softmax is over one target's classes"),
        ({"training": {"loss": "cross_entropy"}}, "training.loss", "choose sigmoid, with the loss binary_cross"),
        ({"training": DEFINITION["training"] | {"class_weights": "balanced"}}, "training.class_weights", "choose none"),
    ],
)
def test_what_is_for_the_classes_of_one_target_is_refused_saying_why(grouped, change, field, said):
    error = grouped.fails(
        "POST", "/api/v1/networks", 422, json=DEFINITION | {"name": "no", "dataset": "classes-2"} | change
    )
    assert said in error["errors"][field]
