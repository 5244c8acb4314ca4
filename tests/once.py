"""What takes long, and is the same for all processes of one run of the tests: the first that asks for it makes it."""

import fcntl
import os
import shutil
from contextlib import closing

from dashboard.services.demo import start_demo
from dashboard.services.runs.runs import get_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
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
