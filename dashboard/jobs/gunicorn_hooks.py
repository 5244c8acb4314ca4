"""Settings of gunicorn beyond its command line: it ends with the supervisor, and replaces a worker that has grown."""

import os
import signal
import time
from typing import Any

from dashboard.jobs.supervisor import follow_lifeline

LOOK_SECONDS = 0.5


def pre_fork(arbiter: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn's, untyped
    """Note that a worker is one more than there are to be: another has asked to be replaced by it."""
    worker.is_replacement = arbiter.num_workers > arbiter.cfg.workers


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn's, untyped
    """Watch the lifeline in the worker: a thread in gunicorn's arbiter would not survive its fork.

    A replacement serves once its dashboard is open, and lets the oldest worker end then: the one that has asked.
    """
    arbiter = os.getppid()
    follow_lifeline(lambda: os.kill(arbiter, signal.SIGTERM))
    while worker.is_replacement and worker.alive:
        if worker.wsgi.is_open():
            worker.is_replacement = False
            os.kill(arbiter, signal.SIGTTOU)
        else:
            worker.notify()
            time.sleep(LOOK_SECONDS)
