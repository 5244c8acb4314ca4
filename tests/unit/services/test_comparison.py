"""The diff of real versions in either store: identical by bits, one bit that changed, and pairs by name and by hand."""

import numpy as np
import pytest

from dashboard.errors import NotFound, TensorDamaged
from dashboard.services.compare.detail import cell_detail, change_detail
from dashboard.services.compare.versions import DiffRequest, compare, load_tensors, load_versions, tensor_pair
from dashboard.services.versions.reading import get_detail
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import new_network, save

ODD = np.array([[0.1, np.nan, 1.0], [-0.0, np.inf, -2.0]], np.float32)


def statuses(found):
    return {tensor.name: tensor.status for tensor in found.tensors}


def test_one_bit_is_told_from_none_and_its_cell_is_named(workspace):
    network = new_network(workspace)
    save(workspace, network, {"odd": ODD, "bias": np.zeros(3, np.float32)})
    assert compare(load_versions(workspace, DiffRequest("small:1", "small:1"))).identical
    cells = [(0, 0, 0), (0, 1, 5), (1, 0, 31), (1, 2, 22)]  # a last digit, a payload of NaN, a sign of zero, a half
    for number, (row, column, bit) in enumerate(cells, start=2):
        other = ODD.copy()
        other.view(np.uint32)[row, column] ^= np.uint32(1 << bit)
        save(workspace, network, {"odd": other, "bias": np.zeros(3, np.float32)})
        asked = DiffRequest("small:1", f"small:{number}")
        found = compare(load_versions(workspace, asked))
        assert not found.identical
        assert statuses(found) == {"odd": "changed", "bias": "equal"}
        assert (found.tensors[0].numbers.changed, found.tensors[0].numbers.first_cell) == (1, (row, column))
        (cell,) = change_detail(tensor_pair(load_versions(workspace, asked), "odd")).cells
        assert (cell.row, cell.column) == (row, column)
        bits = cell_detail(tensor_pair(load_versions(workspace, asked), "odd"), row, column).bits
        assert int(bits[0], 16) ^ int(bits[1], 16) == 1 << bit


def test_tensors_are_paired_by_name_then_by_shape_and_by_hand(tmp_path):
    workspace = open_workspace(Settings(home=str(tmp_path / "home")))
    network = new_network(workspace)
    square, long = np.eye(2, dtype=np.float32), np.arange(3, dtype=np.float32)
    save(workspace, network, {"a": square, "b": square * 2, "c..d": long})
    save(workspace, network, {"a": square, "x": square * 3, "y": square * 2, "z": long})
    alone = compare(load_versions(workspace, DiffRequest("small:1", "small:2")))
    names = [(t.base.name if t.base else None, t.other.name) for t in alone.tensors]
    assert names == [("a", "a"), ("b", "x"), ("c..d", "z"), (None, "y")]
    asked = DiffRequest("small:1", "small:2", ("b..y", "c..d..a"))
    found = {tensor.name: tensor for tensor in compare(load_versions(workspace, asked)).tensors}
    assert (found["b"].status, found["b"].other.name, found["b"].by_hand) == ("equal", "y", True)
    assert (found["c..d"].status, found["c..d"].by_hand) == ("reshaped", True)
    assert (found["a"].status, found["a"].other.name, found["a"].by_hand) == ("changed", "x", False)
    assert tensor_pair(load_versions(workspace, asked), "b").two.name == "y"
    with pytest.raises(NotFound) as refused:
        compare(load_versions(workspace, DiffRequest("small:1", "small:2", ("b..nothing",))))
    assert refused.value.field == "pair"
    assert "x" in refused.value.nearest
    workspace.catalogue.close()


def test_what_was_found_out_is_kept_by_content_but_never_from_a_table_that_was_tampered_with(tmp_path):
    workspace = open_workspace(Settings(home=str(tmp_path / "home")))
    network = new_network(workspace)
    for number in (1.0, 2.0):
        save(workspace, network, {"w": np.full((2, 2), number, np.float32)})
    asked = DiffRequest("small:1", "small:2")
    table = next((tmp_path / "home").glob("weights/small/v0002/w_*.csv"))
    true = table.read_text()
    table.chmod(0o644)
    table.write_text(true.replace("2.0", "7.0"))
    with pytest.raises(TensorDamaged, match="small:2: w is not what was saved"):
        compare(load_versions(workspace, asked))
    table.write_text(true)
    assert compare(load_versions(workspace, asked)).tensors[0].numbers.max_abs == 1.0
    table.write_text(true.replace("2.0", "7.0"))
    assert compare(load_versions(workspace, asked)).tensors[0].numbers.max_abs == 1.0  # of the version as it was saved
    workspace.catalogue.close()


READS = {
    "for a comparison": lambda opened: load_tensors(opened, [("base", "small:1")]),
    "for its page": lambda opened: get_detail(opened, "small", 1),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_version_and_its_tensors_are_read_in_one_transaction(workspace, monkeypatch, read):
    network = new_network(workspace)
    save(workspace, network, {"bias": np.zeros(3, np.float32)})
    begun, begin = [], workspace.catalogue.engine.begin

    def count():
        begun.append("one")
        return begin()

    monkeypatch.setattr(workspace.catalogue.engine, "begin", count)
    read(workspace)
    assert begun == ["one"]
