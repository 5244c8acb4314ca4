"""Kinds of stores, addresses without their passwords, and passwords on their way to a run."""

import stat

import pytest

from dashboard.catalogue.engines import SERVERS
from dashboard.errors import Invalid
from dashboard.records import store
from dashboard.records.store import StoreKind, public_address, split_password, with_password
from dashboard.records.tensor import TensorInfo
from dashboard.services.networks import get_network
from dashboard.services.runs import passwords as handover
from dashboard.services.store.actions import require_apart
from dashboard.services.store.tables import disk_space, location
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.weights.checksums import content_id
from dashboard.weights.csv_store import CsvStore
from dashboard.weights.opening import OPENERS
from tests.unit.services.saved_versions import new_network, save, zeros


@pytest.mark.parametrize(
    ("address", "bare", "password"),
    [
        ("mysql://me:hidden@db:3306/weights", "mysql://me@db:3306/weights", "hidden"),
        ("mysql://me:p@ss:w/rd@db/weights?ssl_disabled=1", "mysql://me@db/weights?ssl_disabled=1", "p@ss:w/rd"),
        ("mysql://me:p%40ss@db/weights", "mysql://me@db/weights", "p@ss"),
        ("mysql://me@db/weights", "mysql://me@db/weights", ""),
        ("mysql://me:@db/weights", "mysql://me@db/weights", ""),
        ("csv:/a:b@c", "csv:/a:b@c", ""),
        (" csv: ", "csv:", ""),
        ("postgresql://me:hidden@db/weights", "postgresql://me@db/weights", "hidden"),
        ("jdbc:oracle://me:hidden@db/weights", "jdbc:oracle://me@db/weights", "hidden"),
    ],
)
def test_a_password_is_taken_out_of_an_address(address, bare, password):
    assert split_password(address) == (bare, password)


def test_an_address_of_an_unknown_kind_is_shown_without_what_may_be_secret():
    assert public_address("postgresql://db/weights?user=me&password=hidden") == "postgresql://db/weights"
    assert public_address("mysql://me:hidden@db/weights?ssl_disabled=1") == "mysql://me@db/weights?ssl_disabled=1"


def test_every_kind_of_store_can_be_opened_with_its_catalogue():
    assert set(OPENERS) == {kind.scheme for kind in store.STORE_KINDS}
    assert set(SERVERS) == {kind.scheme for kind in store.STORE_KINDS if kind.holds_catalogue}


def test_a_further_kind_of_store_needs_no_more_than_its_entry_and_what_opens_it(tmp_path, monkeypatch):
    def folder(address, home):
        return home / address.removeprefix("shelf:")

    shelf = StoreKind("shelf", "shelf:", "shelf:NAME", False, folder, lambda address, home: str(folder(address, home)))
    monkeypatch.setattr(store, "STORE_KINDS", (*store.STORE_KINDS, shelf))
    monkeypatch.setitem(OPENERS, "shelf", lambda settings: CsvStore(settings.store_folder))
    workspace = open_workspace(Settings(home=str(tmp_path), store="shelf:one"))
    save(workspace, new_network(workspace), zeros(get_network(workspace, "small")))
    assert list((tmp_path / "one").rglob("*.csv"))
    assert location(workspace) == str(tmp_path / "one")
    assert disk_space(workspace).disk_free is not None
    require_apart(workspace.settings, Settings(home=str(tmp_path / "other"), store="shelf:one"))
    with pytest.raises(Invalid):
        require_apart(workspace.settings, workspace.settings)
    workspace.catalogue.close()


@pytest.mark.parametrize("password", ["hidden", "p@ss:w/rd", "?&=#%", "ü b", ""])
def test_a_password_that_is_put_in_comes_out_the_same(password):
    bare = "mysql://me@db:3306/weights"
    assert split_password(with_password(bare, password)) == (bare, password)


def test_a_secret_is_readable_by_its_owner_only_and_gone_once_discarded(tmp_path):
    handover.put(tmp_path, 7, "hidden")
    path = tmp_path / "secrets" / "7"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert handover.secret_of(tmp_path, 7) == "hidden"
    assert handover.secret_of(tmp_path, 7) == "hidden"  # an attempt that died is taken up again
    handover.discard(tmp_path, 7)
    assert not path.exists()
    assert handover.secret_of(tmp_path, 7) == ""


def test_secrets_of_runs_that_no_longer_wait_are_removed(tmp_path):
    assert handover.all_of(tmp_path) == set()
    for run_id in (1, 2, 3):
        handover.put(tmp_path, run_id, "hidden")
    handover.discard(tmp_path, 3)
    found = handover.all_of(tmp_path)
    handover.put(tmp_path, 4, "hidden")  # by a request that came after the list
    handover.discard_all_but(tmp_path, found, {1})
    assert handover.all_of(tmp_path) == {"1", "4"}


def test_tensors_share_a_table_in_the_catalogue_exactly_when_they_do_in_a_store():
    for shape in ((), (3,), (3, 4), (2, 0, 5)):
        info = TensorInfo("w", shape, "float32", "a" * 64, 1, "t", {})
        assert info.content == content_id(info.key("net", 1))
        assert (info.rows, info.columns) == (info.key("net", 1).rows, info.key("net", 1).columns)
