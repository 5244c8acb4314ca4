"""A copy holds the same bits, names, numbers and times, is proven, can be taken up again, and overwrites nothing."""

import pytest

from dashboard import cli
from dashboard.catalogue import runs as run_rows
from dashboard.errors import Conflict
from dashboard.jobs.job import Cancelled
from dashboard.records.store import split_password
from dashboard.services.datasets import get_dataset
from dashboard.services.networks import get_network, list_networks
from dashboard.services.store.copying import copy_store
from dashboard.services.store.trash import list_trash, restore
from dashboard.services.versions.reading import delete_version, get_version, list_versions
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.server import run_sql
from tests.unit.services.store_examples import add_run, contents, define, fill, save

pytestmark = pytest.mark.slow


@pytest.fixture
def opened():
    """Open workspaces of these settings; they are closed at the end."""
    found = []

    def open_(**settings):
        found.append(open_workspace(Settings(**settings)))
        return found[-1]

    yield open_
    for workspace in found:
        workspace.catalogue.close()
        workspace.store.close()


@pytest.fixture
def source(opened, tmp_path):
    workspace = opened(home=str(tmp_path / "source"))
    fill(workspace)
    return workspace


@pytest.fixture
def target(opened, tmp_path):
    return opened(home=str(tmp_path / "target"))


def copy(source, target):
    """Copy and return (error, the result that was told last)."""
    told = []
    error = copy_store(source, target, told.append)
    assert told[-1].done == told[-1].total
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    return error, told[-1].result


def test_a_copy_is_the_same_to_the_last_bit_and_microsecond(source, target):
    error, result = copy(source, target)
    assert error is None
    assert (result["copied"], result["skipped"], result["proven"], result["different"]) == (4, 0, 4, 0)
    assert contents(target) == contents(source)
    assert get_version(target, "flowers", 4).parent == "flowers:2"


def test_the_records_of_a_dataset_come_along(source, target):
    copy(source, target)
    folder = get_dataset(source, "iris").folder
    names = sorted(path.name for path in (source.datasets_folder / folder).iterdir())
    for name in names:
        assert (target.datasets_folder / folder / name).read_bytes() == (
            source.datasets_folder / folder / name
        ).read_bytes()
    assert "original.csv" in names


def test_a_second_copy_finds_all_there_and_proves_it_again(source, target):
    copy(source, target)
    error, result = copy(source, target)
    assert (error, result["copied"], result["skipped"], result["proven"]) == (None, 0, 4, 4)
    assert contents(target) == contents(source)


def test_what_was_added_since_is_added_to_the_copy(source, target):
    copy(source, target)
    save(source, seed=5, run_id=add_run(source))
    assert copy(source, target)[1]["copied"] == 1
    assert contents(target) == contents(source)


def test_a_copy_that_is_stopped_anywhere_goes_on_where_it_was(source, target):
    stopped_at = []
    for steps in range(60):
        left = iter(range(steps))

        def tell(progress, left=left):
            if next(left, None) is None:
                stopped_at.append(progress.note)
                raise Cancelled

        try:
            copy_store(source, target, tell)
        except Cancelled:
            continue
        break
    assert len(set(stopped_at)) > 8
    assert contents(target) == contents(source)


def test_numbers_that_were_given_out_are_not_given_out_at_the_target(source, target):
    delete_version(source, "flowers", 4)
    copy(source, target)
    assert save(target, seed=8) == 5


def test_the_trash_stays_behind(source, target):
    copy(source, target)
    assert [version.number for version in list_versions(target, "flowers").items] == [4, 2, 1]
    assert list_trash(target) == []


def test_a_parent_in_the_trash_is_no_parent_until_it_is_restored(source, target):
    delete_version(source, "flowers", 2)
    assert get_version(source, "flowers", 4).parent is None
    copy(source, target)
    assert contents(target) == contents(source)


def test_a_different_version_of_the_same_number_is_a_conflict_before_anything_is_copied(source, target):
    define(target)
    save(target, seed=77)
    before = contents(target)
    with pytest.raises(Conflict, match="flowers:1 is a different version at the target"):
        copy_store(source, target, lambda _: None)
    assert contents(target) == before
    assert [summary.network.name for summary in list_networks(target).items] == ["flowers"]


def test_another_network_of_the_same_name_is_a_conflict(source, target):
    define(target, units=11)
    with pytest.raises(Conflict, match="another network named 'flowers'"):
        copy_store(source, target, lambda _: None)


def test_a_version_in_the_targets_trash_is_a_conflict_with_two_ways_out(source, target):
    copy(source, target)
    delete_version(target, "flowers", 2)
    with pytest.raises(Conflict, match=r"flowers:2 is in the trash of the target. Restore it"):
        copy_store(source, target, lambda _: None)
    restore(target, list_trash(target)[0].key)
    assert copy(source, target)[0] is None


def test_a_network_whose_tables_have_a_taken_name_gets_another_one(source, target):
    define(target, "Flowers!".replace("!", ""))  # the same slug, another name
    copy(source, target)
    assert get_network(target, "flowers").slug != get_network(target, "Flowers").slug
    error, result = copy(source, target)
    assert (error, result["proven"]) == (None, 4)


def test_versions_of_a_run_that_goes_on_wait_for_its_end(source, target):
    run_id = add_run(source, state="running")
    number = save(source, seed=6, run_id=run_id)
    error, result = copy(source, target)
    assert (error, result["copied"]) == (None, 4)
    assert [left["version"] for left in result["left_out"]] == [f"flowers:{number}"]
    with source.catalogue.writing() as connection:
        run_rows.end_run(connection, run_id, 1, "finished", None)
    assert copy(source, target)[1]["copied"] == 1
    assert contents(target) == contents(source)


