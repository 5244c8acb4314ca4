"""Apps around folders of their own: an empty one, and one in which the demo network was trained by a real process."""

from dataclasses import replace
from pathlib import Path

import pytest

from dashboard import create_app
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.once import demo_home
from tests.web.page_check import Browser

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
def browser(app_of, workspace):
    return Browser(app_of(workspace).test_client())


@pytest.fixture
def cautious(app_of):
    """Return a function that gives a browser of a workspace in which tensors of more cells are drawn only on demand."""

    def browser(workspace, cells):
        settings = replace(workspace.settings, draw_cells=cells)
        return Browser(app_of(replace(workspace, settings=settings)).test_client())

    return browser


@pytest.fixture(scope="session")
def trained_workspace(tmp_path_factory):
    """A workspace with the six versions of the demo; tests only read it."""
    opened = open_workspace(Settings(home=str(demo_home(tmp_path_factory))))
    yield opened
    opened.catalogue.close()


@pytest.fixture(scope="session")
def demo_app(trained_workspace):
    return create_app(workspace=trained_workspace)


@pytest.fixture
def demo(demo_app):
    return Browser(demo_app.test_client())
