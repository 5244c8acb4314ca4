"""What is deleted is hidden and whole; it comes back as it was, or goes for good with exactly what only it used."""

import pytest

from dashboard.catalogue import trash as trash_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict, NotFound
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.datasets import delete_dataset
from dashboard.services.networks import count_networks, delete_network, get_network, list_networks
from dashboard.services.runs.runs import list_runs, start_run
from dashboard.services.store import trash
from dashboard.services.store.actions import start_empty
from dashboard.services.store.reindexing import reindex_store
from dashboard.services.versions import reading
from dashboard.services.versions.reading import delete_version, get_version, list_versions
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace, sweep
from dashboard.settings import Settings
from tests.representatives import STORES, on_both_stores
from tests.unit.services.store_examples import add_run, contents, define, save

pytestmark = pytest.mark.slow


@pytest.fixture(params=STORES)
def workspace(tmp_path, request):
    """Flowers 1 to 3, which share their second layer; this process holds the coordinator's lock."""
    store = "csv:" if request.param == "csv" else request.getfixturevalue("mysql_url")
    found = open_workspace(Settings(home=str(tmp_path / "home"), store=store))
    define(found)
    run_id = add_run(found)
    for seed in (1, 2, 3):
        save(found, seed=seed, run_id=run_id)
    with coordinator_lock(found.settings.home_folder):
        yield found
    found.catalogue.close()
    found.store.close()


def only_item(workspace):
    (item,) = trash.list_trash(workspace)
    return item


def stored(workspace):
    return {version for table in workspace.store.tables() for version in table.versions}


def numbers(workspace):
    return [version.number for version in list_versions(workspace, "flowers").items][::-1]


def test_a_deleted_version_is_seen_nowhere_but_in_the_trash(workspace):
    delete_version(workspace, "flowers", 2)
    with pytest.raises(NotFound):
        get_version(workspace, "flowers", 2)
    assert numbers(workspace) == [1, 3]
    assert reading.count_versions(workspace) == 2
    assert list(reading.metric_history(workspace, get_network(workspace, "flowers"))) == [1, 3]
    assert reading.references(workspace) == ["flowers:1", "flowers:3"]
    assert reading.versions_of_runs(workspace, [1]) == {1: [1, 3]}
    assert [proof.version.number for proof in verify_all(workspace)] == [1, 3]
    assert (only_item(workspace).name, only_item(workspace).versions) == ("flowers:2", 1)


def test_its_tables_stay_and_so_does_its_number(workspace):
    delete_version(workspace, "flowers", 3)
    assert ("flowers", 3) in stored(workspace)
    assert save(workspace, seed=9) == 4


def test_neither_a_start_nor_a_reindex_brings_it_back_or_removes_it(workspace):
    delete_version(workspace, "flowers", 2)
    assert sweep(workspace) == []
    assert reindex_store(workspace).added == []
    assert ("flowers", 2) in stored(workspace)


@on_both_stores("workspace")
def test_a_restored_version_is_as_it_was(workspace):
    before = contents(workspace)
    delete_version(workspace, "flowers", 2)
    trash.restore(workspace, only_item(workspace).key)
    assert contents(workspace) == before
    assert trash.list_trash(workspace) == []


@on_both_stores("workspace")
def test_a_version_that_is_deleted_for_good_takes_only_its_own_tables(workspace):
    delete_version(workspace, "flowers", 2)
    key = only_item(workspace).key
    assert trash.delete_permanently(workspace, key).name == "flowers:2"
    assert numbers(workspace) == [1, 3]
    assert all(proof.identical for proof in verify_all(workspace))
    assert stored(workspace) == {("flowers", 1), ("flowers", 3)}
    for action in (trash.restore, trash.delete_permanently, trash.get_item):
        with pytest.raises(NotFound, match="not in the trash any more"):
            action(workspace, key)
    assert save(workspace, seed=9) == 4


def test_what_a_deletion_frees_is_what_nothing_else_uses(workspace):
    freed = trash.freed_by_version(workspace, "flowers", 2)
    assert (freed.tables, freed.bytes) == (2, 4 * (4 * 3 + 3))  # layer_01.weight (4, 3) and layer_01.bias (3,)
    assert (freed.shared, freed.shared_with) == (2, ("flowers:1", "flowers:3"))
    tables = {table.name for table in workspace.store.tables()}
    delete_version(workspace, "flowers", 2)
    assert trash.freed_by_item(workspace, only_item(workspace)) == freed
    assert trash.freed_by_trash(workspace) == freed
    trash.delete_permanently(workspace, only_item(workspace).key)
    assert len(tables - {table.name for table in workspace.store.tables()}) == freed.tables


def test_tables_that_only_the_trash_shares_are_freed_by_emptying_it(workspace):
    for number in (1, 2, 3):
        delete_version(workspace, "flowers", number)
    assert trash.freed_by_trash(workspace).tables == 3 * 2 + 2
    assert trash.freed_by_trash(workspace).shared == 0
    assert trash.freed_by_item(workspace, trash.list_trash(workspace)[0]).shared == 2


def test_a_deleted_network_goes_with_its_versions_and_runs_as_one_and_comes_back_so(workspace):
    delete_version(workspace, "flowers", 1)
    before = contents(workspace)
    delete_network(workspace, "flowers")
    assert (count_networks(workspace), list_networks(workspace).items) == ({}, [])
    assert (list_runs(workspace)[0].items, reading.count_versions(workspace)) == ([], 0)
    item = only_item(workspace)
    assert (item.kind, item.name, item.versions) == ("network", "flowers", 3)
    trash.restore(workspace, item.key)
    assert contents(workspace) == before
    assert only_item(workspace).name == "flowers:1"  # which was deleted by itself before


