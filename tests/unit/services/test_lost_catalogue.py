"""A catalogue that is lost is made again from the store and the home: networks, versions, runs, lineage, datasets."""

import itertools
import json
import logging
from dataclasses import replace

import pytest

from dashboard import create_app
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.dataset_records import part_records
from dashboard.services.datasets import add_bundled, delete_dataset, list_datasets
from dashboard.services.networks import create_network, delete_network, get_network, list_networks
from dashboard.services.runs.runs import get_run
from dashboard.services.store import dataset_notes
from dashboard.services.store.reindexing import UNKNOWN_END, reindex_store
from dashboard.services.store.trash import delete_permanently, list_trash, restore
from dashboard.services.versions.reading import delete_version, get_version, list_versions
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.web.runs.words import RESULTS
from tests.unit.services.carry_out import carry_out, train

pytestmark = pytest.mark.slow

SETTINGS = {"epochs": 6, "save": "2", "batch_size": 32, "optimizer": "adam"}


@pytest.fixture
def workspace(tmp_path):
    """Three networks, one of which was trained on from an older version of its own; some of it deleted."""
    workspace = open_workspace(Settings(home=str(tmp_path)))
    with coordinator_lock(tmp_path):
        add_bundled(workspace, "iris")
        add_bundled(workspace, "wine")
        layers = [{"units": 4, "activation": "tanh"}]
        for name in ("the base", "a child", "gone"):
            create_network(workspace, {"name": name, "dataset": "iris", "layers": layers, "training": SETTINGS})
            train(workspace, name, {})
        train(workspace, "the base", {"parent": 2})
        delete_version(workspace, "the base", 1)
        delete_network(workspace, "gone")
        yield workspace
    workspace.catalogue.close()


def lose_catalogue(workspace):
    workspace.catalogue.close()
    for file in workspace.settings.home_folder.glob("catalogue.sqlite*"):
        file.unlink()
    return open_workspace(workspace.settings)


def known(workspace):
    """Return what is known, without ids."""
    networks = [replace(one.network, id=0) for one in list_networks(workspace).items]
    names = [(one.name, version.number) for one in networks for version in list_versions(workspace, one.name).items]
    versions = [get_version(workspace, *name) for name in names]
    details = [get_run(workspace, run_id) for run_id in sorted({version.run_id for version in versions})]
    return {
        "networks": networks,
        "versions": [replace(version, id=0, run_id=0) for version in versions],
        "versions of runs": sorted(detail.versions for detail in details),
        "runs": [replace(detail.run, id=0, ended=None, heartbeat=None) for detail in details],
        "epochs": [detail.epochs for detail in details],
        "datasets": [replace(dataset, id=0) for dataset in list_datasets(workspace)],
        "records": part_records(workspace, "iris", limit=5),
        "trash": [(item.kind, item.name, item.versions, item.trashed) for item in list_trash(workspace)],
    }


def test_all_comes_back_as_it_was_and_what_was_deleted_stays_deleted(workspace, caplog):
    before = known(workspace)
    assert [one.parent for one in before["versions"] if one.network == "the base"] == [*["the base:2"] * 3, None, None]
    assert [len(epochs) for epochs in before["epochs"]] == [6, 6, 6]
    again = lose_catalogue(workspace)
    with caplog.at_level(logging.WARNING):
        create_app(workspace=again)
    assert "12 versions are in the store, but not in the catalogue: reindex to see them." in caplog.text
    client = create_app(workspace=again).test_client()
    queued = client.post("/api/v1/store/reindex", headers={"Host": "127.0.0.1:8000"})
    assert (queued.status_code, queued.json["kind"]) == (202, "reindex")
    run = carry_out(again)
    assert (run.state, run.result) == ("finished", {"added": 12, "skipped": [], "datasets": 2})
    assert RESULTS["reindex"](run) == "12 versions and 2 datasets added to the catalogue."
    after = known(again)
    for name in before:
        assert after[name] == before[name], name
    assert all(proof.identical for proof in verify_all(again))
    restore(again, list_trash(again)[0].key)
    again.catalogue.close()


def test_what_was_deleted_permanently_or_restored_is_not_in_the_trash_afterwards(workspace):
    trashed = {item.name: item.key for item in list_trash(workspace)}
    delete_permanently(workspace, trashed["gone"])
    restore(workspace, trashed["the base:1"])
    again = lose_catalogue(workspace)
    assert len(reindex_store(again).added) == 9
    assert [version.number for version in list_versions(again, "the base").items] == [6, 5, 4, 3, 2, 1]
    assert list_trash(again) == []
    again.catalogue.close()


def test_a_run_that_did_not_reach_its_last_epoch_says_that_its_end_is_not_known(workspace):
    create_network(workspace, {"name": "cut", "dataset": "iris", "layers": [{"units": 2}], "training": SETTINGS})
    train(workspace, "cut", {})
    delete_version(workspace, "cut", 3)
    folder = workspace.settings.home_folder / "weights" / "cut"
    for file in (folder / "v0003").iterdir():
        file.unlink()
    again = lose_catalogue(workspace)
    reindex_store(again)
    [run_id] = {version.run_id for version in list_versions(again, "cut").items}
    detail = get_run(again, run_id)
    assert (detail.run.state, detail.run.error, detail.run.done) == ("interrupted", UNKNOWN_END, 4)
    assert [epoch.epoch for epoch in detail.epochs] == [1, 2, 3, 4]
    again.catalogue.close()


def test_datasets_of_a_home_of_an_earlier_release_are_noted_at_the_next_start(workspace):
    notes = sorted(workspace.datasets_folder.glob(f"*/{dataset_notes.FILE}"))
    texts = [note.read_text() for note in notes]
    for note in notes:
        note.unlink()
    dataset_notes.note_datasets(workspace)
    assert [note.read_text() for note in notes] == texts


def test_a_deleted_dataset_does_not_come_back_and_one_known_from_versions_gets_its_records(workspace):
    delete_dataset(workspace, "wine")
    [note] = workspace.datasets_folder.glob(f"*/{dataset_notes.FILE}")
    text = note.read_text()
    note.unlink()
    again = lose_catalogue(workspace)
    assert reindex_store(again).datasets == []
    assert [dataset.has_records for dataset in list_datasets(again)] == [False]
    note.write_text(text)
    assert reindex_store(again).datasets == ["iris"]
    assert [dataset.has_records for dataset in list_datasets(again)] == [True]
    assert get_network(again, "the base").dataset == "iris"
    again.catalogue.close()


WRONG = (None, [], "x\0", -1, True, {"a": []})


NOTED = ("name", "sha256", "task", "source", "licence", "bytes", "spec", "created")


def test_a_wrong_note_refuses_its_datasets_by_its_folder_and_nothing_else(workspace):
    note = next(path for path in workspace.datasets_folder.glob("*/dataset.json") if '"wine"' in path.read_text())
    stored = json.loads(note.read_text())
    again = lose_catalogue(workspace)
    [about] = stored["datasets"]
    for name, value in itertools.product(NOTED, WRONG):
        if isinstance(value, dict) and name == "spec":
            continue
        note.write_text(json.dumps(stored | {"datasets": [about | {name: value}]}))
        done = reindex_store(again)
        assert "wine" not in done.datasets, (name, value)
        assert note.parent.name in [place for place, _ in done.skipped], (name, value)
    assert [dataset.name for dataset in list_datasets(again)] == ["iris"]
    again.catalogue.close()
