"""Backups at random moments of running work, with kills; each is restored elsewhere, where the runs finish."""

import os
import random
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest

from dashboard.errors import StoreUnavailable
from dashboard.services.backup.making import make_backup
from dashboard.services.backup.proving import prove_backups
from dashboard.services.backup.restoring import restore_backup
from dashboard.services.runs.runs import list_runs, start_run
from dashboard.services.versions.reading import get_version, list_versions
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.contract.backups import assert_whole, backed_up, restored
from tests.processes.outages import disk_filled
from tests.processes.run_processes import wait_for_end
from tests.processes.runs_survive import EPOCHS, TRAINING
from tests.processes.test_runs import define
from tests.server import run_sql
from tests.unit.services.store_examples import contents, fill
from tests.worker import APP, start_worker, working

pytestmark = [pytest.mark.processes, pytest.mark.server]

MOMENTS = 20
KILL_EVERY = 4
"""So often the worker is killed before a backup, and a backup itself in the middle."""


class Work:
    """A home in which one training after another runs, by a worker that may be killed and is started again."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.worker = start_worker(workspace.settings)
        self.names = []

    def keep_going(self):
        """Queue a further training once the last one has ended, or none was."""
        page, _ = list_runs(self.workspace, 1)
        if not page.items or page.items[0].has_ended:
            self.names.append(f"net {len(self.names) + 1}")
            training = TRAINING | {"save": "every", "seed": len(self.names)}
            define(self.workspace, self.names[-1], "digits", layers=((60, "tanh"), (40, "relu")), **training)
            start_run(self.workspace, self.names[-1], {})

    def kill(self):
        self.worker.kill()
        self.worker.wait()
        self.worker = start_worker(self.workspace.settings)

    def references(self):
        """Return every version that is there at this moment: all of them were acknowledged."""
        return {(name, version.number) for name in self.names for version in list_versions(self.workspace, name).items}

    def wait_for_end(self):
        for name in self.names:
            for run in list_runs(self.workspace, 100, network=name)[0].items:
                assert wait_for_end(self.workspace, run.id).run.state == "finished"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.worker.terminate()
        self.worker.wait()


def weights_of(workspace, names):
    """Return (network, epoch) -> the bytes of each tensor."""
    return {
        (name, version.epoch): {
            tensor: np.asarray(array).tobytes()
            for tensor, array in read_tensors(workspace, get_version(workspace, name, version.number)).items()
        }
        for name in names
        for version in list_versions(workspace, name).items
    }


def backup_killed_in_the_middle(workspace, path, chance):
    """Start a backup by the command line, and kill it after some of its lines."""
    process = subprocess.Popen(
        [sys.executable, str(APP), "backup", str(path)],
        env=os.environ | to_environment(workspace.settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(chance.randrange(1, 12)):
        process.stdout.readline()
    process.kill()
    process.stdout.close()
    process.wait()


@pytest.mark.parametrize("kind", ["csv", "mysql"])
def test_what_is_backed_up_at_random_moments_is_whole_and_goes_on_elsewhere(kind, server, workspace_of, tmp_path):
    seed = int.from_bytes(os.urandom(4), "little")
    print(f"random moments of seed {seed}")
    chance = random.Random(seed)
    acknowledged = {}
    with Work(workspace_of(server if kind == "mysql" else None)) as work:
        for moment in range(MOMENTS):
            work.keep_going()
            time.sleep(chance.uniform(0, 1.5))
            if moment % KILL_EVERY == 1:
                work.kill()
            if moment % KILL_EVERY == 3:
                backup_killed_in_the_middle(work.workspace, tmp_path / "backups", chance)
            before = work.references()
            made = backed_up(work.workspace, tmp_path / "backups")
            assert (made["left_out"], made["damaged"]) == ([], [])
            newest = max(path.name for path in (tmp_path / "backups").glob("backup-*.json"))
            acknowledged[newest] = (before, list(work.names))
        work.wait_for_end()
    expected = weights_of(work.workspace, work.names)
    assert prove_backups(tmp_path / "backups", lambda _: None).problems == []
    running = sum(goes_on(kind, server, tmp_path, name, *held, expected) for name, held in acknowledged.items())
    print(f"{running} of {MOMENTS} backups were taken while a run was queued or running")
    assert running > MOMENTS / 2


def goes_on(kind, server, tmp_path, name, before, names, expected):
    """Restore one backup, let its runs finish, and compare all; return whether any run went on."""
    settings = Settings(home=str(tmp_path / "restored" / name), checkpoint_seconds=0)
    if kind == "mysql":
        database = name.removesuffix("Z.json").replace("-", "_").replace(".", "_").lower()
        run_sql(server.url, f"CREATE DATABASE {database}")
        settings = Settings(home=settings.home, store=f"{server.url}{database}", checkpoint_seconds=0)
    restored(settings, tmp_path / "backups", name=name)
    workspace = open_workspace(settings)
    with closing(workspace.catalogue), closing(workspace.store):
        there = {(name, version.number) for name in names for version in list_versions(workspace, name).items}
        assert before <= there
        assert [proof.version.reference for proof in verify_all(workspace) if not proof.identical] == []
        runs = [run for run in list_runs(workspace, 100)[0].items if not run.has_ended]
        with working(settings):
            for run in runs:
                detail = wait_for_end(workspace, run.id)
                assert (detail.run.state, detail.run.error) == ("finished", None)
                assert [epoch.epoch for epoch in detail.epochs] == list(range(1, EPOCHS + 1))
        assert weights_of(workspace, names) == {key: bits for key, bits in expected.items() if key[0] in names}
        assert [proof.version.reference for proof in verify_all(workspace) if not proof.identical] == []
    return bool(runs)


@pytest.mark.parametrize("place", ["folder", "file.zip"])
def test_a_backup_to_a_full_disk_fails_at_once_and_is_made_once_there_is_space(workspace_of, small_disk, place):
    workspace = workspace_of()
    fill(workspace)
    with disk_filled(small_disk), pytest.raises(StoreUnavailable, match="disk is full"):
        make_backup(workspace, small_disk / place, lambda _: None)
    backed_up(workspace, small_disk / place)
    assert prove_backups(small_disk / place, lambda _: None).problems == []


def test_a_restore_whose_disk_is_full_goes_on_once_there_is_space(workspace_of, small_disk, tmp_path):
    workspace = workspace_of()
    fill(workspace)
    backed_up(workspace, tmp_path / "folder")
    target = Settings(home=str(small_disk / "home"))
    with disk_filled(small_disk), pytest.raises(StoreUnavailable, match="full"):
        restore_backup(target, tmp_path / "folder", lambda _: None)
    restored(target, tmp_path / "folder")
    found = open_workspace(target)
    assert_whole(found, contents(workspace))
    found.catalogue.close()
