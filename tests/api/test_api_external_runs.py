"""Runs elsewhere: they say themselves how far they are, are interrupted by silence, and go on with their next epoch."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dashboard.catalogue.rows import now
from dashboard.services.runs.journal import CatalogueJournal
from tests.api.test_api_never_breaks import VALUES, some
from tests.pushes import push

WEIGHTS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def run(client):
    """The address of a run elsewhere, of the foreign network mine."""
    client.post("/api/v1/networks", json={"name": "mine", "kind": "foreign"}, status=201)
    body = {"kind": "external", "key": "lr-0.1", "epochs": 10}
    begun = client.post("/api/v1/networks/mine/runs", json=body, status=201)
    assert (begun["state"], begun["total"], begun["network"], begun["dataset"]) == ("running", 10, "mine", None)
    return f"/api/v1/runs/{begun['id']}"


def report(client, run, *epochs, status=200):
    return client.post(f"{run}/epochs", json=list(epochs), status=status)


def fall_silent(workspace, minutes=16):
    """Let the last report of every run be so long ago."""
    with workspace.catalogue.writing() as connection:
        connection.execute(text("UPDATE runs SET heartbeat = :then"), {"then": str(now() - timedelta(minutes=minutes))})


def test_a_run_elsewhere_is_begun_once_for_its_key(client, run):
    body = {"kind": "external", "key": "lr-0.1", "epochs": 10}
    assert client.post("/api/v1/networks/mine/runs", json=body)["id"] == int(run.rpartition("/")[2])
    other = client.post("/api/v1/networks/mine/runs", json=body | {"key": "lr-0.2"}, status=201)
    assert len(client.get("/api/v1/runs?network=mine&state=running")["items"]) == 2
    assert other["started_by"] == "API"


def test_epochs_are_shown_as_those_of_other_runs_are(client, run):
    noted = report(client, run, {"epoch": 1, "loss": 0.9, "val_accuracy": 0.5, "gap": 0.25, "f1": None})
    assert noted == {"run": 1, "state": "running", "epoch": 1, "added": 1, "cancel": False}
    report(
        client, run, {"epoch": 3, "metrics": {"gap": 0.125, "loss": 0.5}}, {"epoch": 2, "loss": None, "seconds": 1.5}
    )
    detail = client.get(run)
    assert [epoch["epoch"] for epoch in detail["epochs"]] == [1, 2, 3]
    first = detail["epochs"][0]
    assert (detail["epochs"][2]["loss"], detail["epochs"][2]["metrics"]) == (0.5, {"gap": 0.125})
    assert (first["loss"], first["val_accuracy"], first["metrics"]) == (0.9, 0.5, {"gap": 0.25, "f1": None})
    assert (detail["done"], detail["training"]) == (3, None)


def test_epochs_that_are_sent_again_take_the_place_of_those_before(client, run):
    assert report(client, run, {"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.8})["added"] == 2
    assert (
        report(client, run, {"epoch": 2, "loss": 0.7}, {"epoch": 3, "loss": 0.1}, {"epoch": 3, "loss": 0.6})["added"]
        == 1
    )
    assert [epoch["loss"] for epoch in client.get(run)["epochs"]] == [0.9, 0.7, 0.6]


def test_silence_interrupts_a_run_and_its_next_epoch_revives_it(client, run, workspace):
    report(client, run, {"epoch": 1, "loss": 0.9})
    fall_silent(workspace, 14)
    assert client.get(run)["state"] == "running"
    fall_silent(workspace)
    assert client.get(run)["state"] == "interrupted"
    assert [one["id"] for one in client.get("/api/v1/runs?state=ended")["items"]] == [1]
    assert client.get("/api/v1/runs?state=running")["items"] == []
    assert report(client, run, {"epoch": 2, "loss": 0.8})["state"] == "running"
    assert client.get(run)["ended"] is None


def test_an_empty_list_says_that_a_run_lives(client, run, workspace):
    fall_silent(workspace)
    assert report(client, run)["state"] == "running"
    assert client.get(run)["state"] == "running"


def test_a_worker_that_starts_leaves_runs_elsewhere_alone(client, run, workspace):
    CatalogueJournal(workspace).recover()
    CatalogueJournal(workspace).take_up(())
    assert (client.get(run)["state"], client.get(run)["attempt"]) == ("running", 1)
    fall_silent(workspace)
    CatalogueJournal(workspace).recover()
    assert client.get(run)["state"] == "interrupted"


def test_a_wish_to_stop_is_in_the_next_answer(client, run):
    assert client.post(f"{run}/cancel", status=202)["state"] == "running"
    assert report(client, run, {"epoch": 1, "loss": 1})["cancel"]
    assert client.post(f"{run}/end", json={"state": "cancelled"})["state"] == "cancelled"


def test_a_run_ends_once(client, run):
    report(client, run, {"epoch": 1, "loss": 1})
    ended = client.post(f"{run}/end", json={"state": "failed", "error": "CUDA out of memory"})
    assert (ended["state"], ended["error"]) == ("failed", "CUDA out of memory")
    assert client.post(f"{run}/end", json={"state": "failed", "error": "again"})["error"] == "CUDA out of memory"
    assert "failed" in client.fails("POST", f"{run}/end", 409, json={"state": "finished"})["message"]
    assert report(client, run, {"epoch": 1, "loss": 1})["state"] == "failed"  # sent again: nothing is new
    assert report(client, run, {"epoch": 2, "loss": 1})["state"] == "running"  # its program goes on
    assert client.post(f"{run}/end", json={"state": "finished"})["error"] is None
    assert report(client, run, {"epoch": 2, "loss": 1})["added"] == 0
    report(client, run, {"epoch": 3, "loss": 1}, status=409)


def test_only_runs_elsewhere_take_epochs(client, iris_network, run):
    other = client.post("/api/v1/networks/iris-net/runs", status=202)
    address = f"/api/v1/runs/{other['id']}"
    assert "external run" in client.fails("POST", f"{address}/epochs", 409, json=[])["message"]
    client.fails("POST", f"{address}/end", 409, json={"state": "finished"})
    client.fails("POST", "/api/v1/runs/99/epochs", 404, json=[])
    client.post(f"{run}/end", json={"state": "failed"})
    assert "elsewhere" in client.fails("POST", f"{run}/restart", 409)["message"]
    client.fails("POST", f"{run}/resume", 409)
    client.fails("POST", f"{run}/priority", 409, json={"priority": 1})


def test_versions_that_are_pushed_belong_to_their_run(client, run):
    report(client, run, {"epoch": 1, "loss": 1})
    assert push(client, "mine", WEIGHTS, run=1, epoch=1)[0] == 201
    moved = {name: array + 1 for name, array in WEIGHTS.items()}
    assert push(client, "mine", moved, "second", run=1, epoch=2)[1]["changed_since"] == 1
    assert client.get(run)["versions"] == [1, 2]
    assert client.get("/api/v1/networks/mine/versions/2")["run"] == 1


@pytest.mark.parametrize(
    ("field", "epochs"),
    [
        ("0.epoch", [{"loss": 1}]),
        ("0.epoch", [{"epoch": 0}]),
        ("0.loss", [{"epoch": 1, "loss": "low"}]),
        ("0.gap", [{"epoch": 1, "gap": [1]}]),
        ("0.metrics.gap", [{"epoch": 1, "metrics": {"gap": True}}]),
        ("0.loss", [{"epoch": 1, "loss": 1, "metrics": {"loss": 1}}]),
        ("0.gap", [{"epoch": 1, "gap": 1, "metrics": {"gap": 1}}]),
        ("0.seconds", [{"epoch": 1, "seconds": False}]),
        ("epochs", [{"epoch": number} for number in range(1, 1002)]),
    ],
)
def test_a_wrong_number_of_an_epoch_is_refused_by_name(client, run, field, epochs):
    assert field in client.fails("POST", f"{run}/epochs", 422, json=epochs)["errors"]
    assert client.get(run)["epochs"] == []


EPOCHS = st.lists(some({"epoch", "loss", "metrics", "accuracy"}) | st.just({"epoch": 1}) | VALUES, max_size=3) | VALUES


@FUZZ
@given(EPOCHS, some({"state", "error"}) | VALUES, some({"key", "epochs"}) | VALUES)
def test_whatever_a_run_elsewhere_reports_is_noted_or_refused(client, run, epochs, end, begin):
    assert client.fetch("POST", f"{run}/epochs", json=epochs).status_code in {200, 400, 409, 422}
    assert client.fetch("POST", f"{run}/end", json=end).status_code in {200, 400, 409, 422}
    body = begin | {"kind": "external"} if isinstance(begin, dict) else begin
    answer = client.fetch("POST", "/api/v1/networks/mine/runs", json=body)
    assert answer.status_code in {200, 201, 400, 409, 422}
