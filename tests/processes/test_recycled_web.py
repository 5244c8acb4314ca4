"""Web workers that gunicorn replaces again and again: no run notices."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from dashboard.services.runs.runs import get_run, start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.processes.run_processes import descendants, signal_to
from tests.processes.test_runs import define, wait_for_epochs
from tests.processes.test_serving import free_port, health
from tests.worker import APP, wait_until

pytestmark = pytest.mark.processes

RECYCLED = {"GUNICORN_CMD_ARGS": "--max-requests 30"}


def is_answered(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=300) as answer:
            return answer.status in {200, 204}
    except OSError:  # a worker that is just ending may drop a request: the page asks again a second later
        return False


@pytest.fixture
def served(tmp_path):
    """Yield (settings, pid of the supervisor) of a dashboard whose web workers are replaced again and again."""
    settings = Settings(home=str(tmp_path), port=free_port())
    environment = os.environ | to_environment(settings) | RECYCLED
    process = subprocess.Popen([sys.executable, str(APP)], env=environment)
    wait_until(lambda: health(settings.port)["ok"], "the dashboard to answer")
    yield settings, process.pid
    process.terminate()
    process.wait()


@pytest.mark.soak
def test_a_run_has_one_attempt_while_web_workers_are_replaced_after_every_30_requests(served):
    settings, supervisor = served
    workspace = open_workspace(settings)
    define(workspace, epochs=3000, save="last")
    run = start_run(workspace, "net", {})
    wait_for_epochs(workspace, run.id)
    training = descendants(supervisor, b"forkserver")
    assert len(training) == 2  # the fork server and what it forked
    signal_to(training, signal.SIGSTOP)  # a quick machine has trained to the end before enough workers are replaced
    seen, answered = set(), []
    while len(seen) < 5:
        answered += [is_answered(settings.port, path) for path in (f"/runs/{run.id}/progress", "/runs/queue", "/")]
        seen |= set(descendants(supervisor, b"gunicorn"))  # gunicorn itself, and its workers
    assert answered.count(True) >= 60, "30 for each of the two workers that came and went meanwhile"
    assert get_run(workspace, run.id).run.state == "running"
    signal_to(training, signal.SIGCONT)
    while not get_run(workspace, run.id).run.has_ended:  # and more of them while it trains
        is_answered(settings.port, f"/runs/{run.id}/progress")
    detail = get_run(workspace, run.id)
    assert (detail.run.state, detail.run.attempt, len(detail.epochs)) == ("finished", 1, 3000)
    assert is_answered(settings.port, f"/runs/{run.id}")
    workspace.catalogue.close()
