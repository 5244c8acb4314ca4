"""A home that only its owner can read: what is made is private from the start, what is older is made private."""

import contextlib
import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

UMASK = 0o077
FOR_OTHERS = 0o077
"""The permissions that a home and what is in it give to nobody but the owner."""
OWN_FOLDERS = frozenset({"cache", "checkpoints", "copies", "datasets", "secrets", "stop", "uploads", "weights"})
OWN_FILES = (
    *("catalogue.sqlite", "coordinator.json", "home_id", "reserve", "restoring.json", "secret_key", "trash.json"),
    "worker.log",
    *(".coordinator.lock", ".worker-start.lock", ".migration.lock"),
)
"""What we make in a home; the names of files begin so. Whatever else is there is another's, and left as it is."""


def keep_new_files_private() -> None:
    """Let all that this process and its children create be for its owner only."""
    os.umask(UMASK)


def make_private(home: Path) -> int:
    """Make a home and what is ours in it private (0700 and 0600), now and from now on; return how many were not.

    Logs what was changed, or why it could not be: a home that cannot be changed is used as it is. A folder that others
    need, such as / or a user's own, stays open; what is ours in it is closed all the same.
    """
    keep_new_files_private()
    if not home.is_dir():  # whoever makes it makes it private
        return 0
    is_shared = bool(home.stat().st_mode & stat.S_ISVTX) or Path(os.environ.get("HOME", "/")).is_relative_to(home)
    if is_shared:
        log.warning("%s is not for Weightbase alone: set WEIGHTBASE_HOME to a folder of its own.", home)
    try:
        changed = 0 if is_shared else int(_close(home))
        changed += sum(_close_entry(entry) for entry in home.iterdir() if _is_ours(entry) and _is_open(entry))
    except OSError as error:
        log.warning("%s may be readable by others: its permissions cannot be changed (%s).", home, error.strerror)
        return 0
    if changed:
        log.warning("%s was readable by others: %s files and folders are now for their owner only.", home, changed)
    return changed


def _is_ours(entry: Path) -> bool:
    return entry.name in OWN_FOLDERS or entry.name.startswith(OWN_FILES)


def _close_entry(entry: Path) -> int:
    """Close an entry of the home from within, itself last: one that is closed was closed entirely."""
    inside = (
        Path(folder) / name for folder, folders, files in os.walk(entry, topdown=False) for name in files + folders
    )
    return sum(map(_close, inside)) + _close(entry)


def _is_open(path: Path) -> bool:
    """Return whether others may use a file or folder; links to elsewhere and what is gone are not ours to close."""
    with contextlib.suppress(FileNotFoundError):  # another process has removed it
        mode = path.lstat().st_mode
        return not stat.S_ISLNK(mode) and bool(mode & FOR_OTHERS)
    return False


def _close(path: Path) -> bool:
    """Take the permissions of others away; return whether there were any."""
    if not _is_open(path):
        return False
    with contextlib.suppress(FileNotFoundError):
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~FOR_OTHERS)
    return True
