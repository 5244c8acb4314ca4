"""The page of backups and its addresses in the API: a run that ends with a proof, a list, and what is refused."""

from multiprocessing import Pipe

import pytest

from dashboard.services.backup.actions import run_backup
from dashboard.services.backup.restoring import restore_backup
from dashboard.services.backup.words import backup_sentence
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.carry_out import carry_out
from tests.unit.services.store_examples import contents, define, fill, save
from tests.web.page_check import words
from tests.web.test_store_pages import rows_of


@pytest.fixture
def flowers(workspace):
    define(workspace)
    save(workspace)
    return workspace


def test_a_backup_is_started_from_the_page_proven_listed_and_restored(workspace, browser, tmp_path):
    fill(workspace)
    place = tmp_path / "copy" / "backup"
    assert browser.get("/store/backup").by_id("to").get("value") == str(place)
    page = browser.post("/store/backup", {"to": str(place)}, source="/store/backup")
    run_id = int(page.h1.split()[1].rstrip(":"))
    assert page.h1 == f"Run {run_id}: Back up to {place}"
    assert carry_out(workspace).state == "finished"
    page = browser.get(f"/runs/{run_id}")
    assert page.sentence.startswith(f"5 versions, 22 tensors, 1 dataset, 0 checkpoints in {place}: ")
    assert page.sentence.endswith("were read back and are what their SHA-256 says.")
    ((_, where, name, versions, _, problem),) = rows_of(browser.get("/store/backup"), "Backups")
    assert (where, versions, problem) == (str(place), "5", "–")
    (item,) = browser.raw("/store/backup/backups.json").json["items"]
    assert item["name"] == name
    assert browser.raw("/api/v1/store/backups").json["items"][0]["versions"] == 5
    target = Settings(home=str(tmp_path / "restored"))
    restore_backup(target, place, lambda _: None)
    found = open_workspace(target)
    assert contents(found) == contents(workspace)
    found.catalogue.close()


def test_a_restored_home_does_not_begin_its_own_backup_again(flowers, browser, tmp_path):
    place = tmp_path / "copy" / "backup"
    browser.post("/store/backup", {"to": str(place)}, source="/store/backup")
    carry_out(flowers)
    target = Settings(home=str(tmp_path / "restored"))
    restore_backup(target, place, lambda _: None)
    with_runs = open_workspace(target)
    with with_runs.catalogue.reading() as connection:
        rows = connection.exec_driver_sql("SELECT kind, state, error FROM runs").all()
    with_runs.catalogue.close()
    assert rows == [("backup", "interrupted", NOT_AGAIN)]


def test_an_attempt_that_finds_its_archive_whole_says_what_the_one_before_wrote(flowers, browser):
    place = flowers.settings.home_folder / "copies" / "backup.zip"
    browser.post("/store/backup", {"to": str(place)}, source="/store/backup")
    first = carry_out(flowers)
    here, there = Pipe()
    reporter = Reporter(there)
    job = ActionJob(first.id, 2, "backup", first.request, flowers.settings)
    assert run_backup(flowers, job, reporter) is None
    reporter.flush()
    while here.poll():
        _, last = here.recv()
    assert first.result["written"] == first.result["proven"] > 0
    assert last.result | {"spare": 0} == first.result
    assert backup_sentence(last.result).endswith("It is in the home, and lost with it: copy it to another disk.")


NOT_AGAIN = "It was under way when this home was backed up. Start it again if it is wanted here, too."


def test_damage_ends_the_run_as_failed_and_is_named(flowers, browser, tmp_path):
    save(flowers, seed=2)
    (flowers.settings.home_folder / "weights/flowers/v0002/layer_01_weight.csv").unlink()
    answer = browser.client.post("/api/v1/store/backup", json={"to": str(tmp_path / "copy" / "b.zip")})
    assert answer.status_code == 202
    assert carry_out(flowers).state == "failed"
    page = browser.get("/runs/1")
    start = "Failed: 1 part is missing or damaged: flowers:2. All else is backed up: 1 version, 4 tensors, 1 dataset"
    assert page.sentence.startswith(start)
    text = words(page.root)
    assert "What is damaged is not in the backup; all else is, and is proven. flowers:2: " in text
    assert browser.raw("/api/v1/store/backups").json["items"][0]["missing"] == 1
    (row,) = rows_of(browser.get("/store/backup"), "Backups")
    assert row[-1] == "1 not in it"


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("", "Give the whole path"),
        ("backup", "Give the whole path"),
        ("/elsewhere/backup", "a place that WEIGHTBASE_COPY_TO lists"),
        ("HOME/../elsewhere", "a place that WEIGHTBASE_COPY_TO lists"),
        ("HOME/datasets/backup", "a place that WEIGHTBASE_COPY_TO lists"),
        ("HOME/weights/backup", "where the home has its own data"),
        ("HOME", "a place that WEIGHTBASE_COPY_TO lists"),
        ("HOME/copies/b.tar.gz", "An archive is a .zip here"),
    ],
)
def test_a_place_that_is_not_for_visitors_is_refused_and_nothing_is_queued(flowers, browser, to, said):
    to = to.replace("HOME", str(flowers.settings.home_folder))
    page = browser.post("/store/backup", {"to": to}, status=422, source="/store/backup")
    assert said in words(page.by_id("problems"))
    answer = browser.client.post("/api/v1/store/backup", json={"to": to})
    assert (answer.status_code, answer.json["error"]["field"]) == (422, "to")
    assert browser.raw("/api/v1/runs").json["items"] == []


def test_a_backup_that_is_cancelled_leaves_nothing_that_looks_whole(flowers, browser, tmp_path):
    browser.post("/store/backup", {"to": str(tmp_path / "copy" / "b.zip")}, source="/store/backup")
    assert carry_out(flowers, told_to_stop=True).state == "cancelled"
    assert list((tmp_path / "copy").iterdir()) == []
    assert browser.raw("/api/v1/store/backups").json["items"] == []


def test_a_backup_in_the_home_says_that_it_is_lost_with_it(flowers, browser):
    place = flowers.settings.home_folder / "copies" / "backup"
    browser.post("/store/backup", {"to": str(place)}, source="/store/backup")
    assert carry_out(flowers).state == "finished"
    assert browser.get("/runs/1").sentence.endswith("copy it to another disk.")
