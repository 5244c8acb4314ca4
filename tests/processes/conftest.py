"""A workspace of its own for each test of runs, and a coordinator beside the test, ended by its pid."""

import pytest

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.processes.run_processes import wait_for_end
from tests.processes.runs_survive import start_training, weights_of
from tests.worker import start_worker


@pytest.fixture
def workspace(tmp_path):
    found = open_workspace(Settings(home=str(tmp_path)))
    yield found
    found.catalogue.close()


@pytest.fixture
def coordinator(workspace):
    process = start_worker(workspace.settings)
    yield process
    process.terminate()
    process.wait()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    workspace = open_workspace(Settings(home=str(tmp_path_factory.mktemp("undisturbed"))))
    coordinator = start_worker(workspace.settings)
    assert wait_for_end(workspace, start_training(workspace).id).run.attempt == 1
    coordinator.terminate()
    coordinator.wait()
    yield weights_of(workspace)
    workspace.catalogue.close()
