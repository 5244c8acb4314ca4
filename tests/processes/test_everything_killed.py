"""`python app.py` killed part by part, and all at once, while a run trains: the run ends as if nothing had been."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from dashboard.services.runs.runs import get_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.processes.run_processes import descendants, is_alive, signal_to, wait_for_end
from tests.processes.runs_survive import EPOCHS, start_training, weights_of
from tests.processes.test_runs import wait_for_epochs
from tests.processes.test_serving import free_port, health, port_is_free
from tests.worker import APP, wait_until

pytestmark = pytest.mark.processes


class Dashboard:
    """The whole dashboard as a person starts it, again and again on one port and home."""

    def __init__(self, home):
        self.settings = Settings(home=str(home), port=free_port(), checkpoint_seconds=0)
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(self.settings))
        self.wait_for_pages()

    def wait_for_pages(self):
        wait_until(lambda: health(self.settings.port)["ok"], "the pages to be back")

    def pids(self, word=b""):
        """Return the supervisor's descendants whose command line holds a word."""
        return descendants(self.process.pid, word)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


def kill(pids):
    signal_to(pids, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "the killed to be gone")


@pytest.fixture
def dashboard(tmp_path):
    found = Dashboard(tmp_path)
    yield found
    found.stop()


def kill_the_supervisor(dashboard):
    children = dashboard.pids()
    kill([dashboard.process.pid])
    dashboard.process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in children), "the children to follow")
    assert port_is_free(dashboard.settings.port)


@pytest.mark.soak  # each part alone: test_runs_survive_here, test_serving; all of it at once: test_searches
def test_whatever_is_killed_the_run_ends_with_the_same_weights_and_nothing_is_left(dashboard, undisturbed):
    workspace = open_workspace(dashboard.settings)
    run = start_training(workspace)
    wait_for_epochs(workspace, run.id, 1)

    training = dashboard.pids(b"forkserver")
    assert len(training) == 2  # the fork server and what it forked
    signal_to(training, signal.SIGSTOP)  # or a quick machine has trained to the end before the pages are back
    kill(dashboard.pids(b"gunicorn"))
    dashboard.wait_for_pages()
    assert get_run(workspace, run.id).run.attempt == 1  # no web worker had anything to do with it

    kill(dashboard.pids(b"dashboard.cli\0worker"))
    signal_to(training, signal.SIGCONT)  # only now, or it ends before we have killed what looks after it
    wait_until(lambda: get_run(workspace, run.id).run.attempt == 2, "the next coordinator to take it up")

    kill_the_supervisor(dashboard)
    assert get_run(workspace, run.id).run.state in {"queued", "running"}
    dashboard.start()
    wait_until(lambda: get_run(workspace, run.id).run.attempt == 3, "the run to go on")

    everything = [dashboard.process.pid, *dashboard.pids()]
    kill(everything)
    dashboard.process.wait()
    # A web server that was being forked at that moment ends by itself once it sees that its parent is gone.
    wait_until(lambda: port_is_free(dashboard.settings.port), "the port to be free")

    dashboard.start()
    detail = wait_for_end(workspace, run.id)
    assert (detail.run.state, len(detail.epochs)) == ("finished", EPOCHS)
    found = weights_of(workspace)
    assert sorted(found) == sorted(undisturbed)
    for epoch, tensors in undisturbed.items():
        assert all(np.array_equal(found[epoch][name], array) for name, array in tensors.items())
    workspace.catalogue.close()


def test_a_home_that_is_moved_away_stops_the_program_with_the_reason(tmp_path):
    home = tmp_path / "home"
    with (tmp_path / "said").open("w") as said:
        settings = Settings(home=str(home), port=free_port())
        process = subprocess.Popen([sys.executable, str(APP)], env=os.environ | to_environment(settings), stderr=said)
    wait_until(lambda: health(settings.port)["ok"], "the pages")
    children = descendants(process.pid, b"")
    home.rename(tmp_path / "moved")
    assert process.wait() == 2
    assert f"The data folder {home} was moved, removed or replaced" in (tmp_path / "said").read_text()
    assert not any(is_alive(pid) for pid in children)
    assert not home.exists()
