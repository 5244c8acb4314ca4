"""A backup of either store, in a folder or an archive, restored into either store: the same to the last bit."""

import hashlib
import json
import resource
import shutil
import sqlite3
import uuid
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dashboard.cli import main
from dashboard.errors import Conflict, Invalid, NewerForm, NotFound, Outage, StoreUnavailable, UserError
from dashboard.files import atomic_write
from dashboard.services.backup.form import Head, Member
from dashboard.services.backup.proving import prove_backups
from dashboard.services.backup.restoring import restore_backup
from dashboard.services.backup.words import backup_sentence
from dashboard.services.store.trash import list_trash
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.contract.backups import assert_whole, backed_up, fill_with_everything, opened, restored
from tests.contract.test_mysql_tables import command
from tests.server import run_sql
from tests.unit.services.store_examples import contents, define, save

pytestmark = pytest.mark.slow

SERVER = pytest.mark.server
KINDS = ["csv", pytest.param("mysql", marks=SERVER)]


@pytest.fixture(scope="module")
def settings_of(tmp_path_factory, request):
    """Return a function that gives the settings of a new home, with an empty store of a kind."""
    made = []

    def settings_of(kind):
        home = tmp_path_factory.mktemp("home") / "of"
        if kind == "csv":
            return Settings(home=str(home))
        server = request.getfixturevalue("mysql_server_url")
        made.append(f"backups_{uuid.uuid4().hex[:12]}")
        run_sql(server, f"CREATE DATABASE {made[-1]}")
        return Settings(home=str(home), store=server + made[-1])

    yield settings_of
    for database in made:
        run_sql(request.getfixturevalue("mysql_server_url"), f"DROP DATABASE {database}")


@pytest.fixture(scope="module", params=KINDS)
def source(settings_of, request):
    """A home with everything, which nobody changes."""
    with opened(settings_of(request.param)) as workspace:
        fill_with_everything(workspace)
        yield workspace


@pytest.fixture(params=KINDS)
def changing(settings_of, request):
    """A home with a few versions, for tests that change them."""
    with opened(settings_of(request.param)) as workspace:
        define(workspace)
        save(workspace, seed=1)
        save(workspace, seed=2)
        yield workspace


@pytest.mark.parametrize(("kind", "place"), [("csv", "folder"), pytest.param("mysql", "file.zip", marks=SERVER)])
def test_a_restored_home_is_the_same_in_either_store(source, settings_of, tmp_path, kind, place):
    expected, trash = contents(source), [item.name for item in list_trash(source)]
    result = backed_up(source, tmp_path / place)
    assert (result["versions"], result["datasets"], result["damaged"], result["left_out"]) == (6, 1, [], [])
    assert result["written"] == result["proven"]
    target = settings_of(kind)
    assert restored(target, tmp_path / place)["versions"] == 6
    with opened(target) as found:
        assert_whole(found, expected)
        assert [item.name for item in list_trash(found)] == trash == ["flowers:3"]
        assert save(found, seed=30) == 5


def test_a_second_backup_writes_what_is_new_and_the_first_can_be_restored_still(changing, settings_of, tmp_path):
    before = contents(changing)
    first = backed_up(changing, tmp_path / "folder")
    save(changing, seed=20)
    after = contents(changing)
    second = backed_up(changing, tmp_path / "folder")
    assert second["written"] == 4  # two tensors are new, and the catalogue and the list are
    assert second["proven"] == first["proven"] + 2
    names = sorted(path.name for path in (tmp_path / "folder").glob("backup-*.json"))
    for name, expected in zip(names, (before, after), strict=True):
        target = settings_of("csv")
        restored(target, tmp_path / "folder", name=name)
        with opened(target) as found:
            assert_whole(found, expected)


def test_a_damaged_version_is_left_out_by_name_unless_an_earlier_backup_has_it(changing, settings_of, tmp_path):
    expected = contents(changing)
    backed_up(changing, tmp_path / "folder")
    damage(changing, "flowers", 1)
    assert backed_up(changing, tmp_path / "folder")["damaged"] == []
    result = backed_up(changing, tmp_path / "file.zip")
    assert [one["version"] for one in result["damaged"]] == ["flowers:1"]
    target = settings_of("csv")
    restored(target, tmp_path / "folder")
    with opened(target) as found:
        assert_whole(found, expected)
    target = settings_of("csv")
    assert restored(target, tmp_path / "file.zip")["left_out"] != []
    expected["versions"].pop("flowers:1")
    with opened(target) as found:
        assert_whole(found, expected)


