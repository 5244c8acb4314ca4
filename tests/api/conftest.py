"""An app around a folder of its own, a client that holds every answer to the OpenAPI document, and kept versions."""

from pathlib import Path

import pytest

from dashboard import create_app
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.networks import get_network
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.api.api_client import ApiClient
from tests.api.examples import IRIS_NETWORK, make_iris_network, make_kept
from tests.worker import working

APP = Path(__file__).parent.parent.parent / "app.py"


@pytest.fixture
def workspace(tmp_path):
    """An empty workspace; nothing is trained in it, since this process holds the coordinator's lock."""
    places = f"{tmp_path / 'copy'},{tmp_path / 'tables'},mysql://me@127.0.0.1:1/weights"
    opened = open_workspace(Settings(home=str(tmp_path / "home"), max_upload_mb=1, copy_to=places))
    with coordinator_lock(opened.settings.home_folder):
        yield opened
    opened.catalogue.close()


@pytest.fixture
def app(app_of, workspace):
    return app_of(workspace)


@pytest.fixture
def client(app):
    return ApiClient(app)


@pytest.fixture
def iris_network(filled, workspace):
    filled(workspace, make_iris_network)
    return get_network(workspace, "iris-net")


@pytest.fixture
def kept(filled, workspace):
    filled(workspace, make_kept)
    return workspace


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory):
    """A workspace with a real coordinator process beside it; ended by its id."""
    home = tmp_path_factory.mktemp("trained")
    settings = Settings(home=str(home))
    opened = open_workspace(settings)
    with working(settings):
        yield opened
    opened.catalogue.close()


@pytest.fixture(scope="session")
def trained(trained_home):
    """A client of an app whose network iris-net has been trained for three epochs through the API."""
    client = ApiClient(create_app(workspace=trained_home))
    client.post("/api/v1/datasets", json={"bundled": "iris"}, status=201)
    client.post("/api/v1/networks", json=IRIS_NETWORK, status=201)
    run = client.post("/api/v1/networks/iris-net/runs", status=202)
    assert client.wait_for_run(run["id"])["state"] == "finished"
    return client
