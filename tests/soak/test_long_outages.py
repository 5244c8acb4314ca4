"""Outages that last: a run and a search wait for their end, and come to the very results of ones left alone."""

import time

import pytest

from dashboard.services.runs.queue import waiting_runs
from dashboard.services.runs.runs import get_run, list_runs
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.processes.outages import (
    cut_connections,
    disk_filled,
    killed,
    row_locked,
    sqlite_locked,
    stopped,
    wait_until_waiting,
)
from tests.processes.runs_survive import EPOCHS, ends_undisturbed, start_training
from tests.processes.test_runs import wait_for_epochs
from tests.processes.test_searches import define, wait_for_trials, wait_until_idle
from tests.worker import wait_until, working

pytestmark = [pytest.mark.processes, pytest.mark.server]

LOCK_SECONDS = 45
STOP_SECONDS = 60
TRIALS = 6


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """What a search that nothing disturbs finds, by the number of its trials."""
    workspace = open_workspace(Settings(home=str(tmp_path_factory.mktemp("search"))))
    with working(workspace.settings):
        found = results(workspace, search(workspace).id)
    workspace.catalogue.close()
    return found


def search(workspace):
    return define(workspace, trials=TRIALS, epochs=3, sampler="random")


def results(workspace, search_id):
    """Wait for a search's end; return of each trial its parameters, its score, and what its run has stored."""
    now = wait_until_idle(workspace, search_id)
    assert now.search.state == "finished"
    runs = {trial.number: get_run(workspace, trial.run_id).run for trial in now.candidates}
    assert {run.state for run in runs.values()} == {"finished"}
    return {trial.number: (trial.params, trial.score, runs[trial.number].result) for trial in now.candidates}


def test_a_server_that_is_stopped_for_a_minute(server, workspace_of, undisturbed):
    workspace = workspace_of(server)
    with working(workspace.settings):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 3)
        with stopped(server):
            time.sleep(STOP_SECONDS)
        assert ends_undisturbed(workspace, run.id, undisturbed).attempt == 1


def test_a_row_that_is_locked_for_long(server, workspace_of, undisturbed):
    workspace = workspace_of(server)
    with working(workspace.settings):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 3)
        with row_locked(workspace.settings.store, run.id):
            assert "Lock wait timeout" in wait_until_waiting(workspace, run.id)
            waiting = get_run(workspace, run.id).run  # a lock keeps nobody from reading
            assert (waiting.state, waiting.shown_state) == ("running", "waiting")
            time.sleep(LOCK_SECONDS)
        assert ends_undisturbed(workspace, run.id, undisturbed).attempt == 1


def test_a_catalogue_in_a_file_that_is_locked_for_long(workspace_of, undisturbed):
    workspace = workspace_of()
    with working(workspace.settings):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 3)
        with sqlite_locked(workspace.settings.home_folder / "catalogue.sqlite"):
            wait_until_waiting(workspace, run.id)
            time.sleep(LOCK_SECONDS)
        assert ends_undisturbed(workspace, run.id, undisturbed).attempt == 1


def test_a_disk_that_is_full_and_emptied(workspace_of, small_disk, undisturbed):
    workspace = workspace_of(home=small_disk)
    with working(workspace.settings):
        run = start_training(workspace)
        for epochs in (3, 6):
            wait_for_epochs(workspace, run.id, epochs)
            with disk_filled(small_disk):
                wait_until_waiting(workspace, run.id)
                assert [one.shown_state for one in list_runs(workspace)[0].items] == ["waiting"]
        assert ends_undisturbed(workspace, run.id, undisturbed).attempt == 1
    assert waiting_runs(workspace) == {}


def test_a_server_whose_disk_is_full_and_emptied(workspace_of, server_on_small_disk, undisturbed):
    workspace = workspace_of(server_on_small_disk)
    with working(workspace.settings):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 3)
        with disk_filled(server_on_small_disk.folder):
            time.sleep(STOP_SECONDS / 4)  # the server may wait for space by itself, and say nothing
        if server_on_small_disk.process.poll() is not None:  # or end, and the system starts it again
            server_on_small_disk.start()
        assert ends_undisturbed(workspace, run.id, undisturbed).attempt == 1


def test_a_home_whose_disk_is_full_while_the_weights_are_on_a_server(workspace_of, server, small_disk, undisturbed):
    workspace = workspace_of(server, small_disk)
    with working(workspace.settings):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 3)
        with disk_filled(small_disk):
            wait_for_epochs(workspace, run.id, EPOCHS - 1)  # it goes on: its checkpoints are left out
        assert ends_undisturbed(workspace, run.id, undisturbed).attempt == 1


def test_a_search_whose_server_is_killed_twice(server, workspace_of, trials):
    workspace = workspace_of(server)
    with working(workspace.settings):
        wanted = search(workspace)
        for count in (1, 3):
            wait_for_trials(workspace, wanted.id, count)
            with killed(server):
                wait_until(lambda: waiting_runs(workspace), "the search to wait")
        assert results(workspace, wanted.id) == trials


def test_a_search_whose_connections_are_cut(server, workspace_of, trials):
    workspace = workspace_of(server)
    with working(workspace.settings):
        wanted = search(workspace)
        for count in range(1, TRIALS):
            wait_for_trials(workspace, wanted.id, count)
            cut_connections(server.url)
        assert results(workspace, wanted.id) == trials


def test_a_search_whose_catalogue_is_locked(workspace_of, trials):
    workspace = workspace_of()
    with working(workspace.settings):
        wanted = search(workspace)
        wait_for_trials(workspace, wanted.id, 2)
        with sqlite_locked(workspace.settings.home_folder / "catalogue.sqlite"):
            wait_until(lambda: waiting_runs(workspace), "the search to wait")
            time.sleep(LOCK_SECONDS)
        assert results(workspace, wanted.id) == trials


def test_a_search_whose_disk_is_full_and_emptied(workspace_of, small_disk, trials):
    workspace = workspace_of(home=small_disk)
    with working(workspace.settings):
        wanted = search(workspace)
        wait_for_trials(workspace, wanted.id, 2)
        with disk_filled(small_disk):
            wait_until(lambda: waiting_runs(workspace), "the search to wait")
        assert results(workspace, wanted.id) == trials