def test_what_was_written_of_a_version_that_is_left_out_is_not_counted_as_the_backups(changing, tmp_path):
    backed_up(changing, tmp_path / "folder")
    save(changing, tensors={f"layer_0{one}.weight": np.full((2, 2), one + 0.25) for one in (1, 2)})
    damage(changing, "flowers", 3, "layer_02_weight")
    result = backed_up(changing, tmp_path / "folder")
    assert [one["version"] for one in result["damaged"]] == ["flowers:3"]
    assert (result["written"], result["spare"]) == (2, 1)  # catalogue and list; the tensor before the damaged one
    there = result["proven"] - 2
    assert f" 2 members written, {there} there already, 1 more written of what was then left out; " in (
        backup_sentence(result)
    )


def test_a_proof_counts_the_same_members_as_the_backup(small, tmp_path):
    for place in ("folder", "file.zip"):
        result = backed_up(small, tmp_path / place)
        assert prove_backups(tmp_path / place, lambda _: None).sound == result["proven"] == result["written"]


@pytest.mark.parametrize("source", [pytest.param("mysql", marks=SERVER)], indirect=True)
def test_a_dump_that_is_restored_elsewhere_verifies_for_every_number_type(source, settings_of):
    expected, target = contents(source), settings_of("mysql")
    address, other = source.settings.store, target.store.rpartition("/")[2]
    dump = command("mysqldump", address, "--single-transaction", address.rpartition("/")[2])
    command("mysql", address, other, text=dump)
    shutil.copytree(source.datasets_folder, target.home_folder / "datasets")
    with opened(target) as found:
        assert_whole(found, expected)


def damage(workspace, slug, number, table="layer_01_weight"):
    """Change a cell of a version's table in the store itself."""
    if workspace.store.kind == "csv":
        path = workspace.settings.store_folder / slug / f"v{number:04d}" / f"{table}.csv"
        content = path.read_text()
        path.unlink()
        path.write_text(content.replace(content.splitlines()[1].split(",")[0], "0.5", 1))
        return
    server, _, database = workspace.settings.store.rpartition("/")
    run_sql(server, f"UPDATE {slug}__v{number:04d}__{table} SET c0 = 0.5", database=database)


# --- what is refused


@pytest.fixture
def small(tmp_path):
    with opened(Settings(home=str(tmp_path / "home"))) as workspace:
        define(workspace)
        save(workspace)
        yield workspace


def test_a_restore_refuses_a_home_that_holds_anything(small, tmp_path):
    backed_up(small, tmp_path / "folder")
    target = Settings(home=str(tmp_path / "target"))
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "letter.txt").write_text("mine")
    with pytest.raises(Conflict, match=r"target holds something already: letter\.txt"):
        restored(target, tmp_path / "folder")
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["letter.txt"]
    with pytest.raises(Conflict, match=r"home holds something already: .*catalogue\.sqlite"):
        restored(small.settings, tmp_path / "folder")


