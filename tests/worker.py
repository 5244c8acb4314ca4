"""A real worker process beside a test: started, awaited, ended by its id."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from dashboard.jobs.coordinator import is_coordinated
from dashboard.settings import to_environment

APP = Path(__file__).parent.parent / "app.py"


def wait_until(condition, what):
    """Poll until the condition holds; the time limit only turns a hang into a failure."""
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline, f"waited ten minutes for {what}"
        time.sleep(0.05)


def start_worker(settings):
    """Start a worker and return its process once it looks after queued runs."""
    process = subprocess.Popen([sys.executable, str(APP), "worker"], env=os.environ | to_environment(settings))
    wait_until(
        lambda: process.poll() is not None or is_coordinated(settings.home_folder), "the worker to take its lock"
    )
    assert process.poll() is None, "the worker did not start"
    return process


@contextmanager
def working(settings):
    """Let a worker carry out the runs of a workspace as long as the block lasts."""
    process = start_worker(settings)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
