"""Actions on the store as real processes of a real coordinator: beside trainings, cancelled, killed, taken up again."""

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from dashboard.records.store import split_password
from dashboard.services.runs.runs import cancel_run, get_run, start_run
from dashboard.services.store import trash
from dashboard.services.store.actions import start_copy, start_empty, start_once
from dashboard.services.versions.reading import delete_version, list_versions
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.processes.run_processes import get_on_until, signal_to, training_pids, wait_for_end
from tests.processes.test_runs import ENDLESS, define, wait_for_epochs
from tests.unit.services.store_examples import contents, fill, save
from tests.worker import APP, start_worker, wait_until, working

pytestmark = pytest.mark.processes

SEED = 20261202


def action_pids(coordinator):
    """Return the one process of an action, as soon as there is one; paused, so that no machine is too quick."""
    while not (found := training_pids(coordinator)):
        time.sleep(0.001)
    signal_to(found, signal.SIGSTOP)
    assert len(found) == 1
    return found


@pytest.mark.soak  # web/test_store_pages has an action beside a queue
def test_a_verification_runs_beside_trainings_that_fill_every_slot(workspace):
    fill(workspace)
    define(workspace, **ENDLESS)
    with working(replace(workspace.settings, slots=1)):
        trainings = [start_run(workspace, "net", {}) for _ in range(2)]
        wait_for_epochs(workspace, trainings[0].id)
        detail = wait_for_end(workspace, start_once(workspace, "verify").id)
        assert (detail.run.state, detail.run.result["proven"], detail.run.result["different"]) == ("finished", 4, 0)
        assert get_run(workspace, trainings[-1].id).run.state == "queued"
        assert detail.seconds_left is None
        for training in reversed(trainings):
            cancel_run(workspace, training.id)


@pytest.mark.soak
def test_a_cancelled_verification_keeps_what_it_has_found(workspace, coordinator):
    fill(workspace)
    for seed in range(20, 50):
        save(workspace, seed=seed)
    run = start_once(workspace, "verify")
    verifying = action_pids(coordinator)
    get_on_until(lambda: get_run(workspace, run.id).run.done > 0, verifying, "the first report")
    cancel_run(workspace, run.id)
    # So slowly that the cancel reaches it in the middle, however busy the machine is.
    get_on_until(lambda: get_run(workspace, run.id).run.has_ended, verifying, "the cancel", moment=0.002)
    ended = get_run(workspace, run.id).run
    assert ended.state == "cancelled"
    assert ended.total == 34
    assert 0 < ended.result["proven"] < 34


@pytest.mark.soak
def test_a_copy_that_is_killed_is_taken_up_again_and_copies_nothing_twice(workspace, coordinator, tmp_path):
    fill(workspace)
    for seed in range(20, 60):
        save(workspace, seed=seed)
    target = Settings(home=str(tmp_path / "copy"))
    run = start_copy(workspace, {"to": "csv:", "home": target.home})  # a folder in the home, which is tmp_path
    copying = action_pids(coordinator)
    some = "some versions to be copied"
    get_on_until(lambda: get_run(workspace, run.id).run.result.get("copied", 0) > 3, copying, some)
    signal_to(copying, signal.SIGKILL)
    ended = wait_for_end(workspace, run.id).run
    assert (ended.state, ended.attempt) == ("finished", 2)
    assert ended.result["skipped"] > 3
    assert (ended.result["copied"] + ended.result["skipped"], ended.result["proven"]) == (44, 44)
    copy = open_workspace(target)
    assert contents(copy) == contents(workspace)
    copy.catalogue.close()


@pytest.mark.server
@pytest.mark.soak
def test_a_copy_into_mysql_gets_its_password_without_leaving_a_trace(workspace, mysql_url):
    fill(workspace)
    password = mysql_url.split(":")[2].split("@")[0]
    bare = split_password(mysql_url)[0]
    workspace = replace(workspace, settings=replace(workspace.settings, copy_to=bare))
    coordinator = start_worker(workspace.settings)
    detail = wait_for_end(workspace, start_copy(workspace, {"to": mysql_url}).id)
    coordinator.terminate()
    coordinator.wait()
    assert (detail.run.state, detail.run.error) == ("finished", None)
    assert detail.run.result["proven"] == 4
    home = workspace.settings.home_folder
    assert [path for path in home.rglob("*") if path.is_file() and password.encode() in path.read_bytes()] == []
    copy = open_workspace(Settings(home=str(home), store=mysql_url))
    assert contents(copy) == contents(workspace)
    copy.catalogue.close()
    copy.store.close()


