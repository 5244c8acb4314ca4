"""Whether the dashboard can work, as those see it who start and watch it."""

import contextlib
import os
import socket
import subprocess
import sys

import pytest

from dashboard import __version__
from dashboard.jobs.coordinator import coordinator_lock, is_coordinated
from dashboard.settings import Settings, to_environment
from tests.worker import APP, wait_until


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_healthy_dashboard_says_what_it_stands_on(client):
    assert client.get("/healthy") == {
        "ok": True,
        "version": __version__,
        "store": "csv",
        "catalogue": "sqlite",
        "coordinator": True,  # this process holds its lock
        "problems": [],
    }


def test_without_a_coordinator_health_says_so_and_is_still_good(tmp_path):
    assert not is_coordinated(tmp_path)
    with coordinator_lock(tmp_path):
        assert is_coordinated(tmp_path)
    assert not is_coordinated(tmp_path)


def test_a_store_that_cannot_be_written_is_503_and_says_what_is_wrong(client, workspace):
    folder = workspace.store.folder
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("a file where the folder of weights should be")
    body = client.get("/healthy", status=503)
    assert not body["ok"]
    assert body["error"]["code"] == "store_unavailable"
    assert body["problems"] == [body["error"]["message"]]
    assert str(folder) in body["problems"][0]


@pytest.mark.processes
def test_a_dashboard_with_a_password_says_when_it_is_ready(tmp_path):
    settings = Settings(home=str(tmp_path / "home"), port=free_port(), password="open sesame")
    said = tmp_path / "said"
    with said.open("w") as file:
        process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings), stdout=file)
    try:
        wait_until(lambda: "is ready" in said.read_text(), "the dashboard to say that it is ready")
    finally:
        process.terminate()
        process.wait()