def test_a_version_that_is_damaged_at_the_source_is_left_out_and_named(source, target):
    path = source.settings.home_folder / "weights/flowers/v0002/layer_01_weight.csv"
    path.write_text(path.read_text().replace(path.read_text().split("\n")[1].split(",")[0], "0.5", 1))
    error, result = copy(source, target)
    assert "1 version could not be read at the source" in error
    reasons = {left["version"]: left["reason"] for left in result["left_out"]}
    assert "layer_01.weight is not what was saved" in reasons["flowers:2"]
    assert "was left out" in reasons["flowers:4"]
    assert sorted(contents(target)["versions"]) == ["flowers:1", "odds:1"]


def test_a_taken_run_id_does_not_hide_a_run(source, target):
    define(target, "other")
    add_run(target, "other")
    copy(source, target)
    with target.catalogue.reading() as connection:
        listed = run_rows.list_runs(connection, 100)
    assert sorted((run.network, run.state) for run in listed) == [
        ("flowers", "failed"),
        ("flowers", "finished"),
        ("flowers", "finished"),
        ("other", "finished"),
    ]


def test_two_csv_stores_of_one_home_are_refused_with_the_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_HOME", str(tmp_path))
    assert cli.main(["copy", "--to", f"csv:{tmp_path / 'elsewhere'}"]) == 2
    assert "Give the copy a home of its own" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "csv:{tmp}/nothing"], "There is no store at {tmp}/nothing"),
        (["--from-home", "{tmp}/nowhere"], "There is no store at {tmp}/nowhere/weights"),
        (["--from-home", "{tmp}/nowhere", "--from", "csv:{tmp}"], "There is no home at {tmp}/nowhere. Name the store"),
        (["--from-home", "{tmp}/bare", "--from", "csv:{tmp}"], "There is no catalogue for the home {tmp}/bare and"),
    ],
)
def test_a_source_that_is_not_there_is_refused_and_nothing_is_made(
    source, tmp_path, monkeypatch, capsys, arguments, words
):
    monkeypatch.setenv("WEIGHTBASE_HOME", source.settings.home)
    (tmp_path / "bare").mkdir()
    before = sorted(tmp_path.iterdir())
    given = [word.format(tmp=tmp_path) for word in arguments]
    assert cli.main(["copy", *given, "--to", "csv:", "--to-home", str(tmp_path / "target")]) == 2
    assert words.format(tmp=tmp_path) in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
    assert list((tmp_path / "bare").iterdir()) == []


@pytest.mark.server
def test_a_database_that_is_not_there_is_no_source_and_is_not_made(
    source, tmp_path, monkeypatch, capsys, mysql_server_url
):
    monkeypatch.setenv("WEIGHTBASE_HOME", source.settings.home)
    address = f"{mysql_server_url}not_there"
    assert cli.main(["copy", "--from", address, "--to", "csv:", "--to-home", str(tmp_path / "target")]) == 2
    assert "There is no catalogue for the home" in capsys.readouterr().err
    assert run_sql(mysql_server_url, "SHOW DATABASES LIKE 'not_there'") == []


def test_the_command_prints_each_version_and_what_came_of_it(source, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_HOME", source.settings.home)
    assert cli.main(["copy", "--to", f"csv:{tmp_path / 'tables'}", "--to-home", str(tmp_path / "home")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "copying flowers:1, version 1 of 4" in lines
    assert "verifying odds:1, version 3 of 4" in lines
    assert lines[-1] == "4 versions copied, 0 were there already, 0 left out; 4 proven, 0 different"
    assert (tmp_path / "tables" / "flowers" / "v0004" / "version.json").exists()


@pytest.mark.server
def test_csv_to_mysql_and_back_keeps_every_bit(source, opened, tmp_path, mysql_url):
    database = opened(home=str(tmp_path / "source"), store=mysql_url)
    assert copy(source, database)[0] is None
    assert contents(database) == contents(source)
    back = opened(home=str(tmp_path / "back"))
    error, result = copy(database, back)
    assert (error, result["proven"]) == (None, 4)
    assert contents(back) == contents(source)


@pytest.mark.server
def test_mysql_to_another_database_with_passwords_from_the_environment_only(
    source, opened, tmp_path, mysql_url, mysql_server_url, monkeypatch, capfd
):
    copy(source, opened(home=str(tmp_path / "source"), store=mysql_url))
    other = f"{mysql_url}_two"
    (bare, password), (bare_other, _) = split_password(mysql_url), split_password(other)
    monkeypatch.setenv("WEIGHTBASE_HOME", source.settings.home)
    monkeypatch.setenv("WEIGHTBASE_FROM_PASSWORD", password)
    monkeypatch.setenv("WEIGHTBASE_TO_PASSWORD", password)
    assert cli.main(["copy", "--from", bare, "--to", bare_other, "--to-home", str(tmp_path / "two")]) == 0
    assert contents(opened(home=str(tmp_path / "two"), store=other)) == contents(source)
    assert password not in "".join(capfd.readouterr())
    run_sql(mysql_server_url, f"DROP DATABASE {other.rpartition('/')[2]}")


@pytest.mark.server
def test_a_copy_onto_itself_is_refused_with_a_warning_of_the_password_in_the_command(
    source, mysql_url, monkeypatch, capsys
):
    monkeypatch.setenv("WEIGHTBASE_HOME", source.settings.home)
    assert cli.main(["copy", "--from", mysql_url, "--to", mysql_url]) == 2
    printed = capsys.readouterr().err
    assert "That is the store that is copied" in printed
    assert "set WEIGHTBASE_TO_PASSWORD instead" in printed
