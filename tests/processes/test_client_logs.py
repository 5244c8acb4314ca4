"""Scripts that log while their server is killed, starts again, asks for a password, or is not there at all."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import weightbase
from dashboard.settings import Settings, to_environment
from tests.processes.test_serving import free_port
from tests.worker import APP, wait_until
from weightbase.connection import Connection, call
from weightbase.session import Session
from weightbase.spool import entries

pytestmark = pytest.mark.processes

CLIENT = Path(weightbase.__file__).parent.parent
ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import os, signal, numpy, weightbase
weights = {"w": numpy.zeros((3, 2)), "b": numpy.ones(2)}
for epoch in range(1, 4):
    weights["w"] += epoch
    weightbase.log("script", weights, {"loss": 1 / epoch}, epoch=epoch)
"""


class Dashboard:
    """A dashboard with a password at one port, which a test starts and kills as often as it likes."""

    def __init__(self, folder):
        self.settings = Settings(home=str(folder), port=free_port(), password="secret")
        self.url = f"http://127.0.0.1:{self.settings.port}"
        self.process = None

    def start(self):
        environment = os.environ | to_environment(self.settings)
        self.process = subprocess.Popen([sys.executable, str(APP)], env=environment)
        wait_until(lambda: self.get("/networks") is not None, "the dashboard to answer")

    def stop(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        wait_until(lambda: self.get("/networks") is None, "its children to end")

    def get(self, path):
        """Return what the API answers, None if nobody does."""
        try:
            return call(Connection(self.url, "secret", 5), "GET", path)
        except weightbase.Unreachable:
            return None

    def epochs(self, network):
        """Return the epochs of a network's versions, in their order."""
        return [item["epoch"] for item in reversed(self.get(f"/networks/{network}/versions")["items"])]


@pytest.fixture
def stopped(tmp_path):
    """A dashboard that is not started; what runs in the end is ended."""
    made = Dashboard(tmp_path / "home")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One dashboard for all tests that leave it answering; each has a network of its own."""
    made = Dashboard(tmp_path_factory.mktemp("shared"))
    made.start()
    yield made
    made.stop()


def run_script(dashboard, folder, code=SCRIPT):
    folder.mkdir(exist_ok=True)
    environment = os.environ | {
        "PYTHONPATH": str(CLIENT),
        "WEIGHTBASE_URL": dashboard.url,
        "WEIGHTBASE_TOKEN": "secret",
    }
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=False, capture_output=True)


def test_a_server_that_is_killed_and_starts_again_has_every_epoch_once(stopped, tmp_path):
    dashboard = stopped
    dashboard.start()
    session = Session(dashboard.url, "secret", spool=tmp_path / "spool")
    for epoch in range(1, 7):
        if epoch == 3:
            dashboard.stop()
        session.log("net", {"w": np.full((4, 2), float(epoch))}, {"loss": 1 / epoch}, epoch=epoch)
        if epoch == 2:
            assert session.flush(600) == 0
        if epoch == 5:
            dashboard.start()
    assert session.flush(600) == 0
    assert dashboard.epochs("net") == [1, 2, 3, 4, 5, 6]
    assert entries(tmp_path / "spool") == []


@pytest.mark.soak  # what is kept is sent once: unit/client/test_client_spool
def test_what_a_script_logs_without_a_server_is_sent_by_sync_exactly_once(stopped, tmp_path, monkeypatch):
    dashboard = stopped
    ended = run_script(dashboard, tmp_path / "work")
    assert ended.returncode == 0
    assert b"The training goes on" in ended.stderr
    spool = tmp_path / "work" / ".weightbase"
    assert len(entries(spool)) == 3
    dashboard.start()
    monkeypatch.setenv("WEIGHTBASE_TOKEN", "secret")
    assert weightbase.sync(spool) == (3, ())
    assert weightbase.sync(spool) == (0, ())
    assert run_script(dashboard, tmp_path / "work").returncode == 0  # the same script again adds nothing
    assert dashboard.epochs("script") == [1, 2, 3]


def test_a_run_is_live_and_says_how_it_ended(shared, tmp_path):
    session = Session(shared.url, "secret", spool=tmp_path / "spool")
    with pytest.raises(ZeroDivisionError), weightbase.Run(session, "live", 3, "") as run:
        run.epoch(loss=0.5, own=1)
        run.log({"w": np.ones(3), "b": np.ones(1)})
        assert session.flush(600) == 0
        shown = run_of(shared, "live")
        assert (shown["state"], shown["done"], shown["total"]) == ("running", 1, 3)
        raise ZeroDivisionError("as it happens")
    assert session.flush(600) == 0
    ended = shared.get(f"/runs/{shown['id']}")
    assert (ended["state"], ended["error"]) == ("failed", "ZeroDivisionError: as it happens")
    assert ended["versions"] == [1]


def run_of(dashboard, network):
    """Return the only run of a network."""
    (run,) = [run for run in dashboard.get("/runs")["items"] if run["network"] == network]
    return run


def cancelled_at(dashboard, session, network, epoch):
    """Press Cancel on the page of a network's run once all that was logged so far is there."""
    assert session.flush(600) == 0
    run = run_of(dashboard, network)
    if run["done"] == epoch:
        call(Connection(dashboard.url, "secret"), "POST", f"/runs/{run['id']}/cancel")
    return run["id"]


@pytest.mark.parametrize("logs", [True, False])
def test_cancel_on_the_page_ends_the_block_of_the_script_after_its_epoch(shared, tmp_path, logs):
    network, session = f"cancelled-{int(logs)}", Session(shared.url, "secret", spool=tmp_path / "spool")
    with weightbase.Run(session, network, 9, "") as run:
        for epoch in range(1, 10):
            run.epoch(loss=1 / epoch)
            if logs:
                run.log({"w": np.full(3, float(epoch))})
            number = cancelled_at(shared, session, network, 2)
    assert run.cancelled
    assert session.flush(600) == 0
    ended = shared.get(f"/runs/{number}")
    assert (ended["state"], ended["error"]) == ("cancelled", None)
    # The answer to the third epoch says it; a script that reports alone hears of it with the fourth at the latest.
    assert 3 <= ended["done"] <= 4
    assert shared.epochs(network) == (list(range(1, ended["done"] + 1)) if logs else [])


def test_without_a_block_nothing_is_raised_and_the_run_says_that_it_was_cancelled(shared, tmp_path):
    session = Session(shared.url, "secret", spool=tmp_path / "spool")
    run = weightbase.Run(session, "no-block", 9, "")
    while not run.cancelled:
        run.epoch(loss=1)
        number = cancelled_at(shared, session, "no-block", 2)
    run.end()
    assert session.flush(600) == 0
    assert shared.get(f"/runs/{number}")["state"] == "cancelled"


def test_a_wrong_password_is_said_and_what_was_logged_is_kept(shared, tmp_path):
    session = Session(shared.url, "wrong", spool=tmp_path / "spool")
    with pytest.raises(weightbase.Refused, match="password"):
        session.log("guarded", {"w": np.ones(3)}, strict=True)
    session.log("guarded", {"w": np.ones(3)})
    assert session.flush(600) == 0
    assert len(entries(tmp_path / "spool" / "refused")) == 1
    assert weightbase.sync(tmp_path / "spool", token="secret") == (1, ())
    assert shared.epochs("guarded") == [2]


def run_import(dashboard, folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(CLIENT), "WEIGHTBASE_TOKEN": "secret"}
    command = [sys.executable, "-m", "weightbase", "import", "--server", dashboard.url, "--json", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def test_files_are_imported_through_a_server_with_exit_codes_and_json(shared, stopped, tmp_path):
    series = tmp_path / 'a "series"'
    series.mkdir()
    for epoch in (1, 2):
        np.savez(series / f"epoch={epoch}-loss=0.{epoch}.npz", w=np.full((3, 2), float(epoch)))
    (series / "notes.md").write_text("about it")
    done = run_import(shared, tmp_path, series.name, "--network", "sent")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"network": "sent", "versions": [1, 2]})
    assert "notes.md left out" in done.stderr
    assert shared.epochs("sent") == [1, 2]
    assert shared.get("/networks/sent/versions/2")["metrics"]["loss"] == 0.2
    refused = run_import(shared, tmp_path, series.name, "--network", "sent", "--as", "dense")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"]["field"] == "proposal"  # two readings are as likely
    assert run_import(shared, tmp_path, "nothing.npz", "--network", "sent").returncode == 2
    assert list((shared.settings.home_folder / "uploads").glob("*.import")) == []
    assert run_import(stopped, tmp_path, series.name, "--network", "sent").returncode == 3


def test_the_tutorial_for_readers_of_the_book_runs_as_it_stands(shared, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/tutorials/notebook.md").read_text(), re.DOTALL)
    script = "\n".join(blocks).replace("http://127.0.0.1:8000", shared.url)
    (tmp_path / "mnist_dataset").mkdir()
    records = gzip.decompress((ROOT / "tests/data/drawing/mnist_100.csv.gz").read_bytes())
    (tmp_path / "mnist_dataset/mnist_train_100.csv").write_bytes(records)
    environment = os.environ | {"WEIGHTBASE_TOKEN": "secret", "PYTHONPATH": str(CLIENT)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(re.findall(r"^(\w+) moved by \d", done.stdout, re.MULTILINE)) == ["who", "wih"]
    assert shared.epochs("book") == [1, 2, 3, 4, 5]
    assert sorted(np.load(tmp_path / "book.npz")) == ["who", "wih"]
