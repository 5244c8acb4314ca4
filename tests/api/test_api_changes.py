"""Children of a version: made, measured and saved; every answer is held to the OpenAPI document by the client."""

import pytest

from dashboard.services.changes import children
from tests.unit.services.saved_versions import save_two

PLACE = "/api/v1/networks/small/versions/1"


@pytest.fixture
def two(client, workspace):
    save_two(workspace)
    return client


@pytest.mark.parametrize(
    "change",
    [
        {"change": "edit", "cells": [{"tensor": "layer_01.bias", "row": 0, "column": 0, "value": 0.5}]},
        {"change": "interpolate", "other": "small:2", "t": 0.5, "match_units": True},
        {"change": "average", "versions": ["small:1", "small:2"], "shares": [1, 2]},
        {"change": "prune", "share": 0.5, "scope": "each"},
        {"change": "round", "to": "float16"},
    ],
    ids=lambda change: change["change"],
)
def test_a_child_is_saved_and_measured(two, change):
    preview = two.post(f"{PLACE}/children/preview", json=change)
    saved = two.post(f"{PLACE}/children", json=change, status=201)
    assert saved["version"] == "small:3"
    scores = {(one["part"], one["metric"]): one["after"] for one in preview["scores"]}
    assert saved["metrics"]["val_accuracy"] == scores["validation", "accuracy"]
    child = two.get("/api/v1/networks/small/versions/3")
    assert (child["parent"], child["metrics"]) == ("small:1", saved["metrics"])


def test_the_scores_between_two_versions_are_answered(two):
    between = two.get(f"{PLACE}/between?other=small:2")
    assert (between["metric"], between["part"], between["records"]) == ("accuracy", "validation", 15)
    assert [point["t"] for point in between["points"]] == [round(step / 20, 2) for step in range(21)]


def test_a_large_change_answers_its_run(two, monkeypatch):
    monkeypatch.setattr(children, "AT_ONCE_CELLS", 10)
    monkeypatch.setattr(children, "WAITED_CELLS", 10)
    queued = two.post(f"{PLACE}/children", json={"change": "prune", "share": 0.5}, status=202)
    run = two.get(f"/api/v1/runs/{queued['run']}")
    assert (run["kind"], run["state"], run["network"]) == ("change", "queued", "small")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "change"),
        ({"change": ["prune"]}, 422, "change"),
        ({"change": "edit", "cells": "x"}, 422, "cells"),
        ({"change": "edit", "cells": [1]}, 422, "cells.0"),
        ({"change": "edit", "cells": [{"tensor": 1, "row": "a", "value": None}]}, 422, "cells.0.tensor"),
        ({"change": "interpolate", "other": 5, "t": 0}, 422, "other"),
        ({"change": "interpolate", "other": "small:2", "t": "x"}, 422, "t"),
        ({"change": "interpolate", "other": "small:7", "t": 0}, 404, "other"),
        ({"change": "average", "versions": 3}, 422, "versions"),
        ({"change": "average", "versions": [None]}, 422, "versions"),
        ({"change": "average", "versions": [f"small:{n}" for n in range(40)]}, 422, "versions"),
        ({"change": "prune", "share": True}, 422, "share"),
        ({"change": "round", "to": None}, 422, "to"),
    ],
)
def test_a_wrong_change_is_refused_by_its_field(two, body, status, field):
    for address in (f"{PLACE}/children", f"{PLACE}/children/preview"):
        assert two.fails("POST", address, status, json=body)["field"] == field
    assert two.get("/api/v1/networks/small")["last_version"] == 2
