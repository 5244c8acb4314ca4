"""On a disk on which not one block is free, things are deleted, the trash is emptied, and the program starts."""

import pytest

from dashboard.errors import Outage
from dashboard.files import RESERVE, RESERVE_BYTES
from dashboard.services.runs.runs import start_run
from dashboard.services.store.actions import start_empty
from dashboard.services.store.trash import delete_permanently, list_trash
from dashboard.services.versions.reading import delete_version, list_versions
from dashboard.services.workspace import open_workspace
from tests.processes.outages import disk_filled
from tests.processes.run_processes import wait_for_end
from tests.processes.test_runs import define
from tests.worker import working

pytestmark = pytest.mark.processes


@pytest.fixture
def full(workspace_of, small_disk):
    workspace = workspace_of(home=small_disk)
    define(workspace, layers=((200, "tanh"),), epochs=6)
    with working(workspace.settings):
        wait_for_end(workspace, start_run(workspace, "net", {}).id)
    return workspace


def test_a_version_is_deleted_and_its_space_is_free_afterwards(full, small_disk):
    with disk_filled(small_disk):
        delete_version(full, "net", 2)
        for item in list_trash(full):
            delete_permanently(full, item.key)
    assert sorted(version.number for version in list_versions(full, "net").items) == [1, 3, 4, 5, 6]
    assert list_trash(full) == []


def test_the_trash_is_emptied_by_a_run(full, small_disk):
    for number in (1, 2, 3):
        delete_version(full, "net", number)
    with working(full.settings), disk_filled(small_disk):
        assert wait_for_end(full, start_empty(full).id).run.state == "finished"
    assert list_trash(full) == []


def test_it_starts_and_keeps_a_reserve_again_once_there_is_space(full, small_disk):
    full.catalogue.close()
    with disk_filled(small_disk):
        started = open_workspace(full.settings)
        assert [version.number for version in list_versions(started, "net").items] == [6, 5, 4, 3, 2, 1]
        started.catalogue.close()
        assert not (small_disk / RESERVE).exists()
    open_workspace(full.settings).catalogue.close()
    assert (small_disk / RESERVE).stat().st_size == RESERVE_BYTES


def test_a_ping_of_a_full_disk_leaves_no_file(full, small_disk):
    full.catalogue.close()
    before = sorted(path.name for path in small_disk.rglob("tmp-*"))
    with disk_filled(small_disk):
        for _ in range(3):
            with pytest.raises(Outage, match="disk is full"):
                full.store.ping()
    assert sorted(path.name for path in small_disk.rglob("tmp-*")) == before == []
