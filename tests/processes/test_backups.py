"""Backups while runs go on, restored elsewhere, where the runs go on too; and backups that are killed."""

import os
import subprocess
import sys

import pytest

from dashboard.errors import NotFound
from dashboard.services.backup.actions import start_backup
from dashboard.services.backup.making import make_backup
from dashboard.services.backup.proving import prove_backups
from dashboard.services.backup.restoring import restore_backup
from dashboard.services.runs.runs import get_run, start_run
from dashboard.services.versions.reading import list_versions
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.contract.backups import assert_whole, opened
from tests.processes.run_processes import get_on_until, signal_to, wait_for_end
from tests.processes.runs_survive import weights_of
from tests.processes.test_actions import action_pids
from tests.processes.test_runs import define, wait_for_epochs
from tests.unit.services.store_examples import contents, fill
from tests.worker import APP, working

pytestmark = pytest.mark.processes

EPOCHS = 25


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["csv", pytest.param("mysql", marks=pytest.mark.server)])
def test_a_run_goes_on_where_its_backup_was_restored_and_where_it_was_made(kind, tmp_path, request):
    store = request.getfixturevalue("mysql_url") if kind == "mysql" else Settings.store
    made = Settings(home=str(tmp_path / "home"), store=store, checkpoint_seconds=0)
    target = Settings(home=str(tmp_path / "restored"), checkpoint_seconds=0)
    with opened(made) as workspace:
        define(workspace, batch_size=1, epochs=EPOCHS, save="10", optimizer="adam")
        with working(made):
            run = start_run(workspace, "net", {})
            wait_for_epochs(workspace, run.id, 3)
            counts = make_backup(workspace, tmp_path / "backup.zip", lambda _: None)
            expected = what_came_of(workspace, run.id)
        restore_backup(target, tmp_path / "backup.zip", lambda _: None)
    with opened(target) as restored:
        waiting = get_run(restored, run.id).run
        assert (waiting.state, counts["checkpoints"]) in [("queued", 1), ("finished", 0)]
        assert waiting.checkpoint >= 1 or waiting.state == "finished"
        with working(target):
            assert what_came_of(restored, run.id) == expected


def what_came_of(workspace, run_id):
    """Wait for a run's end; return its losses, and the bytes of each tensor by epoch and version."""
    detail = wait_for_end(workspace, run_id)
    assert (detail.run.state, detail.run.error, len(detail.epochs)) == ("finished", None, EPOCHS)
    weights = {
        (epoch, name): array.tobytes()
        for epoch, tensors in weights_of(workspace).items()
        for name, array in tensors.items()
    }
    return [epoch.loss for epoch in detail.epochs], list_versions(workspace, "net").items[0].number, weights


def test_a_backup_that_is_killed_looks_like_none_and_is_made_by_the_same_command(workspace, tmp_path):
    fill(workspace)
    for place in ("folder", "file.zip"):
        path = tmp_path / "backups" / place
        command = [sys.executable, str(APP), "backup", str(path)]
        process = subprocess.Popen(
            command, env=os.environ | to_environment(workspace.settings), stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()  # it writes the first version
        process.kill()
        process.stdout.close()
        if process.wait() == -9:
            with pytest.raises(NotFound):
                prove_backups(path, lambda _: None)
            make_backup(workspace, path, lambda _: None)
        assert prove_backups(path, lambda _: None).problems == []
        target = Settings(home=str(tmp_path / f"restored from {place}"))
        restore_backup(target, path, lambda _: None)
        restored = open_workspace(target)
        assert_whole(restored, contents(workspace))
        restored.catalogue.close()
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == ["file.zip", "folder"]


@pytest.mark.soak
def test_a_backup_by_a_worker_that_is_killed_is_taken_up_again(workspace, coordinator, tmp_path):
    fill(workspace)
    place = workspace.settings.home_folder / "copies" / "backup.zip"
    run = start_backup(workspace, {"to": str(place)})
    pids = action_pids(coordinator)
    get_on_until(lambda: get_run(workspace, run.id).run.done > 0, pids, "the backup to begin")
    signal_to(pids, 9)
    detail = wait_for_end(workspace, run.id)
    assert (detail.run.state, detail.run.error) == ("finished", None)
    assert detail.run.result["versions"] == 5
    assert prove_backups(place, lambda _: None).problems == []
