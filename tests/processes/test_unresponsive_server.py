"""A server that is stopped, and takes connections still: pages say so within ten seconds, and go on once it answers."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from dashboard.responding import BRIEF
from dashboard.services.runs.runs import start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.processes.outages import stopped
from tests.processes.run_processes import wait_for_end
from tests.processes.test_runs import define
from tests.processes.test_serving import free_port, health
from tests.server import Server
from tests.worker import APP, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.server]

TENSOR = "/networks/net/versions/1/tensors/layer_01.weight"
ADDRESSES = (
    "/",
    "/healthy",
    TENSOR,
    f"/api/v1{TENSOR}.csv",
    "/api/v1/networks/net/versions/1",
    "/runs",
    "/store",
    "/searches",
)
PATIENT_SECONDS = 60
"""What each page waited for before they had time limits of their own."""
ROUNDS = 3


@pytest.fixture
def served(tmp_path):
    """Yield (server, what fetches an address) of a dashboard with a version in a private server."""
    server = Server(tmp_path)
    server.start()
    settings = Settings(home=str(tmp_path / "home"), store=f"{server.url}unresponsive", port=free_port())
    process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings))
    wait_until(lambda: health(settings.port)["ok"], "the dashboard to answer")
    workspace = open_workspace(settings, sweeping=False)
    define(workspace, epochs=1)
    assert wait_for_end(workspace, start_run(workspace, "net", {}).id).run.state == "finished"
    workspace.catalogue.close()
    workspace.store.close()

    def fetch(address):
        try:
            with urlopen(f"http://127.0.0.1:{settings.port}{address}", timeout=300) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    yield server, fetch
    os.kill(server.process.pid, signal.SIGCONT)
    process.terminate()
    process.wait()
    server.kill()


def test_a_stopped_server_holds_no_page_and_all_pages_work_once_it_goes_on(served):
    server, fetch = served
    assert BRIEF.connect + BRIEF.read < 10
    assert {address: fetch(address)[0] for address in ADDRESSES} == dict.fromkeys(ADDRESSES, 200)
    with stopped(server):
        began = time.monotonic()
        with ThreadPoolExecutor(ROUNDS * len(ADDRESSES)) as pool:  # so often more than there are threads
            answers = list(pool.map(fetch, ROUNDS * ADDRESSES))
        seconds = time.monotonic() - began
        assert {status for status, _ in answers} == {503}
        assert seconds < ROUNDS * PATIENT_SECONDS
        assert "The store cannot do this right now" in fetch("/")[1]
        assert "does not answer" in json.loads(fetch("/healthy")[1])["error"]["message"]
        assert f"127.0.0.1:{server.port}" in fetch(TENSOR)[1]
    wait_until(lambda: fetch("/")[0] == 200, "the first page to work")
    assert {address: fetch(address)[0] for address in ADDRESSES} == dict.fromkeys(ADDRESSES, 200)
    print(f"answered in {seconds:.1f} s")
