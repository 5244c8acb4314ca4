"""What takes long, and is the same for all processes of one run of the tests: the first that asks for it makes it."""

import fcntl
import os
import shutil
import sqlite3
from contextlib import closing

from dashboard.catalogue.engines import CATALOGUE
from dashboard.services.demo import start_demo
from dashboard.services.runs.runs import get_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.weights.csv_pool import PLACE
from tests.worker import wait_until, working


def made_once(tmp_path_factory, name, make):
    """Return a folder that `make(folder)` has filled, in this process or in another one; tests only read it."""
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, whole = common / name, common / f"{name}.whole"
    with (common / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed, or was ended, half-way
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder


def train_demo(home):
    """Train the demo network by a real process."""
    opened = open_workspace(Settings(home=str(home)))
    with closing(opened.catalogue), working(opened.settings):
        run = start_demo(opened)
        wait_until(lambda: get_run(opened, run.id).run.has_ended, "the demo to end")
        assert get_run(opened, run.id).run.state == "finished"


def demo_home(tmp_path_factory):
    """Return a home with the six versions of the demo: a copy, in which a test may do what it likes."""
    home = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(made_once(tmp_path_factory, "demo", train_demo), home)
    return home


def make_home(make):
    """Return what fills a folder with a home in which `make(workspace)` was called."""

    def fill(folder):
        opened = open_workspace(Settings(home=str(folder)))
        with closing(opened.catalogue):
            make(opened)

    return fill


def fill(tmp_path_factory, workspace, make):
    """Give an empty workspace with a folder of tables what `make` gave to one of its own, once for all processes.

    Saving a network and three small versions takes a quarter of a second, copying them a fiftieth. As in every copy of
    a folder of tables, they are not known to be as they were saved until they are read.
    """
    home = made_once(tmp_path_factory, f"{make.__module__}.{make.__qualname__}", make_home(make))
    engine = workspace.catalogue.engine
    with closing(sqlite3.connect(home / CATALOGUE)) as source, closing(engine.raw_connection()) as connection:
        assert connection.driver_connection.execute("SELECT count(*) FROM datasets").fetchone() == (0,), (
            "filled already"
        )
        source.backup(connection.driver_connection)
    copied = {}  # inode -> its copy: a version's tables are links to those that all versions share
    for path in [*home.glob("datasets/*/*"), *home.glob("weights/*/**/*")]:
        target = workspace.settings.home_folder / path.relative_to(home)
        if path.is_dir() or path.name == PLACE:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        first = copied.setdefault(path.stat().st_ino, target)
        if first is target:
            shutil.copyfile(path, target)
        else:
            os.link(first, target)
