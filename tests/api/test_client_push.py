"""Pushing by the client, without a socket: each of its requests is held to the OpenAPI document."""

from pathlib import Path

import numpy as np
import pytest

from tests.api.test_client_verbs import carried_out, place
from weightbase.errors import Refused
from weightbase.models import tensors_of
from weightbase.pushing import Pusher, is_there_already
from weightbase.spool import Entry, Message, Spool

__all__ = ["place"]


@pytest.fixture
def push(place, tmp_path):
    """Push arrays as `log` does in the background."""
    pusher, spool = Pusher(place), Spool(tmp_path / "spool", "http://here")

    def push(network, model, epoch=1, run=None, **metrics):
        message = Message("version", network, {"epoch": epoch, "metrics": metrics}, run)
        return pusher.send(spool.put(message, tensors_of(model)))

    return push


def test_the_first_log_makes_the_network_and_unchanged_weights_are_not_sent_again(place, push):
    weights = {"w": np.arange(6.0).reshape(2, 3), "b": np.zeros(3, np.float32)}
    assert push("mine", weights, 1, loss=0.5)["reference"] == "mine:1"
    place.sent.clear()
    weights["b"] = weights["b"] + 1
    assert push("mine", weights, 2)["reference"] == "mine:2"
    assert [(method, size) for method, path, size in place.sent if "/contents/" in path] == [("HEAD", 0), ("PUT", 12)]


def test_a_script_that_is_started_again_adds_nothing(push):
    weights = {"w": np.ones(3)}
    assert push("mine", weights, seconds=1)["version"] == push("mine", weights, seconds=1)["version"]
    with pytest.raises(Refused) as refused:
        push("mine", weights, seconds=2)
    entry = Entry(Path(), Message("version", "mine", {}), "")
    assert is_there_already(entry, refused.value)
    assert not is_there_already(entry._replace(message=entry.message._replace(has_own_key=False)), refused.value)


def test_log_takes_a_file(place, tmp_path):
    np.savez(tmp_path / "a.npz", w=np.ones((2, 2)))
    printed = carried_out(place, "log mine a.npz --epoch 4 --metric loss=0.5")
    assert printed.lines == ["mine:1"]
    assert printed.body["metrics"] == {"loss": 0.5}
    assert carried_out(place, "versions mine").body["items"][0]["epoch"] == 4


def test_a_run_has_its_epochs_and_versions(place, push, tmp_path):
    about = {"key": "job-1", "epochs": 2}
    spool, pusher = Spool(tmp_path / "spool", ""), Pusher(place)
    epochs = [{"epoch": 1, "loss": 0.5, "own": 3.0}, {"epoch": 2, "loss": 0.25, "metric_epoch": 7.0}]
    pusher.send(spool.put(Message("epochs", "mine", {"epochs": epochs}, about)))
    version = push("mine", {"w": np.ones(2), "b": np.zeros(2)}, 1, about)
    push("mine", {"w": np.full(2, 2.0), "b": np.zeros(2)}, 2, about)
    pusher.send(spool.put(Message("end", "mine", {"state": "finished"}, about)))
    run = place.client.get(f"/api/v1/runs/{version['run']}")
    assert (run["state"], run["kind"], run["versions"]) == ("finished", "external", [1, 2])
    assert [(epoch["loss"], epoch["metrics"]) for epoch in run["epochs"]] == [
        (0.5, {"own": 3.0}),
        (0.25, {"metric_epoch": 7.0}),
    ]
