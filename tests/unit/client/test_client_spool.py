"""What is logged while no server answers: on disk, whole, in order, without a delay for the training."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import weightbase
from tests.server import free_port
from weightbase.session import Session
from weightbase.spool import entries, read_entry
from weightbase.sync import sync

CLIENT = Path(weightbase.__file__).parent.parent
WEIGHTS = {"w": np.arange(6.0).reshape(2, 3), "b": np.zeros(3)}


@pytest.fixture
def place(tmp_path):
    return tmp_path / "spool"


def spooled(folder):
    return [read_entry(path).message for path in entries(folder)]


def test_what_is_logged_waits_with_its_contents(place):
    session = Session(mode="spool", spool=place)
    session.log("mnist", WEIGHTS, {"loss": 0.5})
    session.log("mnist", {**WEIGHTS, "b": np.ones(3)}, {"loss": 0.25})
    assert session.flush() == 2
    first, second = spooled(place)
    assert (first.network, first.body["epoch"], second.body["epoch"]) == ("mnist", 1, 2)
    assert first.body["metrics"] == {"loss": 0.5}
    for path, message in zip(entries(place), (first, second), strict=True):
        for about in message.body["tensors"]:
            assert (path / about["sha256"]).stat().st_size == 8 * int(np.prod(about["shape"]))
    same = first.body["tensors"][0]["sha256"]
    assert os.path.samefile(*(path / same for path in entries(place)))  # unchanged: one file


@pytest.mark.slow
def test_the_same_weights_at_the_same_epoch_have_the_same_key_in_another_process(place):
    code = "import numpy as np, weightbase; weightbase.log('m', {'w': np.arange(3.0)}, {'loss': 1}, epoch=1)"
    environment = {**os.environ, "PYTHONPATH": str(CLIENT), "WEIGHTBASE_MODE": "spool", "WEIGHTBASE_SPOOL": str(place)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    first, second = spooled(place)
    assert first.body["key"] == second.body["key"]


@pytest.mark.parametrize(("name", "value"), [("RANK", "1"), ("SLURM_PROCID", "3"), ("WEIGHTBASE_MODE", "off")])
def test_other_ranks_and_a_mode_that_is_off_log_nothing(place, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    session = Session(spool=place)
    session.log("mnist", WEIGHTS)
    session.close()
    assert not place.exists()


def test_a_lost_server_is_mentioned_once_and_everything_is_kept(place, caplog):
    session = Session(f"http://127.0.0.1:{free_port()}", spool=place)
    with caplog.at_level(logging.WARNING, "weightbase"):
        for epoch in range(1, 6):
            session.log("mnist", {"w": np.full(4, float(epoch))}, epoch=epoch)
        session.close()
    assert [message.body["epoch"] for message in spooled(place)] == [1, 2, 3, 4, 5]
    assert len([record for record in caplog.records if "The training goes on" in record.message]) == 1
    assert "sync" in caplog.records[-1].message


def test_sync_without_a_server_keeps_everything(place):
    session = Session(f"http://127.0.0.1:{free_port()}", mode="spool", spool=place)
    session.log("mnist", WEIGHTS)
    session.flush()
    with pytest.raises(weightbase.Unreachable, match="no answer from"):
        sync(place)
    assert len(entries(place)) == 1


def test_strict_raises(place):
    session = Session(f"http://127.0.0.1:{free_port()}", strict=True, spool=place)
    with pytest.raises(weightbase.Unreachable):
        session.log("mnist", WEIGHTS)
    assert entries(place) == []


def test_a_run_waits_in_order(place):
    session = Session(mode="spool", spool=place)
    with pytest.raises(ZeroDivisionError), weightbase.Run(session, "mnist", 2, "job-1") as run:
        run.epoch(loss=0.5)
        run.log(WEIGHTS)
        run.epoch(5, loss=float("nan"))
        raise ZeroDivisionError("no")
    session.flush()
    messages = spooled(place)
    assert [message.what for message in messages] == ["run", "epochs", "version", "epochs", "end"]
    assert {json.dumps(message.run) for message in messages} == {'{"key": "job-1", "epochs": 2}'}
    assert messages[2].body["metrics"] == {"loss": 0.5}
    assert messages[3].body == {"epochs": [{"epoch": 5, "loss": None}]}
    assert messages[4].body == {"state": "failed", "error": "ZeroDivisionError: no"}


@pytest.mark.parametrize("url", ["mnist", "ftp://host", "http://", "http://host/?token=x"])
def test_an_address_that_cannot_be_one_is_refused_at_once(url, place):
    with pytest.raises(weightbase.WeightbaseError, match="no address"):
        Session(url, spool=place)
