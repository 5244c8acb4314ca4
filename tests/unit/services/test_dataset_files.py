"""What is acknowledged of an upload or a dataset is on the disk: each file, and the folder that names it."""

import io
import os

import pytest

from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

CSV = b"a,b,kind\n" + b"".join(b"%d,%d,%s\n" % (n, n * n, b"xy"[n % 2 : n % 2 + 1]) for n in range(20))


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    yield opened
    opened.catalogue.close()


@pytest.fixture
def synced(monkeypatch):
    """The inodes of what was synced; it is synced all the same."""
    found, fsync = set(), os.fsync

    def noting(descriptor):
        found.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    return found


def test_an_upload_and_a_dataset_are_synced_before_they_are_acknowledged(workspace, synced):
    upload = receive_upload(workspace, io.BytesIO(CSV), "numbers.csv")
    waiting = [upload.path, upload.path.with_suffix(".json"), workspace.uploads_folder]
    assert {path.stat().st_ino for path in waiting} <= synced
    dataset = create_dataset(workspace, upload, {"name": "numbers", "target": "kind"})
    folder = workspace.datasets_folder / dataset.folder
    assert len(list(folder.iterdir())) >= 4
    assert {path.stat().st_ino for path in (*folder.iterdir(), folder, workspace.datasets_folder)} <= synced
