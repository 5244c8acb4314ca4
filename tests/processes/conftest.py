"""A workspace of its own for each test of runs, and a coordinator beside the test, ended by its pid."""

import pytest

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.processes.run_processes import start_coordinator


@pytest.fixture
def workspace(tmp_path):
    found = open_workspace(Settings(home=str(tmp_path)))
    yield found
    found.catalogue.close()


@pytest.fixture
def coordinator(workspace):
    process = start_coordinator(workspace.settings)
    yield process
    process.terminate()
    process.wait()
