"""A run that is queued at the very moment at which a coordinator ends is not left waiting."""

import queue
import signal
import threading

import pytest

from dashboard.jobs import coordinator as jobs
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network
from dashboard.services.runs import coordinator as coordination
from dashboard.services.runs.runs import get_run, start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.worker import wait_until


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

        idle_seconds = 0.1

        def run(self):
            super().run()
            if not queued:
                queued.append(start_run(workspace, "late", {}).id)

    monkeypatch.setattr(coordination, "Coordinator", InterruptedAtItsEnd)
    coordination.coordinate(workspace.settings, until_idle=True)
    assert get_run(workspace, queued[0]).run.state == "finished"
    workspace.catalogue.close()


@pytest.mark.processes
@pytest.mark.usefixtures("signals")
def test_a_coordinator_that_rests_is_woken_by_a_run_that_is_queued(tmp_path, monkeypatch):
    workspace = open_workspace(Settings(home=str(tmp_path)))
    add_bundled(workspace, "iris")
    create_network(workspace, {"name": "net", "dataset": "iris", "training": {"epochs": 1}})
    resting = queue.SimpleQueue()

    class Observed(jobs.Coordinator):
        """The real coordinator, which says when it rests."""

        def _rest(self, seen):
            resting.put(self)
            super()._rest(seen)

    def queue_one():
        coordinator = resting.get()
        run = start_run(workspace, "net", {})
        wait_until(lambda: get_run(workspace, run.id).run.has_ended, "the run to end")
        coordinator.end()

    monkeypatch.setattr(coordination, "Coordinator", Observed)
    monkeypatch.setattr(jobs, "REST_SECONDS", 3600.0)
    person = threading.Thread(target=queue_one)
    person.start()
    coordination.coordinate(workspace.settings)
    person.join()
    assert get_run(workspace, 1).run.state == "finished"
    workspace.catalogue.close()