@pytest.mark.soak
def test_a_coordinator_that_is_killed_while_the_trash_is_emptied_leaves_the_rest_to_the_next_one(workspace):
    fill(workspace)
    for seed in range(20, 60):
        delete_version(workspace, "flowers", save(workspace, seed=seed))
    kept = contents(workspace)
    coordinator = start_worker(workspace.settings)
    run = start_empty(workspace)
    wait_until(lambda: get_run(workspace, run.id).run.state != "queued", "the emptying to begin")
    coordinator.kill()
    coordinator.wait()
    second = start_worker(workspace.settings)
    wait_for_end(workspace, run.id)
    second.terminate()
    second.wait()
    assert contents(workspace) == kept
    wanted = {("flowers", number) for number in (1, 2, 4)} | {("odds", 1)}
    wait_until(lambda: users(open_again(workspace)) == wanted, "nothing but what is kept to be left")


def open_again(workspace):
    """Open the same settings as a start does, which sweeps."""
    found = open_workspace(workspace.settings)
    found.catalogue.close()
    return found


def users(workspace):
    return {version for table in workspace.store.tables() for version in table.versions}


BUSY = """
import sys
from dashboard.services.store import trash
from dashboard.services.versions.reading import delete_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
workspace = open_workspace(Settings(home=sys.argv[1], store=sys.argv[2]), sweeping=False)
for number in range(int(sys.argv[3]), 10_000):
    print("delete", number, flush=True)
    delete_version(workspace, "flowers", number)
    item = next(item for item in trash.list_trash(workspace) if item.name == f"flowers:{number}")
    if number % 2:
        trash.restore(workspace, item.key)
        print("restored", number, flush=True)
    else:
        print("doomed", number, flush=True)
        trash.delete_permanently(workspace, item.key)
        print("gone", number, flush=True)
"""


def kill_while_deleting(settings, first, seconds):
    """Delete versions from `first` on, restoring odd ones and removing even ones; killed, return what was said."""
    command = [sys.executable, "-c", BUSY, settings.home, settings.store, str(first)]
    process = subprocess.Popen(command, cwd=APP.parent, stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline()]
    time.sleep(seconds)
    process.kill()
    said += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    return [(line.split()[0], int(line.split()[1])) for line in said if line.endswith("\n")]


@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        ("csv", 2),
        pytest.param("csv", 6, marks=pytest.mark.soak),
        pytest.param("mysql", 6, marks=[pytest.mark.server, pytest.mark.soak]),
    ],
)
def test_killed_deletions_and_restorations_lose_nothing_that_was_not_confirmed(tmp_path, request, kind, kills):
    store = "csv:" if kind == "csv" else request.getfixturevalue("mysql_url")
    settings = Settings(home=str(tmp_path / "home"), store=store)
    workspace = open_workspace(settings)
    fill(workspace)
    last = 4 + 8 * kills
    for seed in range(last - 4):
        save(workspace, seed=20 + seed)
    moments = random.Random(SEED)
    said, first = [], 5
    for _ in range(kills):
        said += kill_while_deleting(settings, first, moments.uniform(0, 0.3))
        first = max(number for _, number in said) + 1
    swept = open_workspace(settings)
    there = {version.number for version in list_versions(swept, "flowers", 1000).items}
    trashed = {int(item.name.partition(":")[2]) for item in trash.list_trash(swept)}
    doomed = {number for word, number in said if word == "doomed"}
    assert (there | trashed) >= {1, 2, *range(4, last + 1)} - doomed
    assert {number for word, number in said if word == "restored"} <= there
    assert not {number for word, number in said if word == "gone"} & (there | trashed)
    assert all(proof.identical for proof in verify_all(swept))
    for item in trash.list_trash(swept):
        trash.restore(swept, item.key)
    assert all(proof.identical for proof in verify_all(swept))
    assert users(swept) == {("odds", 1)} | {("flowers", number) for number in there | trashed}
    for opened in (workspace, swept):
        opened.catalogue.close()
        opened.store.close()
