"""No outage of store or catalogue ends a run: it waits, says so, and ends with the very weights of one left alone."""

import resource
import signal

import pytest

from dashboard.errors import Outage
from dashboard.services.runs.queue import waiting_runs
from dashboard.services.runs.runs import cancel_run, get_run, list_runs, start_run
from dashboard.services.store.actions import start_once
from dashboard.services.versions.reading import list_versions
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.processes.outages import cut_connections, killed, sqlite_locked, wait_until_waiting
from tests.processes.run_processes import descendants, signal_to, training_pids, wait_for_end
from tests.processes.runs_survive import EPOCHS, ends_undisturbed, start_training
from tests.processes.test_runs import ENDLESS, define, wait_for_epochs
from tests.server import Server, run_sql
from tests.worker import wait_until, working

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("outages"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def on_server(server, tmp_path):
    url = f"{server.url}outage_{tmp_path.name}"
    run_sql(server.url, f"DROP DATABASE IF EXISTS outage_{tmp_path.name}")
    found = open_workspace(Settings(home=str(tmp_path), store=url, checkpoint_seconds=0))
    yield found
    found.catalogue.close()


@pytest.fixture
def in_files(tmp_path):
    found = open_workspace(Settings(home=str(tmp_path), checkpoint_seconds=0))
    yield found
    found.catalogue.close()


@pytest.mark.server
def test_a_run_waits_for_a_server_that_is_killed_and_its_numbers_have_no_gap(server, on_server, undisturbed):
    with working(on_server.settings):
        run = start_training(on_server)
        wait_for_epochs(on_server, run.id, 3)
        with killed(server):
            wait_until_waiting(on_server, run.id)
        assert ends_undisturbed(on_server, run.id, undisturbed).attempt == 1
    assert [version.number for version in list_versions(on_server, "net").items] == [2, 1]
    assert waiting_runs(on_server) == {}


@pytest.mark.server
@pytest.mark.soak
def test_a_run_whose_connections_are_cut_again_and_again_ends_as_if_they_were_not(server, on_server, undisturbed):
    with working(on_server.settings):
        run = start_training(on_server)
        for epoch in range(2, EPOCHS, 2):
            wait_for_epochs(on_server, run.id, epoch)
            cut_connections(server.url)
        assert ends_undisturbed(on_server, run.id, undisturbed).attempt == 1


@pytest.mark.server
@pytest.mark.soak
def test_a_verification_waits_for_a_server_that_is_killed(server, on_server):
    with working(on_server.settings) as worker:
        define(on_server, epochs=10)
        wait_for_end(on_server, start_run(on_server, "net", {}).id)
        action = start_once(on_server, "verify")
        wait_until(lambda: training_pids(worker), "the verification to begin")
        verifying = training_pids(worker)
        signal_to(verifying, signal.SIGSTOP)
        with killed(server):
            signal_to(verifying, signal.SIGCONT)
            wait_until_waiting(on_server, action.id)
        ended = wait_for_end(on_server, action.id).run
    assert (ended.state, ended.error, ended.result["proven"]) == ("finished", None, 10)


def test_a_run_waits_for_a_catalogue_that_another_program_has_locked(in_files, undisturbed):
    with working(in_files.settings):
        run = start_training(in_files)
        wait_for_epochs(in_files, run.id, 3)
        with sqlite_locked(in_files.settings.home_folder / "catalogue.sqlite"):
            assert "Another program holds a lock" in wait_until_waiting(in_files, run.id)
            assert [one.shown_state for one in list_runs(in_files)[0].items] == ["waiting"]
        assert ends_undisturbed(in_files, run.id, undisturbed).attempt == 1
    assert waiting_runs(in_files) == {}


@pytest.mark.soak
def test_a_run_waits_while_nothing_can_be_written(in_files, undisturbed, tmp_path):
    with working(in_files.settings) as worker:
        run = start_training(in_files)
        wait_for_epochs(in_files, run.id, 3)
        _, hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (70_000, hard))  # what says that it waits still fits
        wait_until_waiting(in_files, run.id)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert ends_undisturbed(in_files, run.id, undisturbed).attempt == 1


@pytest.mark.soak
def test_a_run_that_waits_is_cancelled_at_once(in_files):
    define(in_files, **ENDLESS)
    with working(in_files.settings) as worker:
        run = start_run(in_files, "net", {})
        wait_for_epochs(in_files, run.id, 3)
        with sqlite_locked(in_files.settings.home_folder / "catalogue.sqlite"):
            wait_until_waiting(in_files, run.id)
            assert training_pids(worker)
            with pytest.raises(Outage, match="is being stopped"):
                cancel_run(in_files, run.id)
            wait_until(lambda: not training_pids(worker), "the training to end, though nothing can be written down")
            assert get_run(in_files, run.id).run.state == "running"
        ended = wait_for_end(in_files, run.id).run
    assert ended.state == "cancelled"
    assert "cancelled while it waited" in ended.error
    assert not list((in_files.settings.home_folder / "stop").iterdir())


def test_a_fork_server_that_dies_while_a_run_starts_costs_an_attempt_and_no_run(in_files):
    define(in_files, epochs=2)
    with working(in_files.settings) as worker:
        wait_for_end(in_files, start_run(in_files, "net", {}).id)
        for _ in range(2):
            forks = descendants(worker.pid, b"forkserver")
            signal_to(forks, signal.SIGSTOP)
            run = start_run(in_files, "net", {})
            wait_until(lambda: get_run(in_files, run.id).run.state == "running", "the run to begin")  # noqa: B023
            signal_to(forks, signal.SIGKILL)
            ended = wait_for_end(in_files, run.id).run
            assert (ended.state, ended.error) == ("finished", None)
