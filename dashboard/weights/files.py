"""Files, as a store needs them: safely on the disk, shared by links, and every refusal of the system translated."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.errors import Outage, StoreUnavailable
from dashboard.files import open_regular
from dashboard.outages import FULL, SYSTEM_WORDS, system_passes

BLOCK = 1 << 20

REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
"""What a file system answers that has no hard links, or has no more of them for this file."""


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn what the system refuses inside into Outage or StoreUnavailable, naming the remedy."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        if error.errno in FULL:
            reason = "The disk is full (or a quota is used up): free some space, or move the weights to another disk."
        elif error.errno in REFUSED:
            reason = "It may not be written: give the user who runs the dashboard rights to it, or choose another."
        elif error.errno in SYSTEM_WORDS:
            reason = SYSTEM_WORDS[error.errno]
        else:
            reason = f"{error.strerror or error}. Look at the folder of weights, or choose another."
        kind = Outage if system_passes(error) else StoreUnavailable
        raise kind(f"The CSV store at {folder} cannot use {where}. {reason}") from error


def file_blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """Yield a file's bytes in blocks."""
    with open_regular(path) as file:
        while block := file.read(size):
            yield block


def write_file(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file that must not exist yet."""
    with path.open("xb", buffering=1 << 20) as file:
        for part in parts:
            file.write(part)


def sync(path: Path) -> None:
    """Return once a file, or the names in a folder, are safe from a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def link(source: Path, target: Path) -> bool:
    """Give a file a second name; False if it does not exist or the file system has no link to give."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return False
    return True


def remove_tree(folder: Path) -> bool:
    """Remove a folder with all that it holds, also when another process is doing the same; return whether it was there.

    Its removal by another process is no error; anything else is.
    """
    if not folder.exists():
        return False
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue
    return True
