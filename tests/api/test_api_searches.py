"""Searches by the API: started, refused, watched, asked to pause and stop, and their trials opened as networks."""

import io
import time
from typing import Any

import pytest

from dashboard import create_app
from dashboard.services.datasets import add_bundled
from tests.api.api_client import ApiClient

SEARCHES = "/api/v1/searches"
SMALL = {
    "name": "flowers",
    "dataset": "iris",
    "space": {"layers": 1, "units": {"low": 2, "high": 8}, "batch_size": [16], "weight_decay": "off"},
    "budget": {"trials": 3, "epochs": 2},
    "sampler": "random",
}


@pytest.fixture
def iris(workspace, client):
    add_bundled(workspace, "iris")
    return client


def test_a_search_is_answered_as_it_was_defined(iris):
    search = iris.post(SEARCHES, json=SMALL, status=201)
    assert (search["state"], search["task"], search["best"], search["result"]) == (
        "running",
        "classification",
        None,
        {},
    )
    assert search["skipped"] == 0
    assert search["goal"] == {"metric": "val_accuracy", "second": ""}
    assert search["budget"] == {"trials": 3, "epochs": 2, "seconds": 0.0}
    assert search["space"]["layers"]["low"] == search["space"]["layers"]["high"] == 1
    assert search["space"]["weight_decay"] == "off"
    assert search == iris.get(f"{SEARCHES}/{search['id']}")
    assert [item["name"] for item in iris.get(SEARCHES)["items"]] == ["flowers"]
    run = iris.get(f"/api/v1/runs/{search['run']}")
    assert (run["kind"], run["state"], run["network"], run["total"]) == ("search", "queued", None, 3)


WRONG: dict[str, Any] = {
    "name": {"name": ""},
    "dataset": {"dataset": "tulips"},
    "space.units.low": {"space": {"units": {"low": 9, "high": 8}}},
    "space.units": {"space": {"layers": 10, "units": {"low": 16, "high": 4096}}},
    "space.activation": {"space": {"activation": ["softmax"]}},
    "space.depth": {"space": {"depth": 3}},
    "space": {"space": 3},
    "goal.metric": {"goal": {"metric": "val_rmse"}},
    "goal.second": {"goal": {"second": "beauty"}},
    "budget.trials": {"budget": {"trials": 0}},
    "budget.seconds": {"budget": {"seconds": -1}},
    "sampler": {"sampler": "oracle"},
    "stopping": {"goal": {"second": "parameters"}, "stopping": "curve"},
    "seed": {"seed": -1},
    "trials": {"trials": 7},
}


def test_what_is_wrong_is_named_and_nothing_is_kept(iris):
    for field, change in WRONG.items():
        assert iris.fails("POST", SEARCHES, 422, json=SMALL | change)["field"] == field
    assert iris.get(SEARCHES)["items"] == []
    assert iris.get("/api/v1/runs")["items"] == []


def test_a_taken_name_and_a_dataset_without_a_validation_part_are_refused(iris):
    iris.post(SEARCHES, json=SMALL, status=201)
    assert iris.fails("POST", SEARCHES, 409, json=SMALL)["field"] == "name"
    table = "a,b,c\n" + "".join(f"{number},{number % 7},{'xy'[number % 2]}\n" for number in range(40))
    file = (io.BytesIO(table.encode()), "t.csv")
    parts = {"file": file, "name": "unmeasured", "target": "c", "validation": "0"}
    iris.post("/api/v1/datasets", data=parts, status=201)
    error = iris.fails("POST", SEARCHES, 422, json=SMALL | {"name": "other", "dataset": "unmeasured"})
    assert (error["field"], "validation" in error["message"]) == ("dataset", True)
    few = (io.BytesIO(b"a,b,c\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"), "xor.csv")
    xor = iris.post("/api/v1/datasets", data={"file": few, "name": "xor"}, status=201)
    assert xor["description"]["split"]["validation"] == 0
    error = iris.fails("POST", SEARCHES, 422, json=SMALL | {"name": "other", "dataset": "xor"})
    assert error["field"] == "dataset"
    assert "4 records none is left for validation" in error["message"]
    assert "larger share" in error["message"]