def test_the_name_of_a_deleted_network_is_free_and_taking_it_is_told_on_restoring(workspace):
    delete_network(workspace, "flowers")
    define(workspace)
    save(workspace, seed=5)
    item = only_item(workspace)
    with pytest.raises(Conflict, match=r"Another network has the name 'flowers' now\. Delete that one first"):
        trash.restore(workspace, item.key)
    delete_network(workspace, "flowers")
    trash.restore(workspace, item.key)
    assert numbers(workspace) == [1, 2, 3]
    assert all(proof.identical for proof in verify_all(workspace))


@on_both_stores("workspace")
def test_a_network_that_is_deleted_for_good_leaves_nothing(workspace):
    delete_version(workspace, "flowers", 1)
    delete_network(workspace, "flowers")
    trash.delete_permanently(workspace, only_item(workspace).key)
    assert (trash.list_trash(workspace), workspace.store.tables()) == ([], [])
    delete_dataset(workspace, "iris")


def test_a_dataset_is_kept_while_a_network_in_the_trash_needs_it(workspace):
    delete_network(workspace, "flowers")
    with pytest.raises(Conflict, match="Networks in the trash use this dataset: flowers"):
        delete_dataset(workspace, "iris")


def test_what_is_being_trained_or_trained_on_is_not_deleted(workspace):
    start_run(workspace, "flowers", {"parent": 2})
    with pytest.raises(Conflict, match="A run trains on from flowers:2"):
        delete_version(workspace, "flowers", 2)
    with pytest.raises(Conflict, match="is being trained: cancel its runs first"):
        delete_network(workspace, "flowers")
    assert trash.list_trash(workspace) == []


def test_emptying_gives_all_up_at_once_and_any_sweep_finishes_it(workspace):
    define(workspace, "other")
    save(workspace, "other", seed=4)
    delete_version(workspace, "flowers", 2)
    delete_network(workspace, "other")
    run = start_empty(workspace)
    assert (run.kind, run.state, run.total) == ("empty", "queued", 2)
    assert trash.list_trash(workspace) == []
    assert sorted(sweep(workspace)) == ["flowers:2", "other", "other:1"]
    assert stored(workspace) == {("flowers", 1), ("flowers", 3)}
    with pytest.raises(Conflict, match="empty already"):
        start_empty(workspace)


@on_both_stores("workspace")
def test_a_deletion_that_was_interrupted_is_finished_by_the_next_start(workspace):
    delete_network(workspace, "flowers")
    with workspace.catalogue.writing() as connection:
        trash_rows.start_deleting_network(connection, only_item(workspace).id)
    workspace.store.delete(("flowers", 2))  # so far it came
    again = open_workspace(workspace.settings)
    assert (again.store.tables(), trash.list_trash(again)) == ([], [])
    with again.catalogue.reading() as connection:
        assert not trash_rows.any_deleted_network(connection)
    again.catalogue.close()
    again.store.close()


def test_a_save_that_has_just_begun_is_no_business_of_a_deletion(workspace):
    network = get_network(workspace, "flowers")
    values = {name: {} for name in ("spec", "preprocessing", "metrics", "evaluation")}
    with workspace.catalogue.writing() as connection:
        row = values | {"epoch": 1, "dataset_id": 1, "sha256": "", "bytes": 0}
        begun = version_rows.begin_version(connection, network.id, row)
    delete_version(workspace, "flowers", 2)
    trash.delete_permanently(workspace, only_item(workspace).key)
    with workspace.catalogue.reading() as connection:
        assert version_rows.unfinished_versions(connection) == [(begun[0], "flowers", begun[1])]


@on_both_stores("workspace")
def test_a_version_that_is_saved_while_its_network_is_given_up_goes_with_it(workspace):
    network = get_network(workspace, "flowers")
    delete_network(workspace, "flowers")
    key = only_item(workspace).key
    with workspace.store.saving(("flowers", 4)):
        with workspace.catalogue.writing() as connection:
            row = {name: {} for name in ("spec", "preprocessing", "metrics", "evaluation")}
            about = row | {"epoch": 1, "dataset_id": 1, "sha256": "", "bytes": 0}
            version_id, _ = version_rows.begin_version(connection, network.id, about)
        trash.delete_permanently(workspace, key)
        with workspace.catalogue.writing() as connection:
            version_rows.finish_version(connection, version_id, [])
    sweep(workspace)
    sweep(workspace)
    with workspace.catalogue.reading() as connection:
        assert not trash_rows.any_deleted_network(connection)
    assert stored(workspace) == set()


def test_of_two_who_decide_at_once_about_one_thing_only_one_does(workspace):
    delete_version(workspace, "flowers", 2)
    item = only_item(workspace)
    with workspace.catalogue.writing() as connection:
        trash_rows.restore_version(connection, item.id)
    with pytest.raises(NotFound), workspace.catalogue.writing() as connection:
        trash_rows.start_deleting_version(connection, item.id)
    assert get_version(workspace, "flowers", 2).number == 2


def test_a_key_that_names_nothing_is_not_found(workspace):
    delete_version(workspace, "flowers", 1)
    for key in ("", "version-", "version-x", "version-99", "network-1", "table-1", "version-" + "9" * 30):
        with pytest.raises(NotFound):
            trash.restore(workspace, key)
