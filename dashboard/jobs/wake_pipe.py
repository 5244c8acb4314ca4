"""The pipe at which the supervisor rests, so that it need not look again and again.

Whoever queues a run in one of its children writes WOKEN. A worker that is about to end, as nothing is queued, writes
RESTS before it looks a last time: what is queued later is behind that in the pipe, and no run is overlooked.
"""

import contextlib
import os

WAKE = "WEIGHTBASE_WAKE"
"""The environment variable that holds the number of the end to write to; who has it has a supervisor."""

WOKEN, RESTS, LOOK = b"w", b"r", b"l"
RESTED = 4
"""The exit code of a worker that has ended because nothing was queued: the supervisor starts it when something is."""


def write(descriptor: int, byte: bytes) -> None:
    """Write one byte; not if the pipe is full, since whoever reads it will wake anyway."""
    with contextlib.suppress(BlockingIOError):
        os.write(descriptor, byte)


def has_supervisor() -> bool:
    """Return whether a supervisor starts a worker for this process when `wake_supervisor` is called."""
    return WAKE in os.environ


def wake_supervisor() -> None:
    """Let the supervisor of this process, if it has one, start a worker unless one is running."""
    if has_supervisor():
        write(int(os.environ[WAKE]), WOKEN)
