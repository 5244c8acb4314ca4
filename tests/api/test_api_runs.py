"""Runs through the API, executed by a real coordinator process."""

import itertools

import numpy as np
import pytest

from dashboard.catalogue import runs as run_rows
from dashboard.records.run_kinds import REPEATS
from tests.unit.services.carry_out import carry_out

RUNS = "/api/v1/networks/iris-net/runs"

LONG = {"epochs": 100_000, "batch_size": 1, "save": "last"}


@pytest.mark.processes
class TestARealRun:
    """What a finished training leaves; the workspace is shared by these tests."""

    def test_a_run_has_its_epochs_and_versions(self, trained):
        run = trained.get("/api/v1/runs/1")
        assert (run["state"], run["error"], run["network"], run["dataset"]) == ("finished", None, "iris-net", "iris")
        assert [epoch["epoch"] for epoch in run["epochs"]] == [1, 2, 3]
        assert run["versions"] == [1, 2, 3]
        assert all(epoch["loss"] > 0 and 0 <= epoch["accuracy"] <= 1 for epoch in run["epochs"])
        assert run["created"] <= run["started"] <= run["ended"]
        assert run["seconds_left"] is None

    def test_only_new_epochs_are_sent_on_demand(self, trained):
        assert [epoch["epoch"] for epoch in trained.get("/api/v1/runs/1?since=2")["epochs"]] == [3]
        assert trained.get("/api/v1/runs/1?since=2")["versions"] == [1, 2, 3]

    def test_versions_carry_the_metrics_of_their_epochs(self, trained):
        run = trained.get("/api/v1/runs/1")
        for version in trained.get("/api/v1/networks/iris-net/versions")["items"]:
            epoch = run["epochs"][version["epoch"] - 1]
            assert version["metrics"]["loss"] == epoch["loss"]
            assert version["metrics"]["val_accuracy"] == epoch["val_accuracy"]
            assert version["run"] == 1

    def test_saved_versions_are_proven_identical(self, trained):
        assert trained.post("/api/v1/networks/iris-net/versions/3/verify")["identical"]

    def test_an_evaluation_measures_all_records(self, trained):
        measured = trained.post("/api/v1/networks/iris-net/versions/3/evaluate", json={"dataset": "iris"})
        assert (measured["version"], measured["dataset"]) == ("iris-net:3", "iris")
        assert np.sum(measured["confusion"]) == 150
        assert measured["accuracy"] == np.trace(measured["confusion"]) / 150

    def test_an_evaluation_on_other_columns_is_refused(self, trained):
        trained.post("/api/v1/datasets", json={"bundled": "wine"}, status=201)
        error = trained.fails("POST", "/api/v1/networks/iris-net/versions/3/evaluate", 422, json={"dataset": "wine"})
        assert error["field"] == "dataset"

    def test_training_on_from_a_version_records_its_parent(self, trained):
        run = trained.post(RUNS, json={"parent": 3, "epochs": 1}, status=202)
        assert (run["parent"], run["training"]["epochs"]) == ("iris-net:3", 1)
        done = trained.wait_for_run(run["id"])
        assert done["state"] == "finished"
        (number,) = done["versions"]
        assert trained.get(f"/api/v1/networks/iris-net/versions/{number}")["parent"] == "iris-net:3"
        assert done["epochs"][0]["loss"] < trained.get("/api/v1/runs/1")["epochs"][0]["loss"]

    def test_a_running_run_is_cancelled_and_keeps_what_it_learnt(self, trained):
        run = trained.post(RUNS, json=LONG, status=202)
        trained.wait_for_run(run["id"], until=("running",), epochs=1)
        active = next(network for network in trained.get("/api/v1/networks")["items"] if network["name"] == "iris-net")
        assert active["active_runs"] == [run["id"]]
        assert trained.post(f"/api/v1/runs/{run['id']}/cancel", status=202)["cancel_requested"]
        done = trained.wait_for_run(run["id"])
        assert done["state"] == "cancelled"
        assert len(done["versions"]) == 1
        error = trained.fails("POST", f"/api/v1/runs/{run['id']}/cancel", 409)
        assert "ended already" in error["message"]

    def test_a_loss_without_bounds_fails_the_run_and_says_so(self, trained):
        wild = {"learning_rate": 1000, "optimizer": "sgd", "epochs": 50}
        network = {"name": "wild", "dataset": "iris", "layers": [{"units": 8, "activation": "relu"}]}
        output = {"output": {"activation": "identity"}, "training": {"loss": "squared_error"} | wild}
        trained.post("/api/v1/networks", json=network | output, status=201)
        run = trained.wait_for_run(trained.post("/api/v1/networks/wild/runs", status=202)["id"])
        assert run["state"] == "failed"
        assert run["error"]

    def test_an_ended_run_is_restarted_as_a_new_one(self, trained):
        run = trained.fetch("POST", "/api/v1/runs/1/restart")
        assert run.status_code == 202
        again = trained.wait_for_run(run.json["id"])
        assert run.headers["Location"] == f"/api/v1/runs/{again['id']}"
        first = trained.get("/api/v1/runs/1")
        assert [epoch["loss"] for epoch in again["epochs"]] == [epoch["loss"] for epoch in first["epochs"]]


