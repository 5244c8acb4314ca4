"""A workspace of its own for each test of runs, and a coordinator beside the test, ended by its pid."""

from contextlib import closing
from functools import partial

import pytest

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.once import made_once
from tests.processes.run_processes import wait_for_end
from tests.processes.runs_survive import start_training, weights_of
from tests.worker import start_worker, working


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


def train_undisturbed(home, compiled=1):
    workspace = open_workspace(Settings(home=str(home), compiled=compiled))
    with closing(workspace.catalogue), working(workspace.settings):
        assert wait_for_end(workspace, start_training(workspace).id).run.attempt == 1


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The weights of a run that nobody touched: epoch -> tensors."""
    workspace = open_workspace(Settings(home=str(made_once(tmp_path_factory, "undisturbed", train_undisturbed))))
    with closing(workspace.catalogue):
        return weights_of(workspace)


@pytest.fixture(scope="session")
def undisturbed_by_numpy(tmp_path_factory):
    """The same, computed by numpy, as on a cluster."""
    home = made_once(tmp_path_factory, "undisturbed-by-numpy", partial(train_undisturbed, compiled=0))
    workspace = open_workspace(Settings(home=str(home)))
    with closing(workspace.catalogue):
        return weights_of(workspace)
