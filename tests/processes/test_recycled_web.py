"""Web workers that gunicorn replaces again and again: no run notices."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from dashboard.services.runs import cancel_run, get_run, start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.processes.run_processes import APP, children_of, wait_for_end, wait_until
from tests.processes.test_runs import ENDLESS, define
from tests.processes.test_serving import free_port, health

pytestmark = pytest.mark.processes

RECYCLED = {"GUNICORN_CMD_ARGS": "--max-requests 30"}


def is_answered(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status in {200, 204}
    except OSError:  # a worker that is just ending may drop a request: the page asks again a second later
        return False


def web_workers(supervisor):
    """Return the pids of gunicorn and its workers."""
    found = set()
    for pid in children_of(supervisor):
        try:
            found |= {pid} if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes() else set()
        except OSError:
            continue  # it has just ended
    return found


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


def test_a_run_has_one_attempt_while_web_workers_are_replaced_after_every_30_requests(served):
    settings, supervisor = served
    workspace = open_workspace(settings)
    define(workspace, **ENDLESS)
    run = start_run(workspace, "net", {})
    seen, answered = set(), []
    while len(seen) < 5:
        assert not get_run(workspace, run.id).run.has_ended
        answered += [is_answered(settings.port, path) for path in (f"/runs/{run.id}/progress", "/runs/queue", "/")]
        seen |= web_workers(supervisor)
    assert answered.count(True) >= 90, "30 for each of three workers that were replaced"
    epochs = len(get_run(workspace, run.id).epochs)
    cancel_run(workspace, run.id)
    detail = wait_for_end(workspace, run.id)
    assert (detail.run.state, detail.run.attempt) == ("cancelled", 1)
    assert len(detail.epochs) >= epochs > 0
    assert is_answered(settings.port, f"/runs/{run.id}")
    workspace.catalogue.close()
