"""One home a folder of weights: its processes share a lock, which another home cannot get while one of them lives.

The locked file names the home. The lock ends with the processes that hold it, however they end.
"""

import fcntl
import json
import os
from pathlib import Path

from dashboard.holder import Holder, holder_from, in_use

FILE, GUARD = ".dashboard", ".dashboard.lock"
MOST_BYTES = 16 * 1024


def hold(folder: Path, me: Holder) -> int:
    """Return the descriptor of the lock, which is held until it is closed; raises OtherDashboard, and OSError."""
    with open(folder / GUARD, "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # one process at a time finds out whether somebody is there
        descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(descriptor, folder, me)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def _take(descriptor: int, folder: Path, me: Holder) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = _read(descriptor)
        if other is None or other.home != me.home:
            raise in_use(f"The folder {folder}", other) from None
    else:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(me.to_json()).encode(), 0)
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def _read(descriptor: int) -> Holder | None:
    try:
        data = json.loads(os.pread(descriptor, MOST_BYTES, 0))
    except ValueError:
        return None
    return holder_from(data) if isinstance(data, dict) else None
