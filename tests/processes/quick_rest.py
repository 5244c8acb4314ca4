"""gunicorn's settings for a test: a worker rests soon, and what replaces it waits for the test before it serves."""

import os
import time
from pathlib import Path

from dashboard.jobs import gunicorn_hooks, resting
from dashboard.jobs.gunicorn_hooks import pre_fork

__all__ = ["post_worker_init", "pre_fork"]

resting.REST_SECONDS, resting.GROWN_MB = 0.2, 8.0
FOLDER = Path(os.environ["QUICK_REST"])
"""`loaded` appears in it when a replacement has loaded everything; it goes on when the test has made `go_on`."""


def post_worker_init(worker):
    """Wait for the test in a replacement; then do what is done always."""
    if worker.is_replacement:
        (FOLDER / "loaded").touch()
        while not (FOLDER / "go_on").exists():
            worker.notify()
            time.sleep(0.05)
    gunicorn_hooks.post_worker_init(worker)