def test_what_is_asked_of_a_search_shows_in_its_state(iris):
    place = f"{SEARCHES}/{iris.post(SEARCHES, json=SMALL, status=201)['id']}"
    assert iris.post(f"{place}/pause", status=202)["state"] == "pausing"
    assert "paused already" in iris.fails("POST", f"{place}/pause", 409)["message"]
    assert iris.post(f"{place}/resume", status=202)["state"] == "running"
    assert iris.post(f"{place}/stop", status=202)["state"] == "stopping"
    assert "stop it first" in iris.fails("DELETE", place, 409)["message"]
    assert "flowers" in iris.fails("DELETE", "/api/v1/datasets/iris", 409)["message"]


def test_a_budget_and_a_space_are_changed_and_what_is_not_given_stays(iris):
    place = f"{SEARCHES}/{iris.post(SEARCHES, json=SMALL, status=201)['id']}"
    iris.fetch("PATCH", place, json={"budget": {"trials": 9}, "space": {"activation": ["relu"]}})
    search = iris.get(place)
    assert search["budget"] == {"trials": 9, "epochs": 2, "seconds": 0.0}
    assert search["space"]["activation"] == ["relu"]
    assert search["space"]["units"]["high"] == 8
    assert iris.fails("PATCH", place, 422, json={"budget": {"trials": "many"}})["field"] == "budget.trials"
    assert iris.fails("PATCH", place, 422, json={"name": "other"})["field"] == "name"
    assert iris.get(place) == search


def test_what_does_not_exist_is_a_404(iris):
    for address in ("", "/trials", "/trials/1", "/findings"):
        assert iris.fails("GET", f"{SEARCHES}/7{address}", 404)["field"] == "search"


def test_a_search_ends_with_a_winner_whose_network_has_its_weights(trained_home):
    client = ApiClient(create_app(workspace=trained_home))
    add_bundled(trained_home, "wine")
    search = client.post(SEARCHES, json=SMALL | {"dataset": "wine", "budget": {"trials": 2, "epochs": 2}}, status=201)
    place = f"{SEARCHES}/{search['id']}"
    while search["state"] == "running":
        time.sleep(0.05)
        search = client.get(place)
    assert (search["state"], search["trials"]["finished"], len(search["result"]["scores"])) == ("finished", 2, 3)
    trials = client.get(f"{place}/trials?limit=3")
    assert [trial["trial"] for trial in trials["items"]] == [1, 2, 3]
    assert trials["next"] == 3
    assert trials["items"][2]["confirms"] in {1, 2}
    best = f"{place}/trials/{search['result']['best']}"
    opened = client.post(f"{best}/network", json={"name": "wine winner"}, status=202)
    assert opened["network"]["fields"]["search"] == "flowers"
    versions = client.wait_for_run(opened["run"]["id"])["versions"]
    version = client.get(f"/api/v1/networks/wine winner/versions/{versions[-1]}")
    assert version["sha256"] == client.get(best)["result"]["sha256"]
    assert client.fails("POST", f"{best}/network", 409, json={"name": "wine winner"})["field"] == "name"
    assert client.fails("POST", f"{best}/network", 422, json={"name": "a/b"})["field"] == "name"
    assert "sha256" not in client.get(f"{place}/trials/3")["result"]  # it was trained in a stack
    findings = client.get(f"{place}/findings")
    assert [step["trial"] for step in findings["history"]] == [1, 2]
    assert {len(curve) for curve in findings["curves"].values()} == {2}
    assert client.fails("POST", f"{place}/resume", 409)["field"] == "budget.trials"
    client.delete(place, status=204)
    assert client.fails("GET", place, 404)["field"] == "search"
    assert client.get("/api/v1/networks/wine winner")["last_version"] == versions[-1]
