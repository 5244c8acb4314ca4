"""How far a network has moved since the version before, as stored with each version."""

import numpy as np
import pytest
from saved_versions import new_network, save, zeros

from dashboard.catalogue.runs import insert_run
from dashboard.services.store.trash import restore
from dashboard.services.versions.movement import Source, moved
from dashboard.services.versions.reading import delete_version, get_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    yield opened
    opened.catalogue.close()


def filled(network, value):
    return {name: array + np.float32(value) for name, array in zeros(network).items()}


def save_after(workspace, network, tensors, number):
    """Save a version whose parent is the one with this number."""
    return save(workspace, network, tensors, parent_id=version_id(workspace, number))


def version_id(workspace, number):
    return get_version(workspace, "small", number).id


def changed(workspace, number):
    return get_version(workspace, "small", number).changed


def test_the_first_version_has_moved_from_nowhere(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    assert changed(workspace, 1) is None


def test_the_change_is_that_of_all_tensors_together_in_the_norm_of_the_version_before(workspace):
    network = new_network(workspace)
    before, after = filled(network, 2.0), filled(network, 2.0)
    after["layer_01.weight"][0, 0] += 3.0
    after["layer_02.bias"][1] -= 4.0
    cells = sum(array.size for array in before.values())
    save(workspace, network, before)
    save_after(workspace, network, after, 1)
    assert changed(workspace, 2) == pytest.approx(5.0 / np.sqrt(cells * 4.0), rel=1e-12)


def test_an_identical_version_has_not_moved(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    save_after(workspace, network, filled(network, 1.0), 1)
    assert changed(workspace, 2) == 0.0


def test_a_version_of_zeros_has_no_norm_to_move_in(workspace):
    network = new_network(workspace)
    save(workspace, network, zeros(network))
    save_after(workspace, network, filled(network, 1.0), 1)
    assert changed(workspace, 2) is None


def test_a_version_is_compared_with_its_parent_and_not_with_a_newer_one_of_another_origin(workspace):
    network = new_network(workspace)
    for value in (1.0, 2.0):
        save(workspace, network, filled(network, value))
    save_after(workspace, network, filled(network, 3.0), 1)
    assert (changed(workspace, 2), changed(workspace, 3)) == (None, 2.0)


def test_a_version_whose_parent_is_gone_has_no_change(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    parent = version_id(workspace, 1)
    delete_version(workspace, "small", 1)
    save(workspace, network, filled(network, 3.0), parent_id=parent)
    assert changed(workspace, 2) is None


def test_the_version_before_in_the_same_run_comes_before_the_runs_parent(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    parent = version_id(workspace, 1)
    run = {"network_id": network.id, "dataset_id": 1, "spec": network.spec.to_json(), "parent_id": parent}
    with workspace.catalogue.writing() as connection:
        run_id = insert_run(connection, run)
    about = {"run_id": run_id, "parent_id": parent}
    for epoch, value in ((1, 2.0), (2, 8.0)):
        save(workspace, network, filled(network, value), epoch=epoch, **about)
    assert (changed(workspace, 2), changed(workspace, 3)) == (1.0, 3.0)


def test_a_damaged_version_before_does_not_keep_a_new_one_from_being_saved(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    for table in (workspace.settings.home_folder / "weights").rglob("*.csv"):
        table.write_text("c0\nnot a number\n")
    save_after(workspace, network, filled(network, 3.0), 1)
    assert changed(workspace, 2) is None


def test_the_version_before_of_a_very_large_network_is_not_read(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    source = Source(None, version_id(workspace, 1))
    assert moved(workspace, network, filled(network, 3.0), source, "") == (pytest.approx(2.0), 1)
    assert moved(workspace, network, filled(network, 3.0), source, "", most_cells=10) == (None, None)


def test_since_a_version_in_the_trash_the_change_is_unknown_until_it_is_restored(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    save_after(workspace, network, filled(network, 3.0), 1)
    key = f"version-{version_id(workspace, 1)}"
    found = [get_version(workspace, "small", 2)]
    delete_version(workspace, "small", 1)
    found.append(get_version(workspace, "small", 2))
    restore(workspace, key)
    found.append(get_version(workspace, "small", 2))
    assert [(one.changed, one.changed_since) for one in found] == [(2.0, 1), (None, None), (2.0, 1)]