@pytest.mark.usefixtures("iris_network")
def test_a_run_is_queued_with_what_it_overrides(client):
    response = client.fetch("POST", RUNS, json={"epochs": 9, "learning_rate": 0.5})
    assert response.status_code == 202
    run = client.get(response.headers["Location"])
    assert (run["state"], run["training"]["epochs"], run["training"]["learning_rate"]) == ("queued", 9, 0.5)
    assert run["training"]["optimizer"] == "adam"
    assert (run["epochs"], run["versions"]) == ([], [])


@pytest.mark.usefixtures("iris_network")
def test_runs_come_in_pages_and_by_network(client):
    ids = [client.post(RUNS, status=202)["id"] for _ in range(3)]
    first = client.get("/api/v1/runs?limit=2")
    second = client.get(f"/api/v1/runs?limit=2&offset={first['next']}&network=iris-net")
    assert [run["id"] for run in itertools.chain(first["items"], second["items"])] == ids  # the next in turn first
    assert first["items"][0]["last_epoch"] is None
    client.fails("GET", "/api/v1/runs?network=nothing", 404)


@pytest.mark.usefixtures("iris_network")
def test_a_queued_run_ends_at_once_when_cancelled(client):
    run = client.post(RUNS, status=202)
    client.fails("POST", f"/api/v1/runs/{run['id']}/restart", 409)
    assert client.post(f"/api/v1/runs/{run['id']}/cancel", status=202)["state"] == "cancelled"
    assert client.post(f"/api/v1/runs/{run['id']}/restart", status=202)["state"] == "queued"


@pytest.mark.usefixtures("iris_network")
def test_a_run_says_who_asked_for_it(client):
    assert client.post(RUNS, status=202)["started_by"] == "API"
    assert client.post(RUNS, status=202, auth=("ada", "any"))["started_by"] == "ada (API)"
    assert client.post("/api/v1/store/verify", status=202, auth=("b" * 200, ""))["started_by"] == f"{'b' * 100} (API)"


@pytest.mark.usefixtures("iris_network")
def test_a_queued_run_comes_sooner_or_later_than_others(client):
    first, second, third = (client.post(RUNS, status=202)["id"] for _ in range(3))
    assert client.post(f"/api/v1/runs/{third}/priority", json={"priority": 1})["priority"] == 1
    client.post(f"/api/v1/runs/{first}/priority", json={"priority": -1})
    assert [run["id"] for run in client.get("/api/v1/runs?state=queued")["items"]] == [third, second, first]
    assert [client.get(f"/api/v1/runs/{run_id}")["turn"] for run_id in (third, second, first)] == [1, 2, 3]
    client.post(f"/api/v1/runs/{third}/cancel", status=202)
    assert client.fails("POST", f"/api/v1/runs/{third}/priority", 409, json={"priority": 0})["field"] == "run"
    assert client.get(f"/api/v1/runs/{third}")["turn"] is None


