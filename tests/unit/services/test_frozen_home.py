"""A home in which nothing can be written, as of another user or on a read-only disk, can be read in every way."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.services.versions.verification import verify_all
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.representatives import most_in_soak
from tests.unit.services.frozen_reader import PAGES
from tests.unit.services.saved_versions import new_network, save, zeros

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent.parent
POWERLESS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
"""Root without its power over the permissions of files: they count as they do for every user."""


def files_of(home):
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in home.rglob("*"))


def read_as_another(home, target, store="csv:"):
    """Read a home in a process that may not write there."""
    command = [*(POWERLESS if os.getuid() == 0 else []), sys.executable, "-m", "tests.unit.services.frozen_reader"]
    environment = os.environ | {"WEIGHTBASE_HOME": str(home), "WEIGHTBASE_STORE": store}
    arguments = [str(home), str(target), store]
    done = subprocess.run(
        [*command, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def freeze(home):
    for path in (*home.rglob("*"), home):
        path.chmod(0o555 if path.is_dir() else 0o444)


def fill(home, store="csv:"):
    workspace = open_workspace(Settings(home=str(home), store=store))
    network = new_network(workspace)
    for _ in range(2):
        save(workspace, network, zeros(network))
    return workspace


def close(workspace):
    workspace.catalogue.close()
    workspace.store.close()


def assert_all_is_read_and_nothing_written(home, target, store="csv:"):
    freeze(home)
    before = files_of(home)
    found = read_as_another(home, target, store)
    assert files_of(home) == before
    assert "set WEIGHTBASE_READ_ONLY=1" in found.pop("refusal")
    assert found.pop("pages") == dict.fromkeys(PAGES, 200)
    assert found.pop("outlives its process"), "a form that another process has signed is taken"
    assert found == {"form": True, "added": [403, 403], "verified": 0, "copied": 0, "backed_up": [0, 0]}
    copy = open_workspace(Settings(home=str(target)))
    assert [proof.identical for proof in verify_all(copy)] == [True, True]
    close(copy)


STATES = most_in_soak(["stopped", "killed", "killed and copied without its index"], 1)


@pytest.mark.parametrize("state", STATES)
def test_a_home_that_can_only_be_read_is_browsed_verified_and_copied_from(state, tmp_path):
    workspace = fill(tmp_path / "home")
    if state == "stopped":
        close(workspace)
    shutil.copytree(tmp_path / "home", tmp_path / "frozen")  # as they are in the middle of work
    if state != "stopped":
        assert (tmp_path / "frozen" / "catalogue.sqlite-wal").stat().st_size > 0
        close(workspace)
    if state == "killed and copied without its index":
        (tmp_path / "frozen" / "catalogue.sqlite-shm").unlink()
    assert_all_is_read_and_nothing_written(tmp_path / "frozen", tmp_path / "copy")


@pytest.mark.soak
@pytest.mark.server
def test_a_home_that_can_only_be_read_next_to_a_database(tmp_path, mysql_url):
    close(fill(tmp_path / "home", mysql_url))
    assert_all_is_read_and_nothing_written(tmp_path / "home", tmp_path / "copy", mysql_url)
