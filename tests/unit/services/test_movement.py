"""How far a network has moved since the version before, as stored with each version."""

import numpy as np
import pytest
from saved_versions import new_network, save, zeros

from dashboard.services.versions.movement import moved
from dashboard.services.versions.reading import delete_version, get_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    yield opened
    opened.catalogue.close()


def filled(network, value):
    return {name: array + np.float32(value) for name, array in zeros(network).items()}


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
    save(workspace, network, after)
    assert changed(workspace, 2) == pytest.approx(5.0 / np.sqrt(cells * 4.0), rel=1e-12)


def test_an_identical_version_has_not_moved(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    save(workspace, network, filled(network, 1.0))
    assert changed(workspace, 2) == 0.0


def test_a_version_of_zeros_has_no_norm_to_move_in(workspace):
    network = new_network(workspace)
    save(workspace, network, zeros(network))
    save(workspace, network, filled(network, 1.0))
    assert changed(workspace, 2) is None


def test_the_version_before_is_the_newest_that_there_is(workspace):
    network = new_network(workspace)
    for value in (1.0, 2.0):
        save(workspace, network, filled(network, value))
    delete_version(workspace, "small", 2)
    save(workspace, network, filled(network, 3.0))
    assert changed(workspace, 3) == 2.0


def test_a_damaged_version_before_does_not_keep_a_new_one_from_being_saved(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    for table in (workspace.settings.home_folder / "weights").rglob("*.csv"):
        table.write_text("c0\nnot a number\n")
    save(workspace, network, filled(network, 3.0))
    assert changed(workspace, 2) is None


def test_the_version_before_of_a_very_large_network_is_not_read(workspace):
    network = new_network(workspace)
    save(workspace, network, filled(network, 1.0))
    assert moved(workspace, network, filled(network, 3.0)) == pytest.approx(2.0)
    assert moved(workspace, network, filled(network, 3.0), most_cells=10) is None