@pytest.mark.parametrize("body", [{}, {"priority": 2}, {"priority": "soon"}, {"priority": 1, "order": 3}])
@pytest.mark.usefixtures("iris_network")
def test_a_priority_that_is_none_is_refused(client, body):
    client.post(RUNS, status=202)
    client.fails("POST", "/api/v1/runs/1/priority", 422, json=body)
    assert client.get("/api/v1/runs/1")["priority"] == 0


@pytest.mark.usefixtures("iris_network")
def test_runs_are_listed_by_state(client):
    waiting, stopped = (client.post(RUNS, status=202)["id"] for _ in range(2))
    client.post(f"/api/v1/runs/{stopped}/cancel", status=202)
    for state, ids in {"queued": [waiting], "running": [], "ended": [stopped], "cancelled": [stopped]}.items():
        assert [run["id"] for run in client.get(f"/api/v1/runs?state={state}")["items"]] == ids
    assert client.fails("GET", "/api/v1/runs?state=lost", 422)["field"] == "state"


@pytest.mark.usefixtures("iris_network")
def test_a_run_that_ended_before_its_goal_goes_on_as_its_next_attempt(client, workspace):
    run_id = client.post(RUNS, status=202)["id"]
    with workspace.catalogue.writing() as connection:
        run = run_rows.claim_next_run(connection)
        run_rows.keep_checkpoint(connection, run.attempt, run_rows.Checkpoint(run_id, 2, "2.npz", "0" * 64))
        run_rows.end_run(connection, run_id, run.attempt, "failed", "The disk is full.")
    ended = client.get(f"/api/v1/runs/{run_id}")
    assert (ended["attempt"], ended["checkpoint"], ended["error"]) == (1, 2, "The disk is full.")
    again = client.post(f"/api/v1/runs/{run_id}/resume", status=202)
    assert (again["state"], again["checkpoint"], again["error"]) == ("queued", 2, None)
    client.fails("POST", f"/api/v1/runs/{run_id}/resume", 409)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"epochs": 0}, 422, "epochs"),
        ({"learning_rate": -1}, 422, "learning_rate"),
        ({"layers": []}, 422, "layers"),
        ({"parent": 7}, 404, "version"),
        ({"parent": 0}, 422, "parent"),
        ({"parent": "x"}, 422, "parent"),
        ({"loss": "binary_cross_entropy"}, 422, "output.activation"),
        ({"warmup_epochs": 9}, 422, "warmup_epochs"),
    ],
)
@pytest.mark.usefixtures("iris_network")
def test_a_bad_start_is_refused_and_nothing_is_queued(client, body, status, field):
    assert client.fails("POST", RUNS, status, json=body)["field"] == field
    assert client.get("/api/v1/runs")["items"] == []


@pytest.mark.parametrize("path", ["networks/nothing/runs", "runs/7/cancel", "runs/7/restart", "runs/7/resume"])
def test_an_unknown_network_or_run_is_404(client, path):
    client.fails("POST", f"/api/v1/{path}", 404)
    client.fails("POST", "/api/v1/runs/7/priority", 404, json={"priority": 1})


def test_several_trainings_are_queued_and_the_newest_finished_ones_are_answered(client, iris_network, workspace):
    place = "/api/v1/networks/iris-net/repeats"
    assert client.get(place) == {"folds": None, "seeds": None}
    run = client.post(place, json={"folds": 2, "epochs": 1}, status=202)
    assert (run["kind"], run["request"], run["training"]["epochs"]) == ("folds", {"count": 2}, 1)
    carry_out(workspace, lane=REPEATS)
    newest = client.get(place)
    assert newest["seeds"] is None
    assert newest["folds"]["id"] == run["id"]
    assert set(newest["folds"]["result"]["spreads"]["accuracy"]) == {"mean", "std"}
    assert client.get("/api/v1/runs?network=iris-net")["items"][0]["kind"] == "folds"
    error = client.fails("POST", place, 422, json={"folds": 2, "seeds": 2})
    assert error["field"] == "folds"
