"""Two dashboards with different homes on one database: the second refuses to start, naming the first."""

import os
import signal
import subprocess
import sys

import pytest

from dashboard.settings import Settings, to_environment
from tests.processes.run_processes import children_of, is_alive, signal_to
from tests.processes.test_serving import free_port, health
from tests.worker import APP, wait_until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.server,
    pytest.mark.soak,
]  # who is refused: unit/services/test_two_homes


@pytest.fixture
def start(tmp_path, mysql_url):
    """What starts a dashboard with a home of its own and returns (process, port); what runs in the end is ended."""
    started = []

    def start(name):
        settings = Settings(home=str(tmp_path / name), store=mysql_url, port=free_port())
        command = [sys.executable, str(APP)]
        environment = os.environ | to_environment(settings)
        with (tmp_path / f"{name}.log").open("w") as log:
            started.append(subprocess.Popen(command, env=environment, stderr=log))
        return started[-1], settings.port

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.wait()


def test_the_second_refuses_to_start_and_starts_once_the_first_was_killed(start, tmp_path):
    first, port = start("first")
    wait_until(lambda: health(port).get("coordinator"), "the first to work")
    second, other_port = start("second")
    wait_until(lambda: second.poll() is not None, "the second to end")
    said = (tmp_path / "second.log").read_text()
    assert second.returncode == 2
    assert said.count(f"its home is {tmp_path / 'first'} on ") == 1, "web server and worker do not both say it"
    assert "another dashboard uses its database or store" in said
    assert "Traceback" not in said
    assert said.count("starting it again") == 0
    assert not health(other_port)["ok"]
    assert health(port)["ok"]
    processes = [first.pid, *children_of(first.pid)]
    signal_to(processes, signal.SIGKILL)
    first.wait()
    wait_until(lambda: not any(map(is_alive, processes)), "all of the first to be gone")
    _, third_port = start("second")
    wait_until(lambda: health(third_port)["ok"], "the second to start")
