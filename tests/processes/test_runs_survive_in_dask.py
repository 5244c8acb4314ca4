"""A Dask cluster of separate processes over TLS keeps the contract of runs that nothing can lose, too.

The store is CSV, on the web's side only: the workers know no home and no database.
"""

import pytest
from distributed import Client

from dashboard.jobs.coordinator import coordinator_lock
from dashboard.jobs.dask_cluster import DaskCluster
from dashboard.jobs.place import Gone
from dashboard.records.run_kinds import TRAININGS
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import get_run
from dashboard.settings import Settings
from tests.processes.dask_processes import Cluster
from tests.processes.runs_survive import RunsSurvive, start_training
from tests.processes.test_runs import wait_for_epochs
from tests.processes.test_searches import define as define_search
from tests.processes.test_searches import wait_until_idle
from tests.worker import wait_until

pytestmark = pytest.mark.processes


class InDask:
    """The cluster; the weights of undisturbed runs are those of this machine's processes, by numpy."""

    def __init__(self, cluster, undisturbed):
        self.cluster, self.undisturbed = cluster, undisturbed

    def settings(self, home):
        keys = {"dask_ca": self.cluster.ca, "dask_cert": self.cluster.cert}
        return Settings(home=home, checkpoint_seconds=0, dask=self.cluster.address, **keys)

    def pids(self, _coordinator):
        return self.cluster.busy_pids()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    found = Cluster(tmp_path_factory.mktemp("dask"))
    found.start()
    yield found
    found.stop()


class TestRunsSurviveInDask(RunsSurvive):
    """A task for each stretch of a run."""

    @pytest.fixture
    def place(self, cluster, undisturbed_by_numpy):
        return InDask(cluster, undisturbed_by_numpy)

    @pytest.mark.soak
    def test_an_attempt_that_was_only_paused_writes_nothing_once_another_runs(self, place, workspace, coordinator):
        super().test_an_attempt_that_was_only_paused_writes_nothing_once_another_runs(place, workspace, coordinator)

    @pytest.mark.soak
    def test_a_scheduler_that_dies_and_comes_back_costs_no_epoch(self, place, workspace, coordinator):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 2)
        for process in (place.cluster.scheduler, place.cluster.workers):
            process.kill()
            process.wait()
        wait_until(lambda: get_run(workspace, run.id).run.state == "queued", "the run to wait for the cluster")
        place.cluster.start()
        self.ends_undisturbed(place, workspace, run.id)

    def test_an_attempt_whose_connection_is_closed_meanwhile_is_gone_and_can_still_be_ended(self, place, workspace):
        with coordinator_lock(workspace.settings.home_folder):  # it is us who claim the run
            start_training(workspace)
        dask = DaskCluster(place.cluster.address, place.cluster.security)
        wait_until(lambda: dask.slots, "the cluster to be there")
        attempt = dask.start(CatalogueJournal(workspace).claim([TRAININGS]))
        dask.client.close()
        with pytest.raises(Gone, match=r"connection|lost"):
            while True:
                attempt.receive(0.1)
        attempt.kill()
        attempt.close()
        dask.close()

    def test_the_trials_of_a_search_go_to_the_cluster(self, place, workspace, coordinator):
        def executed(client):
            return client.run(lambda dask_worker: dask_worker.state.executed_count)

        def tasks():
            counts = {}
            wait_until(lambda: counts.update(place.cluster.ask(executed)) or counts, "the workers to answer")
            return sum(counts.values())

        before = tasks()
        now = wait_until_idle(workspace, define_search(workspace, trials=3, epochs=3).id)
        assert (now.search.state, len(now.candidates)) == ("finished", 3)
        assert len(now.search.result["scores"]) == 3
        assert tasks() - before >= len(now.trials) >= 6

    @pytest.mark.soak
    def test_without_workers_a_run_waits_and_it_is_said_why(self, place, workspace, coordinator):
        place.cluster.workers.terminate()
        place.cluster.workers.wait()
        note = workspace.settings.home_folder / "coordinator.json"
        wait_until(lambda: note.exists() and "has no workers" in note.read_text(), "the page to be told")
        run = start_training(workspace)
        place.cluster.start_workers()
        assert self.ends_undisturbed(place, workspace, run.id).attempt == 1

    def test_a_client_without_certificates_is_refused(self, place):
        plain = place.cluster.address.replace("tls://", "tcp://")
        with pytest.raises(OSError, match=r"Timed out|handshake|closed"):
            Client(plain, timeout=2, set_as_default=False)
        with pytest.raises((TypeError, OSError)):
            Client(place.cluster.address, timeout=2, set_as_default=False)
