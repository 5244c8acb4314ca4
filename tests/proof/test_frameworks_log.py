"""The real frameworks log to a real dashboard: `make proof` runs this with an environment that has them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import weightbase
from tests.processes.test_client_logs import Dashboard
from tests.server import free_port

HERE = Path(__file__).parent
CLIENT = Path(weightbase.__file__).parent.parent
PYTHON = os.environ.get("WEIGHTBASE_PROOF_PYTHON", "")


def run_script(name, folder, url, *arguments):
    """Run a script of this folder with the frameworks and return what it prints last."""
    assert PYTHON, "Type `make proof`, which sets up the frameworks."
    environment = os.environ | {"PYTHONPATH": str(CLIENT), "WEIGHTBASE_URL": url, "WEIGHTBASE_TOKEN": "secret"}
    command = [Path(PYTHON).absolute(), HERE / name, *arguments]
    printed = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[-1])


@pytest.fixture
def dashboard(tmp_path):
    made = Dashboard(tmp_path / "home")
    made.start()
    yield made
    made.stop()


def test_callbacks_and_loops_log_every_epoch_under_names_that_stay(dashboard, tmp_path):
    for start in ("first", "again"):
        logged = run_script("log_with_frameworks.py", tmp_path, dashboard.url, start)
        for network, tensors in logged.items():
            version = dashboard.get(f"/networks/{network}/versions")["items"][0]["version"]
            saved = dashboard.get(f"/networks/{network}/versions/{version}")["tensors"]
            assert {one["name"]: [one["dtype"], one["shape"], one["sha256"]] for one in saved} == tensors
        counts = {network: len(dashboard.epochs(network)) for network in logged}
        assert counts == {"keras": 3, "lightning": 2, "pytorch": 2, "scikit-learn": 2}, start
    assert list(logged["keras"])[:1] == ["dense/kernel"]
    runs = {run["network"]: run for run in dashboard.get("/runs")["items"]}
    assert [(runs[name]["state"], runs[name]["done"]) for name in ("keras", "lightning")] == [
        ("finished", 3),
        ("finished", 2),
    ]


def test_an_epoch_takes_at_most_five_percent_longer_with_a_dead_server(tmp_path):
    assert run_script("time_of_epochs.py", tmp_path, f"http://127.0.0.1:{free_port()}") <= 1.05
