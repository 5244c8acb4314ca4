"""A home is for its owner only: what is made in it, and what an earlier Weightbase made for everybody to read."""

import logging
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from dashboard.privacy import make_private
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.store_examples import fill

pytestmark = pytest.mark.slow

NOBODY = 65534
READ_ALL = """
import os, sys
if os.getuid() == 0:
    os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
for path in sys.stdin.read().splitlines():
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").close()
        print(path)
    except OSError:
        pass
"""


def open_to_others(home):
    """Return the files and folders that anybody but their owner may use."""
    every = [home, *home.rglob("*")]
    return [path for path in every if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]


def read_by_nobody(paths):
    """Return which paths the user nobody can read, when this is root; else which ones this user can."""
    command = [sys.executable, "-I", "-c", READ_ALL, "", str(NOBODY)]
    names = "\n".join(map(str, paths))
    return subprocess.run(command, input=names, capture_output=True, text=True, check=True, cwd="/").stdout.splitlines()


@pytest.fixture
def public_folder():
    """A folder that every user of the machine can look into; pytest's own are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def generous():
    """The umask of a careless service: what is made is for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def home(public_folder, generous):
    """A home with versions, datasets and caches, made for everybody to read as earlier commits made it."""
    home = public_folder / "home"
    workspace = open_workspace(Settings(home=str(home)))
    fill(workspace)
    workspace.catalogue.close()
    os.umask(0)
    for path in [home, *home.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return home


def test_nobody_reads_anything_of_a_home_made_earlier_once_it_is_opened(home, public_folder, caplog):
    (public_folder / "for all").write_text("x")
    before = [home, *home.rglob("*")]
    different = {path.stat().st_ino for path in before}  # a table that versions share has several names
    assert len(read_by_nobody([*before, public_folder / "for all"])) > 20
    workspace = open_workspace(Settings(home=str(home)))
    with closing(workspace.catalogue):
        read_tensors(workspace, get_version(workspace, "flowers", 1))
        names = [path.name for path in home.iterdir()]
        assert {"catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm", "weights", "datasets"} <= set(names)
        assert open_to_others(home) == []
        if os.getuid() == 0:
            assert read_by_nobody([home, *home.rglob("*")]) == []
    assert f"{home} was readable by others: {len(different)} files and folders" in caplog.text


def test_a_private_home_is_left_as_it_is_and_nothing_is_logged(home, caplog):
    make_private(home)
    caplog.clear()
    assert make_private(home) == 0
    assert caplog.records == []


def test_links_are_not_followed_and_what_they_lead_to_stays(home, public_folder):
    (public_folder / "other").mkdir(mode=0o755)
    (public_folder / "other" / "file").write_text("x")
    (home / "link").symlink_to(public_folder / "other")
    make_private(home)
    assert stat.S_IMODE((public_folder / "other").stat().st_mode) == 0o755
    assert stat.S_IMODE((public_folder / "other" / "file").stat().st_mode) == 0o666


def test_a_folder_for_everybody_is_not_closed_and_a_warning_says_so(public_folder, caplog):
    public_folder.chmod(0o1777)
    with caplog.at_level(logging.WARNING):
        assert make_private(public_folder) == 0
    assert stat.S_IMODE(public_folder.stat().st_mode) == 0o1777
    assert "set WEIGHTBASE_HOME to a folder of its own" in caplog.text


def test_what_is_not_ours_in_a_home_is_left_as_it_is(home):
    (home / "thesis").mkdir(mode=0o755)
    (home / "thesis" / "chapter.tex").write_text("x")
    make_private(home)
    assert stat.S_IMODE((home / "thesis").stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "thesis" / "chapter.tex").stat().st_mode) == 0o666
    if os.getuid() == 0:
        assert read_by_nobody([home, *home.rglob("*")]) == []


def test_a_users_own_folder_stays_open_but_what_is_ours_in_it_is_closed(home, monkeypatch, caplog):
    monkeypatch.setenv("HOME", str(home))
    assert make_private(home) > 5
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert open_to_others(home) == [home]
    assert "set WEIGHTBASE_HOME to a folder of its own" in caplog.text


def test_a_folder_of_weights_outside_the_home_is_made_private(public_folder, generous):
    workspace = open_workspace(Settings(home=str(public_folder / "home"), store=f"csv:{public_folder / 'weights'}"))
    with closing(workspace.catalogue):
        fill(workspace)
        assert len(list((public_folder / "weights").rglob("*.csv"))) > 5
        assert open_to_others(public_folder / "weights") == []
