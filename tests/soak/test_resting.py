"""A dashboard at rest: its worker has ended, and is there as soon as something is queued."""

import json
import os
import subprocess
import sys
import urllib.request

import pytest

from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.processes.run_processes import descendants
from tests.processes.test_serving import free_port, health
from tests.worker import APP, wait_until

pytestmark = pytest.mark.processes


def test_a_worker_with_nothing_to_do_ends_and_trains_what_is_queued_later(tmp_path):
    settings = Settings(home=str(tmp_path), port=free_port())
    workspace = open_workspace(settings)
    add_bundled(workspace, "iris")
    create_network(workspace, {"name": "net", "dataset": "iris", "training": {"epochs": 1}})
    workspace.catalogue.close()
    api = f"http://127.0.0.1:{settings.port}/api/v1"
    process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings))
    try:
        wait_until(lambda: health(settings.port)["ok"], "the dashboard to answer")
        for _ in range(2):
            wait_until(lambda: not descendants(process.pid, b"cli\0worker"), "the worker to rest")
            question = urllib.request.Request(f"{api}/networks/net/runs", b"{}", {"Content-Type": "application/json"})
            with urllib.request.urlopen(question) as answer:
                run = json.load(answer)["id"]
            wait_until(lambda run=run: state(api, run) == "finished", "the run to be trained")
            assert not (tmp_path / "worker.log").exists()  # its supervisor has started it
    finally:
        process.terminate()
        process.wait()


def state(api, run):
    with urllib.request.urlopen(f"{api}/runs/{run}") as answer:
        return json.load(answer)["state"]
