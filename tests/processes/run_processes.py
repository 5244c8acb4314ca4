"""Starting, watching and ending the real processes that runs are made of."""

import contextlib
import os
import signal
import time
from pathlib import Path

from dashboard.services.runs.runs import get_run
from tests.worker import wait_until

MOMENT = 0.02


def wait_for_end(workspace, run_id):
    wait_until(lambda: get_run(workspace, run_id).run.has_ended, f"run {run_id} to end")
    return get_run(workspace, run_id)


def children_of(pid):
    """Return the pids of a process's descendants, looked up at one moment."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = list(children.get(pid, ()))
    for child in found:
        found += children.get(child, ())
    return found


def descendants(pid, word):
    """Return the pids of a process's descendants whose command line holds a word."""
    return [child for child in children_of(pid) if word in command_of(child)]


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""  # it has just ended


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def training_pids(coordinator):
    """Return the processes of a coordinator's runs: its fork server's children. Its own are servers for them."""
    forked = [pid for pid in children_of(coordinator.pid) if parent_of(pid) != coordinator.pid]
    return [pid for pid in forked if is_alive(pid)]


def signal_to(pids, number):
    """Send a signal to each that has not ended meanwhile."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def get_on_until(condition, pids, what, moment=MOMENT):
    """Let processes get on for a moment at a time until the condition holds; they are paused then, in the middle."""

    def holds_after_a_moment():
        signal_to(pids, signal.SIGCONT)
        time.sleep(moment)
        signal_to(pids, signal.SIGSTOP)
        return condition()

    wait_until(holds_after_a_moment, what)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
