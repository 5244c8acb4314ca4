"""A run that is queued at the very moment at which a coordinator ends is not left waiting."""

import signal

import pytest

from dashboard.jobs import coordinator as jobs
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network
from dashboard.services.runs import coordinator as coordination
from dashboard.services.runs.runs import get_run, start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings


@pytest.fixture
def signals():
    """Give the signals back to pytest."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.processes
@pytest.mark.usefixtures("signals")
def test_a_run_queued_while_an_idle_coordinator_still_holds_its_lock_is_trained(tmp_path, monkeypatch):
    workspace = open_workspace(Settings(home=str(tmp_path)))
    add_bundled(workspace, "iris")
    create_network(workspace, {"name": "late", "dataset": "iris", "training": {"epochs": 1}})
    queued = []

    class InterruptedAtItsEnd(jobs.Coordinator):
        """The real coordinator; between its last look and the release of the lock somebody queues a run."""

        def run(self):
            super().run()
            if not queued:
                queued.append(start_run(workspace, "late", {}).id)

    monkeypatch.setattr(coordination, "Coordinator", InterruptedAtItsEnd)
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 0.1)
    coordination.coordinate(workspace.settings, until_idle=True)
    assert get_run(workspace, queued[0]).run.state == "finished"
    workspace.catalogue.close()
