"""A database, or a folder of weights, is used by one home at a time; another is refused by name until that one ends."""

import shutil
from dataclasses import replace

import pytest

from dashboard import cli
from dashboard.catalogue import lease, opening
from dashboard.errors import OtherDashboard
from dashboard.holder import holder_of
from dashboard.services import workspace as workspaces
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_to_read, open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import new_network, save, zeros
from tests.worker import wait_until


@pytest.fixture
def opened():
    """What opens workspaces, which are closed in the end."""
    made = []

    def opened(home, store, opening=open_workspace):
        made.append(opening(Settings(home=str(home), store=store)))
        return made[-1]

    yield opened
    for workspace in made:
        close(workspace)


def close(workspace):
    workspace.catalogue.close()
    workspace.store.close()


@pytest.fixture(params=["csv", pytest.param("mysql", marks=pytest.mark.server)])
def store(request, tmp_path):
    return f"csv:{tmp_path / 'shared'}" if request.param == "csv" else request.getfixturevalue("mysql_url")


def test_a_second_home_is_refused_by_the_name_of_the_first_until_that_ends(opened, store, tmp_path):
    first = opened(tmp_path / "first", store)
    with pytest.raises(OtherDashboard) as refused:
        opened(tmp_path / "second", store)
    assert f"its home is {tmp_path / 'first'} on " in refused.value.message
    assert "WEIGHTBASE_READ_ONLY=1" in refused.value.message
    assert "tester" not in refused.value.message
    opened(tmp_path / "first", store)  # another process of the same home
    close(first)
    with pytest.raises(OtherDashboard):
        opened(tmp_path / "second", store)


def test_after_the_first_has_ended_the_second_has_it_and_the_first_is_refused(opened, store, tmp_path):
    close(opened(tmp_path / "first", store))
    opened(tmp_path / "second", store)
    with pytest.raises(OtherDashboard, match=str(tmp_path / "second")):
        opened(tmp_path / "first", store)


def test_the_time_since_is_that_of_the_first_process_that_still_uses_it(opened, store, tmp_path, monkeypatch):
    def of(home):
        return replace(holder_of(home), since=since)

    for module in (opening, workspaces):
        monkeypatch.setattr(module, "holder_of", of)
    since = "2001-01-01 00:00:00"
    close(opened(tmp_path / "first", store))
    since = "2002-02-02 00:00:00"
    opened(tmp_path / "first", store)
    with pytest.raises(OtherDashboard, match=since):
        opened(tmp_path / "second", store)


def test_a_copy_of_a_home_is_another_home_and_a_moved_one_takes_over(opened, store, tmp_path):
    first = opened(tmp_path / "first", store)
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    with pytest.raises(OtherDashboard):
        opened(tmp_path / "copy", store)
    close(first)
    (tmp_path / "first").rename(tmp_path / "moved")
    opened(tmp_path / "moved", store)


def test_another_home_may_read_along_and_write_nothing(opened, store, tmp_path, monkeypatch, capsys):
    first = opened(tmp_path / "first", store)
    network = new_network(first)
    save(first, network, zeros(network))
    along = opened(tmp_path / "second", store, open_to_read)
    assert along.catalogue.read_only
    is_catalogue_shared = along.catalogue.kind != "sqlite"
    assert [proof.identical for proof in verify_all(along)] == [True] * is_catalogue_shared
    monkeypatch.setenv("WEIGHTBASE_HOME", str(tmp_path / "second"))
    monkeypatch.setenv("WEIGHTBASE_STORE", store)
    assert cli.main(["verify"]) == 0
    copy = ["copy", "--from-home", str(tmp_path / "first"), "--to-home", str(tmp_path / "third")]
    assert cli.main([*copy, "--to", f"csv:{tmp_path / 'taken'}"]) == 0
    for verb in ("exact", "reindex"):
        assert cli.main([verb]) == 2
        assert f"its home is {tmp_path / 'first'} on " in capsys.readouterr().err
    opened(tmp_path / "second", f"csv:{tmp_path / 'other'}")
    monkeypatch.setenv("WEIGHTBASE_STORE", f"csv:{tmp_path / 'other'}")
    assert cli.main(["copy", "--to", store, "--to-home", str(tmp_path / "fourth")]) == 2
    assert f"its home is {tmp_path / 'first'} on " in capsys.readouterr().err


@pytest.mark.server
def test_a_lock_whose_connection_is_cut_is_taken_again(opened, mysql_url, sql, tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.05)
    first = opened(tmp_path / "first", mysql_url)
    before = holder_connection(sql)
    sql(f"KILL {before}")
    wait_until(lambda: holder_connection(sql) not in {None, before}, "the lock to be held again")
    with pytest.raises(OtherDashboard):
        opened(tmp_path / "second", mysql_url)
    new_network(first)


@pytest.mark.server
def test_a_home_that_has_lost_the_database_writes_nothing_any_more(opened, mysql_url, sql, tmp_path, monkeypatch):
    first = opened(tmp_path / "first", mysql_url)
    lost = []
    first.catalogue.when_lost(lambda: lost.append(True))
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.05)
    sql(f"KILL {holder_connection(sql)}")
    opened(tmp_path / "second", mysql_url)
    wait_until(lambda: lost, "the first to notice")
    with pytest.raises(OtherDashboard, match=str(tmp_path / "second")):
        new_network(first)
    with pytest.raises(OtherDashboard):
        first.catalogue.require_held()


def holder_connection(sql):
    """Return the connection that holds a slot of this database."""
    ((name,),) = sql("SELECT DATABASE()")
    return sql(f"SELECT IS_USED_LOCK(CONCAT('weightbase_home_', LEFT(SHA2('{name}', 256), 16), '_0'))")[0][0]


def test_a_process_that_another_one_has_started_only_looks_whose_it_is(store, opened, tmp_path):
    opened(tmp_path / "first", store)
    settings = Settings(home=str(tmp_path / "first"), store=store)
    close(open_workspace(settings, sweeping=False))
    with pytest.raises(OtherDashboard):
        open_workspace(Settings(home=str(tmp_path / "second"), store=store), sweeping=False)
