"""Settings of gunicorn beyond its command line: it ends when the supervisor does."""

import os
import signal
from typing import Any

from dashboard.jobs.supervisor import follow_lifeline


def post_worker_init(_worker: Any) -> None:  # noqa: ANN401 - gunicorn's, untyped
    """Watch the lifeline in the worker: a thread in gunicorn's arbiter would not survive its fork."""
    arbiter = os.getppid()
    follow_lifeline(lambda: os.kill(arbiter, signal.SIGTERM))
