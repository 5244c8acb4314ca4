"""Small disks that fill, and servers of the tests' own: what `make soak` needs as root."""

import subprocess
from contextlib import contextmanager

import pytest

from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.processes.conftest import undisturbed
from tests.server import Server, run_sql

__all__ = ["undisturbed"]


@contextmanager
def mounted(folder, megabytes):
    """A disk of so many megabytes, in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path):
    with mounted(tmp_path / "disk", 24) as folder:
        yield folder


@pytest.fixture
def server(tmp_path):
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def server_on_small_disk(tmp_path):
    with mounted(tmp_path / "server", 320) as folder:
        server = Server(folder)
        server.start()
        yield server
        server.kill()


@pytest.fixture
def workspace_of(tmp_path):
    """Return a function that opens a workspace, in a home of its own or a given one, on a server or in files."""
    opened = []

    def workspace_of(server=None, home=None):
        store = f"{server.url}outages" if server is not None else Settings.store
        if server is not None:
            run_sql(server.url, "CREATE DATABASE IF NOT EXISTS outages")
        settings = Settings(home=str(home or tmp_path / "home"), store=store, checkpoint_seconds=0)
        opened.append(open_workspace(settings))
        return opened[-1]

    yield workspace_of
    for workspace in opened:
        workspace.catalogue.close()
