"""The proof finds the very cell that somebody changed, and a copied folder of weights is read into a new catalogue."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dashboard import cli
from dashboard.catalogue import networks as network_rows
from dashboard.errors import Conflict, Invalid
from dashboard.records.stored import FORM
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, delete_network, get_network
from dashboard.services.runs.runs import start_run
from dashboard.services.store.reindexing import Drift, Reindexed, find_drift, reindex_store, unknown_versions
from dashboard.services.versions.evaluation import evaluate_version
from dashboard.services.versions.reading import delete_version, get_detail, get_version, list_versions
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.versions.verification import verify_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

pytestmark = pytest.mark.slow


def save(workspace, seed):
    network = get_network(workspace, "flowers")
    random = np.random.default_rng(seed)
    tensors = {name: random.normal(size=shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
    metrics = {"loss": 1.0 / seed, "val_accuracy": 0.5}
    dataset_id = get_dataset(workspace, "iris").id
    return save_version(workspace, network, Draft(tensors, network.spec, dataset_id, {}, metrics, {}, epoch=seed))


@pytest.fixture
def workspace(tmp_path):
    found = open_workspace(Settings(home=str(tmp_path / "home")))
    add_bundled(found, "iris")
    create_network(found, {"name": "flowers", "dataset": "iris", "layers": [{"units": 3, "activation": "tanh"}]})
    for seed in (1, 2, 3):
        save(found, seed)
    yield found
    found.catalogue.close()


def change_cell(workspace, number, row, column, text):
    path = workspace.settings.home_folder / f"weights/flowers/v{number:04d}/layer_01_weight.csv"
    lines = path.read_text().split("\n")
    cells = lines[row + 1].split(",")
    was, cells[column] = cells[column], text
    lines[row + 1] = ",".join(cells)
    path.write_text("\n".join(lines))
    return was


def test_what_was_saved_is_proven_identical(workspace):
    assert verify_version(workspace, "flowers", 2).identical


def test_a_changed_cell_is_named_with_what_it_held(workspace):
    was = change_cell(workspace, 2, row=1, column=2, text="0.125")
    proof = verify_version(workspace, "flowers", 2)
    assert [tensor.identical for tensor in proof.tensors] == [False, True, True, True]
    found = proof.tensors[0].first_difference
    assert (found.row, found.column, found.found, found.expected) == (1, 2, "0.125", was)


def test_the_command_prints_each_version_and_fails_if_one_differs(workspace, capsys, monkeypatch):
    monkeypatch.setenv("WEIGHTBASE_HOME", workspace.settings.home)
    assert cli.main(["verify"]) == 0
    assert "3 versions verified, 0 different" in capsys.readouterr().out
    change_cell(workspace, 3, row=0, column=0, text="7")
    assert cli.main(["verify"]) == 1
    printed = capsys.readouterr().out
    assert "flowers:2: identical" in printed
    assert "flowers:3: DIFFERENT" in printed
    assert "\n  layer_01.weight: row 0, column 0 holds 7" in printed


def test_a_copied_folder_of_weights_is_read_into_a_new_catalogue(workspace, tmp_path):
    shutil.copytree(workspace.settings.home_folder / "weights", tmp_path / "other" / "weights")
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    assert reindex_store(other) == Reindexed(["flowers:1", "flowers:2", "flowers:3"], [])
    assert reindex_store(other) == Reindexed([], [])
    for number in (1, 2, 3):
        mine, theirs = get_version(workspace, "flowers", number), get_version(other, "flowers", number)
        assert (theirs.sha256, theirs.metrics, theirs.epoch) == (mine.sha256, mine.metrics, mine.epoch)
        assert (theirs.created, theirs.parent) == (mine.created, mine.parent)
        assert get_detail(other, "flowers", number).tensors == get_detail(workspace, "flowers", number).tensors
        assert verify_version(other, "flowers", number).identical
    other.catalogue.close()


def test_a_version_that_a_newer_weightbase_saved_is_refused_when_all_others_are_indexed(workspace, tmp_path):
    shutil.copytree(workspace.settings.home_folder / "weights", tmp_path / "other" / "weights")
    manifest = tmp_path / "other" / "weights" / "flowers" / "v0001" / "version.json"
    stored = json.loads(manifest.read_text())
    assert stored["form"] == FORM
    manifest.write_text(json.dumps(stored | {"form": FORM + 1}))
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    [(reference, reason)] = reindex_store(other).skipped
    assert (reference, "Update Weightbase" in reason) == ("flowers:1", True)
    assert [version.number for version in list_versions(other, "flowers").items] == [3, 2]
    other.catalogue.close()


def test_numbers_go_on_after_the_last_one_that_was_reindexed(workspace, tmp_path):
    shutil.copytree(workspace.settings.home_folder / "weights", tmp_path / "other" / "weights")
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    reindex_store(other)
    with other.catalogue.writing() as connection:
        network = network_rows.get_network(connection, "flowers")
        assert network_rows.next_version_number(connection, network.id) == 4
    other.catalogue.close()


def test_a_dataset_that_only_copied_versions_tell_of_is_shown_and_refuses_to_be_trained_on(workspace, tmp_path):
    shutil.copytree(workspace.settings.home_folder / "weights", tmp_path / "other" / "weights")
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    reindex_store(other)
    assert get_dataset(other, "iris").description.keys() >= get_dataset(workspace, "iris").description.keys()
    with pytest.raises(Conflict, match="not here"):
        start_run(other, "flowers", {})
    with pytest.raises(Conflict, match="not here"):
        evaluate_version(other, "flowers", 1, "iris")
    with pytest.raises(Invalid) as refused:
        create_network(other, {"name": "more flowers", "dataset": "iris"})
    assert "Upload them" in refused.value.errors["dataset"]
    other.catalogue.close()


def test_versions_of_a_name_that_another_network_has_are_not_mixed_with_its_own(workspace, tmp_path):
    shutil.copytree(workspace.settings.home_folder / "weights", tmp_path / "other" / "weights")
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    add_bundled(other, "iris")
    for name in ("Flowers", "flowers"):  # the second gets another slug, as the first is the nearest to its name
        create_network(other, {"name": name, "dataset": "iris"})
    assert [("another network" in reason) for _, reason in reindex_store(other).skipped] == [True] * 3
    assert list_versions(other, "flowers").items == []
    other.catalogue.close()


def test_a_damaged_version_is_skipped_and_the_others_are_indexed(workspace, tmp_path):
    shutil.copytree(workspace.settings.home_folder / "weights", tmp_path / "other" / "weights")
    table = tmp_path / "other" / "weights" / "flowers" / "v0002" / "layer_01_weight.csv"
    table.write_text(table.read_text().rsplit("\n", 2)[0] + "\n")
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    done = reindex_store(other)
    assert done.added == ["flowers:1", "flowers:3"]
    [(reference, reason)] = done.skipped
    assert (reference, "whole rows of" in reason) == ("flowers:2", True)
    other.catalogue.close()


def test_numbers_skip_what_the_store_holds_and_the_catalogue_does_not_know(workspace):
    folder = workspace.settings.home_folder / "weights" / "flowers"
    for number in (4, 7):
        shutil.copytree(folder / "v0002", folder / f"v{number:04d}")
    assert unknown_versions(workspace) == [("flowers", 4), ("flowers", 7)]
    assert save(workspace, 9) == 8
    assert verify_version(workspace, "flowers", 8).identical
    assert reindex_store(workspace).added == ["flowers:4", "flowers:7"]
    assert save(workspace, 10) == 9


def test_nothing_comes_back_out_of_the_trash(workspace):
    delete_version(workspace, "flowers", 2)
    assert reindex_store(workspace) == Reindexed([], [])
    assert [version.number for version in list_versions(workspace, "flowers").items] == [3, 1]
    folder = workspace.settings.home_folder / "weights" / "flowers"
    shutil.copytree(folder / "v0001", folder / "v0009")
    delete_network(workspace, "flowers")
    [(_, reason)] = reindex_store(workspace).skipped
    assert "is in the trash" in reason


def test_losing_the_catalogue_loses_no_weights(workspace, tmp_path):
    before = read_tensors(workspace, get_version(workspace, "flowers", 1))
    workspace.catalogue.close()
    for file in workspace.settings.home_folder.glob("catalogue.sqlite*"):
        file.unlink()
    again = open_workspace(workspace.settings)
    reindex_store(again)
    after = read_tensors(again, get_version(again, "flowers", 1))
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert [version.number for version in list_versions(again, "flowers").items] == [3, 2, 1]
    again.catalogue.close()


def test_a_version_that_is_saved_while_a_page_is_made_is_not_called_unknown(workspace):
    writer = open_workspace(workspace.settings)
    with workspace.catalogue.one_state():
        get_network(workspace, "flowers")
        with ThreadPoolExecutor(1) as another:
            another.submit(save, writer, 4).result()
        assert find_drift(workspace) == Drift(0, 0)
    writer.catalogue.close()
    shutil.rmtree(workspace.settings.home_folder / "weights" / "flowers" / "v0004")
    workspace.results.put("drift", None)
    assert find_drift(workspace) == Drift(0, 1)
