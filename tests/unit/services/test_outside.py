"""Weights from elsewhere become versions, bit for bit; a key is one version, and known contents are not read again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dashboard.catalogue import versions as version_rows
from dashboard.errors import BeingSaved, Conflict, Invalid, TensorDamaged
from dashboard.services.datasets import list_datasets
from dashboard.services.networks import get_network
from dashboard.services.store.copying import copy_store
from dashboard.services.store.manifest_check import Refused, checked_origin
from dashboard.services.store.reindexing import reindex_store
from dashboard.services.store.trash import list_trash
from dashboard.services.versions import outside
from dashboard.services.versions.given import GivenTensor, checked_metrics, given_arrays
from dashboard.services.versions.outside import create_foreign_network, known_contents, save_outside
from dashboard.services.versions.reading import delete_version, get_detail, list_versions
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace, sweep
from dashboard.settings import Settings
from tests.contract.drafts import assert_same_bits
from tests.representatives import on_both_stores
from tests.unit.services.foreign_versions import IMPORTED, odd_arrays, save_foreign, unread, with_axis
from tests.unit.services.saved_versions import new_network, zeros

pytestmark = pytest.mark.slow

SMALL = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(3, np.float32)}


def origin_of(workspace, version):
    with workspace.catalogue.reading() as connection:
        return version_rows.get_origin(connection, version.id)


@on_both_stores("workspace")
def test_tensors_of_any_name_rank_and_type_are_saved_bit_for_bit(workspace):
    version = save_foreign(workspace, epoch=3, metrics={"loss": 0.5, "other": float("nan")}, key="run-1")
    assert (version.reference, version.epoch, version.dataset, version.kind) == ("imported:1", 3, "", "foreign")
    assert version.metrics == {"loss": 0.5, "other": None}
    assert not version.can_run
    assert "imported:1" in version.why_not_run
    assert origin_of(workspace, version) == IMPORTED
    found = read_tensors(workspace, version)
    assert list(found) == list(odd_arrays())
    for name, array in odd_arrays().items():
        assert_same_bits(found[name], array)
    assert all(proof.identical for proof in verify_all(workspace))


def test_contents_that_the_store_holds_are_linked_without_being_read_and_keep_their_statistics(workspace, monkeypatch):
    save_foreign(workspace, arrays=SMALL)
    monkeypatch.setattr(outside, "tensor_statistics", lambda array: pytest.fail("statistics were computed again"))
    given = [unread(SMALL["a"], "renamed"), unread(SMALL["b"], "b")]
    assert known_contents(workspace, given) == {tensor.sha256 for tensor in given}
    version = save_foreign(workspace, arrays=given)
    assert_same_bits(read_tensors(workspace, version)["renamed"], SMALL["a"])
    first, second = (get_detail(workspace, "imported", number).tensors for number in (1, 2))
    assert [info.statistics for info in first] == [info.statistics for info in second]
    assert len(workspace.store.tables()) == 2


def test_contents_that_nobody_has_are_refused_by_name_and_leave_nothing(workspace):
    with pytest.raises(Conflict, match="contents of 'lost' are not in the store"):
        save_foreign(workspace, arrays=[unread(SMALL["a"], "lost")])
    assert list_versions(workspace, "imported").items == []
    assert sweep(workspace) == []


@on_both_stores("workspace")
def test_one_key_is_one_version_and_other_contents_are_a_conflict(workspace):
    saved = [save_foreign(workspace, arrays=SMALL, key="k", metrics={"x": 0.1}).number for _ in range(3)]
    assert saved == [1, 1, 1]
    for about, what in (({"arrays": SMALL | {"b": SMALL["b"] * 2}}, "weights"), ({"epoch": 2}, "epoch")):
        with pytest.raises(Conflict, match=f"imported:1 has this key, but other {what}"):
            save_foreign(workspace, **{"arrays": SMALL, "key": "k", "metrics": {"x": 0.1}} | about)
    with pytest.raises(Conflict, match="other metrics"):
        save_foreign(workspace, arrays=SMALL, key="k", metrics={"x": 0.2})
    assert save_foreign(workspace, arrays=SMALL, key="other").number == 2
    assert save_foreign(workspace, "another", arrays=SMALL, key="k").reference == "another:1"
    delete_version(workspace, "imported", 1)
    with pytest.raises(Conflict, match="in the trash"):
        save_foreign(workspace, arrays=SMALL, key="k", metrics={"x": 0.1})
    assert len(list_trash(workspace)) == 1


@on_both_stores("workspace")
def test_of_many_that_save_one_key_at_once_one_saves_it_and_nobody_saves_it_twice(workspace):
    network = create_foreign_network(workspace, "imported")
    together = threading.Barrier(6)

    def push(_):
        together.wait()
        try:
            return save_outside(workspace, network, SMALL, key="k", origin=IMPORTED).number
        except BeingSaved:
            return None

    with ThreadPoolExecutor(6) as threads:
        numbers = set(threads.map(push, range(6)))
    (version,) = list_versions(workspace, "imported").items
    assert numbers - {None} == {version.number}
    assert save_outside(workspace, network, SMALL, key="k", origin=IMPORTED).number == version.number


def test_the_row_of_a_save_that_died_does_not_hold_its_key(workspace):
    network = create_foreign_network(workspace, "imported")
    row = {"epoch": 0, "spec": network.spec.to_json(), "preprocessing": {}, "metrics": {}, "evaluation": {}}
    with workspace.catalogue.writing() as connection:
        version_rows.begin_version(connection, network.id, row | {"sha256": "", "bytes": 0, "push_key": "k"})
    assert save_outside(workspace, network, SMALL, key="k", origin=IMPORTED).number == 2


def test_a_key_that_is_being_written_is_told_so(workspace):
    network = create_foreign_network(workspace, "imported")

    def while_it_is_written(done, total, name):
        if done == 1:
            with pytest.raises(BeingSaved):
                save_outside(workspace, network, SMALL, key="k", origin=IMPORTED)

    assert save_outside(workspace, network, SMALL, key="k", origin=IMPORTED, progress=while_it_is_written).number == 1


def test_it_knows_its_parent_and_how_far_it_moved_from_it(workspace):
    first = save_foreign(workspace, arrays=SMALL)
    second = save_foreign(workspace, arrays={name: array * 3 for name, array in SMALL.items()}, parent=first)
    assert (second.parent, second.changed_since, second.changed) == ("imported:1", 1, pytest.approx(2))
    assert save_foreign(workspace, arrays=SMALL).changed is None


def test_which_way_the_units_are_is_kept(workspace):
    version = save_foreign(workspace, arrays=[with_axis("w", SMALL["a"], 0), with_axis("b", SMALL["b"], None)])
    infos = get_detail(workspace, "imported", version.number).tensors
    assert [info.units_axis for info in infos] == [0, None]


def test_a_dense_network_takes_the_tensors_of_its_definition_only(workspace):
    network = new_network(workspace)
    with pytest.raises(Invalid, match="these differ: fc1"):
        save_outside(workspace, network, zeros(network) | {"fc1": SMALL["a"]}, origin=IMPORTED)
    whole = {name: array.astype(np.int64) for name, array in zeros(network).items()}
    with pytest.raises(Invalid, match="of one of float16"):
        save_outside(workspace, network, whole, origin=IMPORTED)
    version = save_outside(workspace, network, zeros(network), origin=IMPORTED)
    assert version.can_run
    assert version.dataset == ""
    assert get_network(workspace, "small").kind == "dense"


def test_what_cannot_be_kept_is_refused_by_name(workspace):
    network = create_foreign_network(workspace, "imported")
    (good,) = given_arrays({"a": SMALL["a"]})
    wrong = {
        "Two tensors have this name": [good, good],
        "1 to 1,024 characters": [good._replace(name="x" * 1025)],
        "none of them NUL": [good._replace(name="a\0b")],
        "half a character": [good._replace(name="\ud800")],
        "Tables cannot hold 'complex64'": [good._replace(dtype="complex64")],
        "at most 8 axes": [good._replace(shape=(1,) * 9)],
        "64 hexadecimal digits": [good._replace(sha256="../../etc/passwd")],
        "units_axis": [good._replace(units_axis=2)],
        "1 to 10,000 tensors": [],
    }
    for message, tensors in wrong.items():
        with pytest.raises(Invalid, match=message):
            save_outside(workspace, network, tensors, origin=IMPORTED)
    for about, message in (({"epoch": -1}, "epoch"), ({"epoch": True}, "epoch"), ({"key": ""}, "key")):
        with pytest.raises(Invalid, match=message):
            save_outside(workspace, network, SMALL, origin=IMPORTED, **about)
    with pytest.raises(Invalid, match="cannot hold complex64"):
        save_outside(workspace, network, {"c": np.zeros(2, np.complex64)}, origin=IMPORTED)
    with pytest.raises(Conflict, match="Choose another name"):
        create_foreign_network(workspace, "imported")
    assert list_versions(workspace, "imported").items == []


def as_stored(workspace, name="imported"):
    """Return all that is to survive the loss of a catalogue, and a copy."""
    network = vars(get_network(workspace, name)) | {"id": None}
    details = [get_detail(workspace, name, one.number) for one in list_versions(workspace, name).items]
    return [
        vars(one.version) | {"id": None, "tensors": one.tensors, "origin": one.origin, "network": network}
        for one in details
    ]


def fill(workspace):
    first = save_foreign(workspace, key="k", metrics={"loss": None}, epoch=4)
    axes = [with_axis("w", SMALL["a"], 0), with_axis("b", SMALL["b"], None)]
    save_foreign(workspace, arrays=axes, parent=first, origin={"how": "push", "sender": "train.py"})
    return as_stored(workspace)


def test_a_lost_catalogue_is_made_again_without_a_dataset_and_keys_still_hold(tmp_path):
    settings = Settings(home=str(tmp_path))
    workspace = open_workspace(settings)
    stored = fill(workspace)
    workspace.catalogue.close()
    workspace.store.close()
    for path in tmp_path.glob("catalogue.sqlite*"):
        path.unlink()
    workspace = open_workspace(settings)
    assert reindex_store(workspace).skipped == []
    assert as_stored(workspace) == stored
    assert list_datasets(workspace) == []
    assert save_foreign(workspace, key="k", metrics={"loss": None}, epoch=4).number == 1
    workspace.catalogue.close()
    workspace.store.close()


def test_a_copy_has_the_kind_origin_key_and_axes(workspace, tmp_path):
    stored = fill(workspace)
    other = open_workspace(Settings(home=str(tmp_path / "other")))
    assert copy_store(workspace, other, lambda progress: None) is None
    for copied, own in zip(as_stored(other), stored, strict=True):
        assert [info.units_axis for info in copied.pop("tensors")] == [info.units_axis for info in own.pop("tensors")]
        assert copied == own
    assert save_foreign(other, key="k", metrics={"loss": None}, epoch=4).number == 1
    other.catalogue.close()
    other.store.close()


def nested(depth):
    return {"how": "import", "a": nested(depth - 1)} if depth else {"how": "import"}


HOSTILE = ([], "x", {}, {"how": 1}, {"how": "a\0"}, {"how": "x", "\ud800": 1}, nested(20), {"how": "", "n": 10**400})


@pytest.mark.parametrize("origin", HOSTILE)
def test_an_origin_that_comes_from_anywhere_is_refused_unless_it_is_plain(origin):
    with pytest.raises(Refused, match="origin"):
        checked_origin(origin)


def test_a_plain_origin_is_taken_as_it_is_but_for_numbers_that_are_none():
    given = IMPORTED | {"mapping": [{"tensor": "a", "turned": True, "n": float("inf")}] * 3}
    assert checked_origin(given)["mapping"][2] == {"tensor": "a", "turned": True, "n": None}
    assert checked_origin(None) is None


def test_metrics_are_numbers_or_none():
    given = {"a": 1, "b": np.float32(0.5), "c": float("inf"), "d": None, "e": np.int64(3), "f": 10**400}
    assert checked_metrics(given) == {"a": 1.0, "b": 0.5, "c": None, "d": None, "e": 3.0, "f": None}
    for value in ("0.5", True, [1], {"x": 1}, 1j, np.complex64(1)):
        with pytest.raises(Invalid, match="must be a number or null") as refused:
            checked_metrics({"fine": 1, "accuracy": value})
        assert refused.value.field == "metrics.accuracy"
    with pytest.raises(Invalid, match="1 to 64 printable"):
        checked_metrics({"": 1})


def test_a_tensor_described_by_hand_is_checked_by_its_bytes_when_it_is_written(workspace):
    lying = GivenTensor("a", "float32", (2, 3), "0" * 64, lambda: SMALL["a"])
    with pytest.raises(TensorDamaged):
        save_foreign(workspace, arrays=[lying])
    assert list_versions(workspace, "imported").items == []
