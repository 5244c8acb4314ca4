"""A copy that is killed at any moment leaves nothing half at the target, and the same command goes on from there."""

import os
import random
import subprocess
import sys
import time

import pytest

from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from tests.unit.services.store_examples import contents, fill, save
from tests.worker import APP

pytestmark = pytest.mark.processes

SEED = 20261201
KILLS, MANY_KILLS = 2, 6


@pytest.fixture
def source(tmp_path):
    workspace = open_workspace(Settings(home=str(tmp_path / "home")))
    fill(workspace)
    for seed in range(5, 15):
        save(workspace, seed=seed)
    yield workspace
    workspace.catalogue.close()


def start(settings, *arguments):
    environment = os.environ | to_environment(settings)
    return subprocess.Popen(
        [sys.executable, str(APP), "copy", *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


def kill_at_random_moments(settings, target, arguments, kills=MANY_KILLS):
    """Start the copy again and again, each time killed at a later moment; return what it printed when left alone."""
    moments = random.Random(SEED)
    for kill in range(kills):
        process = start(settings, *arguments)
        for _ in range(1 + 2 * kill):
            process.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        process.stdout.close()
        assert process.wait() == -9
        found = open_workspace(target)
        assert all(proof.identical for proof in verify_all(found))
        found.catalogue.close()
        found.store.close()
    process = start(settings, *arguments)
    printed = process.communicate()[0]
    assert process.returncode == 0
    return printed


def check(source, target, printed):
    found = open_workspace(target)
    assert contents(found) == contents(source)
    assert found.store.sweep() == []
    copied = int(printed.splitlines()[-1].split()[0])
    assert copied < 14  # the killed ones had copied some
    assert printed.splitlines()[-1].endswith("14 proven, 0 different")
    found.catalogue.close()
    found.store.close()


@pytest.mark.parametrize("kills", [KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.soak)])
def test_a_copy_between_folders_that_is_killed_goes_on_and_ends_the_same(source, tmp_path, kills):
    target = Settings(home=str(tmp_path / "target"))
    printed = kill_at_random_moments(source.settings, target, ["--to", "csv:", "--to-home", target.home], kills)
    check(source, target, printed)


@pytest.mark.soak
@pytest.mark.server
def test_a_copy_into_mysql_that_is_killed_goes_on_and_ends_the_same(source, mysql_url):
    target = Settings(home=source.settings.home, store=mysql_url)
    printed = kill_at_random_moments(source.settings, target, ["--to", mysql_url])
    check(source, target, printed)


@pytest.mark.soak
@pytest.mark.server
def test_a_copy_out_of_mysql_that_is_killed_goes_on_and_ends_the_same(source, tmp_path, mysql_url):
    database = Settings(home=source.settings.home, store=mysql_url)
    assert "14 proven" in start(source.settings, "--to", mysql_url).communicate()[0]
    target = Settings(home=str(tmp_path / "target"))
    printed = kill_at_random_moments(database, target, ["--to", "csv:", "--to-home", target.home])
    check(source, target, printed)
