"""The lock of a save: a locked file whose lock ends with its process and which then remains as a trace.

While the lock is held, in this or any other process, the save is alive. The file itself remains when the process dies:
it marks a save that may be incomplete. It is removed when the save has ended cleanly.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GRACE_SECONDS = 2
"""How long a lock is tried for that is held: a sweep may hold it, which just looks whether its save is alive."""


class SaveLock:
    """A lock that is held until `release`; made by `take`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @contextmanager
    def held(self) -> Iterator[None]:
        """Release at the end; the trace goes unless there was an error."""
        try:
            yield
        except BaseException:
            self.release(settled=False)
            raise
        self.release(settled=True)

    def release(self, settled: bool) -> None:
        """Let go of the lock; `settled` removes the trace, too."""
        if settled:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


def take_soon(path: Path) -> SaveLock | None:
    """Return the lock at `path`, tried for as long as a sweep may need; or None if a save or a deletion holds it."""
    end = time.monotonic() + GRACE_SECONDS
    while (lock := take(path)) is None and time.monotonic() < end:
        time.sleep(0.01)
    return lock


def take(path: Path) -> SaveLock | None:
    """Return the lock at `path`, or None if a live process holds it (or another thread of this one)."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same_file(path, descriptor):
                return SaveLock(path, descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the holder before us removed the file: what we locked has no name any more


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
