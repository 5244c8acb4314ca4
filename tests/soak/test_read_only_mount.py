"""A dashboard of a home on a disk that is mounted read-only: it serves, verifies and is copied from."""

import os
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

from dashboard.settings import Settings, to_environment
from tests.processes.test_serving import free_port, health
from tests.unit.services.test_frozen_home import assert_all_is_read_and_nothing_written, close, fill
from tests.worker import APP, wait_until


@contextmanager
def mounted_read_only(folder, place):
    place.mkdir()
    subprocess.run(["mount", "--bind", folder, place], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_home_on_a_read_only_mount_is_served(tmp_path):
    close(fill(tmp_path / "home"))
    with mounted_read_only(tmp_path / "home", tmp_path / "mounted") as home:
        settings = Settings(home=str(home), port=free_port(), read_only=1)
        environment = os.environ | to_environment(settings)
        process = subprocess.Popen([sys.executable, str(APP)], env=environment)
        wait_until(lambda: health(settings.port)["ok"], "the dashboard to answer")
        address = f"http://127.0.0.1:{settings.port}/networks/small/versions/1"
        with urllib.request.urlopen(address) as page:
            assert "Read-only" in page.read().decode()
        assert subprocess.run([sys.executable, str(APP), "verify"], env=environment, check=False).returncode == 0
        process.terminate()
        assert process.wait() == 0
        refused = subprocess.run(
            [sys.executable, str(APP), "reindex"],
            env=os.environ | to_environment(Settings(home=str(home))),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (refused.returncode, "WEIGHTBASE_READ_ONLY=1" in refused.stderr) == (2, True)


def test_all_of_a_home_on_a_read_only_mount_can_be_read(tmp_path, monkeypatch):
    close(fill(tmp_path / "home"))
    monkeypatch.setattr("tests.unit.services.test_frozen_home.freeze", lambda home: None)
    with mounted_read_only(tmp_path / "home", tmp_path / "mounted") as home:
        assert_all_is_read_and_nothing_written(home, tmp_path / "copy")