@pytest.mark.server
def test_a_restore_refuses_a_database_that_holds_anything(small, tmp_path, mysql_url, sql):
    backed_up(small, tmp_path / "folder")
    sql("CREATE TABLE letters (a INT)")
    with pytest.raises(Conflict, match="holds something already: letters"):
        restored(Settings(home=str(tmp_path / "target"), store=mysql_url), tmp_path / "folder")
    assert not (tmp_path / "target").exists()
    assert sql("SHOW TABLES") == [("letters",)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_that_was_stopped_is_not_opened_and_goes_on(small, settings_of, tmp_path, kind):
    save(small, seed=2)
    expected, target = contents(small), settings_of(kind)
    backed_up(small, tmp_path / "folder")
    with opened(Settings(home=str(tmp_path / "second"))) as other:
        define(other, "others")
        backed_up(other, tmp_path / "other.zip")
    for moment in ("restoring flowers:2", "proving flowers:2"):
        with pytest.raises(KeyboardInterrupt):
            restore_backup(target, tmp_path / "folder", partial(stop_at, moment))
        with pytest.raises(StoreUnavailable, match="A backup is being restored into"):
            open_workspace(target)
        with pytest.raises(Conflict, match="Another backup was being restored"):
            restored(target, tmp_path / "other.zip")
    if kind == "mysql":  # also through another home
        with pytest.raises(StoreUnavailable, match="is being restored into this database"):
            open_workspace(Settings(home=str(tmp_path / "other"), store=target.store))
    restored(target, tmp_path / "folder")
    with opened(target) as found:
        assert_whole(found, expected)


def stop_at(moment, progress):
    """End what reports its progress, as Ctrl-C does."""
    if progress.note.startswith(moment):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("home", "is the home, or holds it"),
        ("", "is the home, or holds it"),
        ("home/weights/backup", "where the home has its own data"),
        ("home/datasets", "where the home has its own data"),
        ("file.tar.gz", "An archive is a .zip here"),
        ("there.zip", "exists already. Nothing is overwritten"),
        ("letter.txt", "is a file"),
        ("full", "holds other things"),
    ],
)
def test_a_place_that_cannot_hold_a_backup_is_refused(small, tmp_path, place, words):
    (tmp_path / "there.zip").write_bytes(b"something")
    (tmp_path / "letter.txt").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Invalid, match=words) as refused:
        backed_up(small, tmp_path / place)
    assert list(refused.value.errors) == ["to"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_with_backups_of_another_home_is_refused(small, tmp_path):
    with opened(Settings(home=str(tmp_path / "other"))) as other:
        define(other, "others")
        backed_up(other, tmp_path / "folder")
    with pytest.raises(Conflict, match="holds backups of another home"):
        backed_up(small, tmp_path / "folder")
    assert len(list((tmp_path / "folder").glob("backup-*.json"))) == 1


def test_an_empty_or_a_restored_home_is_another_one_and_a_moved_one_is_not(small, tmp_path):
    backed_up(small, tmp_path / "folder")
    restored(Settings(home=str(tmp_path / "restored")), tmp_path / "folder")
    for name in ("empty", "restored"):
        with (
            opened(Settings(home=str(tmp_path / name))) as other,
            pytest.raises(Conflict, match=r"backups of another home; .*Name another folder"),
        ):
            backed_up(other, tmp_path / "folder")
    shutil.copytree(small.settings.home_folder, tmp_path / "moved")
    with opened(Settings(home=str(tmp_path / "moved"))) as moved:
        assert backed_up(moved, tmp_path / "folder")["versions"] == 1


def test_backups_of_an_earlier_release_name_no_home_and_are_told_by_all_of_their_marks(small, tmp_path):
    backed_up(small, tmp_path / "folder")
    (path,) = (tmp_path / "folder").glob("backup-*.json")
    head = json.loads(path.read_text())["weightbase_backup"]
    del head["home"]
    sha256 = hashlib.sha256(json.dumps(head, sort_keys=True).encode()).hexdigest()
    atomic_write(path, json.dumps({"weightbase_backup": head, "sha256": sha256}).encode())
    with (
        opened(Settings(home=str(tmp_path / "empty"))) as other,
        pytest.raises(Conflict, match="backups of another home"),
    ):
        backed_up(other, tmp_path / "folder")
    assert backed_up(small, tmp_path / "folder")["versions"] == 1
    assert prove_backups(tmp_path / "folder", lambda _: None).problems == []


@pytest.mark.parametrize(("name", "value"), [("form", 2), ("revision", "9999")])
def test_a_backup_of_a_newer_release_is_refused(small, tmp_path, name, value):
    backed_up(small, tmp_path / "folder")
    (path,) = (tmp_path / "folder").glob("backup-*.json")
    head = json.loads(path.read_text())["weightbase_backup"]
    known = {part: head[part] for part in head if part != "list"}
    newer = Head(**known | {name: value, "list": Member(**head["list"])})
    atomic_write(path, newer.to_bytes())
    with pytest.raises(NewerForm, match="newer Weightbase"):
        restored(Settings(home=str(tmp_path / "target")), tmp_path / "folder")
    assert not (tmp_path / "target").exists()


def test_what_is_no_backup_is_refused(small, tmp_path):
    (tmp_path / "letter.zip").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("letter.txt", "mine")
    (tmp_path / "empty").mkdir()
    target = Settings(home=str(tmp_path / "target"))
    with pytest.raises(StoreUnavailable, match="no whole backup"):
        restored(target, tmp_path / "letter.zip")
    for name in ("other.zip", "empty", "missing"):
        with pytest.raises(NotFound, match=r"no whole backup|There is no backup"):
            restored(target, tmp_path / name)
    assert not (tmp_path / "target").exists()


# --- damage of a backup itself


def test_a_cut_archive_is_never_whole(small, tmp_path):
    backed_up(small, tmp_path / "file.zip")
    content = (tmp_path / "file.zip").read_bytes()
    for length in (len(content) - 1, len(content) // 2, 10):
        (tmp_path / "cut.zip").write_bytes(content[:length])
        with pytest.raises(StoreUnavailable, match="no whole backup"):
            restored(Settings(home=str(tmp_path / "target")), tmp_path / "cut.zip")


def test_each_changed_member_is_seen_and_named(small, tmp_path):
    backed_up(small, tmp_path / "folder")
    members = [path for path in (tmp_path / "folder" / "objects").rglob("*") if path.is_file()]
    assert len(members) > 5
    for path in members:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        try:
            assert len(prove_backups(tmp_path / "folder", lambda _: None).problems) >= 1
        except StoreUnavailable as error:  # the list itself
            assert "damaged" in error.message  # noqa: PT017 - either way it is seen
        path.write_bytes(content)
    assert prove_backups(tmp_path / "folder", lambda _: None).problems == []


def test_what_is_damaged_in_a_backup_can_be_left_out(small, tmp_path):
    save(small, seed=2)
    expected = contents(small)
    backed_up(small, tmp_path / "folder")
    with sqlite3.connect(small.settings.home_folder / "catalogue.sqlite") as catalogue:
        (sha256,) = catalogue.execute(
            "SELECT sha256 FROM tensors WHERE version_id = 2 AND name = 'layer_01.weight'"
        ).fetchone()
    (tmp_path / "folder" / "objects" / sha256[:2] / sha256).write_bytes(b"rot")
    target = Settings(home=str(tmp_path / "target"))
    with pytest.raises(UserError, match=r"flowers:2 is damaged[\s\S]*--without-damaged"):
        restored(target, tmp_path / "folder")
    assert not (tmp_path / "target").exists()
    assert len(restored(target, tmp_path / "folder", without_damaged=True)["damaged"]) == 1
    with opened(target) as found:
        expected["versions"].pop("flowers:2")
        assert_whole(found, expected)
    assert backed_up(small, tmp_path / "folder")["written"] >= 1  # it is written again
    assert prove_backups(tmp_path / "folder", lambda _: None).problems == []


# --- from the command line


def test_the_command_line_backs_up_checks_and_restores(small, tmp_path, monkeypatch, capsys):
    expected = contents(small)
    for name, value in to_environment(small.settings).items():
        monkeypatch.setenv(name, value)
    place = str(tmp_path / "file.zip")
    assert main(["backup", place]) == 0
    assert "1 version, 4 tensors, 1 dataset, 0 checkpoints in" in capsys.readouterr().out
    assert main(["backup", place]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["backup", "--check", place]) == 0
    assert "1 backup: " in capsys.readouterr().out
    assert main(["restore", place, "--to", "csv:", "--to-home", str(tmp_path / "target")]) == 0
    assert "each proven by its SHA-256" in capsys.readouterr().out
    assert main(["restore", place, "--to", "csv:", "--to-home", str(tmp_path / "target")]) == 2
    with opened(Settings(home=str(tmp_path / "target"))) as found:
        assert_whole(found, expected)
    damage(small, "flowers", 1)
    assert main(["backup", str(tmp_path / "second.zip")]) == 1
    assert "flowers:1 DAMAGED" in capsys.readouterr().out


def test_a_home_that_is_read_only_is_backed_up(small, tmp_path):
    expected = contents(small)
    with opened(Settings(home=small.settings.home, read_only=1)) as reader:
        assert backed_up(reader, tmp_path / "folder")["versions"] == 1
    restored(Settings(home=str(tmp_path / "target")), tmp_path / "folder")
    with opened(Settings(home=str(tmp_path / "target"))) as found:
        assert_whole(found, expected)


# --- disks


@contextmanager
def files_limited_to(size):
    """A limit of this process on the size of files, which is refused as a used-up quota is."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("place", ["folder", "file.zip"])
@pytest.mark.parametrize("size", [20_000, 300_000])
def test_a_full_disk_leaves_nothing_that_looks_whole_and_is_not_waited_for(small, tmp_path, place, size):
    save(small, tensors={"large": np.ones((300, 300))})
    with files_limited_to(size), pytest.raises(StoreUnavailable, match="disk is full") as refused:
        backed_up(small, tmp_path / place)
    assert not isinstance(refused.value, Outage)
    with pytest.raises(NotFound):
        prove_backups(tmp_path / place, lambda _: None)
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name or "scratch" in path.name] == []
    assert backed_up(small, tmp_path / place)["versions"] == 2
    assert prove_backups(tmp_path / place, lambda _: None).problems == []


def test_a_folder_whose_disk_was_full_at_the_very_beginning_is_used_again(small, tmp_path):
    (tmp_path / "folder" / "objects").mkdir(parents=True)
    assert backed_up(small, tmp_path / "folder")["versions"] == 1


def test_a_place_that_cannot_be_written_is_named(small, tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    for name in ("letter.txt/folder", "letter.txt/file.zip"):
        with pytest.raises((Invalid, StoreUnavailable), match=r"letter\.txt/f\w+.* cannot be (used|written)"):
            backed_up(small, tmp_path / name)


def test_a_store_that_another_home_uses_is_not_backed_up_without_that_homes_datasets(
    small, tmp_path, monkeypatch, capsys
):
    open_workspace(Settings(home=str(tmp_path / "other"))).catalogue.close()
    monkeypatch.setenv("WEIGHTBASE_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("WEIGHTBASE_STORE", f"csv:{small.settings.store_folder}")
    assert main(["backup", str(tmp_path / "folder")]) == 2
    assert "is used by another dashboard" in capsys.readouterr().err
    assert not (tmp_path / "folder").exists()


def test_a_home_that_is_not_there_is_not_made_to_be_backed_up(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_HOME", str(tmp_path / "mistyped"))
    assert main(["backup", str(tmp_path / "folder")]) == 2
    assert "There is no home at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_archive_whose_maker_died_at_its_very_end_is_never_written_to_again(small, tmp_path):
    backed_up(small, tmp_path / "file.zip")
    (tmp_path / "file.zip.unfinished").hardlink_to(tmp_path / "file.zip")
    (tmp_path / "file.zip").rename(tmp_path / "moved.zip")
    backed_up(small, tmp_path / "file.zip")
    assert prove_backups(tmp_path / "moved.zip", lambda _: None).problems == []


# --- a store that was not set


def refused_to(verb, capsys):
    """Run a verb that must refuse, and return what it says."""
    place = {"backup": [verb, str(MADE_BY_NOBODY)], "verify": [verb]}[verb]
    assert main(place) == 2
    return capsys.readouterr().err


MADE_BY_NOBODY = Path("/proc/backup")
"""Where nothing can be written: a refusal comes before."""


@pytest.mark.server
def test_a_home_whose_store_was_forgotten_is_not_taken_for_an_empty_one(settings_of, tmp_path, monkeypatch, capsys):
    made = settings_of("mysql")
    with opened(made) as workspace:
        define(workspace)
        save(workspace)
    before = sorted(made.home_folder.rglob("*"))
    monkeypatch.setenv("WEIGHTBASE_HOME", made.home)
    monkeypatch.delenv("WEIGHTBASE_STORE", raising=False)
    for verb in ("backup", "verify"):
        said = refused_to(verb, capsys)
        assert f"no catalogue for the home {made.home} and the store csv:{made.home}/weights. The home holds da" in said
        assert "seems to belong to another store. Set WEIGHTBASE_HOME and WEIGHTBASE_STORE" in said
        assert sorted(made.home_folder.rglob("*")) == before
    open_workspace(Settings(home=made.home)).catalogue.close()  # a dashboard was started without the store, too
    for verb in ("backup", "verify"):
        assert "knows none of the datasets in this home, which seems to belong to another" in refused_to(verb, capsys)
    monkeypatch.setenv("WEIGHTBASE_STORE", made.store)
    assert main(["verify"]) == 0
    assert main(["backup", str(tmp_path / "folder")]) == 0


@pytest.mark.server
def test_no_database_and_no_tables_are_made_to_be_verified_or_backed_up(small, mysql_server_url, monkeypatch, capsys):
    name = f"backups_{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("WEIGHTBASE_HOME", small.settings.home)
    monkeypatch.setenv("WEIGHTBASE_STORE", mysql_server_url + name)
    for verb in ("backup", "verify"):
        assert f"/{name}. The home holds datasets" in refused_to(verb, capsys)
    assert run_sql(mysql_server_url, f"SHOW DATABASES LIKE '{name}'") == []
    run_sql(mysql_server_url, f"CREATE DATABASE {name}")
    try:
        for verb in ("backup", "verify"):
            assert "There is no catalogue for the home" in refused_to(verb, capsys)
        assert run_sql(mysql_server_url, "SHOW TABLES", database=name) == []
    finally:
        run_sql(mysql_server_url, f"DROP DATABASE {name}")


@pytest.mark.parametrize("verb", ["backup", "verify"])
def test_an_empty_folder_is_not_made_a_home(verb, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_HOME", str(tmp_path))
    monkeypatch.delenv("WEIGHTBASE_STORE", raising=False)
    assert f"There is no catalogue for the home {tmp_path} and" in refused_to(verb, capsys)
    assert list(tmp_path.iterdir()) == []
